// A node of a graph, read strictly: what is not asked for is an obstacle.
#pragma once

#include <string>
#include <vector>

#include "network/read/graph.hpp"
#include "network/read/obstacles.hpp"

namespace lacuna::network {

class NodeView {
 public:
  /// Both must outlive this view.
  NodeView(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  const Graph& graph() const { return graph_; }
  const Node& node() const { return node_; }
  [[noreturn]] void fail(const std::string& wrong, const std::string& supported = "") const {
    fail_node(graph_.file, node_, wrong, supported);
  }

  /// Checks the number of inputs, that the first `least` are there, and that there is one output.
  void expect_inputs(int least, int most) const;
  /// Checks that the node has no attributes but these.
  void expect_attributes(const std::vector<const char*>& names) const;

  std::int64_t integer(const char* name, std::int64_t otherwise) const;
  float real(const char* name, float otherwise) const;
  std::string text(const char* name, const char* otherwise) const;
  std::vector<std::int64_t> integers(const char* name,
                                     const std::vector<std::int64_t>& otherwise) const;
  bool has(const char* name) const { return node_.attributes.count(name) != 0; }

  /// The constant that it reads there; an obstacle where that is none.
  const Constant& constant(std::size_t input) const;
  /// The one float, or one a value, of such a constant.
  float float_input(std::size_t input) const;
  std::vector<float> floats_input(std::size_t input) const;
  std::vector<std::int64_t> integers_input(std::size_t input) const;

 private:
  const Attribute* find(const char* name, Attribute::Kind kind, const char* kind_name) const;

  const Graph& graph_;
  const Node& node_;
};

}  // namespace lacuna::network
