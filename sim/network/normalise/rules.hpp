// The rewrite rules: each takes one way of saying something out of a graph, until what is left is
// said in one way only. None looks at what a file, node or exporter is called.
//
// Adding one: a function here with a test of its own, and a line in normalise.cpp.
#pragma once

#include "network/normalise/shapes.hpp"
#include "network/read/graph.hpp"
#include "network/read/obstacles.hpp"

namespace lacuna::network {

/// Takes out attributes that ONNX does not know and later rules give a meaning.
void drop_reserved(Graph& graph);

/// Quantisers of com.microsoft, which onnxruntime writes for types that ONNX's own had not then,
/// are ONNX's own.
void adopt_contributed_quantisers(Graph& graph);

/// Sum of two values becomes Add, of one Identity.
void lower_sums(Graph& graph);

/// Takes out what hands its input on as it is: Identity, Dropout, and Cast between floats but of
/// the image to float16.
void drop_identities(Graph& graph);

/// Flatten, Squeeze and Unsqueeze become Reshape, whose attribute `shape` has the sizes of the
/// output.
void lower_views(Graph& graph, const Shapes& shapes);

/// Clip of any operator set, and Min and Max with one constant, become Clip with the attributes
/// `min` and `max`; of integer codes `low` and `high`.
void lower_clips(Graph& graph);

/// GlobalAveragePool becomes ReduceMean with the attribute `axes`, as every ReduceMean, ReduceMax
/// and ReduceSum has them then, and GlobalMaxPool a MaxPool.
void lower_global_pools(Graph& graph, const Shapes& shapes);

/// Nodes of one operator, with equal attributes, over the same values and equal constants, become
/// one: exporters quantise a value once for each reader.
void merge_equal_nodes(Graph& graph);

/// A Clip of the codes behind a quantiser, and a Clip of their reals in front of a second quantiser
/// of the same steps, become the attributes `low` and `high` of the quantiser.
void fold_quantiser_clips(Graph& graph);

/// Takes out nodes whose outputs nothing reads, and of several inputs those that nothing reads.
void drop_unread(Graph& graph);

/// All rules, in the order that they need. Throws nothing that a user did: what no rule knows is
/// left as it is.
void normalise(Graph& graph);

/// What rules are made of: how many read a value, graph outputs included, and which node writes it.
class Links {
 public:
  explicit Links(const Graph& graph);
  int readers(const std::string& value) const;
  /// nullptr where no node writes it.
  const Node* writer(const std::string& value) const;

 private:
  std::unordered_map<std::string, int> readers_;
  std::unordered_map<std::string, const Node*> writers_;
};

/// Lets all readers of `old`, graph outputs included, read `other` instead.
class Replacements {
 public:
  void add(const std::string& old, const std::string& other) { others_[old] = other; }
  bool empty() const { return others_.empty(); }
  /// In all nodes and outputs; nodes that write a value that was replaced go.
  void apply(Graph& graph) const;

 private:
  const std::string& end_of(const std::string& value) const;
  std::unordered_map<std::string, std::string> others_;
};

}  // namespace lacuna::network
