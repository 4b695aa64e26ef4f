// The nodes of a QDQ graph that become layers.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "network/limits.hpp"
#include "network/onnx_compiler.hpp"
#include "network/onnx_tensor.hpp"

namespace lacuna::network {
namespace {

/// Two float32 products of the same factors may differ in their last bits.
constexpr float kScaleTolerance = 1e-5F;

bool is_close(float a, float b) { return std::abs(a - b) <= kScaleTolerance * std::abs(b); }

bool is_side(std::int64_t value) { return value >= 1 && value <= kMaxDimension; }

}  // namespace

OnnxCompiler::Value OnnxCompiler::take_layer_input(const OnnxNode& node) {
  Value value = take(node, 0);
  if (value.form != Form::kReals) fail_form(node, value, "the output of DequantizeLinear");
  expect_in_range(node, value);
  return value;
}

void OnnxCompiler::expect_in_range(const OnnxNode& node, const Value& value) const {
  if (value.in_range) return;
  node.fail(fmt::format("its input may hold codes of more than {} bits", model_.activation_bits()),
            "Clip(0, (2^bits - 1) * scale) and QuantizeLinear before it");
}

void OnnxCompiler::add_layer(const OnnxNode& node, Layer layer, StepScales scales) {
  layer.name = node.name();
  if (!is_plain_name(layer.name)) {
    node.fail("its name cannot name a layer", "1 to 200 printable ASCII characters");
  }
  matmul_awaits_bias_ = node.op() == "MatMul";
  layer.output = static_cast<int>(network_.maps.size());
  Map map;
  map.shape = layer.out;
  map.code = tensor::unsigned_code(model_.activation_bits());
  // Max pooling hands its codes on; other layers' scale is that of their quantiser.
  map.scale = network_.map(layer.input()).scale;
  network_.maps.push_back(map);
  network_.layers.push_back(std::move(layer));
  step_scales_.push_back(std::move(scales));
}

// The output of the layer just added, before its quantiser.
void OnnxCompiler::give_sums(const OnnxNode& node, bool flat) {
  Value sums;
  sums.form = Form::kSums;
  sums.map = static_cast<int>(network_.layers.size());
  sums.shape = network_.layers.back().out;
  sums.flat = flat;
  give(node, sums);
}

const OnnxCompiler::Constant& OnnxCompiler::constant_of(const OnnxNode& node, int input,
                                                        int data_type, const char* what) const {
  const auto found = constants_.find(node.input(input));
  if (found == constants_.end()) {
    node.fail(
        fmt::format("{} {} is not a dequantised initialiser", what, base::shown(node.input(input))),
        fmt::format("DequantizeLinear of an {} initialiser", type_name(data_type)));
  }
  if (found->second.codes->data_type() != data_type) {
    node.fail(fmt::format("{} {} is {}", what, base::shown(node.input(input)),
                          type_name(found->second.codes->data_type())),
              type_name(data_type));
  }
  return found->second;
}

std::vector<float> OnnxCompiler::channel_scales(const OnnxNode& node, const Constant& constant,
                                                std::int64_t channel_axis, std::int64_t channels,
                                                const char* what) const {
  const std::int64_t count = value_count(*constant.scale);
  if (count != 1) {
    const std::int64_t rank = constant.codes->dims_size();
    const std::int64_t axis = constant.axis < 0 ? constant.axis + rank : constant.axis;
    if (constant.scale->dims_size() != 1 || count != channels || axis != channel_axis) {
      node.fail(fmt::format("the scale of its {} is {} along axis {}", what,
                            dimensions_text(*constant.scale), axis),
                fmt::format("one value, or {} along axis {}", channels, channel_axis));
    }
  }
  std::vector<float> scales = tensor_values<float>(*constant.scale);
  for (const float scale : scales) {
    if (!std::isfinite(scale) || scale <= 0.0F) {
      node.fail(fmt::format("a scale of its {} is {}", what, scale), "finite and above 0");
    }
  }
  if (count == 1) scales.resize(static_cast<std::size_t>(channels), scales[0]);
  return scales;
}

OnnxCompiler::WeightCodes OnnxCompiler::weights_of(const OnnxNode& node, const Constant& constant,
                                                   std::int64_t channel_axis,
                                                   std::int64_t channels) {
  weights_ += value_count(*constant.codes);
  if (weights_ > kMaxWeights) {
    node.fail(fmt::format("the layers up to here have {} weights", weights_),
              fmt::format("at most {}", kMaxWeights));
  }
  WeightCodes weights;
  weights.scale = channel_scales(node, constant, channel_axis, channels, "weights");
  weights.codes = tensor_values<std::int8_t>(*constant.codes);
  const int low = -(1 << (model_.weight_bits() - 1));
  const int high = (1 << (model_.weight_bits() - 1)) - 1;
  for (const std::int8_t code : weights.codes) {
    if (code >= low && code <= high) continue;
    node.fail(fmt::format("weight code {} needs more than {} bits", code, model_.weight_bits()),
              fmt::format("{}..{}", low, high));
  }
  return weights;
}

std::vector<std::int32_t> OnnxCompiler::bias_of(const OnnxNode& node, int input,
                                                const StepScales& scales) const {
  const Constant& constant = constant_of(node, input, onnx::TensorProto::INT32, "bias");
  const std::int64_t channels = static_cast<std::int64_t>(scales.weight.size());
  const std::vector<std::int64_t> sizes = dimensions(*constant.codes);
  if (sizes != std::vector<std::int64_t>{channels} &&
      !(node.op() == "Add" && sizes == std::vector<std::int64_t>{1, channels})) {
    node.fail(fmt::format("its bias is {}", dimensions_text(*constant.codes)),
              fmt::format("{} values", channels));
  }
  const std::int64_t axis = static_cast<std::int64_t>(sizes.size()) - 1;
  const std::vector<float> steps = channel_scales(node, constant, axis, channels, "bias");
  for (std::size_t channel = 0; channel < steps.size(); ++channel) {
    const float wanted = scales.input * scales.weight[channel];
    if (is_close(steps[channel], wanted)) continue;
    node.fail(fmt::format("the bias of channel {} has the scale {}", channel, steps[channel]),
              fmt::format("input scale x weight scale = {}", wanted));
  }
  return tensor_values<std::int32_t>(*constant.codes);
}

Window OnnxCompiler::window_of(const OnnxNode& node, std::int64_t kernel_h,
                               std::int64_t kernel_w) const {
  if (const std::string pad = node.text("auto_pad", "NOTSET"); pad != "NOTSET") {
    node.fail("auto_pad is " + base::shown(pad), "NOTSET, with pads");
  }
  const auto dilations = node.integers("dilations", {1, 1});
  if (dilations[0] != 1 || dilations[1] != 1) {
    node.fail(fmt::format("dilations are {}, {}", dilations[0], dilations[1]), "1, 1");
  }
  const auto strides = node.integers("strides", {1, 1});
  const auto pads = node.integers("pads", {0, 0, 0, 0});
  if (!is_side(kernel_h) || !is_side(kernel_w) || !is_side(strides[0]) || !is_side(strides[1])) {
    node.fail(
        fmt::format("kernel {} x {}, strides {}, {}", kernel_h, kernel_w, strides[0], strides[1]),
        fmt::format("1..{}", kMaxDimension));
  }
  for (std::size_t i = 0; i < pads.size(); ++i) {
    const std::int64_t kernel = i % 2 == 0 ? kernel_h : kernel_w;
    if (pads[i] < 0 || pads[i] >= kernel) {
      node.fail(fmt::format("pads are {}", fmt::join(pads, ", ")),
                "0 or more, and less than the kernel");
    }
  }
  Window window;
  window.kernel_h = static_cast<int>(kernel_h);
  window.kernel_w = static_cast<int>(kernel_w);
  window.stride_h = static_cast<int>(strides[0]);
  window.stride_w = static_cast<int>(strides[1]);
  window.pad_top = static_cast<int>(pads[0]);
  window.pad_left = static_cast<int>(pads[1]);
  window.pad_bottom = static_cast<int>(pads[2]);
  window.pad_right = static_cast<int>(pads[3]);
  return window;
}

MapShape OnnxCompiler::window_output(const OnnxNode& node, const MapShape& in, const Window& window,
                                     std::int64_t channels) {
  MapShape out;
  out.height =
      output_side(in.height, window.pad_top + window.pad_bottom, window.kernel_h, window.stride_h);
  out.width =
      output_side(in.width, window.pad_left + window.pad_right, window.kernel_w, window.stride_w);
  out.channels = channels;
  if (!is_map(out)) {
    node.fail(fmt::format("from {} its output would be {} (height x width x channels)",
                          to_string(in), to_string(out)),
              fmt::format("sides of 1..{}, {} values", kMaxDimension, kMaxMapValues));
  }
  return out;
}

void OnnxCompiler::convolution(const OnnxNode& node) {
  node.expect_inputs(2, 3);
  node.expect_attributes({"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"});
  const Value value = take_layer_input(node);
  if (value.flat) node.fail("its input is flattened", "[N, channels, height, width]");
  const Constant& constant = constant_of(node, 1, onnx::TensorProto::INT8, "weight");
  const std::vector<std::int64_t> sizes = dimensions(*constant.codes);
  const std::int64_t groups = node.integer("group", 1);
  if (sizes.size() != 4 || groups < 1 || groups > value.shape.channels ||
      value.shape.channels % groups != 0 || sizes[1] != value.shape.channels / groups ||
      sizes[0] % groups != 0) {
    node.fail(fmt::format("weights {} in {} groups over {} channels",
                          dimensions_text(*constant.codes), groups, value.shape.channels),
              "output channels x channels / groups x kernel height x kernel width");
  }
  const auto kernel = node.integers("kernel_shape", {sizes[2], sizes[3]});
  if (kernel[0] != sizes[2] || kernel[1] != sizes[3]) {
    node.fail(fmt::format("kernel_shape is {} x {}", kernel[0], kernel[1]),
              fmt::format("{} x {}, as its weights", sizes[2], sizes[3]));
  }
  Layer layer;
  layer.kind = LayerKind::kConvolution;
  layer.weight_code.bits = model_.weight_bits();
  layer.inputs = {value.map};
  layer.in = value.shape;
  layer.window = window_of(node, kernel[0], kernel[1]);
  layer.groups = static_cast<int>(groups);
  layer.out = window_output(node, layer.in, layer.window, sizes[0]);

  WeightCodes weights = weights_of(node, constant, 0, sizes[0]);
  StepScales scales{value.scale, std::move(weights.scale)};
  layer.bias.assign(static_cast<std::size_t>(sizes[0]), 0);
  if (node.has_input(2)) layer.bias = bias_of(node, 2, scales);
  layer.weights.reserve(weights.codes.size());
  for (std::int64_t o = 0; o < sizes[0]; ++o) {
    for (std::int64_t tap = 0; tap < sizes[2] * sizes[3]; ++tap) {
      for (std::int64_t c = 0; c < sizes[1]; ++c) {
        const std::int64_t from = (o * sizes[1] + c) * sizes[2] * sizes[3] + tap;
        layer.weights.push_back(weights.codes[static_cast<std::size_t>(from)]);
      }
    }
  }
  add_layer(node, std::move(layer), std::move(scales));
  give_sums(node, false);
}

void OnnxCompiler::gemm(const OnnxNode& node) {
  node.expect_inputs(2, 3);
  node.expect_attributes({"alpha", "beta", "transA", "transB"});
  const float alpha = node.real("alpha", 1.0F);
  const float beta = node.real("beta", 1.0F);
  const std::int64_t trans_a = node.integer("transA", 0);
  const std::int64_t trans_b = node.integer("transB", 0);
  if (alpha != 1.0F || beta != 1.0F || trans_a != 0 || trans_b < 0 || trans_b > 1) {
    node.fail(fmt::format("alpha {}, beta {}, transA {}, transB {}", alpha, beta, trans_a, trans_b),
              "alpha 1, beta 1, transA 0, transB 0 or 1");
  }
  fully_connected(node, trans_b == 1, node.has_input(2));
}

void OnnxCompiler::matmul(const OnnxNode& node) {
  node.expect_inputs(2, 2);
  node.expect_attributes({});
  fully_connected(node, false, false);
}

void OnnxCompiler::fully_connected(const OnnxNode& node, bool transposed, bool has_bias) {
  const Value value = take_layer_input(node);
  if (!value.flat) node.fail("its input is a map", "[N, values], behind Flatten or Reshape");
  const Constant& constant = constant_of(node, 1, onnx::TensorProto::INT8, "weight");
  const std::vector<std::int64_t> sizes = dimensions(*constant.codes);
  const MapShape& in = value.shape;
  const std::size_t channel_axis = transposed ? 0 : 1;
  if (sizes.size() != 2 || sizes[1 - channel_axis] != in.values() ||
      !is_side(sizes[channel_axis])) {
    node.fail(
        fmt::format("weights {} over {} values", dimensions_text(*constant.codes), in.values()),
        transposed ? "output channels x values" : "values x output channels");
  }
  const std::int64_t channels = sizes[channel_axis];
  WeightCodes weights =
      weights_of(node, constant, static_cast<std::int64_t>(channel_axis), channels);
  StepScales scales{value.scale, std::move(weights.scale)};

  Layer layer;
  layer.kind = LayerKind::kFullyConnected;
  layer.weight_code.bits = model_.weight_bits();
  layer.inputs = {value.map};
  layer.in = in;
  layer.out = {1, 1, channels};
  layer.window.kernel_h = static_cast<int>(in.height);
  layer.window.kernel_w = static_cast<int>(in.width);
  layer.bias.assign(static_cast<std::size_t>(channels), 0);
  if (has_bias) layer.bias = bias_of(node, 2, scales);
  // ONNX flattens channels first; the machine keeps maps channels last.
  const std::int64_t pixels = in.height * in.width;
  layer.weights.reserve(weights.codes.size());
  for (std::int64_t o = 0; o < channels; ++o) {
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
      for (std::int64_t c = 0; c < in.channels; ++c) {
        const std::int64_t k = c * pixels + pixel;
        const std::int64_t from = transposed ? o * in.values() + k : k * channels + o;
        layer.weights.push_back(weights.codes[static_cast<std::size_t>(from)]);
      }
    }
  }
  add_layer(node, std::move(layer), std::move(scales));
  give_sums(node, true);
}

// A MatMul's bias, or the codes of another map added to a layer's sums.
void OnnxCompiler::add(const OnnxNode& node) {
  node.expect_inputs(2, 2);
  node.expect_attributes({});
  const int bias = constants_.count(node.input(0)) != 0 ? 0 : 1;
  if (constants_.count(node.input(bias)) == 0) return add_residual(node);
  const Value value = take(node, 1 - bias);
  if (value.form != Form::kSums || value.relu || !matmul_awaits_bias_ ||
      value.map != static_cast<int>(network_.layers.size())) {
    node.fail("does not follow a MatMul without a bias", "the bias of a MatMul");
  }
  layer_of(value).bias = bias_of(node, bias, scales_of(value));
  matmul_awaits_bias_ = false;
  give(node, value);
}

// The layers run in the order of their nodes, so the branch with the residual codes comes first.
void OnnxCompiler::add_residual(const OnnxNode& node) {
  const Value first = take(node, 0);
  const Value second = take(node, 1);
  const bool swapped = first.form == Form::kReals;
  const Value& sums = swapped ? second : first;
  const Value& residual = swapped ? first : second;
  if (sums.form != Form::kSums || residual.form != Form::kReals) {
    node.fail(fmt::format("adds {} and {}", form_text(first.form), form_text(second.form)),
              "the float output of a layer and the output of DequantizeLinear, or the bias of a "
              "MatMul, a dequantised int32 initialiser");
  }
  Layer& layer = layer_of(sums);
  if (sums.relu || !layer.is_gemm() || layer.residual() >= 0) {
    node.fail("does not directly follow Conv, Gemm or MatMul",
              "the residual operand added to the sums, activation function and quantiser behind");
  }
  expect_in_range(node, residual);
  if (!(residual.shape == sums.shape) || residual.flat != sums.flat) {
    const auto shape_text = [](const Value& value) {
      return to_string(value.shape) + (value.flat ? ", flattened" : "");
    };
    node.fail(fmt::format("adds {} to {} (height x width x channels)", shape_text(residual),
                          shape_text(sums)),
              "equal shapes");
  }
  if (residual.map >= sums.map) {
    node.fail(fmt::format("its residual operand is computed after {}", base::shown(layer.name)),
              "the nodes of that branch before the layer");
  }
  layer.inputs.push_back(residual.map);
  layer.combine = Combine::kAdd;
  layer.operand_scale = {residual.scale};  // of a code; divided by the output's in quantise_sums
  give(node, sums);
}

void OnnxCompiler::max_pool(const OnnxNode& node) {
  node.expect_inputs(1, 1);
  node.expect_attributes(
      {"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"});
  if (node.integer("ceil_mode", 0) != 0 || node.integer("storage_order", 0) != 0) {
    node.fail("ceil_mode or storage_order is not 0", "0");
  }
  Value value = take(node, 0);
  if (value.form != Form::kReals && value.form != Form::kCodes) {
    fail_form(node, value, "codes, or the output of DequantizeLinear");
  }
  if (value.flat) node.fail("its input is flattened", "[N, channels, height, width]");
  expect_in_range(node, value);
  const auto kernel = node.integers("kernel_shape", {0, 0});
  Layer layer;
  layer.kind = LayerKind::kMaxPool;
  layer.inputs = {value.map};
  layer.in = value.shape;
  layer.window = window_of(node, kernel[0], kernel[1]);
  layer.out = window_output(node, layer.in, layer.window, layer.in.channels);
  value.shape = layer.out;
  add_layer(node, std::move(layer), {});
  value.map = static_cast<int>(network_.layers.size());
  give(node, value);
}

OnnxCompiler::Value OnnxCompiler::take_average_input(const OnnxNode& node) {
  const Value value = take_layer_input(node);
  if (value.flat) node.fail("its input is flattened", "[N, channels, height, width]");
  return value;
}

void OnnxCompiler::add_average(const OnnxNode& node, const Value& value, const Window& window) {
  Layer layer;
  layer.kind = LayerKind::kAveragePool;
  layer.inputs = {value.map};
  layer.in = value.shape;
  layer.window = window;
  layer.out = window_output(node, layer.in, layer.window, layer.in.channels);
  if (layer.taps() > kMaxAverage) {
    node.fail(fmt::format("averages {} values", layer.taps()),
              fmt::format("at most {}", kMaxAverage));
  }
  add_layer(node, std::move(layer), {value.scale, {}});
  give_sums(node, false);
}

// How padding would count in an average depends on count_include_pad: there is none.
void OnnxCompiler::average_pool(const OnnxNode& node) {
  node.expect_inputs(1, 1);
  node.expect_attributes(
      {"auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides"});
  if (const std::int64_t ceil_mode = node.integer("ceil_mode", 0); ceil_mode != 0) {
    node.fail(fmt::format("ceil_mode is {}", ceil_mode), "0");
  }
  const std::int64_t include_pad = node.integer("count_include_pad", 0);
  if (include_pad != 0 && include_pad != 1) {
    node.fail(fmt::format("count_include_pad is {}", include_pad), "0 or 1");
  }
  const Value value = take_average_input(node);
  const auto kernel = node.integers("kernel_shape", {0, 0});
  const Window window = window_of(node, kernel[0], kernel[1]);
  if (window.pad_top + window.pad_left + window.pad_bottom + window.pad_right != 0) {
    node.fail(fmt::format("pads are {}, {}, {}, {}", window.pad_top, window.pad_left,
                          window.pad_bottom, window.pad_right),
              "0, 0, 0, 0");
  }
  add_average(node, value, window);
}

void OnnxCompiler::global_average_pool(const OnnxNode& node) {
  node.expect_inputs(1, 1);
  node.expect_attributes({});
  const Value value = take_average_input(node);
  Window window;
  window.kernel_h = static_cast<int>(value.shape.height);
  window.kernel_w = static_cast<int>(value.shape.width);
  add_average(node, value, window);
}

}  // namespace lacuna::network
