// From 32-bit sums back to the codes of a map, as operands (code - zero point). The one piece of
// arithmetic that everything shares. Source: ONNX Runtime's QLinearConv (MlasRequantizeOutput).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "tensor/code.hpp"

namespace lacuna::tensor {

/// What the post unit lets through, in steps of its output: operands low..high, both integers, and
/// 0 where a value is not above the threshold. A ReLU is low = 0.
struct Bounds {
  float low = 0.0F;
  float high = 255.0F;
  float threshold = -std::numeric_limits<float>::infinity();
};

/// All codes of a map.
inline Bounds bounds_of(const Code& code) {
  Bounds bounds;
  bounds.low = static_cast<float>(code.lowest_operand());
  bounds.high = static_cast<float>(code.highest_operand());
  return bounds;
}

/// The float32 factor from accumulator steps to output steps, in ONNX Runtime's order of
/// operations: (input_scale * weight_scale) / output_scale.
float combined_scale(float input_scale, float weight_scale, float output_scale);

/// The float32 factor from the sum of `count` operands to their average in output steps:
/// input_scale / (count * output_scale).
float average_scale(float input_scale, std::int64_t count, float output_scale);

/// clamp(round_half_to_even(scaled), low, high), not for NaN; 0 where `scaled` is not above the
/// threshold. Inline, so that loops over it become vector code.
inline std::int16_t to_operand(float scaled, const Bounds& bounds) {
  // Clamping first keeps the conversion to an integer in range; it commutes with rounding because
  // both bounds are integers.
  const float kept = scaled > bounds.threshold ? scaled : 0.0F;
  const float clamped = std::min(std::max(kept, bounds.low), bounds.high);
  // 1.5 * 2^23: the sum's last mantissa bit is worth 1, so the addition itself rounds half to even.
  constexpr float kRounder = 12582912.0F;
  const float rounded = (clamped + kRounder) - kRounder;
  return static_cast<std::int16_t>(static_cast<std::int32_t>(rounded));
}

/// to_operand(float32(sum) * scale). The product is float32; a NaN cannot arise from a finite
/// scale.
inline std::int16_t requantise(std::int32_t sum, float scale, const Bounds& bounds) {
  return to_operand(static_cast<float>(sum) * scale, bounds);
}

/// to_operand(float32(sum) * scale + float32(residual) * residual_scale): two float32 products and
/// their float32 sum; `residual` is the operand of another map. 255 * residual_scale is finite, so
/// that no NaN arises.
inline std::int16_t requantise_sum(std::int32_t sum, float scale, std::int16_t residual,
                                   float residual_scale, const Bounds& bounds) {
  const float own = static_cast<float>(sum) * scale;
  const float other = static_cast<float>(residual) * residual_scale;
  return to_operand(own + other, bounds);
}

/// to_operand((float32(sum) * scale) * float32(other)), each product float32; `other` is the
/// operand of another map, and with `relu` the first product is not below 0. Where that is not
/// finite and `other` is 0, 0.
inline std::int16_t requantise_product(std::int32_t sum, float scale, std::int16_t other, bool relu,
                                       const Bounds& bounds) {
  if (other == 0) return to_operand(0.0F, bounds);
  const float own = static_cast<float>(sum) * scale;
  return to_operand((relu ? std::max(own, 0.0F) : own) * static_cast<float>(other), bounds);
}

/// A real value as an operand of a map of that scale (to_operand(real / scale)); not for NaN.
inline std::int16_t quantise(float real, float scale, const Bounds& bounds) {
  return to_operand(real / scale, bounds);
}

}  // namespace lacuna::tensor
