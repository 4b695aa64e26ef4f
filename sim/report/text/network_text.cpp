#include "report/text/network_text.hpp"

#include <fmt/format.h>

#include "base/printable.hpp"

namespace lacuna::report {
namespace {

std::string shape_text(const network::MapShape& shape) {
  return fmt::format("{}x{}x{}", shape.height, shape.width, shape.channels);
}

std::string code_text(const tensor::Code& code, float scale) {
  return fmt::format("{} bits, {}..{}, zero point {}, step {}: reals {:.6g}..{:.6g}", code.bits(),
                     code.low, code.high, code.zero_point, scale,
                     static_cast<double>(code.lowest_operand()) * double{scale},
                     static_cast<double>(code.highest_operand()) * double{scale});
}

const char* step_verb(network::InputStep::Kind kind) {
  switch (kind) {
    case network::InputStep::Kind::kAdd:
      return "+";
    case network::InputStep::Kind::kSubtract:
      return "-";
    case network::InputStep::Kind::kMultiply:
      return "x";
    case network::InputStep::Kind::kDivide:
      return "/";
  }
  return "";
}

std::string numbers(const std::vector<float>& values) {
  constexpr std::size_t kShown = 3;
  if (values.size() == 1) return fmt::format("{}", values.front());
  if (values.size() <= kShown) return fmt::format("[{}]", fmt::join(values, ", "));
  return fmt::format("[{}, ... {} in all]",
                     fmt::join(values.begin(), values.begin() + kShown, ", "), values.size());
}

/// How an image becomes the first map's codes.
std::string input_text(const network::Network& network, const network::InputCard& card) {
  const network::Map& input = network.input();
  std::string text = fmt::format("input    {} (height x width x channels), {}, channels {}\n",
                                 shape_text(input.shape),
                                 network.input_codes      ? "codes"
                                 : network.input_integers ? "integers as reals"
                                                          : "reals",
                                 network.input_channels_last ? "last" : "first");
  text += fmt::format("         codes of {}\n", code_text(input.code, input.scale));
  std::string steps;
  if (!network.input_codes) {
    if (card.scale) {
      steps += fmt::format(" / {}", *card.scale);
    } else if (!network.input_integers) {
      steps += " / 255 where it is a pixel";
    }
    if (!card.mean.empty()) steps += ", - " + numbers(card.mean);
    if (!card.deviation.empty()) steps += ", / " + numbers(card.deviation);
    for (const network::InputStep& step : network.input_steps) {
      steps += fmt::format(", {} {}", step_verb(step.kind), numbers(step.values));
    }
  }
  if (!steps.empty()) text += "         a value comes in as it is" + steps + '\n';
  return text;
}

const char* kind_text(const network::Layer& layer) {
  switch (layer.kind) {
    case network::LayerKind::kConvolution:
      if (layer.window.insert_h > 1 || layer.window.insert_w > 1) return "transposed";
      if (layer.groups == layer.in.channels && layer.groups > 1) return "depthwise";
      return layer.groups > 1 ? "grouped" : "convolution";
    case network::LayerKind::kFullyConnected:
      return "full";
    case network::LayerKind::kMaxPool:
      return "max pool";
    case network::LayerKind::kAveragePool:
      return "average";
    case network::LayerKind::kElementwise:
      if (layer.inputs.size() > 1) return "two maps";
      return layer.tables.empty() ? "copy" : "table";
    case network::LayerKind::kResize:
      return layer.linear ? "linear" : "nearest";
  }
  return "";
}

std::string kernel_text(const network::Layer& layer) {
  const network::Window& window = layer.window;
  if (layer.kind == network::LayerKind::kElementwise || layer.kind == network::LayerKind::kResize ||
      layer.kind == network::LayerKind::kFullyConnected) {
    return "-";
  }
  std::string text = fmt::format("{}x{}", window.kernel_h, window.kernel_w);
  const auto more = [&](const char* mark, int y, int x) {
    if (y == 1 && x == 1) return;
    text += y == x ? fmt::format("{}{}", mark, y) : fmt::format("{}{}x{}", mark, y, x);
  };
  more("/", window.stride_h, window.stride_w);
  more("d", window.dilation_h, window.dilation_w);
  more("*", window.insert_h, window.insert_w);
  return text;
}

std::int64_t macs_of(const network::Layer& layer) {
  return layer.is_gemm() ? layer.m() * layer.k() * layer.out.channels : 0;
}
std::int64_t parameters_of(const network::Layer& layer) {
  return static_cast<std::int64_t>(layer.weights.size() + layer.bias.size());
}

std::string output_text(const network::Network& network, const network::Output& output) {
  std::string text =
      fmt::format("output   {}: [{}]", base::shown(output.name), fmt::join(output.sizes, ", "));
  if (output.layer >= 0) {
    text += ", sums of " + base::shown(network.layers[static_cast<std::size_t>(output.layer)].name);
    if (output.quantised) text += ", quantised";
  } else {
    text += fmt::format(", map {}", output.map);
  }
  if (!output.function.empty()) text += ", a function of them";
  constexpr const char* kTails[] = {"", ", Softmax", ", LogSoftmax", ", Sigmoid", ", ArgMax"};
  text += kTails[static_cast<std::size_t>(output.tail)];
  return text + (output.codes ? ", as codes\n" : "\n");
}

}  // namespace

std::string network_text(const network::Network& network, const network::InputCard& card) {
  std::string text =
      fmt::format("{}: {} layers, {}-bit weights, {}-bit activations\n", network.name,
                  network.layers.size(), network.weight_bits(), network.activation_bits());
  text += input_text(network, card);
  constexpr const char* kRow = "{:<13} {:<11} {:>12} {:<8} {:>3} {:>3} {:>13} {:>9}\n";
  text += fmt::format(kRow, "layer", "kind", "output", "kernel", "in", "w", "MACs", "parameter");
  std::int64_t macs = 0;
  std::int64_t parameters = 0;
  std::int64_t bits = 0;
  for (const network::Layer& layer : network.layers) {
    text += fmt::format(kRow, layer.name.substr(0, 13), kind_text(layer), shape_text(layer.out),
                        kernel_text(layer), network.map(layer.input()).code.bits(),
                        layer.is_gemm() ? std::to_string(layer.weight_code.bits) : "-",
                        layer.is_gemm() ? std::to_string(macs_of(layer)) : "-",
                        layer.is_gemm() ? std::to_string(parameters_of(layer)) : "-");
    macs += macs_of(layer);
    parameters += parameters_of(layer);
    bits += static_cast<std::int64_t>(layer.weights.size()) * layer.weight_code.bits;
  }
  text += fmt::format(kRow, "total", "", "", "", "", "", macs, parameters);
  constexpr std::int64_t kByte = 8;
  text += fmt::format(
      "weights  {} bytes. Outputs: height x width x channels. Kernels: /stride, "
      "ddilation,\n         *zeros between. in, w: bits of inputs and weights\n",
      (bits + kByte - 1) / kByte);
  for (const network::Output& output : network.outputs) text += output_text(network, output);
  for (const std::string& note : network.notes) text += "note     " + note + '\n';
  return text;
}

}  // namespace lacuna::report
