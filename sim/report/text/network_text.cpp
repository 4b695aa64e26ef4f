#include "report/text/network_text.hpp"

#include <fmt/format.h>

#include <algorithm>

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
    case network::InputStep::Kind::kHalf:
      return "rounded to float16";
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
  if (network.input_codes) return text;
  std::vector<std::string> steps;
  if (card.scale) {
    steps.push_back(fmt::format("a value / {}", *card.scale));
  } else {
    steps.emplace_back(network.input_integers ? "a value" : "a pixel / 255, or a real");
  }
  if (!card.mean.empty()) steps.push_back("- " + numbers(card.mean));
  if (!card.deviation.empty()) steps.push_back("/ " + numbers(card.deviation));
  for (const network::InputStep& step : network.input_steps) {
    const bool alone = step.kind == network::InputStep::Kind::kHalf;
    steps.push_back(step_verb(step.kind) + (alone ? "" : " " + numbers(step.values)));
  }
  return text + fmt::format("         of {}\n", fmt::join(steps, ", then "));
}

bool is_transposed(const network::Layer& layer) {
  return layer.window.insert_h > 1 || layer.window.insert_w > 1;
}

const char* kind_text(const network::Layer& layer) {
  switch (layer.kind) {
    case network::LayerKind::kConvolution:
      if (is_transposed(layer)) return "transposed";
      if (layer.groups == layer.in.channels && layer.groups > 1) return "depthwise";
      return layer.groups > 1 ? "grouped" : "conv";
    case network::LayerKind::kFullyConnected:
      return "full";
    case network::LayerKind::kMaxPool:
      return "max";
    case network::LayerKind::kAveragePool:
      return "average";
    case network::LayerKind::kElementwise:
      if (layer.inputs.size() > 1) return "two maps";
      return layer.tables.empty() ? "copy" : "table";
    case network::LayerKind::kResize:
      return layer.linear ? "resize, linear" : "resize, nearest";
  }
  return "";
}

/// Kind and window, as "conv 3x3/2".
std::string work_text(const network::Layer& layer) {
  std::string text = kind_text(layer);
  if (layer.kind != network::LayerKind::kConvolution && !layer.is_pool()) return text;
  const network::Window& window = layer.window;
  text += fmt::format(" {}x{}", window.kernel_h, window.kernel_w);
  const auto more = [&](const char* mark, int y, int x) {
    if (y == 1 && x == 1) return;
    text += y == x ? fmt::format("{}{}", mark, y) : fmt::format("{}{}x{}", mark, y, x);
  };
  more("/", window.stride_h, window.stride_w);
  more("d", window.dilation_h, window.dilation_w);
  more("*", window.insert_h, window.insert_w);
  return text;
}

/// Numbers of the layers that write each map, from 1; 0 is the image.
using Writers = std::vector<std::vector<std::size_t>>;

Writers writers_of(const network::Network& network) {
  Writers writers(network.maps.size());
  writers.front() = {0};
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const int map = network.layers[i].output;
    if (map != network::kNoMap) writers[static_cast<std::size_t>(map)].push_back(i + 1);
  }
  return writers;
}

/// The layers whose outputs a layer reads; those joined by + write one map.
std::string reads_text(const Writers& writers, const network::Layer& layer) {
  std::vector<std::string> maps;
  for (const int map : layer.inputs) {
    maps.push_back(fmt::format("{}", fmt::join(writers[static_cast<std::size_t>(map)], "+")));
  }
  return fmt::format("{}", fmt::join(maps, " "));
}

/// Of inputs, weights and outputs, as "4x4>8".
std::string bits_text(const network::Network& network, const network::Layer& layer) {
  constexpr int kSumBits = 32;
  const bool sums = layer.logits || network.map(layer.output).sums;
  const std::string weights = layer.is_gemm() ? fmt::format("x{}", layer.weight_code.bits) : "";
  return fmt::format("{}{}>{}", network.map(layer.input()).code.bits(), weights,
                     sums ? kSumBits : network.map(layer.output).code.bits());
}

std::int64_t macs_of(const network::Layer& layer) {
  return layer.is_gemm() ? layer.m() * layer.k() * layer.out.channels : 0;
}
std::int64_t parameters_of(const network::Layer& layer) {
  return static_cast<std::int64_t>(layer.weights.size() + layer.bias.size());
}

std::string output_text(const network::Network& network, const Writers& writers,
                        const network::Output& output) {
  std::string text =
      fmt::format("output   {}: [{}]", base::shown(output.name), fmt::join(output.sizes, ", "));
  if (output.layer >= 0) {
    text += ", sums of " + base::shown(network.layers[static_cast<std::size_t>(output.layer)].name);
    if (output.quantised) text += ", quantised";
  } else {
    text += fmt::format(", codes of layer {}",
                        fmt::join(writers[static_cast<std::size_t>(output.map)], " and "));
  }
  if (!output.function.empty()) text += ", a function of them";
  constexpr const char* kTails[] = {"", ", Softmax", ", LogSoftmax", ", Sigmoid"};
  text += kTails[static_cast<std::size_t>(output.tail)];
  if (output.arg_max) text += ", ArgMax";
  return text + (output.codes ? ", shown as codes\n" : "\n");
}

}  // namespace

std::string network_text(const network::Network& network, const network::InputCard& card) {
  std::string text =
      fmt::format("{}: {} layers, {}-bit weights, {}-bit activations\n", network.name,
                  network.layers.size(), network.weight_bits(), network.activation_bits());
  text += input_text(network, card);
  const Writers writers = writers_of(network);
  constexpr std::size_t kMostName = 19;  // 100 columns in all
  std::size_t width = std::string("layer").size();
  bool transposed = false;
  for (const network::Layer& layer : network.layers) {
    width = std::max(width, std::min(layer.name.size(), kMostName));
    transposed = transposed || is_transposed(layer);
  }
  const auto row = [&](const std::string& number, const std::string& name, const std::string& work,
                       const std::string& reads, const std::string& output, const std::string& bits,
                       const std::string& step, const std::string& zero, const std::string& macs,
                       const std::string& parameters) {
    text += fmt::format("{:>3} {:<{}} {:<16} {:<5} {:>11} {:<6} {:>8} {:>4} {:>10} {:>9}\n", number,
                        name.substr(0, kMostName), width, work, reads, output, bits, step, zero,
                        macs, parameters);
  };
  row("", "layer", "work", "reads", "output", "bits", "step", "zero", "MACs", "params");
  std::int64_t macs = 0;
  std::int64_t parameters = 0;
  std::int64_t bits = 0;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const network::Layer& layer = network.layers[i];
    const network::Map* codes = layer.logits ? nullptr : &network.map(layer.output);
    if (codes != nullptr && codes->sums) codes = nullptr;
    row(std::to_string(i + 1), layer.name, work_text(layer), reads_text(writers, layer),
        shape_text(layer.out), bits_text(network, layer),
        codes == nullptr ? "-" : fmt::format("{:.3g}", codes->scale),
        codes == nullptr ? "-" : std::to_string(codes->code.zero_point),
        layer.is_gemm() ? std::to_string(macs_of(layer)) : "-",
        layer.is_gemm() ? std::to_string(parameters_of(layer)) : "-");
    macs += macs_of(layer);
    parameters += parameters_of(layer);
    bits += static_cast<std::int64_t>(layer.weights.size()) * layer.weight_code.bits;
  }
  row("", "total", "", "", "", "", "", "", std::to_string(macs), std::to_string(parameters));
  constexpr std::int64_t kByte = 8;
  text += fmt::format("weights  {} bytes\n", (bits + kByte - 1) / kByte);
  for (const network::Output& output : network.outputs)
    text += output_text(network, writers, output);
  for (const std::string& note : network.notes) text += "note     " + note + '\n';
  text +=
      "work: window, /stride, d dilation, * zeros between; reads: layers, 0 the image, a+b one "
      "map\n"
      "of both; output: height x width x channels; bits: inputs x weights > outputs; step, zero: "
      "real\n"
      "value of a code of the output, and zero point\n";
  if (transposed) text += "MACs of transposed convolutions count the zeros between\n";
  return text;
}

}  // namespace lacuna::report
