#include "network/compile/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/printable.hpp"
#include "network/limits.hpp"
#include "tensor/requantise.hpp"

namespace lacuna::network {

GraphCompiler::GraphCompiler(Graph& graph, std::string kind)
    : graph_(graph), kind_(std::move(kind)) {
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs) {
      readers_[input].push_back(&node);
      ++read_count_[input];
    }
  }
  for (const GraphValue& output : graph.outputs) ++read_count_[output.value];
  reads_left_ = read_count_;
  find_ends();
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
  obstacles_.throw_all(graph_.file, kind_);
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
      {"ReduceMax", &GraphCompiler::reduce_max},
      {"ReduceMean", &GraphCompiler::reduce_mean},
      {"ReduceSum", &GraphCompiler::reduce_sum},
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
                                           "Squeeze",           "Sum",           "Unsqueeze"};

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
            fmt::format("{}", fmt::join(supported, ", ")));
}

// A value that was read for the last time goes: a graph may have many large ones.
void GraphCompiler::forget_inputs(const Node& node) {
  for (const std::string& input : node.inputs) {
    if (--reads_left_[input] == 0) values_.erase(input);
  }
}

void GraphCompiler::run(const NodeView& node) {
  check_operator(node);
  if (node.node().op == "Sum") {
    node.fail(fmt::format("has {} inputs", node.node().inputs.size()), "one or two");
  }
  if (is_lowered(node.node().op)) {
    node.fail("it does not fit the sizes of its input, or they are not known before the image is",
              "sizes that the graph says");
  }
  const auto found = handlers().find(node.node().op);
  if (found == handlers().end()) return function(node);
  (this->*found->second)(node);
}

// The graph's input. An image has rank 4, a sequence 3, a vector 2; which axis the channels are
// show the nodes behind it.
void GraphCompiler::add_image() {
  const base::Place graph_place{graph_.file, 0, "graph"};
  if (graph_.inputs.size() != 1) {
    throw base::InputError(
        graph_place,
        graph_.inputs.empty()
            ? "has no input that a node reads"
            : fmt::format("has more than one input ({}, {}{})", base::shown(graph_.inputs[0].name),
                          base::shown(graph_.inputs[1].name),
                          graph_.inputs.size() == 2 ? "" : ", ..."),
        "one image");
  }
  const GraphValue& image = graph_.inputs.front();
  const base::Place place{graph_.file, 0, "input " + base::shown(image.name)};
  constexpr const char* kAllowed =
      "float, uint8 or int8, [N, channels, height, width], [N, height, width, channels], [N, "
      "channels, width], [N, width, channels] or [N, values] with fixed sizes";
  const bool integers = image.element == Element::kUint8 || image.element == Element::kInt8;
  const std::size_t rank = image.sizes.size();
  if ((image.element != Element::kFloat && !integers) || rank < 2 || rank > 4) {
    throw base::InputError(place, "is not an image of a known form", kAllowed);
  }
  const Sizes sizes(image.sizes.begin() + 1, image.sizes.end());
  if (std::count(sizes.begin(), sizes.end(), kFreeSize) != 0) {
    throw base::InputError(
        place, fmt::format("has sizes that are not fixed: {}", declared_text(image.sizes)),
        "a number for each but the batch: export it so, or python -m "
        "onnxruntime.tools.make_dynamic_shape_fixed");
  }
  network_.input_channels_last = rank > 2 && is_channels_last_input(image.name, rank);
  Value value;
  if (rank == 2) {
    value.shape = {1, 1, sizes[0]};
  } else if (rank == 3) {
    value.shape = network_.input_channels_last ? MapShape{1, sizes[0], sizes[1]}
                                               : MapShape{1, sizes[1], sizes[0]};
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
  if (image.sizes[0] != kFreeSize && (image.sizes[0] < 1 || image.sizes[0] > kMaxDimension)) {
    throw base::InputError(place, fmt::format("has a batch of {}", image.sizes[0]),
                           fmt::format("1..{}, or a free one", kMaxDimension));
  }
  batch_ = std::max<std::int64_t>(image.sizes[0], 1);
  std::vector<View::Group> last = {{Axis::kHeight}, {Axis::kWidth}, {Axis::kChannel}};
  if (rank == 3) last.erase(last.begin());
  value.view = network_.input_channels_last ? View(last, value.shape)
               : rank == 3                  ? View({{Axis::kChannel}, {Axis::kWidth}}, value.shape)
                                            : channels_first_view(value.shape, rank - 1);
  if (image.half) value.input_steps.push_back({InputStep::Kind::kHalf, {}});
  const auto [low, high] = element_range(image.element);
  value.map = add_map(value.shape, {low, high, 0}, 1.0F);
  if (integers) {
    value.form = Value::Form::kCodes;
    value.raw_codes = true;
  }
  values_.emplace(image.name, value);
}

// Whether the first node that minds the order reads the last axis as channels: MatMul reads the
// last of what it is given, all others the one behind the batch.
bool GraphCompiler::is_channels_last_input(const std::string& name, std::size_t rank) const {
  std::vector<std::int64_t> axes(rank);  // of the input, in the order that nodes have made of them
  std::iota(axes.begin(), axes.end(), 0);
  const auto last = static_cast<std::int64_t>(rank) - 1;
  std::string at = name;
  for (int i = 0; i < kMostHandOn; ++i) {
    const auto readers = readers_.find(at);
    if (readers == readers_.end()) break;
    const Node& node = *readers->second.front();
    if (node.is("MatMul")) return axes.back() == last;
    if (node.is("Transpose")) {
      std::vector<std::int64_t> perm;
      try {
        perm = NodeView(graph_, node).integers("perm", {});
      } catch (const Obstacle&) {
        return false;  // which the node says when it is its turn
      }
      std::vector<std::int64_t> turned;
      for (const std::int64_t from : perm) {
        if (from >= 0 && from <= last) turned.push_back(axes[static_cast<std::size_t>(from)]);
      }
      if (turned.size() != rank) return false;
      axes = std::move(turned);
    }
    const bool hands_on = node.is("QuantizeLinear") || node.is("DequantizeLinear") ||
                          node.is("Cast") || node.is("Pad") || node.is("Transpose") ||
                          tensor::find_operation(node.op) != nullptr;
    if (!hands_on || node.outputs.empty()) break;
    at = node.output();
  }
  return axes[1] == last;
}

}  // namespace lacuna::network
