#include "tensor/encoding.hpp"

#include <cstdlib>

namespace lacuna::tensor {

std::uint8_t encode(int value, int bits, Encoding encoding) {
  const int mask = (1 << bits) - 1;
  const int sign = 1 << (bits - 1);
  switch (encoding) {
    case Encoding::kTwosComplement:
      return static_cast<std::uint8_t>(value & mask);
    case Encoding::kOffsetBinary:
      return static_cast<std::uint8_t>((value + sign) & mask);
    case Encoding::kSignMagnitude:
      return static_cast<std::uint8_t>(value < 0 ? (sign | std::abs(value)) : value);
  }
  return 0;
}

int decode(std::uint8_t code, int bits, Encoding encoding) {
  const int sign = 1 << (bits - 1);
  const int pattern = code & ((1 << bits) - 1);
  switch (encoding) {
    case Encoding::kTwosComplement:
      return (pattern ^ sign) - sign;
    case Encoding::kOffsetBinary:
      return pattern - sign;
    case Encoding::kSignMagnitude:
      return (pattern & sign) != 0 ? -(pattern & ~sign) : pattern;
  }
  return 0;
}

const char* encoding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::kTwosComplement:
      return "twos_complement";
    case Encoding::kOffsetBinary:
      return "offset_binary";
    case Encoding::kSignMagnitude:
      return "sign_magnitude";
  }
  return "";
}

}  // namespace lacuna::tensor
