#include "tensor/code.hpp"

#include <gtest/gtest.h>

#include "tensor/weight_code.hpp"

namespace lacuna::tensor {
namespace {

TEST(Code, HasTheBitsThatItsEndsNeed) {
  EXPECT_EQ((Code{0, 255, 0}.bits()), 8);
  EXPECT_EQ((Code{0, 15, 3}.bits()), 4);
  EXPECT_EQ((Code{0, 16, 0}.bits()), 5);
  EXPECT_EQ((Code{-128, 127, 0}.bits()), 8);
  EXPECT_EQ((Code{-127, 127, 0}.bits()), 8);  // narrow
  EXPECT_EQ((Code{-8, 7, -8}.bits()), 4);
  EXPECT_EQ((Code{-1, 1, 0}.bits()), 2);
  EXPECT_EQ((Code{-1, 0, 0}.bits()), 1);
}

TEST(Code, GivenAnyOperandThenItsPatternStandsForIt) {
  for (int bits = 2; bits <= 8; ++bits) {
    for (const int zero_point : {0, 1, (1 << (bits - 1)) - 1}) {
      for (const Code& code : {unsigned_code(bits, zero_point), signed_code(bits, zero_point),
                               signed_code(bits, -zero_point)}) {
        for (int p = code.lowest_operand(); p <= code.highest_operand(); ++p) {
          for (int width = bits; width <= 8; ++width) {
            const std::uint8_t pattern = code.pattern(p, width);
            ASSERT_LT(pattern, 1 << width);
            ASSERT_EQ(code.operand(pattern, width), p);
          }
        }
      }
    }
  }
}

TEST(Code, GivenSignedCodesThenPatternsAreInTwosComplement) {
  const Code code = signed_code(4, -2);
  EXPECT_EQ(code.pattern(0, 4), 0b1110);   // code -2
  EXPECT_EQ(code.pattern(-6, 4), 0b1000);  // code -8
  EXPECT_EQ(code.pattern(9, 4), 0b0111);   // code 7
  EXPECT_EQ(code.pattern(-6, 8), 0b11111000);
}

TEST(WeightCode, GivenAnyEncodingThenPatternsStandForTheirOperands) {
  WeightCode code;
  code.bits = 4;
  code.zero_points = {0, 3, -5};
  for (const Encoding encoding :
       {Encoding::kTwosComplement, Encoding::kOffsetBinary, Encoding::kSignMagnitude}) {
    for (std::int64_t channel = 0; channel < 3; ++channel) {
      for (int number = -7; number <= 7; ++number) {
        const int operand = number - code.zero_point(channel);
        const std::uint8_t pattern = code.pattern(operand, channel, 5, encoding);
        ASSERT_EQ(code.operand(pattern, channel, 5, encoding), operand);
      }
    }
  }
}

TEST(WeightCode, GivenUnsignedCodesThenTheMachinesEncodingDoesNotMatter) {
  WeightCode code;
  code.bits = 8;
  code.is_signed = false;
  code.zero_points = {131};
  for (const Encoding encoding :
       {Encoding::kTwosComplement, Encoding::kOffsetBinary, Encoding::kSignMagnitude}) {
    EXPECT_EQ(code.pattern(-131, 0, 8, encoding), 0);
    EXPECT_EQ(code.pattern(124, 0, 8, encoding), 255);
    EXPECT_EQ(code.operand(0b10000000, 0, 8, encoding), 128 - 131);
  }
}

}  // namespace
}  // namespace lacuna::tensor
