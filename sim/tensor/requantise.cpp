#include "tensor/requantise.hpp"

namespace lacuna::tensor {

float combined_scale(float input_scale, float weight_scale, float output_scale) {
  const float product = input_scale * weight_scale;
  return product / output_scale;
}

float average_scale(float input_scale, std::int64_t count, float output_scale) {
  return input_scale / (static_cast<float>(count) * output_scale);
}

}  // namespace lacuna::tensor
