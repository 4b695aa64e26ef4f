// Sharpness-aware quantisation: the gradient is taken where the loss is worse, a step of length rho
// uphill from the quantised weights (Foret et al., "Sharpness-Aware Minimization", ICLR 2021; Liu
// et al., "Sharpness-aware Quantization for Deep Neural Networks", arXiv 2111.12273).
#pragma once

#include <torch/types.h>

#include <functional>
#include <vector>

#include "quantise.hpp"

namespace lacuna::train {

/// One forward pass: the loss, and the quantised weights that it went through, layer by layer.
/// The loss depends on their codes by way of autograd.
struct Pass {
  torch::Tensor loss;
  std::vector<Codes> weights;
};

/// A forward pass on the current batch with the quantised weights moved by `offsets`, one a layer,
/// in the weights' own unit; with none they stay where they are.
using ForwardPass = std::function<Pass(const std::vector<torch::Tensor>& offsets)>;

/// rho * g / (||g|| + 1e-12), with one Euclidean norm over all of `gradients`.
std::vector<torch::Tensor> uphill(const std::vector<torch::Tensor>& gradients, double rho);

/// Adds to the parameters' gradients those of the second pass, at the quantised weights moved
/// uphill; the parameters themselves stay. Returns the first pass's loss.
torch::Tensor sharpness_aware_backward(const ForwardPass& forward, double rho);

}  // namespace lacuna::train
