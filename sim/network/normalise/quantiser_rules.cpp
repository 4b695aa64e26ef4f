// Rules about quantisers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "network/normalise/rules.hpp"
#include "network/read/node_view.hpp"

namespace lacuna::network {
namespace {

/// Constants of up to this many bytes are compared by value.
constexpr std::size_t kComparedBytes = 64;

std::string attribute_key(const Attribute& attribute) {
  return fmt::format("{}|{}|{}|{}|{}|{}", static_cast<int>(attribute.kind), attribute.integer,
                     attribute.real, attribute.text, fmt::join(attribute.integers, ","),
                     fmt::join(attribute.reals, ","));
}

/// Equal for nodes that are the same function of the same values.
std::string node_key(const Graph& graph, const Node& node,
                     const std::unordered_map<std::string, std::string>& merged) {
  std::string key = node.op + "\n" + node.domain;
  for (const auto& [name, attribute] : node.attributes) {
    key += "\n" + name + "=" + attribute_key(attribute);
  }
  for (const std::string& input : node.inputs) {
    const auto other = merged.find(input);
    const std::string& name = other == merged.end() ? input : other->second;
    const Constant* own = graph.constant(name);
    if (own == nullptr || own->bytes.size() > kComparedBytes || own->quantisation) {
      key += "\nv" + name;
    } else {
      key += fmt::format("\nc{}:{}:", static_cast<int>(own->element), sizes_text(own->sizes));
      key += own->bytes;
    }
  }
  return key;
}

/// The scale and zero point of a quantiser or dequantiser of activations.
struct QuantiserSteps {
  float scale = 1.0F;
  std::int64_t zero_point = 0;
  Element element = Element::kUint8;
};

std::optional<QuantiserSteps> steps_of(const Graph& graph, const Node& node) {
  const Constant* scale = graph.constant(node, 1);
  if (scale == nullptr || scale->element != Element::kFloat || scale->count() != 1) return {};
  QuantiserSteps steps;
  steps.scale = static_cast<float>(scale->reals().front());
  if (!node.has_input(2)) return steps;
  const Constant* zero = graph.constant(node, 2);
  if (zero == nullptr || !is_code(zero->element) || zero->count() != 1) return {};
  steps.zero_point = zero->integers().front();
  steps.element = zero->element;
  return steps;
}

bool equal(const QuantiserSteps& a, const QuantiserSteps& b) {
  return a.scale == b.scale && a.zero_point == b.zero_point && a.element == b.element;
}

std::int64_t bound_of(const Node& node, const char* name, std::int64_t otherwise) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? otherwise : found->second.integer;
}

/// Cuts the codes of a quantiser to low..high; false where none would be left.
bool narrow(Node& quantiser, Element element, std::int64_t low, std::int64_t high) {
  const auto [type_low, type_high] = element_range(element);
  low = std::max(low, bound_of(quantiser, "low", type_low));
  high = std::min(high, bound_of(quantiser, "high", type_high));
  if (low > high) return false;
  Attribute attribute;
  attribute.kind = Attribute::Kind::kInteger;
  attribute.integer = low;
  quantiser.attributes["low"] = attribute;
  attribute.integer = high;
  quantiser.attributes["high"] = attribute;
  return true;
}

/// The code of a real bound.
std::int64_t code_of(float real, const QuantiserSteps& steps) {
  const double rounded = std::nearbyint(real / steps.scale);
  return static_cast<std::int64_t>(std::clamp(rounded, -1e6, 1e6)) + steps.zero_point;
}

class ClipFolder {
 public:
  explicit ClipFolder(Graph& graph) : graph_(graph), links_(graph) {
    for (Node& node : graph.nodes) nodes_[node.output()] = &node;
  }
  void run();

 private:
  Node* quantiser_of(const std::string& codes);
  bool fold_codes(const Node& clip);
  bool fold_reals(const Node& second);
  void fold(const std::string& codes, const std::string& of) {
    const auto earlier = folded_.find(of);
    folded_[codes] = earlier == folded_.end() ? of : earlier->second;
    replacements_.add(codes, of);
  }

  Graph& graph_;
  Links links_;
  std::unordered_map<std::string, Node*> nodes_;
  Replacements replacements_;
  std::unordered_map<std::string, std::string> folded_;  ///< by what was clipped: the quantiser's
};

/// The quantiser whose codes these are, Clips that it has taken over between or not; nothing else
/// reads them.
Node* ClipFolder::quantiser_of(const std::string& codes) {
  if (links_.readers(codes) != 1) return nullptr;
  const auto folded = folded_.find(codes);
  const auto found = nodes_.find(folded == folded_.end() ? codes : folded->second);
  return found != nodes_.end() && found->second->is("QuantizeLinear") ? found->second : nullptr;
}

bool ClipFolder::fold_codes(const Node& clip) {
  Node* quantiser = quantiser_of(clip.inputs[0]);
  if (quantiser == nullptr || clip.attributes.count("low") == 0) return false;
  const std::optional<QuantiserSteps> steps = steps_of(graph_, *quantiser);
  return steps &&
         narrow(*quantiser, steps->element, bound_of(clip, "low", 0), bound_of(clip, "high", 0));
}

// QuantizeLinear, DequantizeLinear, Clip, and `second` with the steps of the first.
bool ClipFolder::fold_reals(const Node& second) {
  const auto clip = nodes_.find(second.inputs[0]);
  if (clip == nodes_.end() || !clip->second->is("Clip") ||
      clip->second->attributes.count("min") == 0 || links_.readers(second.inputs[0]) != 1) {
    return false;
  }
  const auto reals = nodes_.find(clip->second->inputs[0]);
  if (reals == nodes_.end() || !reals->second->is("DequantizeLinear") ||
      links_.readers(clip->second->inputs[0]) != 1) {
    return false;
  }
  Node* first = quantiser_of(reals->second->inputs[0]);
  if (first == nullptr) return false;
  const std::optional<QuantiserSteps> steps = steps_of(graph_, *first);
  const std::optional<QuantiserSteps> between = steps_of(graph_, *reals->second);
  const std::optional<QuantiserSteps> again = steps_of(graph_, second);
  if (!steps || !between || !again || !equal(*steps, *between) || !equal(*steps, *again) ||
      !(steps->scale > 0.0F)) {
    return false;
  }
  return narrow(*first, steps->element, code_of(clip->second->attributes.at("min").real, *steps),
                code_of(clip->second->attributes.at("max").real, *steps));
}

void ClipFolder::run() {
  for (const Node& node : graph_.nodes) {
    if (!node.has_input(0)) continue;
    if (node.is("Clip") && fold_codes(node)) {
      fold(node.output(), node.inputs[0]);
    } else if (node.is("QuantizeLinear") && fold_reals(node)) {
      const Node* clip = nodes_.at(node.inputs[0]);
      fold(node.output(), nodes_.at(clip->inputs[0])->inputs[0]);
    }
  }
  replacements_.apply(graph_);
}

}  // namespace

void merge_equal_nodes(Graph& graph) {
  std::unordered_map<std::string, std::string> seen;
  std::unordered_map<std::string, std::string> merged;
  Replacements replacements;
  for (const Node& node : graph.nodes) {
    const bool is_quantiser = node.is("QuantizeLinear") || node.is("DequantizeLinear");
    if (!is_quantiser || node.outputs.size() != 1) continue;
    const auto [first, is_new] = seen.emplace(node_key(graph, node, merged), node.output());
    if (is_new) continue;
    merged[node.output()] = first->second;
    replacements.add(node.output(), first->second);
  }
  replacements.apply(graph);
}

void fold_quantiser_clips(Graph& graph) { ClipFolder(graph).run(); }

}  // namespace lacuna::network
