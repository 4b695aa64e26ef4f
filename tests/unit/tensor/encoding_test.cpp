#include "tensor/encoding.hpp"

#include <gtest/gtest.h>

namespace lacuna::tensor {
namespace {

constexpr Encoding kAll[] = {Encoding::kTwosComplement, Encoding::kOffsetBinary,
                             Encoding::kSignMagnitude};

struct CodeCase {
  int value;
  int twos_complement;
  int offset_binary;   // value + 8
  int sign_magnitude;  // sign bit 8
};

TEST(Encoding, MatchesTheTableOfFourBitCodes) {
  const CodeCase cases[] = {
      {7, 0b0111, 0b1111, 0b0111},  {5, 0b0101, 0b1101, 0b0101},  {1, 0b0001, 0b1001, 0b0001},
      {0, 0b0000, 0b1000, 0b0000},  {-1, 0b1111, 0b0111, 0b1001}, {-5, 0b1011, 0b0011, 0b1101},
      {-7, 0b1001, 0b0001, 0b1111},
  };
  for (const CodeCase& test : cases) {
    EXPECT_EQ(encode(test.value, 4, Encoding::kTwosComplement), test.twos_complement);
    EXPECT_EQ(encode(test.value, 4, Encoding::kOffsetBinary), test.offset_binary);
    EXPECT_EQ(encode(test.value, 4, Encoding::kSignMagnitude), test.sign_magnitude);
  }
}

TEST(Encoding, DecodesPatternsThatOnlyFaultsMake) {
  EXPECT_EQ(decode(0b1000, 4, Encoding::kTwosComplement), -8);
  EXPECT_EQ(decode(0b0000, 4, Encoding::kOffsetBinary), -8);
  EXPECT_EQ(decode(0b1000, 4, Encoding::kSignMagnitude), 0) << "the second zero";
  EXPECT_EQ(encode(-8, 4, Encoding::kTwosComplement), 0b1000);
  EXPECT_EQ(encode(-8, 4, Encoding::kOffsetBinary), 0b0000);
}

TEST(Encoding, RoundTripsEveryValueOfEveryWidth) {
  for (const Encoding encoding : kAll) {
    for (int bits = 2; bits <= 8; ++bits) {
      const int top = (1 << (bits - 1)) - 1;
      for (int value = -top; value <= top; ++value) {
        const std::uint8_t code = encode(value, bits, encoding);
        ASSERT_LT(code, 1 << bits);
        ASSERT_EQ(decode(code, bits, encoding), value) << encoding_name(encoding) << ' ' << bits;
      }
    }
  }
}

TEST(Encoding, DecodesEveryPatternInsideItsRange) {
  for (const Encoding encoding : kAll) {
    for (int bits = 2; bits <= 8; ++bits) {
      const int top = (1 << (bits - 1)) - 1;
      int zeros = 0;
      for (int code = 0; code < 1 << bits; ++code) {
        const int value = decode(static_cast<std::uint8_t>(code), bits, encoding);
        ASSERT_GE(value, encoding == Encoding::kSignMagnitude ? -top : -top - 1);
        ASSERT_LE(value, top);
        zeros += value == 0 ? 1 : 0;
      }
      EXPECT_EQ(zeros, encoding == Encoding::kSignMagnitude ? 2 : 1);
    }
  }
}

TEST(Encoding, IgnoresBitsAboveTheWidth) {
  for (const Encoding encoding : kAll) {
    EXPECT_EQ(decode(0b1011'0101, 4, encoding), decode(0b0101, 4, encoding));
  }
}

}  // namespace
}  // namespace lacuna::tensor
