#include "saq.hpp"

#include <torch/autograd.h>

#include <cmath>

namespace lacuna::train {
namespace {

constexpr double kNoDivisionByZero = 1e-12;

// The loss's gradient to the quantised weights: value = code * step.
std::vector<torch::Tensor> weight_gradients(const Pass& pass) {
  std::vector<torch::Tensor> codes;
  for (const Codes& weight : pass.weights) codes.push_back(weight.codes);
  std::vector<torch::Tensor> gradients = torch::autograd::grad({pass.loss}, codes);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    gradients[i] = gradients[i] / pass.weights[i].step.detach();
  }
  return gradients;
}

}  // namespace

std::vector<torch::Tensor> uphill(const std::vector<torch::Tensor>& gradients, double rho) {
  double squares = 0.0;
  for (const torch::Tensor& gradient : gradients) {
    squares += gradient.square().sum().item<double>();
  }
  const double factor = rho / (std::sqrt(squares) + kNoDivisionByZero);
  std::vector<torch::Tensor> offsets;
  offsets.reserve(gradients.size());
  for (const torch::Tensor& gradient : gradients) offsets.push_back(gradient * factor);
  return offsets;
}

torch::Tensor sharpness_aware_backward(const ForwardPass& forward, double rho) {
  const Pass here = forward({});
  forward(uphill(weight_gradients(here), rho)).loss.backward();
  return here.loss.detach();
}

}  // namespace lacuna::train
