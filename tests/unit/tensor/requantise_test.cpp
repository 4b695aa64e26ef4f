#include "tensor/requantise.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace lacuna::tensor {
namespace {

constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();

struct RequantiseCase {
  std::int32_t sum;
  float scale;
  int bits;
  int code;
};

TEST(Requantise, MatchesTheTable) {
  const RequantiseCase cases[] = {
      // Ties go to the even neighbour: 0.5, 1.5, 2.5, 3.5, 254.5.
      {1, 0.5F, 8, 0},
      {3, 0.5F, 8, 2},
      {5, 0.5F, 8, 2},
      {7, 0.5F, 8, 4},
      {509, 0.5F, 8, 254},
      // 0.75 and 1.25 are no ties.
      {3, 0.25F, 8, 1},
      {5, 0.25F, 8, 1},
      // Below zero is the code 0, whatever the rounding.
      {-1, 0.25F, 8, 0},
      {-1, 1.0F, 8, 0},
      {kMin, 1.0F, 8, 0},
      {kMin, 1e30F, 8, 0},
      // Above the top is the top; 255.5 and 15.5 would round to it or beyond.
      {255, 1.0F, 8, 255},
      {256, 1.0F, 8, 255},
      {511, 0.5F, 8, 255},
      {31, 0.5F, 4, 15},
      {kMax, 1.0F, 8, 255},
      {kMax, 1e30F, 4, 15},
      // int32 extremes with a small scale: 2147483647 is 2^31 in float32, 2^31 * 2^-25 = 64.
      {kMax, 0x1p-25F, 8, 64},
      // The sum is rounded to float32 first, where neighbours at 2^25 are 4 apart: 2^25 + 1 becomes
      // 2^25, an exact tie at 0.5 (real arithmetic would give 1); 2^25 + 3 becomes 2^25 + 4.
      {33'554'433, 0x1p-26F, 8, 0},
      {33'554'435, 0x1p-26F, 8, 1},
      // So is the product: 3 x 0.16666667163372040 = 0.5000000149, float32 has 0.5 next.
      {3, 1.0F / 6.0F, 8, 0},
      {0, 1.0F, 8, 0},
      {kMax, 0.0F, 8, 0},
  };
  for (const RequantiseCase& test : cases) {
    EXPECT_EQ(int{requantise(test.sum, test.scale, bounds_of(unsigned_code(test.bits)))}, test.code)
        << test.sum << " x " << test.scale << " to " << test.bits << " bits";
  }
}

TEST(Requantise, ClampsToTheTopOfEveryWidth) {
  for (int bits = 1; bits <= 8; ++bits) {
    const int top = (1 << bits) - 1;
    const Bounds bounds = bounds_of(unsigned_code(bits));
    EXPECT_EQ(int{requantise(top, 1.0F, bounds)}, top);
    EXPECT_EQ(int{requantise(top + 1, 1.0F, bounds)}, top);
    EXPECT_EQ(int{requantise(kMax, 1.0F, bounds)}, top);
    EXPECT_EQ(int{requantise(kMin, 1.0F, bounds)}, 0);
    // top - 0.5 is a tie between top, which is odd, and top - 1.
    EXPECT_EQ(int{requantise(2 * top - 1, 0.5F, bounds)}, top - 1);
  }
}

TEST(CombinedScale, MultipliesFirstAndThenDivides) {
  EXPECT_EQ(combined_scale(0.5F, 0.25F, 2.0F), 0.0625F);
  // 1e-30 x 1e-30 is below the smallest float32; dividing first would give 1e-30.
  EXPECT_EQ(combined_scale(1e-30F, 1e-30F, 1e-30F), 0.0F);
  // 0.1F * 0.3F / 0.7F, each step rounded to float32:
  const float product = 0.1F * 0.3F;
  EXPECT_EQ(combined_scale(0.1F, 0.3F, 0.7F), product / 0.7F);
}

Bounds above(int bits, float threshold) {
  Bounds bounds = bounds_of(unsigned_code(bits));
  bounds.threshold = threshold;
  return bounds;
}

TEST(Requantise, GivenAThresholdThenOnlyWhatIsAboveItIsKept) {
  EXPECT_EQ(int{requantise(9, 0.25F, above(8, 2.25F))}, 0);   // 2.25 is not above 2.25
  EXPECT_EQ(int{requantise(10, 0.25F, above(8, 2.25F))}, 2);  // 2.5 to even
  EXPECT_EQ(int{requantise(1, 0.5F, above(8, 0.4F))}, 0);     // kept, and 0.5 rounds to 0
  EXPECT_EQ(int{requantise(-9, 0.25F, above(8, 2.25F))}, 0);
  EXPECT_EQ(int{requantise(40, 1.0F, above(4, 30.0F))}, 15);
  EXPECT_EQ(int{requantise(20, 1.0F, above(4, 30.0F))}, 0);  // compared before it is clamped
  EXPECT_EQ(int{requantise_sum(3, 0.25F, 2, 0.75F, above(8, 2.25F))}, 0);
  EXPECT_EQ(int{requantise_sum(4, 0.25F, 2, 0.75F, above(8, 2.25F))}, 2);
}

Bounds of(int bits) { return bounds_of(unsigned_code(bits)); }

TEST(RequantiseSum, AddsBeforeItRounds) {
  EXPECT_EQ(int{requantise_sum(3, 0.25F, 1, 0.75F, of(8))}, 2);    // 0.75 + 0.75, a tie to even
  EXPECT_EQ(int{requantise_sum(7, 0.25F, 1, 0.75F, of(8))}, 2);    // 1.75 + 0.75 = 2.5
  EXPECT_EQ(int{requantise_sum(-3, 0.25F, 2, 0.75F, of(8))}, 1);   // -0.75 + 1.5
  EXPECT_EQ(int{requantise_sum(-9, 0.25F, 2, 0.75F, of(8))}, 0);   // -2.25 + 1.5
  EXPECT_EQ(int{requantise_sum(40, 0.25F, 9, 0.75F, of(4))}, 15);  // 10 + 6.75
  EXPECT_EQ(int{requantise_sum(kMin, 1e30F, 255, 1e30F, of(8))}, 0);
  EXPECT_EQ(int{requantise_sum(kMax, 1e30F, 255, 1e30F, of(8))}, 255);
  // The products are rounded before the sum: 3 x 0.16666667163372040 is 0.5 in float32, and 0.5 + 1
  // a tie; a fused multiply-add would have 1.5000000149.
  EXPECT_EQ(int{requantise_sum(3, 1.0F / 6.0F, 1, 1.0F, of(8))}, 2);
  EXPECT_EQ(int{requantise_sum(3, 1.0F / 6.0F, 2, 1.0F, of(8))}, 2);
}

TEST(AverageScale, DividesByTheProductOfCountAndOutputScale) {
  EXPECT_EQ(average_scale(0.5F, 4, 0.25F), 0.5F);
  // Equal scales: one over the count, but for the rounding of 9 x 0.1F.
  EXPECT_EQ(average_scale(0.5F, 9, 0.5F), 1.0F / 9.0F);
  const float product = 9.0F * 0.1F;
  EXPECT_EQ(average_scale(0.1F, 9, 0.1F), 0.1F / product);
}

}  // namespace
}  // namespace lacuna::tensor
