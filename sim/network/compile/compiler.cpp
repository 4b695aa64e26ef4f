#include "network/compile/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/printable.hpp"
#include "network/limits.hpp"
#include "tensor/requantise.hpp"

namespace lacuna::network {

GraphCompiler::GraphCompiler(Graph& graph) : graph_(graph) {
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs) {
      readers_[input].push_back(&node);
      ++read_count_[input];
    }
  }
  for (const GraphValue& output : graph.outputs) ++read_count_[output.value];
  reads_left_ = read_count_;
}

Network GraphCompiler::compile() {
  add_image();
  for (const Node& node : graph_.nodes) {
    const auto is_unknown = [&](const std::string& input) { return unknown_.count(input) != 0; };
    const bool follows = std::any_of(node.inputs.begin(), node.inputs.end(), is_unknown);
    const NodeView view(graph_, node);
    // Behind an obstacle only what no network can have is said.
    const bool done = !follows && obstacles_.collect([&] { run(view); });
    if (done) {
      forget_inputs(node);
      continue;
    }
    for (const std::string& output : node.outputs) unknown_.insert(output);
    if (follows) obstacles_.collect([&] { check_operator(view); });
  }
  add_outputs();
  obstacles_.throw_all(graph_.file, kind());
  drop_unwritten_maps();
  return std::move(network_);
}

const std::map<std::string, GraphCompiler::Handler>& GraphCompiler::handlers() {
  static const std::map<std::string, Handler> kHandlers = {
      {"ArgMax", &GraphCompiler::arg_max},
      {"AveragePool", &GraphCompiler::average_pool},
      {"BatchNormalization", &GraphCompiler::batch_normalisation},
      {"Cast", &GraphCompiler::cast},
      {"Clip", &GraphCompiler::clip},
      {"Concat", &GraphCompiler::concat},
      {"Conv", &GraphCompiler::convolution},
      {"ConvTranspose", &GraphCompiler::transposed_convolution},
      {"DequantizeLinear", &GraphCompiler::dequantise},
      {"Gemm", &GraphCompiler::gemm},
      {"LogSoftmax", &GraphCompiler::softmax},
      {"MatMul", &GraphCompiler::matmul},
      {"MaxPool", &GraphCompiler::max_pool},
      {"Pad", &GraphCompiler::pad},
      {"QuantizeLinear", &GraphCompiler::quantise},
      {"ReduceMean", &GraphCompiler::reduce_mean},
      {"Reshape", &GraphCompiler::reshape},
      {"Resize", &GraphCompiler::resize},
      {"Softmax", &GraphCompiler::softmax},
      {"Transpose", &GraphCompiler::transpose},
      {"Upsample", &GraphCompiler::resize},
  };
  return kHandlers;
}

namespace {

/// What rules of the normaliser turn into other nodes, where they know the sizes.
const std::vector<std::string> kLowered = {"Constant",          "Dropout",       "Flatten",
                                           "GlobalAveragePool", "GlobalMaxPool", "Identity",
                                           "Squeeze",           "Unsqueeze"};

bool is_lowered(const std::string& op) {
  return std::find(kLowered.begin(), kLowered.end(), op) != kLowered.end();
}

}  // namespace

void GraphCompiler::check_operator(const NodeView& node) const {
  const Node& own = node.node();
  const bool known = handlers().count(own.op) != 0 || tensor::find_operation(own.op) != nullptr ||
                     is_lowered(own.op);
  if (own.domain.empty() && known) return;
  std::vector<std::string> supported;
  for (const auto& [name, handler] : handlers()) supported.push_back(name);
  for (const tensor::Operation& operation : tensor::operations()) {
    supported.emplace_back(operation.name);
  }
  supported.insert(supported.end(), kLowered.begin(), kLowered.end());
  std::sort(supported.begin(), supported.end());
  supported.erase(std::unique(supported.begin(), supported.end()), supported.end());
  node.fail(own.domain.empty() ? "cannot be run as an integer layer"
                               : fmt::format("cannot be run as an integer layer (operator of {})",
                                             base::shown(own.domain)),
            base::join(supported));
}

// A value that was read for the last time goes: a graph may have many large ones.
void GraphCompiler::forget_inputs(const Node& node) {
  for (const std::string& input : node.inputs) {
    if (--reads_left_[input] == 0) values_.erase(input);
  }
}

void GraphCompiler::run(const NodeView& node) {
  check_operator(node);
  if (is_lowered(node.node().op)) {
    node.fail("it does not fit the sizes of its input, or they are not known before the image is",
              "sizes that the graph says");
  }
  const auto found = handlers().find(node.node().op);
  if (found == handlers().end()) return function(node);
  (this->*found->second)(node);
}

// The graph's input. An image has rank 4, a sequence 3, a vector 2; a first Transpose says that
// channels come last.
void GraphCompiler::add_image() {
  const base::Place graph_place{graph_.file, 0, "graph"};
  if (graph_.inputs.size() != 1) {
    throw base::InputError(graph_place,
                           graph_.inputs.empty() ? "has no input" : "has more than one input",
                           "one image");
  }
  const GraphValue& image = graph_.inputs.front();
  const base::Place place{graph_.file, 0, "input " + base::shown(image.name)};
  constexpr const char* kAllowed =
      "float, uint8 or int8, [N, channels, height, width], [N, height, width, channels], [N, "
      "channels, width] or [N, values] with fixed sizes";
  const bool integers = image.element == Element::kUint8 || image.element == Element::kInt8;
  const std::size_t rank = image.sizes.size();
  if ((image.element != Element::kFloat && !integers) || rank < 2 || rank > 4) {
    throw base::InputError(place, "is not an image of a known form", kAllowed);
  }
  const Sizes sizes(image.sizes.begin() + 1, image.sizes.end());
  network_.input_channels_last = rank == 4 && is_channels_last_input(image.name);
  Value value;
  if (rank == 2) {
    value.shape = {1, 1, sizes[0]};
  } else if (rank == 3) {
    value.shape = {1, sizes[1], sizes[0]};
  } else if (network_.input_channels_last) {
    value.shape = {sizes[0], sizes[1], sizes[2]};
  } else {
    value.shape = {sizes[1], sizes[2], sizes[0]};
  }
  if (!is_map(value.shape)) {
    throw base::InputError(
        place, fmt::format("is {} (height x width x channels)", to_string(value.shape)),
        fmt::format("{}, each in 1..{}, {} values", kAllowed, kMaxDimension, kMaxMapValues));
  }
  if (image.sizes[0] != -1 && image.sizes[0] < 1) {
    throw base::InputError(place, fmt::format("has a batch of {}", image.sizes[0]), "at least 1");
  }
  batch_ = std::max<std::int64_t>(image.sizes[0], 1);
  value.view = network_.input_channels_last
                   ? View({{Axis::kHeight}, {Axis::kWidth}, {Axis::kChannel}}, value.shape)
               : rank == 3 ? View({{Axis::kChannel}, {Axis::kWidth}}, value.shape)
                           : channels_first_view(value.shape, rank - 1);
  const auto [low, high] = element_range(image.element);
  value.map = add_map(value.shape, {low, high, 0}, 1.0F);
  if (integers) {
    value.form = Value::Form::kCodes;
    value.raw_codes = true;
  }
  values_.emplace(image.name, value);
}

// Whether the first node that minds the order turns [N, height, width, channels] around.
bool GraphCompiler::is_channels_last_input(const std::string& name) const {
  std::string at = name;
  for (;;) {
    const auto readers = readers_.find(at);
    if (readers == readers_.end()) return false;
    const Node& node = *readers->second.front();
    if (node.is("Transpose")) {
      return NodeView(graph_, node).integers("perm", {}) == std::vector<std::int64_t>{0, 3, 1, 2};
    }
    const bool hands_on = node.is("QuantizeLinear") || node.is("DequantizeLinear") ||
                          node.is("Cast") || tensor::find_operation(node.op) != nullptr;
    if (!hands_on || node.outputs.empty()) return false;
    at = node.output();
  }
}

void GraphCompiler::add_outputs() {
  for (const GraphValue& output : graph_.outputs) {
    if (unknown_.count(output.value) != 0) continue;
    obstacles_.collect([&] { add_output(output); });
  }
}

// The biased sums of a pending layer as an output: the last layer, or one of several.
int GraphCompiler::logits_layer(const base::Place& place, int pending_index) {
  PendingLayer& pending = pending_[static_cast<std::size_t>(pending_index)];
  if (pending.logits >= 0) return pending.logits;
  if (!pending.layer.is_gemm()) {
    throw Obstacle{place, "comes from average pooling or resizing",
                   "the float output of a Conv, Gemm or MatMul, or what a quantiser rounded"};
  }
  if (pending.done) {
    throw Obstacle{place, "is the float output of a layer that a quantiser rounds, too",
                   "either of both"};
  }
  pending.done = true;
  pending.logits = static_cast<int>(network_.layers.size());
  Layer layer = pending.taken();
  layer.logits = true;
  layer.scale.clear();
  for (std::size_t c = 0; c < pending.weight_scale.size(); ++c) {
    layer.scale.push_back(pending.step(c));
  }
  network_.layers.push_back(std::move(layer));
  return pending.logits;
}

void GraphCompiler::add_output(const GraphValue& declared) {
  const base::Place place{graph_.file, 0, "output " + base::shown(declared.name)};
  const auto found = values_.find(declared.value);
  if (found == values_.end())
    throw Obstacle{place, "is a constant", "what nodes make of the image"};
  const Value& value = found->second;
  const bool plain = value.form == Value::Form::kCodes || value.form == Value::Form::kReals ||
                     value.form == Value::Form::kOutput;
  if (!plain || value.margins.any() || !value.pools.empty() || value.raw_codes) {
    throw Obstacle{place, "is " + form_text(value), "the output of a layer"};
  }
  Output output = value.output;
  output.name = declared.name;
  output.sizes = value.view.sizes(value.shape);
  if (output.tail == Tail::kArgMax) output.sizes = value.output.sizes;
  const Expression expression =
      value.form == Value::Form::kCodes ? reals_of(value) : value.expression;
  output.codes = value.form == Value::Form::kCodes || value.output_is_codes;
  if (expression.inputs.size() != 1) {
    throw Obstacle{place, "has a residual operand added to it",
                   "the float output of the last Conv, Gemm or MatMul"};
  }
  if (!expression.steps.empty()) output.function = expression.function();
  if (expression.inputs[0].map != kNoMap) {
    output.map = expression.inputs[0].map;
    if (output.map == 0) throw Obstacle{place, "is the image", "the output of a layer"};
  } else {
    output.layer = logits_layer(place, expression.inputs[0].pending);
    output.scale = network_.layers[static_cast<std::size_t>(output.layer)].scale;
  }
  if (!value.view.is_channels_first() && !value.view.whole()) {
    if (!value.view.is_channels_last()) {
      throw Obstacle{place, "has the axes of its map in an order of its own",
                     "[N, channels, height, width] or [N, height, width, channels]"};
    }
    output.channels_last = true;
  }
  // A vector is in the order in which the file flattened it.
  if (value.view.whole() && value.shape.height * value.shape.width > 1) {
    const std::vector<std::int64_t> order = value.view.order(value.shape);
    const View last({{Axis::kHeight, Axis::kWidth, Axis::kChannel}}, value.shape);
    output.channels_last = order == last.order(value.shape);
    if (!output.channels_last && order != channels_first_view(value.shape, 1).order(value.shape)) {
      throw Obstacle{place, "has the axes of its map in an order of its own",
                     "[N, channels x height x width] or [N, height x width x channels]"};
    }
  }
  check_declared_sizes(declared, output);
  network_.outputs.push_back(std::move(output));
}

void GraphCompiler::check_declared_sizes(const GraphValue& declared, const Output& output) const {
  if (!declared.has_sizes || declared.sizes.empty()) return;
  bool equal = declared.sizes.size() == output.sizes.size() + 1;
  for (std::size_t i = 0; equal && i < output.sizes.size(); ++i) {
    equal = declared.sizes[i + 1] == -1 || declared.sizes[i + 1] == output.sizes[i];
  }
  if (equal) return;
  throw Obstacle{{graph_.file, 0, "output " + base::shown(declared.name)},
                 fmt::format("is declared as {}, and the nodes make [N, {}] of it",
                             sizes_text(declared.sizes), fmt::join(output.sizes, ", ")),
                 "equal sizes"};
}

// One line at the end of the obstacles: what the file is, and what to do with it.
std::string GraphCompiler::kind() const {
  const auto any = [&](auto is_it) {
    return std::any_of(graph_.nodes.begin(), graph_.nodes.end(), is_it);
  };
  const auto of_domain = [&](const char* part) {
    return any([&](const Node& node) { return node.domain.find(part) != std::string::npos; });
  };
  const auto has = [&](std::initializer_list<const char*> ops) {
    return any([&](const Node& node) {
      return std::any_of(ops.begin(), ops.end(), [&](const char* op) { return node.op == op; });
    });
  };
  if (has({"MultiThreshold"})) {
    return "MultiThreshold is FINN's hardware form: export the network before it is streamlined";
  }
  if (has({"DynamicQuantizeLinear", "ConvInteger", "MatMulInteger"})) {
    return "a network that quantises by each image's range (dynamic quantisation): quantise it "
           "statically, e.g. with onnxruntime's quantize_static";
  }
  if (has({"QLinearConv", "QLinearMatMul", "QLinearAdd", "QGemm"})) {
    return "a network in onnxruntime's QOperator form: export it in QDQ form (quant_format QDQ)";
  }
  if (has({"Quant", "BipolarQuant"})) {
    return "a QONNX network: convert it to QDQ form (qonnx.transformation.qonnx_to_qcdq), or "
           "export "
           "it so (Brevitas' export_onnx_qcdq)";
  }
  if (has({"RequantShift", "RequantizedConv"}) || of_domain("PACT")) {
    return "a network in Deeploy's or NEMO's integer form: export it in QDQ form";
  }
  if (!has({"QuantizeLinear", "DequantizeLinear"})) {
    return "a float network, nothing in it is quantised: quantise it first, e.g. with "
           "onnxruntime's quantize_static (QDQ form)";
  }
  return "";
}

}  // namespace lacuna::network
