// How the values of a map are stored: integer codes with a zero point. What the array multiplies is
// the operand, code - zero point, which has one bit more; real zero is operand 0.
#pragma once

#include <cstdint>

namespace lacuna::tensor {

/// Codes low..high, of which zero_point stands for real zero; low <= zero_point <= high, and both
/// ends lie in -128..127 where low is negative (signed codes), else in 0..255.
struct Code {
  int low = 0;
  int high = 255;
  int zero_point = 0;

  bool is_signed() const { return low < 0; }
  /// Bits of a stored code, 1..8.
  int bits() const {
    int bits = 1;
    while (is_signed() ? low < -(1 << (bits - 1)) || high >= 1 << (bits - 1) : high >= 1 << bits) {
      ++bits;
    }
    return bits;
  }
  int lowest_operand() const { return low - zero_point; }
  int highest_operand() const { return high - zero_point; }

  /// The pattern that a memory of `bits` bits a value holds for an operand: two's complement where
  /// codes are signed, else plain binary.
  std::uint8_t pattern(int operand, int bits) const {
    return static_cast<std::uint8_t>((operand + zero_point) & ((1 << bits) - 1));
  }
  /// The operand behind any pattern of `bits` bits.
  std::int16_t operand(std::uint8_t pattern, int bits) const {
    const int sign = is_signed() ? 1 << (bits - 1) : 0;
    return static_cast<std::int16_t>(((pattern ^ sign) - sign) - zero_point);
  }

  friend bool operator==(const Code& a, const Code& b) {
    return a.low == b.low && a.high == b.high && a.zero_point == b.zero_point;
  }
};

/// All codes of `bits` (1..8) bits, zero point 0 if it is not given.
inline Code unsigned_code(int bits, int zero_point = 0) { return {0, (1 << bits) - 1, zero_point}; }
inline Code signed_code(int bits, int zero_point = 0) {
  return {-(1 << (bits - 1)), (1 << (bits - 1)) - 1, zero_point};
}

}  // namespace lacuna::tensor
