// Penalties by hand: values, gradients, and what they do not depend on.
#include "sparsity.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <vector>

namespace lacuna::train {
namespace {

Codes map_of(const std::vector<float>& codes, float step) {
  return {torch::tensor(codes).set_requires_grad(true),
          torch::scalar_tensor(step).set_requires_grad(true)};
}

double value(Penalty penalty, const std::vector<Codes>& maps) {
  return sparsity_penalty(penalty, maps).item<double>();
}

TEST(SparsityPenalty, L1IsTheMeanOfAllValuesOfAllMaps) {
  // (1 + 3) * 0.5 + (2 + 0 + 4 + 0) * 0.25 = 3.5, over 6 values
  EXPECT_NEAR(value(Penalty::kL1, {map_of({1, 3}, 0.5F), map_of({2, 0, 4, 0}, 0.25F)}), 3.5 / 6,
              1e-6);
}

TEST(SparsityPenalty, HoyerCountsEqualNonZeros) {
  // 1 of 2 and 2 of 4 values are not zero, whatever their size: 3 of 6.
  EXPECT_NEAR(value(Penalty::kHoyer, {map_of({5, 0}, 0.5F), map_of({2, 0, 2, 0}, 9.0F)}), 0.5,
              1e-6);
}

TEST(SparsityPenalty, HoyerIsNothingForAMapOfZeros) {
  EXPECT_EQ(value(Penalty::kHoyer, {map_of({0, 0}, 0.5F)}), 0.0);
}

TEST(SparsityPenalty, HoyerPushesSmallValuesDownAndLargeOnesUp) {
  // (sum)^2 / squares of {1, 3}: s = 4, q = 10; d/da = 2 s / q (1 - a s / q) = 0.8 (1 - 0.4 a)
  const Codes map = map_of({1, 3}, 1.0F);
  sparsity_penalty(Penalty::kHoyer, {map}).backward();
  EXPECT_NEAR(map.codes.grad()[0].item<double>(), 0.8 * 0.6 / 2, 1e-6);
  EXPECT_NEAR(map.codes.grad()[1].item<double>(), 0.8 * -0.2 / 2, 1e-6);
}

TEST(SparsityPenalty, LeavesTheStepsAlone) {
  for (const Penalty penalty : {Penalty::kL1, Penalty::kHoyer}) {
    const Codes map = map_of({1, 3}, 0.5F);
    sparsity_penalty(penalty, {map}).backward();
    EXPECT_FALSE(map.step.grad().defined());
    EXPECT_TRUE(map.codes.grad().defined());
  }
}

TEST(SparsityRamp, RisesBetweenItsTwoFractions) {
  const Sparsity sparsity{Penalty::kL1, 1.0, 0.2, 0.6};
  EXPECT_EQ(ramp(sparsity, 0.2), 0.0);
  EXPECT_NEAR(ramp(sparsity, 0.3), 0.25, 1e-12);
  EXPECT_EQ(ramp(sparsity, 0.6), 1.0);
}

}  // namespace
}  // namespace lacuna::train
