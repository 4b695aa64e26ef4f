#include "reference/naive_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace lacuna::reference {
namespace {

using network::Axis;
using network::Combine;
using network::InputStep;
using network::Layer;
using network::LayerKind;
using network::Map;
using network::MapShape;
using network::Network;
using network::Output;
using network::Sample;
using network::Tail;
using network::Window;

std::size_t at(const MapShape& shape, std::int64_t y, std::int64_t x, std::int64_t c) {
  return static_cast<std::size_t>((y * shape.width + x) * shape.channels + c);
}

/// Rounds a value in steps to an operand within bounds; NaN is an error.
int rounded(float steps, const tensor::Bounds& bounds) {
  if (std::isnan(steps)) throw std::runtime_error("a value is no number");
  if (!(steps > bounds.threshold)) steps = 0.0F;
  const double nearest = std::nearbyint(double{steps});
  return static_cast<int>(std::min(std::max(nearest, double{bounds.low}), double{bounds.high}));
}

tensor::Bounds all_of(const tensor::Code& code) {
  tensor::Bounds bounds;
  bounds.low = static_cast<float>(code.low - code.zero_point);
  bounds.high = static_cast<float>(code.high - code.zero_point);
  return bounds;
}

/// Value of a list that has one, or one a channel.
/// A float16, by bits: of float32 the mantissa less 13 bits.
float half_of(float value) {
  constexpr float kLeastNormal = 0x1p-14F;
  if (std::abs(value) < kLeastNormal) return std::nearbyint(value * 0x1p24F) * 0x1p-24F;
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  bits = (bits + 0xfffU + (bits >> 13 & 1U)) & ~0x1fffU;
  std::memcpy(&value, &bits, sizeof(bits));
  return std::abs(value) < 65536.0F ? value : std::copysign(INFINITY, value);
}

float of_channel(const std::vector<float>& values, std::int64_t channel) {
  return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(channel)];
}

class Evaluator {
 public:
  Evaluator(const Network& network, const std::vector<float>& image) : network_(network) {
    maps_.resize(network.maps.size());
    const std::vector<int> codes = input_operands(network, image);
    maps_[0].assign(codes.begin(), codes.end());
  }

  std::vector<ModelOutput> run() {
    sums_.resize(network_.layers.size());
    for (std::size_t i = 0; i < network_.layers.size(); ++i) run_layer(i);
    std::vector<ModelOutput> outputs;
    for (const Output& output : network_.outputs) outputs.push_back(show(output));
    return outputs;
  }

 private:
  using Values = std::vector<std::int64_t>;

  const Values& values(int map) const { return maps_[static_cast<std::size_t>(map)]; }
  const Map& map(int index) const { return network_.maps[static_cast<std::size_t>(index)]; }

  std::int64_t sum_at(const Layer& layer, std::int64_t y, std::int64_t x, std::int64_t o) const {
    const Values& in = values(layer.inputs[0]);
    const Window& w = layer.window;
    const std::int64_t ins = layer.in.channels / layer.groups;
    const std::int64_t outs = layer.out.channels / layer.groups;
    std::int64_t sum = layer.bias[static_cast<std::size_t>(o)];
    std::int64_t weight = 0;
    for (int ky = 0; ky < w.kernel_h; ++ky) {
      for (int kx = 0; kx < w.kernel_w; ++kx) {
        // In rows of the input with the inserted zeros between.
        const std::int64_t row = y * w.stride_h - w.pad_top + ky * w.dilation_h;
        const std::int64_t column = x * w.stride_w - w.pad_left + kx * w.dilation_w;
        const bool inside = row >= 0 && column >= 0 && row % w.insert_h == 0 &&
                            column % w.insert_w == 0 && row / w.insert_h < layer.in.height &&
                            column / w.insert_w < layer.in.width;
        for (std::int64_t c = 0; c < ins; ++c, ++weight) {
          if (!inside) continue;
          sum += std::int64_t{layer.operand(o, weight)} *
                 in[at(layer.in, row / w.insert_h, column / w.insert_w, o / outs * ins + c)];
        }
      }
    }
    if (sum > std::numeric_limits<std::int32_t>::max() ||
        sum < std::numeric_limits<std::int32_t>::min()) {
      throw std::runtime_error("a sum exceeds 32 bits");
    }
    return sum;
  }

  int combined(const Layer& layer, std::int64_t o, std::int64_t sum, std::int64_t second) const {
    const float a = static_cast<float>(sum);
    const float b = static_cast<float>(second);
    const float own = a * of_channel(layer.scale, o);
    switch (layer.combine) {
      case Combine::kNone:
        return rounded(own, layer.bounds);
      case Combine::kAdd: {
        const float other = b * of_channel(layer.operand_scale, o);
        return rounded(own + other, layer.bounds);
      }
      case Combine::kMultiply:
        return rounded((layer.relu_first && own < 0.0F ? 0.0F : own) * b, layer.bounds);
      case Combine::kFunction: {
        const float reals[2] = {
            own, layer.inputs.size() > 1 ? b * of_channel(layer.operand_scale, o) : 0.0F};
        return rounded(layer.function(reals, o) / map(layer.output).scale, layer.bounds);
      }
    }
    return 0;
  }

  int average_at(const Layer& layer, std::int64_t y, std::int64_t x, std::int64_t c) const {
    const Values& in = values(layer.inputs[0]);
    const Window& w = layer.window;
    std::int64_t sum = 0;
    std::int64_t count = 0;
    for (int ky = 0; ky < w.kernel_h; ++ky) {
      for (int kx = 0; kx < w.kernel_w; ++kx) {
        const std::int64_t row = y * w.stride_h - w.pad_top + ky * w.dilation_h;
        const std::int64_t column = x * w.stride_w - w.pad_left + kx * w.dilation_w;
        const bool inside =
            row >= 0 && row < layer.in.height && column >= 0 && column < layer.in.width;
        const bool padded =
            row < layer.in.height + w.pad_bottom && column < layer.in.width + w.pad_right;
        if (inside) sum += in[at(layer.in, row, column, c)];
        if (inside || (padded && layer.count_padding)) ++count;
      }
    }
    const float factor =
        layer.scale.size() == 1 ? layer.scale[0] : layer.scale[static_cast<std::size_t>(count - 1)];
    return rounded(static_cast<float>(sum) * factor, layer.bounds);
  }

  std::int64_t largest_at(const Layer& layer, std::int64_t y, std::int64_t x,
                          std::int64_t c) const {
    const Values& in = values(layer.inputs[0]);
    const Window& w = layer.window;
    std::int64_t largest = std::numeric_limits<std::int64_t>::min();
    for (int ky = 0; ky < w.kernel_h; ++ky) {
      for (int kx = 0; kx < w.kernel_w; ++kx) {
        const std::int64_t row = y * w.stride_h - w.pad_top + ky * w.dilation_h;
        const std::int64_t column = x * w.stride_w - w.pad_left + kx * w.dilation_w;
        if (row < 0 || row >= layer.in.height || column < 0 || column >= layer.in.width) continue;
        largest = std::max(largest, in[at(layer.in, row, column, c)]);
      }
    }
    return largest;
  }

  /// The value of input `input` for an output pixel; a map of one pixel or channel stands for all.
  std::int64_t spread(const Layer& layer, std::size_t input, std::int64_t y, std::int64_t x,
                      std::int64_t c) const {
    const MapShape& shape = map(layer.inputs[input]).shape;
    return values(layer.inputs[input])[at(shape, shape.height == 1 ? 0 : y,
                                          shape.width == 1 ? 0 : x, shape.channels == 1 ? 0 : c)];
  }

  std::int64_t tabled(const Layer& layer, std::int64_t c, std::int64_t operand) const {
    if (layer.tables.empty()) return operand;
    const auto& table = layer.tables[layer.tables.size() == 1 ? 0 : static_cast<std::size_t>(c)];
    const tensor::Code& code = map(layer.inputs[0]).code;
    return table.at(static_cast<std::size_t>(operand - (code.low - code.zero_point)));
  }

  std::int64_t elementwise_at(const Layer& layer, std::int64_t y, std::int64_t x,
                              std::int64_t c) const {
    if (layer.inputs.size() == 1) return tabled(layer, c, spread(layer, 0, y, x, c));
    float reals[2] = {0.0F, 0.0F};
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      reals[i] = static_cast<float>(spread(layer, i, y, x, c)) * map(layer.inputs[i]).scale;
    }
    return rounded(layer.function(reals, c) / map(layer.output).scale, layer.bounds);
  }

  std::int64_t resized_at(const Layer& layer, std::int64_t y, std::int64_t x,
                          std::int64_t c) const {
    const Sample& row = layer.sample_rows[static_cast<std::size_t>(y)];
    const Sample& column = layer.sample_columns[static_cast<std::size_t>(x)];
    const Values& in = values(layer.inputs[0]);
    if (!layer.linear) {
      return tabled(layer, c, in[at(layer.in, row.first, column.first, c)]);
    }
    const float scale = map(layer.inputs[0]).scale;
    const auto real = [&](std::int32_t r, std::int32_t k) {
      return static_cast<float>(in[at(layer.in, r, k, c)]) * scale;
    };
    const float w00 = row.weight_first * column.weight_first;
    const float w01 = row.weight_first * column.weight_second;
    const float w10 = row.weight_second * column.weight_first;
    const float w11 = row.weight_second * column.weight_second;
    const float p00 = w00 * real(row.first, column.first);
    const float p01 = w01 * real(row.first, column.second);
    const float p10 = w10 * real(row.second, column.first);
    const float p11 = w11 * real(row.second, column.second);
    const float upper = p00 + p01;
    const float left = upper + p10;
    return rounded((left + p11) / map(layer.output).scale, layer.bounds);
  }

  std::int64_t value_at(const Layer& layer, std::int64_t y, std::int64_t x, std::int64_t c) const {
    switch (layer.kind) {
      case LayerKind::kMaxPool:
        return largest_at(layer, y, x, c);
      case LayerKind::kAveragePool:
        return average_at(layer, y, x, c);
      case LayerKind::kElementwise:
        return elementwise_at(layer, y, x, c);
      case LayerKind::kResize:
        return resized_at(layer, y, x, c);
      default:
        return sum_at(layer, y, x, c);
    }
  }

  void run_layer(std::size_t index) {
    const Layer& layer = network_.layers[index];
    Values out;
    for (std::int64_t y = 0; y < layer.out.height; ++y) {
      for (std::int64_t x = 0; x < layer.out.width; ++x) {
        for (std::int64_t c = 0; c < layer.out.channels; ++c) {
          std::int64_t value = value_at(layer, y, x, c);
          if (layer.is_gemm() && !layer.logits && !map(layer.output).sums) {
            const std::int64_t second =
                layer.inputs.size() > 1 ? values(layer.inputs[1])[at(layer.out, y, x, c)] : 0;
            value = combined(layer, c, value, second);
          }
          out.push_back(value);
        }
      }
    }
    if (layer.logits) {
      sums_[index] = std::move(out);
    } else {
      place(layer, out);
    }
  }

  // The outputs into their channels of the map.
  void place(const Layer& layer, const Values& out) {
    const MapShape& shape = map(layer.output).shape;
    Values& whole = maps_[static_cast<std::size_t>(layer.output)];
    whole.resize(static_cast<std::size_t>(shape.values()));
    std::size_t next = 0;
    for (std::int64_t y = 0; y < layer.out.height; ++y) {
      for (std::int64_t x = 0; x < layer.out.width; ++x) {
        for (std::int64_t c = 0; c < layer.out.channels; ++c) {
          whole.at(at(shape, y, x, layer.output_channel + c)) = out[next++];
        }
      }
    }
  }

  float shown(const Output& output, std::int64_t c, std::int64_t value) const {
    float real = 0.0F;
    if (output.map != network::kNoMap) {
      if (output.codes && !output.tail_quantised) {
        return static_cast<float>(value + map(output.map).code.zero_point);
      }
      real = static_cast<float>(value) * map(output.map).scale;
    } else if (output.quantised) {
      const int p =
          rounded(static_cast<float>(value) * of_channel(output.code_factor, c), output.bounds);
      if (output.codes && !output.tail_quantised) {
        return static_cast<float>(p + output.code.zero_point);
      }
      real = static_cast<float>(p) * output.code_scale;
    } else {
      real = static_cast<float>(value) * of_channel(output.scale, c);
    }
    return output.function.empty() ? real : output.function(&real, c);
  }

  static void apply_tail(Tail tail, std::vector<float>& pixel) {
    const double largest = *std::max_element(pixel.begin(), pixel.end());
    double sum = 0.0;
    for (const float value : pixel) sum += std::exp(value - largest);
    for (float& value : pixel) {
      if (tail == Tail::kSoftmax) value = static_cast<float>(std::exp(value - largest) / sum);
      if (tail == Tail::kLogSoftmax) value = static_cast<float>(value - largest - std::log(sum));
      if (tail == Tail::kSigmoid)
        value = static_cast<float>(1.0 / (1.0 + std::exp(-double{value})));
    }
  }

  ModelOutput show(const Output& output) const {
    const bool of_map = output.map != network::kNoMap;
    const Values& raw = of_map ? values(output.map) : sums_[static_cast<std::size_t>(output.layer)];
    MapShape shape = of_map ? map(output.map).shape
                            : network_.layers[static_cast<std::size_t>(output.layer)].out;
    std::vector<float> all;
    for (std::int64_t pixel = 0; pixel < shape.height * shape.width; ++pixel) {
      std::vector<float> own;
      for (std::int64_t c = 0; c < shape.channels; ++c) {
        own.push_back(shown(output, c, raw[static_cast<std::size_t>(pixel * shape.channels + c)]));
      }
      if (output.tail != Tail::kNone) apply_tail(output.tail, own);
      if (output.tail_quantised) {
        for (float& value : own) {
          const int p = rounded(value / output.tail_scale, all_of(output.tail_code));
          value = output.codes ? static_cast<float>(p + output.tail_code.zero_point)
                               : static_cast<float>(p) * output.tail_scale;
        }
      }
      if (output.arg_max) {
        own = {static_cast<float>(std::max_element(own.begin(), own.end()) - own.begin())};
      }
      all.insert(all.end(), own.begin(), own.end());
    }
    if (output.arg_max) shape.channels = 1;
    ModelOutput result{output.name, {}};
    const auto size = [&](std::size_t axis) {
      if (output.order[axis] == Axis::kChannel) return shape.channels;
      return output.order[axis] == Axis::kHeight ? shape.height : shape.width;
    };
    std::int64_t place[3];  // by Axis
    for (std::int64_t i = 0; i < size(0) * size(1) * size(2); ++i) {
      place[static_cast<std::size_t>(output.order[2])] = i % size(2);
      place[static_cast<std::size_t>(output.order[1])] = i / size(2) % size(1);
      place[static_cast<std::size_t>(output.order[0])] = i / size(2) / size(1);
      result.values.push_back(all[at(shape, place[static_cast<std::size_t>(Axis::kHeight)],
                                     place[static_cast<std::size_t>(Axis::kWidth)],
                                     place[static_cast<std::size_t>(Axis::kChannel)])]);
    }
    return result;
  }

  const Network& network_;
  std::vector<Values> maps_;
  std::vector<Values> sums_;
};

}  // namespace

std::vector<int> input_operands(const Network& network, const std::vector<float>& image) {
  const Map& map = network.maps.front();
  const MapShape& shape = map.shape;
  if (static_cast<std::int64_t>(image.size()) != shape.values()) {
    throw std::runtime_error("the image has another size");
  }
  std::vector<int> operands;
  for (std::int64_t y = 0; y < shape.height; ++y) {
    for (std::int64_t x = 0; x < shape.width; ++x) {
      for (std::int64_t c = 0; c < shape.channels; ++c) {
        const std::int64_t from = network.input_channels_last
                                      ? (y * shape.width + x) * shape.channels + c
                                      : (c * shape.height + y) * shape.width + x;
        float value = image[static_cast<std::size_t>(from)];
        if (network.input_codes) {
          operands.push_back(static_cast<int>(value) - map.code.zero_point);
          continue;
        }
        for (const InputStep& step : network.input_steps) {
          if (step.kind == InputStep::Kind::kHalf) {
            value = half_of(value);
            continue;
          }
          const float other = of_channel(step.values, c);
          if (step.kind == InputStep::Kind::kAdd) value = value + other;
          if (step.kind == InputStep::Kind::kSubtract) value = value - other;
          if (step.kind == InputStep::Kind::kMultiply) value = value * other;
          if (step.kind == InputStep::Kind::kDivide) value = value / other;
        }
        operands.push_back(rounded(value / map.scale, all_of(map.code)));
      }
    }
  }
  return operands;
}

std::vector<ModelOutput> evaluate_model(const Network& network, const std::vector<float>& image) {
  return Evaluator(network, image).run();
}

}  // namespace lacuna::reference
