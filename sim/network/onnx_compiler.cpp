#include "network/onnx_compiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "network/limits.hpp"
#include "network/onnx_tensor.hpp"
#include "tensor/requantise.hpp"

namespace lacuna::network {
namespace {

constexpr const char* kScaleRule = "finite and above 0";

bool is_scale(float value) { return std::isfinite(value) && value > 0.0F; }

int top_code(int bits) { return (1 << bits) - 1; }

}  // namespace

OnnxCompiler::OnnxCompiler(const OnnxModel& model) : model_(model) {
  for (const onnx::TensorProto& tensor : model.graph().initializer()) {
    initialisers_.emplace(tensor.name(), &tensor);
  }
}

Network OnnxCompiler::compile() {
  add_image();
  std::unordered_map<std::string, int> names;
  const onnx::GraphProto& graph = model_.graph();
  for (int i = 0; i < graph.node_size(); ++i) {
    const OnnxNode node(graph.node(i), i, model_.file());
    if (!names.emplace(node.name(), i).second) node.fail("another node has the same name");
    run(node);
  }
  finish();
  return std::move(network_);
}

void OnnxCompiler::run(const OnnxNode& node) {
  using Handler = void (OnnxCompiler::*)(const OnnxNode&);
  static const std::map<std::string, Handler> kOperators = {
      {"Add", &OnnxCompiler::add},
      {"AveragePool", &OnnxCompiler::average_pool},
      {"Clip", &OnnxCompiler::clip},
      {"Conv", &OnnxCompiler::convolution},
      {"DequantizeLinear", &OnnxCompiler::dequantise},
      {"Flatten", &OnnxCompiler::flatten},
      {"Gemm", &OnnxCompiler::gemm},
      {"GlobalAveragePool", &OnnxCompiler::global_average_pool},
      {"Identity", &OnnxCompiler::identity},
      {"MatMul", &OnnxCompiler::matmul},
      {"MaxPool", &OnnxCompiler::max_pool},
      {"QuantizeLinear", &OnnxCompiler::quantise},
      {"Relu", &OnnxCompiler::relu},
      {"Reshape", &OnnxCompiler::reshape},
      {"ThresholdedRelu", &OnnxCompiler::thresholded_relu},
  };
  const auto found = kOperators.find(node.op());
  if (found == kOperators.end() || !node.is_default_domain()) {
    std::vector<std::string> supported;
    supported.reserve(kOperators.size());
    for (const auto& [name, handler] : kOperators) supported.push_back(name);
    node.fail("cannot be run as an integer layer", base::join(supported));
  }
  (this->*found->second)(node);
}

// The graph's input: one float image [N, channels, height, width]. Old files list initialisers as
// inputs, too.
void OnnxCompiler::add_image() {
  const base::Place graph_place{model_.file(), 0, "graph"};
  const onnx::ValueInfoProto* image = nullptr;
  for (const onnx::ValueInfoProto& input : model_.graph().input()) {
    if (initialisers_.count(input.name()) != 0) continue;
    if (image != nullptr) throw base::InputError(graph_place, "has more than one input", "one");
    image = &input;
  }
  if (image == nullptr) throw base::InputError(graph_place, "has no input", "one image");
  const base::Place place{model_.file(), 0, "input " + base::shown(image->name())};
  constexpr const char* kAllowed = "float, [N, channels, height, width] with fixed sizes";
  const onnx::TypeProto::Tensor& type = image->type().tensor_type();
  if (image->name().empty() || type.elem_type() != onnx::TensorProto::FLOAT ||
      type.shape().dim_size() != 4) {
    throw base::InputError(place, "is not a float image of four dimensions", kAllowed);
  }
  const auto side = [&](int i) {
    const onnx::TensorShapeProto::Dimension& dim = type.shape().dim(i);
    return dim.has_dim_value() ? dim.dim_value() : 0;
  };
  Map input;
  input.shape = {side(2), side(3), side(1)};
  input.code = tensor::unsigned_code(model_.activation_bits());
  if (!is_map(input.shape)) {
    throw base::InputError(
        place, fmt::format("is {} (height x width x channels)", to_string(input.shape)),
        fmt::format("{}, each in 1..{}, {} values", kAllowed, kMaxDimension, kMaxMapValues));
  }
  if (type.shape().dim(0).has_dim_value()) {
    batch_ = side(0);
    if (batch_ < 1) {
      throw base::InputError(place, fmt::format("has a batch of {}", batch_), "at least 1");
    }
  }
  Value value;
  value.shape = input.shape;
  network_.maps.push_back(input);
  values_.emplace(image->name(), value);
}

void OnnxCompiler::finish() {
  const base::Place graph_place{model_.file(), 0, "graph"};
  if (model_.graph().output_size() != 1) {
    throw base::InputError(graph_place, fmt::format("has {} outputs", model_.graph().output_size()),
                           "one, the logits");
  }
  const std::string& name = model_.graph().output(0).name();
  const base::Place place{model_.file(), 0, "output " + base::shown(name)};
  const auto found = values_.find(name);
  if (found == values_.end()) throw base::InputError(place, "no node writes it");
  Value& value = found->second;
  const bool averages = value.form == Form::kSums && !layer_of(value).is_gemm();
  if (value.form != Form::kSums || value.relu || averages) {
    throw base::InputError(place,
                           value.relu ? "is read behind a Relu"
                           : averages ? "comes from average pooling"
                                      : fmt::format("is {}", form_text(value.form)),
                           "supported: the float output of the last Conv, Gemm or MatMul");
  }
  value.read = true;
  for (int i = 0; i < model_.graph().node_size(); ++i) {
    const OnnxNode node(model_.graph().node(i), i, model_.file());
    const auto written = values_.find(node.output());
    if (written == values_.end() || written->second.read) continue;
    node.fail("nothing reads its output", "nodes that lead to the graph's output");
  }
  SIM_CHECK(value.map == static_cast<int>(network_.layers.size()), "import", -1,
            "nothing comes after the layer of the logits");
  Layer& last = layer_of(value);
  const StepScales& scales = scales_of(value);
  if (last.residual() >= 0) {
    throw base::InputError(place, "has a residual operand added to it",
                           "supported: the float output of the last Conv, Gemm or MatMul");
  }
  if (last.out.height != 1 || last.out.width != 1) {
    throw base::InputError(place, fmt::format("is a map of {}", to_string(last.out)),
                           "supported: 1 x 1 x classes");
  }
  for (const float scale : scales.weight) {
    // The largest sum is the largest logit only if all channels count in the same step.
    if (scale == scales.weight[0]) continue;
    throw base::InputError(place, "comes from weights with a scale for each channel",
                           "supported: one scale for all weights of the last layer");
  }
  last.logits = true;
  last.output = kNoMap;
  network_.maps.pop_back();
  last.scale.assign(scales.weight.size(),
                    tensor::combined_scale(scales.input, scales.weight[0], 1.0F));
}

void OnnxCompiler::check_shapes(const onnx::GraphProto& inferred) const {
  const auto check = [&](const onnx::ValueInfoProto& info) {
    const auto found = values_.find(info.name());
    if (found == values_.end() || !info.type().has_tensor_type()) return;
    const Value& value = found->second;
    const onnx::TypeProto::Tensor& type = info.type().tensor_type();
    std::vector<std::int64_t> sizes = {value.shape.channels, value.shape.height, value.shape.width};
    if (value.flat) sizes = {value.shape.values()};
    const int wanted_type =
        value.form == Form::kCodes ? onnx::TensorProto::UINT8 : onnx::TensorProto::FLOAT;
    bool equal = type.elem_type() == wanted_type;
    if (type.has_shape()) {
      equal = equal && type.shape().dim_size() == static_cast<int>(sizes.size()) + 1;
      for (std::size_t i = 0; equal && i < sizes.size(); ++i) {
        const auto& dim = type.shape().dim(static_cast<int>(i) + 1);
        equal = !dim.has_dim_value() || dim.dim_value() == sizes[i];
      }
    }
    if (!equal) {
      throw base::InputError(
          {model_.file(), 0, "value " + base::shown(info.name())},
          "its type or shape in the file differs from what the nodes give it",
          fmt::format("{}, [N, {}]", type_name(wanted_type), fmt::join(sizes, ", ")));
    }
  };
  for (const onnx::ValueInfoProto& info : inferred.value_info()) check(info);
  for (const onnx::ValueInfoProto& info : inferred.output()) check(info);
}

OnnxCompiler::Value OnnxCompiler::take(const OnnxNode& node, int input) {
  const std::string& name = node.input(input);
  const auto found = values_.find(name);
  if (found == values_.end()) {
    const bool constant = constants_.count(name) != 0 || initialisers_.count(name) != 0;
    node.fail(fmt::format("input {} is {}", base::shown(name),
                          constant ? "a constant"
                                   : "no initialiser, and written by no node before this one"),
              "activations, nodes in topological order");
  }
  const Form form = found->second.form;
  if (found->second.read && form != Form::kCodes && form != Form::kReals) {
    node.fail(fmt::format("input {} already has a reader", base::shown(name)),
              "several readers of codes and dequantised codes only");
  }
  found->second.read = true;
  return found->second;
}

void OnnxCompiler::give(const OnnxNode& node, const Value& value) {
  const std::string& name = node.output();
  Value fresh = value;
  fresh.read = false;
  if (initialisers_.count(name) != 0 || constants_.count(name) != 0 ||
      !values_.emplace(name, fresh).second) {
    node.fail(fmt::format("writes {}, which exists already", base::shown(name)));
  }
}

const char* OnnxCompiler::form_text(Form form) {
  switch (form) {
    case Form::kPixels:
      return "the image before its quantiser";
    case Form::kCodes:
      return "quantised codes";
    case Form::kReals:
      return "dequantised codes";
    case Form::kClipped:
      return "clipped values";
    case Form::kSums:
      return "the float output of a layer";
  }
  return "";
}

void OnnxCompiler::fail_form(const OnnxNode& node, const Value& value,
                             const std::string& supported) const {
  node.fail(fmt::format("its input is {}", form_text(value.form)), supported);
}

const onnx::TensorProto* OnnxCompiler::find_initialiser(const std::string& name) const {
  const auto found = initialisers_.find(name);
  return found == initialisers_.end() ? nullptr : found->second;
}

template <class T>
std::vector<T> OnnxCompiler::constant_input(const OnnxNode& node, int input, bool any_count) const {
  const std::string& name = node.input(input);
  const onnx::TensorProto* tensor = find_initialiser(name);
  if (tensor == nullptr) {
    node.fail(fmt::format("input {} is no initialiser", base::shown(name)),
              "constants of the graph");
  }
  if (tensor->data_type() != type_code<T>()) {
    node.fail(fmt::format("input {} is {}", base::shown(name), type_name(tensor->data_type())),
              type_name(type_code<T>()));
  }
  if (!any_count && value_count(*tensor) != 1) {
    node.fail(fmt::format("input {} has size {}", base::shown(name), dimensions_text(*tensor)),
              "one value");
  }
  return tensor_values<T>(*tensor);
}

float OnnxCompiler::quantiser_scale(const OnnxNode& node) const {
  const float scale = constant_input<float>(node, 1).front();
  if (!is_scale(scale)) {
    node.fail(fmt::format("scale {} is {}", base::shown(node.input(1)), scale), kScaleRule);
  }
  return scale;
}

void OnnxCompiler::expect_zero_point(const OnnxNode& node, int data_type) const {
  if (!node.has_input(2)) return;
  const onnx::TensorProto* tensor = find_initialiser(node.input(2));
  if (tensor == nullptr || tensor->data_type() != data_type) {
    node.fail(fmt::format("zero point {} is {}", base::shown(node.input(2)),
                          tensor == nullptr ? "no initialiser" : type_name(tensor->data_type())),
              type_name(data_type) + ", 0");
  }
  const auto is_zero = [](auto value) { return value == 0; };
  const bool zero =
      tensor->has_raw_data()
          ? std::all_of(tensor->raw_data().begin(), tensor->raw_data().end(), is_zero)
          : std::all_of(tensor->int32_data().begin(), tensor->int32_data().end(), is_zero);
  if (!zero) node.fail(fmt::format("zero point {} is not 0", base::shown(node.input(2))), "0");
}

void OnnxCompiler::quantise(const OnnxNode& node) {
  node.expect_inputs(2, 3);
  node.expect_attributes({"axis"});
  Value value = take(node, 0);
  const float scale = quantiser_scale(node);
  expect_zero_point(node, onnx::TensorProto::UINT8);
  switch (value.form) {
    case Form::kPixels:
      value.scale = scale;
      value.in_range = image_is_in_range(scale);
      network_.maps.front().scale = scale;
      break;
    case Form::kSums:
      quantise_sums(node, value, scale);
      break;
    case Form::kReals:
    case Form::kClipped:
      if (scale != value.scale) {
        node.fail(fmt::format("scale is {}, that of its input {}", scale, value.scale),
                  "the same scale again");
      }
      break;
    case Form::kCodes:
      fail_form(node, value, "the image, a layer's output, or dequantised codes");
  }
  value.form = Form::kCodes;
  give(node, value);
}

// Pixels lie in [0, 1], so that the image needs no Clip where 1.0 is not above the largest code.
bool OnnxCompiler::image_is_in_range(float scale) const {
  return std::nearbyint(1.0F / scale) <= static_cast<float>(top_code(model_.activation_bits()));
}

void OnnxCompiler::quantise_sums(const OnnxNode& node, Value& value, float scale) {
  Layer& layer = layer_of(value);
  const StepScales& scales = scales_of(value);
  if (layer.is_gemm()) {
    for (const float weight : scales.weight) {
      layer.scale.push_back(tensor::combined_scale(scales.input, weight, scale));
    }
  } else {
    layer.scale = {tensor::average_scale(scales.input, layer.taps(), scale)};
  }
  for (std::size_t channel = 0; channel < layer.scale.size(); ++channel) {
    if (is_scale(layer.scale[channel])) continue;
    node.fail(fmt::format("from the sums of {} (channel {}) to its output the factor is {}",
                          base::shown(layer.name), channel, layer.scale[channel]),
              kScaleRule);
  }
  if (layer.residual() >= 0) {
    const float factor = layer.operand_scale.front() / scale;
    if (!is_scale(factor) || !is_scale(factor * static_cast<float>(top_code(kMaxBits)))) {
      node.fail(fmt::format("from the residual operand of {} to its output the factor is {}",
                            base::shown(layer.name), factor),
                "finite and above 0, 255 of it, too");
    }
    layer.operand_scale = {factor};
  }
  Map& map = network_.maps[static_cast<std::size_t>(layer.output)];
  map.scale = scale;
  layer.bounds = tensor::bounds_of(map.code);
  const float threshold = value.threshold / scale;
  if (threshold > 0.0F) layer.bounds.threshold = threshold;
  if (!std::isfinite(threshold)) {
    node.fail(fmt::format("the threshold of {}, {}, is {} of its steps", base::shown(layer.name),
                          value.threshold, threshold),
              "finite");
  }
  value.threshold = 0.0F;
  value.scale = scale;
  value.in_range = model_.activation_bits() == kMaxBits;
  if (!layer.is_gemm()) {
    const int top = top_code(model_.activation_bits());
    const auto most = static_cast<std::int32_t>(layer.taps() * top);
    const tensor::Bounds widest = tensor::bounds_of(tensor::unsigned_code(kMaxBits));
    value.in_range = tensor::requantise(most, layer.scale[0], widest) <= top;
  }
  value.relu = false;  // the unsigned quantiser is one, too
}

void OnnxCompiler::dequantise(const OnnxNode& node) {
  node.expect_inputs(2, 3);
  node.expect_attributes({"axis"});
  const onnx::TensorProto* codes = find_initialiser(node.input(0));
  if (codes == nullptr) {
    Value value = take(node, 0);
    if (value.form != Form::kCodes) fail_form(node, value, "codes, or an initialiser");
    const float scale = quantiser_scale(node);
    expect_zero_point(node, onnx::TensorProto::UINT8);
    if (scale != value.scale) {
      node.fail(fmt::format("scale is {}, that of its codes {}", scale, value.scale),
                "the scale of the quantiser");
    }
    value.form = Form::kReals;
    give(node, value);
    return;
  }
  expect_zero_point(node, codes->data_type());
  const onnx::TensorProto* scale = find_initialiser(node.input(1));
  if (scale == nullptr || scale->data_type() != onnx::TensorProto::FLOAT) {
    node.fail(fmt::format("scale {} is no float initialiser", base::shown(node.input(1))),
              "constants of the graph");
  }
  const Constant constant{codes, scale, node.integer("axis", 1)};
  if (initialisers_.count(node.output()) != 0 || values_.count(node.output()) != 0 ||
      !constants_.emplace(node.output(), constant).second) {
    node.fail(fmt::format("writes {}, which exists already", base::shown(node.output())));
  }
}

// The clip to the bits of the codes.
void OnnxCompiler::clip(const OnnxNode& node) {
  node.expect_inputs(3, 3);
  node.expect_attributes({});
  Value value = take(node, 0);
  if (value.form != Form::kReals) {
    fail_form(node, value, "Clip behind QuantizeLinear and DequantizeLinear");
  }
  const float low = constant_input<float>(node, 1).front();
  const float high = constant_input<float>(node, 2).front();
  const int top = top_code(model_.activation_bits());
  const float wanted = static_cast<float>(top) * value.scale;
  // Anything nearer than half a step clips to the same code; a thousandth allows for rounding.
  if (low != 0.0F || !(std::abs(high - wanted) <= 0.001F * value.scale)) {
    node.fail(fmt::format("clips to [{}, {}]", low, high),
              fmt::format("[0, {} * scale] = [0, {}] for {} bits", top, wanted,
                          model_.activation_bits()));
  }
  value.form = Form::kClipped;
  value.in_range = true;
  give(node, value);
}

// What an activation function reads.
OnnxCompiler::Value OnnxCompiler::take_sums(const OnnxNode& node) {
  node.expect_inputs(1, 1);
  const Value value = take(node, 0);
  if (value.form != Form::kSums) fail_form(node, value, node.op() + " behind a layer");
  if (!layer_of(value).is_gemm()) {
    node.fail("its input is the output of average pooling",
              node.op() + " behind Conv, Gemm or MatMul");
  }
  return value;
}

void OnnxCompiler::relu(const OnnxNode& node) {
  node.expect_attributes({});
  Value value = take_sums(node);
  value.relu = true;
  give(node, value);
}

void OnnxCompiler::thresholded_relu(const OnnxNode& node) {
  node.expect_attributes({"alpha"});
  Value value = take_sums(node);
  if (value.relu) {
    node.fail("its input has passed an activation function", "one activation function a layer");
  }
  value.relu = true;
  value.threshold = node.real("alpha", 1.0F);
  if (!std::isfinite(value.threshold) || value.threshold < 0.0F) {
    node.fail(fmt::format("alpha is {}", value.threshold), "0 or more");
  }
  give(node, value);
}

void OnnxCompiler::flatten(const OnnxNode& node) {
  node.expect_inputs(1, 1);
  node.expect_attributes({"axis"});
  const std::int64_t axis = node.integer("axis", 1);
  if (axis != 1) node.fail(fmt::format("axis is {}", axis), "axis 1");
  Value value = take(node, 0);
  value.flat = true;
  give(node, value);
}

void OnnxCompiler::reshape(const OnnxNode& node) {
  node.expect_inputs(2, 2);
  node.expect_attributes({"allowzero"});
  Value value = take(node, 0);
  const std::vector<std::int64_t> to = constant_input<std::int64_t>(node, 1, true);
  const bool zero_copies = node.integer("allowzero", 0) == 0;
  const std::int64_t values = value.shape.values();
  const bool fits = to.size() == 2 && (to[1] == -1 || to[1] == values) &&
                    ((to[0] == 0 && zero_copies) || (to[0] == -1 && to[1] != -1) ||
                     (to[0] >= 1 && to[0] == batch_));
  if (!fits) {
    constexpr std::size_t kShownSizes = 8;
    const std::vector<std::int64_t> shown_sizes(
        to.begin(), to.begin() + static_cast<std::ptrdiff_t>(std::min(to.size(), kShownSizes)));
    node.fail(fmt::format("reshapes to [{}{}]", fmt::join(shown_sizes, ", "),
                          to.size() > kShownSizes ? ", ..." : ""),
              fmt::format("[0, -1], [0, {0}] or [-1, {0}]", values));
  }
  value.flat = true;
  give(node, value);
}

void OnnxCompiler::identity(const OnnxNode& node) {
  node.expect_inputs(1, 1);
  node.expect_attributes({});
  give(node, take(node, 0));
}

}  // namespace lacuna::network
