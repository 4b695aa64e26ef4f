#include "network/outputs.hpp"

#include <algorithm>
#include <cmath>

namespace lacuna::network {
namespace {

// Over the channels of one pixel, in double.
void apply_tail(Tail tail, float* values, std::int64_t channels) {
  if (tail == Tail::kNone) return;
  if (tail == Tail::kSigmoid) {
    for (std::int64_t c = 0; c < channels; ++c) {
      values[c] = static_cast<float>(1.0 / (1.0 + std::exp(-double{values[c]})));
    }
    return;
  }
  const double most = *std::max_element(values, values + channels);
  double sum = 0.0;
  for (std::int64_t c = 0; c < channels; ++c) sum += std::exp(double{values[c]} - most);
  for (std::int64_t c = 0; c < channels; ++c) {
    const double shifted = double{values[c]} - most;
    values[c] = static_cast<float>(tail == Tail::kSoftmax ? std::exp(shifted) / sum
                                                          : shifted - std::log(sum));
  }
}

}  // namespace

std::int64_t output_offset(const Network& network, std::size_t output) {
  std::int64_t offset = 0;
  for (std::size_t o = 0; o < output; ++o) offset += network.shape_of(network.outputs[o]).values();
  return offset;
}

namespace {

float of_channel(const std::vector<float>& values, std::size_t channel) {
  return values.size() == 1 ? values.front() : values[channel];
}

/// The operand, or sum, as a real value, by what the file does to it before a tail.
float real_value(const Network& network, const Output& output, std::size_t channel,
                 std::int32_t integer) {
  float real = 0.0F;
  if (output.layer < 0) {
    real = static_cast<float>(integer) * network.map(output.map).scale;
  } else if (output.quantised) {
    real = static_cast<float>(tensor::requantise(integer, of_channel(output.code_factor, channel),
                                                 output.bounds)) *
           output.code_scale;
  } else {
    real = static_cast<float>(integer) * of_channel(output.scale, channel);
  }
  return output.function.empty() ? real
                                 : output.function(&real, static_cast<std::int64_t>(channel));
}

/// What the file shows of it: codes of the last quantiser, or the real value.
float shown_value(const Network& network, const Output& output, std::int32_t integer,
                  std::size_t channel, float real) {
  if (output.tail_quantised) {
    const std::int16_t operand =
        tensor::quantise(real, output.tail_scale, tensor::bounds_of(output.tail_code));
    return output.codes ? static_cast<float>(operand + output.tail_code.zero_point)
                        : static_cast<float>(operand) * output.tail_scale;
  }
  if (!output.codes) return real;
  if (output.layer < 0) {
    return static_cast<float>(integer + network.map(output.map).code.zero_point);
  }
  return static_cast<float>(
      tensor::requantise(integer, of_channel(output.code_factor, channel), output.bounds) +
      output.code.zero_point);
}

}  // namespace

namespace {

/// The values of a map, channels last, with its axes in another order.
std::vector<float> in_order(const std::vector<float>& values, const MapShape& shape,
                            const std::array<Axis, 3>& order) {
  std::int64_t sizes[3];
  std::int64_t steps[3];
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool channel = order[i] == Axis::kChannel;
    const bool row = order[i] == Axis::kHeight;
    sizes[i] = channel ? shape.channels : row ? shape.height : shape.width;
    steps[i] = channel ? 1 : row ? shape.channels * shape.width : shape.channels;
  }
  std::vector<float> ordered;
  ordered.reserve(values.size());
  for (std::int64_t a = 0; a < sizes[0]; ++a) {
    for (std::int64_t b = 0; b < sizes[1]; ++b) {
      for (std::int64_t c = 0; c < sizes[2]; ++c) {
        ordered.push_back(
            values[static_cast<std::size_t>(a * steps[0] + b * steps[1] + c * steps[2])]);
      }
    }
  }
  return ordered;
}

}  // namespace

void real_values(const Network& network, std::size_t output, const std::int32_t* integers,
                 float* values) {
  const Output& own = network.outputs[output];
  const MapShape& shape = network.shape_of(own);
  const std::int64_t pixels = shape.height * shape.width;
  std::int64_t i = 0;
  // What nearly all classifiers give, for each image of every trial of a campaign.
  if (own.layer >= 0 && !own.quantised && own.function.empty() && own.scale.size() == 1) {
    const float scale = own.scale.front();
    for (; i < shape.values(); ++i) values[i] = static_cast<float>(integers[i]) * scale;
    return;
  }
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::int64_t channel = 0; channel < shape.channels; ++channel, ++i) {
      values[i] = real_value(network, own, static_cast<std::size_t>(channel), integers[i]);
    }
  }
}

std::vector<float> real_values(const Network& network, std::size_t output,
                               const std::int32_t* raw) {
  const std::int64_t count = network.shape_of(network.outputs[output]).values();
  std::vector<float> values(static_cast<std::size_t>(count));
  real_values(network, output, raw + output_offset(network, output), values.data());
  return values;
}

std::vector<float> file_values(const Network& network, std::size_t output,
                               const std::int32_t* raw) {
  const Output& own = network.outputs[output];
  const MapShape& shape = network.shape_of(own);
  const std::int32_t* integers = raw + output_offset(network, output);
  std::vector<float> values = real_values(network, output, raw);
  const std::int64_t pixels = shape.height * shape.width;
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    apply_tail(own.tail, values.data() + pixel * shape.channels, shape.channels);
  }
  for (std::int64_t i = 0; i < shape.values(); ++i) {
    float& value = values[static_cast<std::size_t>(i)];
    value =
        shown_value(network, own, integers[i], static_cast<std::size_t>(i % shape.channels), value);
  }
  if (own.arg_max) {
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
      const auto first = values.begin() + pixel * shape.channels;
      values[static_cast<std::size_t>(pixel)] =
          static_cast<float>(std::max_element(first, first + shape.channels) - first);
    }
    values.resize(static_cast<std::size_t>(pixels));
  }
  return in_order(values, {shape.height, shape.width, own.arg_max ? 1 : shape.channels}, own.order);
}

int class_output(const Network& network) {
  for (std::size_t o = 0; o < network.outputs.size(); ++o) {
    const MapShape& shape = network.shape_of(network.outputs[o]);
    if (shape.height == 1 && shape.width == 1 && shape.channels > 1) return static_cast<int>(o);
  }
  return -1;
}

std::int64_t class_count(const Network& network) {
  const int output = class_output(network);
  return output < 0 ? 0
                    : network.shape_of(network.outputs[static_cast<std::size_t>(output)]).channels;
}

int top1(const Network& network, const std::int32_t* raw) {
  const auto output = static_cast<std::size_t>(class_output(network));
  const std::vector<float> values = real_values(network, output, raw);
  return top1(values.data(), raw + output_offset(network, output),
              static_cast<std::int64_t>(values.size()));
}

int top1(const float* values, const std::int32_t* integers, std::int64_t classes) {
  std::int64_t best = 0;
  for (std::int64_t c = 1; c < classes; ++c) {
    if (values[c] > values[best] || (values[c] == values[best] && integers[c] > integers[best])) {
      best = c;
    }
  }
  return static_cast<int>(best);
}

int class_rank(const float* values, const std::int32_t* integers, std::int64_t classes, int of) {
  int before = 0;
  for (std::int64_t c = 0; c < classes; ++c) {
    const bool larger =
        values[c] > values[of] || (values[c] == values[of] && integers[c] > integers[of]);
    const bool equal = values[c] == values[of] && integers[c] == integers[of];
    if (larger || (equal && c < of)) ++before;
  }
  return before;
}

}  // namespace lacuna::network
