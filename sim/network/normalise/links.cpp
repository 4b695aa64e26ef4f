#include <algorithm>

#include "network/normalise/rules.hpp"

namespace lacuna::network {

Links::Links(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs) ++readers_[input];
    for (const std::string& output : node.outputs) writers_[output] = &node;
  }
  for (const GraphValue& output : graph.outputs) ++readers_[output.value];
}

int Links::readers(const std::string& value) const {
  const auto found = readers_.find(value);
  return found == readers_.end() ? 0 : found->second;
}

const Node* Links::writer(const std::string& value) const {
  const auto found = writers_.find(value);
  return found == writers_.end() ? nullptr : found->second;
}

const std::string& Replacements::end_of(const std::string& value) const {
  const std::string* end = &value;
  for (auto at = others_.find(*end); at != others_.end(); at = others_.find(*end)) {
    end = &at->second;
  }
  return *end;
}

void Replacements::apply(Graph& graph) const {
  if (empty()) return;
  auto& nodes = graph.nodes;
  nodes.erase(std::remove_if(nodes.begin(), nodes.end(),
                             [&](const Node& node) { return others_.count(node.output()) != 0; }),
              nodes.end());
  for (Node& node : nodes) {
    for (std::string& input : node.inputs) input = end_of(input);
  }
  for (GraphValue& output : graph.outputs) output.value = end_of(output.value);
}

}  // namespace lacuna::network
