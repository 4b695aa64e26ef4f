// Learned step size quantisation (Esser et al., "Learned Step Size Quantization", ICLR 2020) in
// terms of integer codes: value = code * step. Layers exchange codes, so that the forward pass of
// training is exactly the integer network's, while autograd finds the gradients of the steps.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace lacuna::train {

/// Largest code of signed symmetric weights; the smallest is its negative.
inline int weight_limit(int bits) { return (1 << (bits - 1)) - 1; }

/// Largest code of unsigned activations; the smallest is 0.
inline int activation_limit(int bits) { return (1 << bits) - 1; }

/// Round half to even; the gradient passes straight through.
torch::Tensor round_straight_through(const torch::Tensor& x);

/// `step` unchanged, with its gradient divided by sqrt(values * limit), as the paper advises, so
/// that steps and weights can share a learning rate.
torch::Tensor balance_gradient(const torch::Tensor& step, std::int64_t values, int limit);

/// clamp(round(scaled), lowest, highest) of values in steps. The gradient passes only inside
/// the range, the ends included.
torch::Tensor to_codes(const torch::Tensor& scaled, int lowest, int highest);

/// The paper's first guess of a step, 2 * mean(|x|) / sqrt(limit).
torch::Tensor initial_step(const torch::Tensor& x, int limit);

/// A quantised map on its way from layer to layer.
struct Codes {
  torch::Tensor codes;  // integers, held in float32
  torch::Tensor step;   // float32, no dimensions

  torch::Tensor values() const { return codes * step; }
};

}  // namespace lacuna::train
