// From 32-bit sums back to activation codes. The one piece of arithmetic that everything shares.
// Source: ONNX Runtime's QLinearConv (MlasRequantizeOutput).
#pragma once

#include <algorithm>
#include <cstdint>

namespace lacuna::tensor {

/// The float32 factor from accumulator steps to output steps, in ONNX Runtime's order of
/// operations: (input_scale * weight_scale) / output_scale.
float combined_scale(float input_scale, float weight_scale, float output_scale);

/// The float32 factor from the sum of `count` codes to their average in output steps:
/// input_scale / (count * output_scale).
float average_scale(float input_scale, std::int64_t count, float output_scale);

/// clamp(round_half_to_even(scaled), 0, 2^bits - 1), bits in 1..8, not for NaN; 0 where `scaled` is
/// not above `threshold`, which is 0 or more. Inline, so that loops over it become vector code.
inline std::uint8_t to_code(float scaled, int bits, float threshold) {
  const auto top = static_cast<float>((1 << bits) - 1);
  // Clamping first keeps the conversion to an integer in range; it commutes with rounding because
  // both bounds are integers.
  const float clamped = std::min(scaled > threshold ? scaled : 0.0F, top);
  // 1.5 * 2^23: the sum's last mantissa bit is worth 1, so the addition itself rounds half to even.
  constexpr float kRounder = 12582912.0F;
  const float rounded = (clamped + kRounder) - kRounder;
  return static_cast<std::uint8_t>(static_cast<std::int32_t>(rounded));
}

/// to_code(float32(sum) * scale). The product is float32; a NaN cannot arise from a finite scale.
inline std::uint8_t requantise(std::int32_t sum, float scale, int bits, float threshold = 0.0F) {
  return to_code(static_cast<float>(sum) * scale, bits, threshold);
}

/// to_code(float32(sum) * scale + float32(residual) * residual_scale): two float32 products and
/// their float32 sum. 255 * residual_scale is finite, so that no NaN arises.
inline std::uint8_t requantise_sum(std::int32_t sum, float scale, std::uint8_t residual,
                                   float residual_scale, int bits, float threshold = 0.0F) {
  const float own = static_cast<float>(sum) * scale;
  const float other = static_cast<float>(residual) * residual_scale;
  return to_code(own + other, bits, threshold);
}

}  // namespace lacuna::tensor
