#include "sparsity.hpp"

#include <algorithm>

namespace lacuna::train {
namespace {

// A map without non-zeros has no Hoyer measure; this makes it 0.
constexpr double kNoDivisionByZero = 1e-12;

torch::Tensor penalty_of(Penalty penalty, const Codes& map) {
  // Codes are never negative.
  const torch::Tensor sum = map.codes.sum();
  switch (penalty) {
    case Penalty::kL1:
      return sum * map.step.detach();
    case Penalty::kHoyer:
      return sum.square() / (map.codes.square().sum() + kNoDivisionByZero);
  }
  return sum;
}

}  // namespace

torch::Tensor sparsity_penalty(Penalty penalty, const std::vector<Codes>& maps) {
  torch::Tensor sum = torch::zeros({});
  std::int64_t values = 0;
  for (const Codes& map : maps) {
    sum = sum + penalty_of(penalty, map);
    values += map.codes.numel();
  }
  return sum / static_cast<double>(values);
}

double ramp(const Sparsity& sparsity, double done) {
  const double rise = (done - sparsity.none_until) / (sparsity.full_from - sparsity.none_until);
  return std::clamp(rise, 0.0, 1.0);
}

}  // namespace lacuna::train
