// The exported network as plain integers, and its evaluation in plain loops: the semantics that a
// simulator or ONNX Runtime must reproduce. Independent of libtorch on purpose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data.hpp"
#include "layers.hpp"

namespace lacuna::train {

struct IntegerLayer {
  LayerShape shape;
  std::vector<std::int8_t> weights;  // [outputs][inputs][kernel][kernel]
  std::vector<std::int32_t> bias;    // [outputs], in steps of input_scale * weight_scale
  std::vector<float> weight_scales;  // one, or one for each output
  float input_scale;
  float residual_scale;               // only with a residual
  std::optional<float> output_scale;  // the last layer has none: its sums are the logits
  std::optional<float> pool_scale;    // only with average pooling

  float weight_scale(std::size_t output) const {
    return weight_scales[weight_scales.size() == 1 ? 0 : output];
  }

  /// Of the map that it makes; 0 for the last layer.
  float map_scale() const { return pool_scale.value_or(output_scale.value_or(0.0F)); }
};

struct IntegerNetwork {
  std::string name;
  int weight_bits;
  int activation_bits;
  std::vector<IntegerLayer> layers;

  int max_code() const { return (1 << activation_bits) - 1; }
};

/// The scale of the image's codes: a pixel of 255 (1.0) is the largest code.
float image_scale(int bits);

/// round_half_even(pixel / 255 / image_scale), in float32 as QuantizeLinear does it.
std::uint8_t image_code(std::uint8_t pixel, int bits);

struct InputCount {
  std::uint64_t nonzero = 0;
  std::uint64_t values = 0;
};

struct IntegerEvaluation {
  std::vector<std::uint8_t> top1;  // for each image; the lowest index wins a tie
  std::size_t correct = 0;
  std::vector<InputCount> inputs;  // for each layer, over all images
};

/// acc = sum(x_code * w_code) + bias, exact in int32;
/// code = clamp(round_half_even(float32(acc) * ((input_scale * weight_scale) / output_scale)),
///              0, max_code), every operation in float32 and in this order;
/// with a residual r, float32(acc) * (...) + float32(r_code) * (residual_scale / output_scale);
/// average pooling: sum(code), exact, times output_scale / (float32(values) * pool_scale),
/// likewise; the last layer's sums are the logits.
IntegerEvaluation evaluate_integer(const IntegerNetwork& network, const Images& images);

}  // namespace lacuna::train
