// Rules that look at one node at a time.
#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "network/normalise/rules.hpp"
#include "network/read/node_view.hpp"

namespace lacuna::network {
namespace {

Attribute integer_attribute(std::int64_t value) {
  Attribute attribute;
  attribute.kind = Attribute::Kind::kInteger;
  attribute.integer = value;
  return attribute;
}

Attribute integers_attribute(std::vector<std::int64_t> values) {
  Attribute attribute;
  attribute.kind = Attribute::Kind::kIntegers;
  attribute.integers = std::move(values);
  return attribute;
}

Attribute float_attribute(float value) {
  Attribute attribute;
  attribute.kind = Attribute::Kind::kFloat;
  attribute.real = value;
  return attribute;
}

bool is_float_cast(const Node& node) {
  constexpr std::int64_t kFloatTypes[] = {1, 10, 11};
  const auto to = node.attributes.find("to");
  return node.is("Cast") && to != node.attributes.end() &&
         std::count(std::begin(kFloatTypes), std::end(kFloatTypes), to->second.integer) == 1;
}

/// Whether a node hands the image on, in another view or type.
bool hands_on(const Node& node) {
  return is_view(node) || is_float_cast(node) || node.is("Dropout") || node.is("Identity") ||
         node.is("Transpose");
}

/// Casts of the image to float16 that round what a quantiser reads. What is computed in float16 is
/// float32 here, and a wider Cast takes the narrow one away: so do runtimes.
std::unordered_set<const Node*> rounding_casts(const Graph& graph) {
  constexpr std::int64_t kHalf = 10;
  std::unordered_set<std::string> image;
  for (const GraphValue& input : graph.inputs) image.insert(input.name);
  for (const Node& node : graph.nodes) {
    const bool reads = node.has_input(0) && image.count(node.inputs[0]) != 0;
    if (reads && hands_on(node)) image.insert(node.output());
  }
  std::unordered_set<std::string> quantised;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool reaches = node->is("QuantizeLinear") || (hands_on(*node) && !is_float_cast(*node) &&
                                                        quantised.count(node->output()) != 0);
    if (reaches && node->has_input(0)) quantised.insert(node->inputs[0]);
  }
  std::unordered_set<const Node*> casts;
  for (const Node& node : graph.nodes) {
    if (is_float_cast(node) && node.attributes.at("to").integer == kHalf &&
        image.count(node.output()) != 0 && quantised.count(node.output()) != 0) {
      casts.insert(&node);
    }
  }
  return casts;
}

/// Whether a value holds floats: what a Cast of it to floats would hand on.
class Floats {
 public:
  explicit Floats(const Graph& graph) {
    for (const GraphValue& input : graph.inputs) {
      if (input.element != Element::kFloat) integers_[input.name] = true;
    }
    for (const Node& node : graph.nodes) {
      const bool integer_input = node.has_input(0) && !holds(node.inputs[0]);
      const bool keeps = is_view(node) || node.is("Transpose") || node.is("Identity") ||
                         node.is("MaxPool") || node.is("Pad") || node.is("Clip") ||
                         node.is("Concat") || node.is("Resize") || node.is("ReduceMax") ||
                         node.is("Max") || node.is("Min");
      const bool floats = node.is("DequantizeLinear") || is_float_cast(node) ||
                          (keeps ? !integer_input : node.domain.empty());
      if (node.is("QuantizeLinear") || node.is("Cast") != is_float_cast(node) || !floats) {
        integers_[node.output()] = true;
      }
    }
  }
  bool holds(const std::string& value) const { return integers_.count(value) == 0; }

 private:
  std::unordered_map<std::string, bool> integers_;
};

/// The one value of a constant that a node reads there; nothing where it reads none or several.
std::optional<double> scalar(const Graph& graph, const Node& node, std::size_t input) {
  const Constant* own = graph.constant(node, input);
  if (own == nullptr || own->element == Element::kOther || own->count() != 1) return std::nullopt;
  return own->reals().front();
}

void set_clip(Node& node, double low, double high, bool integers) {
  node.op = "Clip";
  node.attributes.clear();
  if (integers) {
    const auto bounded = [](double value) {
      return static_cast<std::int64_t>(std::clamp(value, -1e9, 1e9));
    };
    node.attributes["low"] = integer_attribute(bounded(low));
    node.attributes["high"] = integer_attribute(bounded(high));
  } else {
    node.attributes["min"] = float_attribute(static_cast<float>(low));
    node.attributes["max"] = float_attribute(static_cast<float>(high));
  }
}

constexpr double kNoBound = std::numeric_limits<double>::infinity();

void lower_clip(const Graph& graph, const Floats& floats, Node& node) {
  const auto attribute = [&](const char* name, double otherwise) {
    const auto found = node.attributes.find(name);
    return found == node.attributes.end() ? otherwise : double{found->second.real};
  };
  for (const auto& [name, own] : node.attributes) {
    if (own.kind != Attribute::Kind::kFloat) return;
  }
  double low = attribute("min", -kNoBound);
  double high = attribute("max", kNoBound);
  if (node.inputs.size() > 3) return;
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (!node.has_input(i)) continue;
    const std::optional<double> bound = scalar(graph, node, i);
    if (!bound) return;
    (i == 1 ? low : high) = *bound;
  }
  if (std::isnan(low) || std::isnan(high)) return;
  node.inputs.resize(1);
  set_clip(node, low, high, !floats.holds(node.inputs[0]));
}

void lower_extreme(const Graph& graph, const Floats& floats, Node& node) {
  if (node.inputs.size() != 2) return;
  const std::size_t at = graph.constant(node, 0) != nullptr ? 0 : 1;
  const std::optional<double> bound = scalar(graph, node, at);
  if (!bound || std::isnan(*bound)) return;
  const bool is_max = node.op == "Max";
  node.inputs = {node.inputs[1 - at]};
  const bool integers = !floats.holds(node.inputs[0]);
  if (is_max) {
    set_clip(node, *bound, kNoBound, integers);
  } else {
    set_clip(node, -kNoBound, *bound, integers);
  }
}

}  // namespace

void drop_reserved(Graph& graph) {
  for (Node& node : graph.nodes) {
    for (const char* name : {"low", "high"}) node.attributes.erase(name);
    if (node.is("Reshape")) node.attributes.erase("shape");
  }
}

void adopt_contributed_quantisers(Graph& graph) {
  for (Node& node : graph.nodes) {
    const bool quantiser = node.op == "QuantizeLinear" || node.op == "DequantizeLinear";
    if (quantiser && node.domain == "com.microsoft") node.domain.clear();
  }
}

void lower_sums(Graph& graph) {
  for (Node& node : graph.nodes) {
    if (!node.is("Sum")) continue;
    if (node.inputs.size() == 2) node.op = "Add";
    if (node.inputs.size() == 1) node.op = "Identity";
  }
}

void drop_identities(Graph& graph) {
  const Floats floats(graph);
  const std::unordered_set<const Node*> rounding = rounding_casts(graph);
  Replacements replacements;
  for (const Node& node : graph.nodes) {
    const bool is_plain = node.is("Identity") || (node.is("Dropout") && node.outputs.size() == 1) ||
                          (is_float_cast(node) && node.has_input(0) &&
                           floats.holds(node.inputs[0]) && rounding.count(&node) == 0);
    // A Dropout that trains has a third input that says so.
    const Constant* trains = graph.constant(node, 2);
    const bool rests = !node.has_input(2) ||
                       (trains != nullptr && trains->count() == 1 && trains->bytes[0] == '\0');
    if (is_plain && node.has_input(0) && rests) {
      replacements.add(node.output(), node.inputs[0]);
    }
  }
  replacements.apply(graph);
}

void lower_views(Graph& graph, const Shapes& shapes) {
  for (Node& node : graph.nodes) {
    if (!is_view(node) || !node.has_input(0)) continue;
    const std::optional<Sizes> from = shapes.of(node.inputs[0]);
    const std::optional<Sizes> to = shapes.of(node.output());
    if (!from || !to) continue;
    node.op = "Reshape";
    node.attributes.clear();
    node.attributes["shape"] = integers_attribute(*to);
    node.inputs.resize(1);
  }
}

void lower_clips(Graph& graph) {
  const Floats floats(graph);
  for (Node& node : graph.nodes) {
    if (!node.has_input(0)) continue;
    if (node.is("Clip")) lower_clip(graph, floats, node);
    if (node.is("Max") || node.is("Min")) lower_extreme(graph, floats, node);
  }
}

void lower_global_pools(Graph& graph, const Shapes& shapes) {
  for (Node& node : graph.nodes) {
    if (!node.has_input(0)) continue;
    const bool global = node.is("GlobalAveragePool");
    if (global) {
      const std::optional<Sizes> in = shapes.of(node.inputs[0]);
      if (!in || in->size() < 3) continue;
      std::vector<std::int64_t> axes;
      for (std::size_t i = 2; i < in->size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
      node.op = "ReduceMean";
      node.attributes.clear();
      node.attributes["axes"] = integers_attribute(axes);
      node.attributes["keepdims"] = integer_attribute(1);
    } else if (node.is("GlobalMaxPool")) {
      const std::optional<Sizes> in = shapes.of(node.inputs[0]);
      if (!in || in->size() < 3) continue;
      node.op = "MaxPool";
      node.attributes.clear();
      node.attributes["kernel_shape"] = integers_attribute({in->begin() + 2, in->end()});
    } else if ((node.is("ReduceMean") || node.is("ReduceMax") || node.is("ReduceSum")) &&
               node.has_input(1)) {
      const Constant* axes = graph.constant(node, 1);
      if (axes == nullptr || axes->element != Element::kInt64) continue;
      node.attributes["axes"] = integers_attribute(axes->integers());
      node.attributes.erase("noop_with_empty_axes");
      node.inputs.resize(1);
    }
  }
}

void drop_unread(Graph& graph) {
  std::unordered_map<std::string, bool> read;
  for (const GraphValue& output : graph.outputs) read[output.value] = true;
  std::vector<Node> left;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    Node& node = graph.nodes[i];
    const bool is_read = std::any_of(node.outputs.begin(), node.outputs.end(),
                                     [&](const std::string& own) { return read.count(own) != 0; });
    if (!is_read) continue;
    // Masks, indices and statistics that nobody asks for.
    const bool has_optional =
        node.is("Dropout") || node.is("MaxPool") || node.is("BatchNormalization");
    while (has_optional && node.outputs.size() > 1 && read.count(node.outputs.back()) == 0) {
      node.outputs.pop_back();
    }
    for (const std::string& input : node.inputs) read[input] = true;
    left.push_back(std::move(node));
  }
  std::reverse(left.begin(), left.end());
  graph.nodes = std::move(left);
  if (graph.inputs.size() == 1) return;  // what it is can be told
  const auto is_unread = [&](const GraphValue& input) { return read.count(input.name) == 0; };
  graph.inputs.erase(std::remove_if(graph.inputs.begin(), graph.inputs.end(), is_unread),
                     graph.inputs.end());
}

}  // namespace lacuna::network
