#include "tensor/requantise.hpp"

#include <algorithm>
#include <cmath>

namespace lacuna::tensor {

float combined_scale(float input_scale, float weight_scale, float output_scale) {
  const float product = input_scale * weight_scale;
  return product / output_scale;
}

std::uint8_t requantise(std::int32_t sum, float scale, int bits) {
  const float scaled = static_cast<float>(sum) * scale;
  const float top = static_cast<float>((1 << bits) - 1);
  // Clamping first keeps the conversion to an integer in range; it commutes with rounding because
  // both bounds are integers.
  const float clamped = std::min(std::max(scaled, 0.0F), top);
  return static_cast<std::uint8_t>(std::nearbyint(clamped));  // default mode: half to even
}

}  // namespace lacuna::tensor
