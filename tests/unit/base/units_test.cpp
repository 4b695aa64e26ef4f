#include "base/units.hpp"

#include <gtest/gtest.h>

#include <type_traits>

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

}  // namespace
}  // namespace lacuna::base
