// The learned-step quantiser against the formulas of the LSQ paper (Esser et al., ICLR 2020).
#include "quantise.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <vector>

namespace lacuna::train {
namespace {

torch::Tensor leaf(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64).set_requires_grad(true);
}

double at(const torch::Tensor& tensor, std::int64_t index) { return tensor[index].item<double>(); }

// x / step for a step of 0.5, codes -7 to 7: below, inside (twice), a tie, above.
const std::vector<double> kX = {-4.0, -0.6, 0.95, 1.25, 9.0};

TEST(Quantise, RoundsHalfToEvenAndClamps) {
  const torch::Tensor codes = to_codes(leaf(kX) / 0.5, -7, 7);
  const std::vector<double> expected = {-7, -1, 2, 2, 7};  // 2.5 goes to 2
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(at(codes, static_cast<std::int64_t>(i)), expected[i]) << "x = " << kX[i];
  }
}

TEST(Quantise, PassesTheGradientOfValuesStraightThroughInsideTheRangeOnly) {
  const torch::Tensor x = leaf(kX);
  const torch::Tensor step = torch::scalar_tensor(0.5, torch::kFloat64);
  (to_codes(x / step, -7, 7) * step).sum().backward();
  const std::vector<double> expected = {0, 1, 1, 1, 0};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_DOUBLE_EQ(at(x.grad(), static_cast<std::int64_t>(i)), expected[i]) << "x = " << kX[i];
  }
}

TEST(Quantise, GivesTheStepThePapersGradient) {
  // d(value) / d(step) = code - x / step inside the range, the limit outside (equation 3).
  const std::vector<double> expected = {-7, -1 + 1.2, 2 - 1.9, 2 - 2.5, 7};
  for (std::size_t i = 0; i < kX.size(); ++i) {
    const torch::Tensor step = torch::scalar_tensor(0.5, torch::kFloat64).set_requires_grad(true);
    const torch::Tensor x = leaf({kX[i]});
    (to_codes(x / step, -7, 7) * step).sum().backward();
    EXPECT_NEAR(step.grad().item<double>(), expected[i], 1e-12) << "x = " << kX[i];
  }
}

TEST(Quantise, BalancesOnlyTheGradientOfAStep) {
  const torch::Tensor step = torch::scalar_tensor(0.3).set_requires_grad(true);
  const torch::Tensor balanced = balance_gradient(step, 50, 7);
  EXPECT_EQ(balanced.item<float>(), step.item<float>());
  (balanced * 3.0).backward();
  EXPECT_NEAR(step.grad().item<double>(), 3.0 / std::sqrt(50.0 * 7.0), 1e-7);
}

TEST(Quantise, GuessesTheFirstStepFromTheMeanMagnitude) {
  // 2 * mean(|x|) / sqrt(limit) = 2 * 1.5 / 3
  EXPECT_DOUBLE_EQ(initial_step(leaf({-1.0, 2.0, -1.5}), 9).item<double>(), 1.0);
}

}  // namespace
}  // namespace lacuna::train
