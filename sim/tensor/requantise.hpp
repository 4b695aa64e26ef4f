// From 32-bit sums back to activation codes. The one piece of arithmetic that everything shares.
// Source: ONNX Runtime's QLinearConv (MlasRequantizeOutput).
#pragma once

#include <cstdint>

namespace lacuna::tensor {

/// The float32 factor from accumulator steps to output steps, in ONNX Runtime's order of
/// operations: (input_scale * weight_scale) / output_scale.
float combined_scale(float input_scale, float weight_scale, float output_scale);

/// clamp(round_half_to_even(float32(sum) * scale), 0, 2^bits - 1), bits in 1..8. The product is
/// float32; a NaN cannot arise from a finite scale.
std::uint8_t requantise(std::int32_t sum, float scale, int bits);

}  // namespace lacuna::tensor
