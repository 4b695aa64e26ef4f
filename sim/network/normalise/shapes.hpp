// The sizes of a graph's values, as far as nodes that only look at sizes, or change them, need.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "network/read/graph.hpp"
#include "network/read/node_view.hpp"

namespace lacuna::network {

/// Padding and steps of a window along its spatial axes, auto_pad and kernel resolved.
struct WindowSizes {
  Sizes kernel;
  Sizes strides;
  Sizes dilations;
  Sizes pads_begin;
  Sizes pads_end;
};

/// Of Conv, ConvTranspose, MaxPool and AveragePool over `in` (with batch and channels). Throws
/// Obstacle.
WindowSizes window_sizes(const Graph& graph, const Node& node, const Sizes& in);

/// Of Pad over a tensor of that rank: for each axis what is added in front, then behind. Throws
/// Obstacle.
Sizes pad_sizes(const NodeView& node, std::size_t rank);

/// Of a Resize or Upsample: sizes that it makes, and the scale of each axis.
struct ResizeSizes {
  Sizes sizes;
  std::vector<float> scales;
};
/// Nothing where the node does not name one for each axis of `in`, or they are not constant. Throws
/// Obstacle.
std::optional<ResizeSizes> resize_sizes(const NodeView& node, const Sizes& in);

/// Along one axis; 0 where the window does not fit. A window that begins in the padding behind the
/// map is left out, as ONNX says.
std::int64_t window_output_size(std::int64_t in, std::int64_t pad_begin, std::int64_t pad_end,
                                std::int64_t kernel, std::int64_t dilation, std::int64_t stride,
                                bool ceil_mode);

class Shapes {
 public:
  /// Starts with the graph's inputs; a free batch counts as 1.
  explicit Shapes(const Graph& graph);

  /// Of a value or constant; nothing where it is not known.
  std::optional<Sizes> of(const std::string& name) const;
  /// Works out the sizes of the node's outputs from those of its inputs.
  void add(const Node& node);

 private:
  std::optional<Sizes> output_of(const Node& node) const;
  std::optional<Sizes> elementwise(const Node& node) const;
  std::optional<Sizes> matmul(const Node& node) const;
  Sizes windowed(const Node& node, const Sizes& in) const;
  Sizes reduced(const Node& node, const Sizes& in) const;

  const Graph& graph_;
  std::unordered_map<std::string, Sizes> sizes_;
};

/// What a Reshape of a tensor to `to` gives; nothing where it does not fit.
std::optional<Sizes> reshaped(const Sizes& from, const std::vector<std::int64_t>& to,
                              bool zero_copies);
/// Squeeze, Unsqueeze and Flatten likewise; `axes` may be negative.
std::optional<Sizes> squeezed(const Sizes& from, const std::vector<std::int64_t>* axes);
std::optional<Sizes> unsqueezed(const Sizes& from, const std::vector<std::int64_t>& axes);
std::optional<Sizes> flattened(const Sizes& from, std::int64_t axis);
/// Sizes of what two tensors broadcast to.
std::optional<Sizes> broadcast(const Sizes& a, const Sizes& b);

/// The target of Reshape, Flatten, Squeeze or Unsqueeze over `from`; nothing where it is not
/// known, or does not fit.
std::optional<Sizes> view_sizes(const Graph& graph, const Node& node, const Sizes& from);
bool is_view(const Node& node);

}  // namespace lacuna::network
