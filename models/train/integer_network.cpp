#include "integer_network.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <utility>

#include "tensor/requantise.hpp"

namespace lacuna::train {
namespace {

struct Map {
  int channels;
  int rows;
  int columns;
  std::vector<std::uint8_t> codes;  // [channels][rows][columns]

  int size() const { return channels * rows * columns; }
  std::uint8_t at(int c, int y, int x) const {
    const int index = (c * rows + y) * columns + x;
    return codes[static_cast<std::size_t>(index)];
  }
};

struct Sums {
  int channels;
  int rows;
  int columns;
  std::vector<std::int32_t> values;
};

// Adds one weight's products to an output channel's sums; what lies in the padding is zero.
void add_tap(const LayerShape& shape, const Map& in, int channel, int ky, int kx, int weight,
             Sums& sums, std::int32_t* plane) {
  for (int y = 0; y < sums.rows; ++y) {
    const int from_y = y * shape.stride + ky - shape.padding;
    if (from_y < 0 || from_y >= in.rows) continue;
    const std::uint8_t* row = in.codes.data() + (channel * in.rows + from_y) * in.columns;
    for (int x = 0; x < sums.columns; ++x) {
      const int from_x = x * shape.stride + kx - shape.padding;
      if (from_x < 0 || from_x >= in.columns) continue;
      plane[y * sums.columns + x] += row[from_x] * weight;
    }
  }
}

// A fully connected layer is a convolution of a 1 x 1 map whose channels are the features.
Sums sum_layer(const IntegerLayer& layer, const Map& in) {
  const LayerShape& shape = layer.shape;
  const int rows = (in.rows + 2 * shape.padding - shape.kernel) / shape.stride + 1;
  const int columns = (in.columns + 2 * shape.padding - shape.kernel) / shape.stride + 1;
  Sums sums{shape.outputs, rows, columns, {}};
  const auto pixels = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  sums.values.reserve(layer.bias.size() * pixels);
  for (const std::int32_t bias : layer.bias) sums.values.insert(sums.values.end(), pixels, bias);
  const std::int8_t* weight = layer.weights.data();
  for (int output = 0; output < shape.outputs; ++output) {
    std::int32_t* plane = sums.values.data() + output * rows * columns;
    for (int channel = 0; channel < shape.inputs; ++channel) {
      for (int ky = 0; ky < shape.kernel; ++ky) {
        for (int kx = 0; kx < shape.kernel; ++kx, ++weight) {
          if (*weight != 0) add_tap(shape, in, channel, ky, kx, *weight, sums, plane);
        }
      }
    }
  }
  return sums;
}

std::uint8_t to_code(float value, int max_code) {
  // The default rounding mode is half to even.
  return static_cast<std::uint8_t>(
      std::clamp(std::nearbyint(value), 0.0F, static_cast<float>(max_code)));
}

// `residual` only where the layer has one.
Map requantise(const IntegerLayer& layer, const Sums& sums, const Map* residual, int bits) {
  Map out{sums.channels, sums.rows, sums.columns, {}};
  out.codes.reserve(sums.values.size());
  const std::size_t values = sums.values.size() / static_cast<std::size_t>(sums.channels);
  const float residual_scale = layer.residual_scale / *layer.output_scale;
  const tensor::Bounds bounds = tensor::bounds_of(tensor::unsigned_code(bits));
  for (std::size_t i = 0; i < sums.values.size(); ++i) {
    const float scale = tensor::combined_scale(layer.input_scale, layer.weight_scale(i / values),
                                               *layer.output_scale);
    if (residual == nullptr) {
      out.codes.push_back(
          static_cast<std::uint8_t>(tensor::requantise(sums.values[i], scale, bounds)));
      continue;
    }
    const float own = static_cast<float>(sums.values[i]) * scale;
    const float added = static_cast<float>(residual->codes[i]) * residual_scale;
    out.codes.push_back(to_code(own + added, (1 << bits) - 1));
  }
  return out;
}

Map average_pool(const Map& in, float in_scale, float out_scale, int max_code) {
  const int values = in.rows * in.columns;
  const float scale = in_scale / (static_cast<float>(values) * out_scale);
  Map out{in.channels, 1, 1, {}};
  for (int c = 0; c < in.channels; ++c) {
    const auto begin = std::next(in.codes.begin(), c * values);
    const int sum = std::accumulate(begin, std::next(begin, values), 0);
    out.codes.push_back(to_code(static_cast<float>(sum) * scale, max_code));
  }
  return out;
}

Map max_pool(const Map& in) {
  Map out{in.channels, in.rows / 2, in.columns / 2, {}};
  out.codes.reserve(static_cast<std::size_t>(out.size()));
  for (int c = 0; c < out.channels; ++c) {
    for (int y = 0; y < out.rows; ++y) {
      for (int x = 0; x < out.columns; ++x) {
        out.codes.push_back(std::max({in.at(c, 2 * y, 2 * x), in.at(c, 2 * y, 2 * x + 1),
                                      in.at(c, 2 * y + 1, 2 * x), in.at(c, 2 * y + 1, 2 * x + 1)}));
      }
    }
  }
  return out;
}

Map image_map(const std::uint8_t* pixels, const Images& images, int bits) {
  Map map{1, static_cast<int>(images.rows), static_cast<int>(images.columns), {}};
  map.codes.reserve(images.pixels_per_image());
  for (std::size_t p = 0; p < images.pixels_per_image(); ++p) {
    map.codes.push_back(image_code(pixels[p], bits));
  }
  return map;
}

void count(const Map& map, InputCount& counted) {
  const auto zeros = std::count(map.codes.begin(), map.codes.end(), std::uint8_t{0});
  counted.values += map.codes.size();
  counted.nonzero += map.codes.size() - static_cast<std::size_t>(zeros);
}

Map pool(const IntegerLayer& layer, Map map, int max_code) {
  switch (layer.shape.pool) {
    case Pool::kNone:
      return map;
    case Pool::kMax:
      return max_pool(map);
    case Pool::kAverage:
      return average_pool(map, *layer.output_scale, *layer.pool_scale, max_code);
  }
  return map;
}

std::uint8_t classify(const IntegerNetwork& network, Map image, std::vector<InputCount>& inputs) {
  std::vector<Map> maps = {std::move(image)};
  for (std::size_t i = 0;; ++i) {
    const IntegerLayer& layer = network.layers[i];
    Map& in = maps[layer.shape.source];
    if (!layer.shape.convolution) in = Map{in.size(), 1, 1, std::move(in.codes)};
    count(in, inputs[i]);
    const Sums sums = sum_layer(layer, in);
    if (!layer.output_scale) {
      // max_element gives the first of equals.
      const auto best = std::max_element(sums.values.begin(), sums.values.end());
      return static_cast<std::uint8_t>(std::distance(sums.values.begin(), best));
    }
    const auto& added = layer.shape.residual;
    const Map* residual = added ? &maps[static_cast<std::size_t>(*added)] : nullptr;
    Map out = requantise(layer, sums, residual, network.activation_bits);
    maps.push_back(pool(layer, std::move(out), network.max_code()));
  }
}

}  // namespace

float image_scale(int bits) { return 1.0F / static_cast<float>((1 << bits) - 1); }

std::uint8_t image_code(std::uint8_t pixel, int bits) {
  const float value = static_cast<float>(pixel) / 255.0F;
  // The default rounding mode is half to even.
  return static_cast<std::uint8_t>(std::nearbyint(value / image_scale(bits)));
}

IntegerEvaluation evaluate_integer(const IntegerNetwork& network, const Images& images) {
  IntegerEvaluation result;
  result.inputs.resize(network.layers.size());
  result.top1.reserve(images.count);
  for (std::size_t i = 0; i < images.count; ++i) {
    Map map = image_map(images.image(i), images, network.activation_bits);
    const std::uint8_t top1 = classify(network, std::move(map), result.inputs);
    result.top1.push_back(top1);
    if (top1 == images.labels[i]) ++result.correct;
  }
  return result;
}

}  // namespace lacuna::train
