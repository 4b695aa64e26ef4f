#include "reference/naive_post.hpp"

#include <algorithm>
#include <cmath>

namespace lacuna::reference {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

// Within the bounds, and rounded by the library's function in its default mode, to the nearest and
// ties to even.
int rounded(float scaled, const tensor::Bounds& bounds) {
  const float kept = scaled > bounds.threshold ? scaled : 0.0F;
  return static_cast<int>(std::clamp(std::nearbyint(kept), bounds.low, bounds.high));
}

// A real value as an operand of a map.
int quantised(float real, const network::Map& map, const tensor::Bounds& bounds) {
  return rounded(real / map.scale, bounds);
}

// Positions of a window along one side that lie in [low, high).
int positions(std::int64_t first, int kernel, int dilation, std::int64_t low, std::int64_t high) {
  int count = 0;
  for (int k = 0; k < kernel; ++k) {
    const std::int64_t place = first + std::int64_t{k} * dilation;
    if (place >= low && place < high) ++count;
  }
  return count;
}

}  // namespace

int post_value(const network::Network& network, const network::Layer& layer, std::int64_t channel,
               std::int32_t sum, int second) {
  const float own = static_cast<float>(sum) * layer.scale[at(channel)];
  const float other =
      layer.operand_scale.empty()
          ? static_cast<float>(second)
          : static_cast<float>(second) *
                layer.operand_scale[layer.operand_scale.size() == 1 ? 0 : at(channel)];
  if (layer.combine == network::Combine::kFunction) {
    const float reals[2] = {own, other};
    return quantised(layer.function(reals, channel), network.maps[at(layer.output)], layer.bounds);
  }
  float scaled = own;
  if (layer.combine == network::Combine::kAdd) scaled = own + other;
  if (layer.combine == network::Combine::kMultiply) {
    scaled = (layer.relu_first && own < 0.0F ? 0.0F : own) * other;
  }
  return rounded(scaled, layer.bounds);
}

int elementwise_value(const network::Network& network, const network::Layer& layer,
                      std::int64_t channel, const int* operands) {
  float reals[2] = {0.0F, 0.0F};
  for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
    reals[i] = static_cast<float>(operands[i]) * network.maps[at(layer.inputs[i])].scale;
  }
  return quantised(layer.function(reals, channel), network.maps[at(layer.output)], layer.bounds);
}

int resized_value(const network::Network& network, const network::Layer& layer,
                  const network::Sample& row, const network::Sample& column, const int* corners) {
  const float scale = network.maps[at(layer.inputs[0])].scale;
  float value = static_cast<float>(corners[0]) * scale;
  if (layer.linear) {
    value = row.weight_first * column.weight_first * value;
    value += row.weight_first * column.weight_second * (static_cast<float>(corners[1]) * scale);
    value += row.weight_second * column.weight_first * (static_cast<float>(corners[2]) * scale);
    value += row.weight_second * column.weight_second * (static_cast<float>(corners[3]) * scale);
  }
  return quantised(value, network.maps[at(layer.output)], layer.bounds);
}

int average_value(const network::Layer& layer, std::int64_t y, std::int64_t x, int sum) {
  float factor = layer.scale[0];
  if (layer.scale.size() > 1) {
    const network::Window& w = layer.window;
    const std::int64_t top = y * w.stride_h - w.pad_top;
    const std::int64_t left = x * w.stride_w - w.pad_left;
    const bool padding = layer.count_padding;
    const int rows = positions(top, w.kernel_h, w.dilation_h, padding ? -w.pad_top : 0,
                               layer.in.height + (padding ? w.pad_bottom : 0));
    const int columns = positions(left, w.kernel_w, w.dilation_w, padding ? -w.pad_left : 0,
                                  layer.in.width + (padding ? w.pad_right : 0));
    factor = layer.scale.at(at(std::int64_t{rows} * columns - 1));
  }
  return rounded(static_cast<float>(sum) * factor, layer.bounds);
}

}  // namespace lacuna::reference
