// The sharpness-aware step against a case by hand, against finite differences, and on a network.
#include "saq.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>
#include <vector>

#include "model.hpp"

namespace lacuna::train {
namespace {

torch::Tensor doubles(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64);
}

double at(const torch::Tensor& tensor, std::int64_t index) { return tensor[index].item<double>(); }

TEST(SharpnessAware, GoesUphillByRhoWithOneNormOverAllLayers) {
  const auto offsets = uphill({doubles({3.0}), doubles({0.0, -4.0})}, 0.5);
  ASSERT_EQ(offsets.size(), 2U);
  EXPECT_NEAR(at(offsets[0], 0), 0.3, 1e-12);
  EXPECT_NEAR(at(offsets[1], 0), 0.0, 1e-12);
  EXPECT_NEAR(at(offsets[1], 1), -0.4, 1e-12);
}

TEST(SharpnessAware, StaysWhereTheGradientIsZero) {
  EXPECT_EQ(at(uphill({doubles({0.0})}, 0.5)[0], 0), 0.0);
}

TEST(SharpnessAware, MatchesATwoParameterCaseByHand) {
  // Given: weights 0.9 and -1.6 with a step of 0.5, so quantised 1.0 and -1.5;
  // loss = (3 q1^2 + 8/3 q2^2) / 2, whose gradient there is (3, -4), of length 5.
  const torch::Tensor weight = doubles({0.9, -1.6}).set_requires_grad(true);
  const torch::Tensor curvature = doubles({3.0, 8.0 / 3.0});
  const torch::Tensor step = torch::scalar_tensor(0.5, torch::kFloat64);
  std::vector<double> losses;
  const auto forward = [&](const std::vector<torch::Tensor>& offsets) {
    const Codes quantised{to_codes(weight / step, -7, 7), step};
    torch::Tensor value = quantised.values();
    if (!offsets.empty()) value = value + offsets[0];
    const torch::Tensor loss = 0.5 * (curvature * value.square()).sum();
    losses.push_back(loss.item<double>());
    return Pass{loss, {quantised}};
  };
  // When: rho is 0.5, the second pass is at (1.3, -1.9).
  const double first = sharpness_aware_backward(forward, 0.5).item<double>();
  // Then: the weights stay, and get the gradient at (1.3, -1.9): (3 * 1.3, 8/3 * -1.9).
  EXPECT_NEAR(at(weight.grad(), 0), 3.9, 1e-12);
  EXPECT_NEAR(at(weight.grad(), 1), -15.2 / 3.0, 1e-12);
  EXPECT_EQ(at(weight, 0), 0.9);
  EXPECT_EQ(at(weight, 1), -1.6);
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_NEAR(first, 4.5, 1e-12);  // 1.5 + 3
  EXPECT_NEAR(losses[0], 4.5, 1e-12);
  EXPECT_NEAR(losses[1], 1.5 * 1.69 + 4.0 / 3.0 * 3.61, 1e-12);
}

// A small smooth network of two quantised layers.
struct TwoLayers {
  torch::Tensor first = torch::randn({3, 4}, torch::kFloat64).set_requires_grad(true);
  torch::Tensor second = torch::randn({2, 3}, torch::kFloat64).set_requires_grad(true);
  torch::Tensor step = torch::scalar_tensor(0.4, torch::kFloat64).set_requires_grad(true);
  torch::Tensor input = torch::randn({5, 4}, torch::kFloat64);
  torch::Tensor target = torch::randn({5, 2}, torch::kFloat64);

  std::vector<Codes> quantised() const {
    return {{to_codes(first / step, -7, 7), step}, {to_codes(second / step, -7, 7), step}};
  }
  torch::Tensor loss(const torch::Tensor& a, const torch::Tensor& b) const {
    return (torch::tanh(input.matmul(a.t())).matmul(b.t()) - target).square().mean();
  }
  Pass forward(const std::vector<torch::Tensor>& offsets) const {
    const std::vector<Codes> weights = quantised();
    torch::Tensor a = weights[0].values();
    torch::Tensor b = weights[1].values();
    if (!offsets.empty()) {
      a = a + offsets[0];
      b = b + offsets[1];
    }
    return {loss(a, b), weights};
  }
};

// Central differences of `loss` to each element of `tensor`, which is changed and put back.
torch::Tensor differences(torch::Tensor tensor, const std::function<double()>& loss) {
  constexpr double kStep = 1e-5;
  torch::Tensor result = torch::zeros_like(tensor);
  double* value = tensor.data_ptr<double>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    const double kept = value[i];
    value[i] = kept + kStep;
    const double above = loss();
    value[i] = kept - kStep;
    const double below = loss();
    value[i] = kept;
    result.view({-1})[i] = (above - below) / (2.0 * kStep);
  }
  return result;
}

TEST(SharpnessAware, MatchesFiniteDifferences) {
  constexpr double kRho = 0.35;
  torch::manual_seed(7);
  const TwoLayers network;
  sharpness_aware_backward(
      [&](const std::vector<torch::Tensor>& offsets) { return network.forward(offsets); }, kRho);

  // The same without autograd: differences at the quantised weights, a step uphill, differences.
  const torch::NoGradGuard no_gradient;
  const auto weights = network.quantised();
  torch::Tensor a = weights[0].values().clone();
  torch::Tensor b = weights[1].values().clone();
  const auto loss = [&] { return network.loss(a, b).item<double>(); };
  const torch::Tensor up_a = differences(a, loss);
  const torch::Tensor up_b = differences(b, loss);
  const double length =
      std::sqrt(up_a.square().sum().item<double>() + up_b.square().sum().item<double>());
  a += up_a * (kRho / length);
  b += up_b * (kRho / length);
  // Straight through to the weights, all of which lie inside the range.
  ASSERT_LT((network.first / network.step).abs().max().item<double>(), 7.0);
  ASSERT_LT((network.second / network.step).abs().max().item<double>(), 7.0);
  EXPECT_LT((differences(a, loss) - network.first.grad()).abs().max().item<double>(), 1e-8);
  EXPECT_LT((differences(b, loss) - network.second.grad()).abs().max().item<double>(), 1e-8);
}

TEST(SharpnessAware, OffsetOfOneStepIsTheNextCode) {
  torch::manual_seed(3);
  Network network(lenet5_layers(), 4, 4);
  const torch::Tensor image = torch::randint(0, 16, {2, 1, 28, 28}).to(torch::kFloat32);
  network.initialise_steps(image);
  const torch::NoGradGuard no_gradient;
  const std::vector<Codes> weights = network.forward_quantised(image).weights;
  std::vector<torch::Tensor> offsets;
  for (const Codes& weight : weights) offsets.push_back(torch::zeros_like(weight.codes));
  ASSERT_LT(weights[1].codes[2][3][1][1].item<float>(), 7.0F);
  offsets[1][2][3][1][1] = weights[1].step;
  const torch::Tensor moved = network.forward_quantised(image, offsets).logits.codes;

  network.weights()[2][2][3][1][1] =  // conv2's weights stand after conv1's weights and bias
      (weights[1].codes[2][3][1][1] + 1.0) * weights[1].step;
  EXPECT_TRUE(torch::equal(moved, network.forward_quantised(image).logits.codes));
}

}  // namespace
}  // namespace lacuna::train
