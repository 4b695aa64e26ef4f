// What the post unit makes of one value: the arithmetic of layers as both engines have it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "network/network.hpp"

namespace lacuna::network {

/// The operand that becomes of the biased sum of an out channel of a GEMM layer. `second` is what
/// the second map has there, an operand or a sum; 0 where there is none.
inline std::int16_t post_operand(const Network& network, const Layer& layer, std::int64_t channel,
                                 std::int32_t sum, std::int32_t second) {
  const float scale = layer.scale[static_cast<std::size_t>(channel)];
  const auto operand_scale = [&] {
    return layer
        .operand_scale[layer.operand_scale.size() == 1 ? 0 : static_cast<std::size_t>(channel)];
  };
  switch (layer.combine) {
    case Combine::kNone:
      return tensor::requantise(sum, scale, layer.bounds);
    case Combine::kAdd:
      return tensor::to_operand(
          static_cast<float>(sum) * scale + static_cast<float>(second) * operand_scale(),
          layer.bounds);
    case Combine::kMultiply:
      return tensor::requantise_product(sum, scale, static_cast<std::int16_t>(second),
                                        layer.relu_first, layer.bounds);
    case Combine::kFunction: {
      const bool has_second = layer.residual() != kNoMap;
      const float values[2] = {static_cast<float>(sum) * scale,
                               has_second ? static_cast<float>(second) * operand_scale() : 0.0F};
      return tensor::quantise(layer.function(values, channel), network.map(layer.output).scale,
                              layer.bounds);
    }
  }
  return 0;
}

/// The operand that becomes of the operands of a pixel and channel of the one or two maps of an
/// element-wise layer. `channel` is that of the output.
inline std::int16_t elementwise_operand(const Network& network, const Layer& layer,
                                        std::int64_t channel, std::int16_t first,
                                        std::int16_t second) {
  const auto real = [&](std::size_t input, std::int16_t operand) {
    return static_cast<float>(operand) * network.map(layer.inputs[input]).scale;
  };
  const float values[2] = {real(0, first), layer.inputs.size() > 1 ? real(1, second) : 0.0F};
  return tensor::quantise(layer.function(values, channel), network.map(layer.output).scale,
                          layer.bounds);
}

/// The factor from the sum of operands under the window of output pixel (y, x) of average pooling
/// to output steps.
inline float average_factor(const Layer& layer, std::int64_t y, std::int64_t x) {
  if (layer.scale.size() == 1) return layer.scale.front();
  const Window& w = layer.window;
  const auto counted = [&](std::int64_t first, int kernel, int dilation, std::int64_t side,
                           int after) {
    std::int64_t count = 0;
    for (int k = 0; k < kernel; ++k) {
      const std::int64_t place = first + std::int64_t{k} * dilation;
      count += layer.count_padding ? place < side + after : place >= 0 && place < side;
    }
    return count;
  };
  const std::int64_t rows =
      counted(y * w.stride_h - w.pad_top, w.kernel_h, w.dilation_h, layer.in.height, w.pad_bottom);
  const std::int64_t columns =
      counted(x * w.stride_w - w.pad_left, w.kernel_w, w.dilation_w, layer.in.width, w.pad_right);
  return layer.scale[static_cast<std::size_t>(rows * columns - 1)];
}

/// The operand of a pixel of a linearly resized map: from those at (first, second row) x (first,
/// second column), in that order.
inline std::int16_t resize_operand(const Network& network, const Layer& layer, const Sample& row,
                                   const Sample& column, const std::int16_t* corners) {
  const float scale = network.map(layer.input()).scale;
  const auto real = [&](int corner) { return static_cast<float>(corners[corner]) * scale; };
  float value = (row.weight_first * column.weight_first) * real(0);
  value = value + (row.weight_first * column.weight_second) * real(1);
  value = value + (row.weight_second * column.weight_first) * real(2);
  value = value + (row.weight_second * column.weight_second) * real(3);
  return tensor::quantise(value, network.map(layer.output).scale, layer.bounds);
}

/// The place of an operand in a layer's table: an operand beyond it, which only a fault makes, has
/// the nearest entry's.
inline std::int64_t table_place(const Network& network, const Layer& layer, std::int16_t operand) {
  const tensor::Code& code = network.map(layer.input()).code;
  return std::clamp<std::int64_t>(operand, code.lowest_operand(), code.highest_operand()) -
         code.lowest_operand();
}

/// Entries of the lookup tables of all layers, one behind the other: those of a layer channel after
/// channel, or one for all, each [operand - lowest operand].
inline std::int64_t table_entries(const Network& network) {
  std::int64_t entries = 0;
  for (const Layer& layer : network.layers) {
    for (const auto& table : layer.tables) entries += static_cast<std::int64_t>(table.size());
  }
  return entries;
}

/// The number of the entry that an operand of a layer with tables reads, of all the network's.
inline std::int64_t table_entry(const Network& network, const Layer& layer, std::int64_t channel,
                                std::int16_t operand) {
  std::int64_t first = 0;
  for (const Layer& own : network.layers) {
    if (&own == &layer) break;
    for (const auto& table : own.tables) first += static_cast<std::int64_t>(table.size());
  }
  const auto size = static_cast<std::int64_t>(layer.tables.front().size());
  return first + (layer.tables.size() == 1 ? 0 : channel * size) +
         table_place(network, layer, operand);
}

/// What becomes of an operand of a layer with tables.
inline std::int16_t table_operand(const Network& network, const Layer& layer, std::int64_t channel,
                                  std::int16_t operand) {
  if (layer.tables.empty()) return operand;
  const auto& table =
      layer.tables[layer.tables.size() == 1 ? 0 : static_cast<std::size_t>(channel)];
  return table[static_cast<std::size_t>(table_place(network, layer, operand))];
}

}  // namespace lacuna::network
