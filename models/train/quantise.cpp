#include "quantise.hpp"

#include <torch/torch.h>

#include <cmath>

namespace lacuna::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct RoundStraightThrough : torch::autograd::Function<RoundStraightThrough> {
  static torch::Tensor forward(AutogradContext*, const torch::Tensor& x) { return x.round(); }
  static variable_list backward(AutogradContext*, variable_list gradients) { return gradients; }
};

// An own function because the usual s * g + (s - s * g).detach() may change s in its last bit, and
// the exported step must be the trained one.
struct ScaleGradient : torch::autograd::Function<ScaleGradient> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, double factor) {
    context->saved_data["factor"] = factor;
    return x.clone();
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    return {gradients[0] * context->saved_data["factor"].toDouble(), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor round_straight_through(const torch::Tensor& x) {
  return RoundStraightThrough::apply(x);
}

torch::Tensor balance_gradient(const torch::Tensor& step, std::int64_t values, int limit) {
  return ScaleGradient::apply(step, 1.0 / std::sqrt(static_cast<double>(values * limit)));
}

torch::Tensor to_codes(const torch::Tensor& scaled, int lowest, int highest) {
  // Both ends are integers, so clamping first gives the same codes as rounding first.
  return round_straight_through(scaled.clamp(lowest, highest));
}

torch::Tensor initial_step(const torch::Tensor& x, int limit) {
  return x.abs().mean() * (2.0 / std::sqrt(static_cast<double>(limit)));
}

}  // namespace lacuna::train
