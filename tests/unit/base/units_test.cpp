#include "base/units.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "base/ratio.hpp"

namespace lacuna::base {
namespace {

static_assert(!std::is_convertible_v<Cycles, Bytes>, "units do not mix");
static_assert(!std::is_convertible_v<std::int64_t, Cycles>, "a unit is always written");

TEST(Quantity, AddsSubtractsAndCompares) {
  Cycles cycles = Cycles{5} + Cycles{7} - Cycles{2};
  EXPECT_EQ(cycles, Cycles{10});
  cycles += Cycles{1};
  cycles -= Cycles{4};
  EXPECT_EQ(cycles.value, 7);
  EXPECT_LT(Cycles{6}, cycles);
  EXPECT_LE(cycles, cycles);
  EXPECT_GT(Cycles{8}, cycles);
  EXPECT_GE(cycles, cycles);
  EXPECT_NE(cycles, Cycles{});
}

TEST(CeilDiv, RoundsUpOnlyWhatDoesNotDivide) {
  EXPECT_EQ(ceil_div(0, 8), 0);
  EXPECT_EQ(ceil_div(1, 8), 1);
  EXPECT_EQ(ceil_div(8, 8), 1);
  EXPECT_EQ(ceil_div(9, 8), 2);
}

TEST(Ratio, IsInLowestTermsAndComparesAsANumber) {
  EXPECT_EQ(Ratio(128, 10).over(), 64);
  EXPECT_EQ(Ratio(128, 10).under(), 5);
  EXPECT_EQ(Ratio(16, 2), Ratio(8));
  EXPECT_NE(Ratio(64, 3), Ratio(64, 5));
  EXPECT_LT(Ratio(1, 3), Ratio(334, 1000));
  EXPECT_FALSE(Ratio(2, 4) < Ratio(1, 2));
  EXPECT_EQ(Ratio(128, 10).real(), 12.8);
}

TEST(Ratio, WhenDividedByThenRoundsUpOnlyWhatDoesNotDivide) {
  struct Case {
    std::int64_t amount;
    Ratio rate;
    std::int64_t cycles;
  };
  constexpr std::int64_t kPebi = std::int64_t{1} << 50;
  const Case cases[] = {
      {0, {128, 10}, 0},
      {1, {128, 10}, 1},
      {12, {128, 10}, 1},  // of 12.8
      {13, {128, 10}, 2},
      {100, {128, 10}, 8},  // of 102.4
      {102, {128, 10}, 8},
      {103, {128, 10}, 9},
      {64, {128, 10}, 5},  // 5 x 12.8
      {65, {128, 10}, 6},
      {63, {64, 3}, 3},
      {64, {64, 3}, 3},
      {65, {64, 3}, 4},
      {3, {1, 2}, 6},
      {9, 8, 2},
      // Neither the amount times the denominator nor its double fits: 2^50 x 1000, 2^50 x 3 / 64,
      // ceil(2^50 / 65535.999999), and 9.99 x 10^7 x 65535999998 / 65535999999.
      {kPebi, {1, 1000}, 1'125'899'906'842'624'000},
      {kPebi, {64, 3}, 52'776'558'133'248},
      {kPebi + 1, {64, 3}, 52'776'558'133'249},
      {kPebi, {65'535'999'999, 1'000'000}, 17'179'869'185},
      {65'535'999'998, {65'535'999'999, 99'999'000}, 99'999'000},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(ceil_div(test.amount, test.rate), test.cycles)
        << test.amount << " at " << test.rate.over() << '/' << test.rate.under();
  }
}

}  // namespace
}  // namespace lacuna::base
