#include "network/normalise/shapes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "network/limits.hpp"
#include "network/read/node_view.hpp"
#include "tensor/function.hpp"

namespace lacuna::network {
namespace {

constexpr std::int64_t kMostTensorValues = std::int64_t{1} << 40;

std::optional<std::int64_t> product(const Sizes& sizes) {
  const auto is_bad = [](std::int64_t size) { return size < 0; };
  if (std::any_of(sizes.begin(), sizes.end(), is_bad)) return std::nullopt;
  return bounded_product(sizes, kMostTensorValues);
}

/// The axes that a node names in an attribute or, in newer operator sets, in an input.
std::optional<std::vector<std::int64_t>> axes_of(const NodeView& view, std::size_t input) {
  if (view.has("axes")) return view.integers("axes", {});
  if (view.graph().constant(view.node(), input) == nullptr) return std::nullopt;
  return view.integers_input(input);
}

/// Total padding that keeps ceil(in / stride) outputs.
std::int64_t same_padding(std::int64_t in, std::int64_t stride, std::int64_t reach) {
  return std::max<std::int64_t>(0, ((in + stride - 1) / stride - 1) * stride + reach - in);
}

bool is_window_side(std::int64_t value) { return value >= 1 && value <= kMaxDimension; }

Sizes sized(const NodeView& view, const char* name, std::size_t count, std::int64_t otherwise) {
  Sizes sizes = view.integers(name, Sizes(count, otherwise));
  if (sizes.size() != count) {
    view.fail(
        "attribute '" + std::string(name) + "' has " + std::to_string(sizes.size()) + " values",
        std::to_string(count) + " values");
  }
  return sizes;
}

}  // namespace

std::int64_t window_output_size(std::int64_t in, std::int64_t pad_begin, std::int64_t pad_end,
                                std::int64_t kernel, std::int64_t dilation, std::int64_t stride,
                                bool ceil_mode) {
  const std::int64_t room = in + pad_begin + pad_end - (dilation * (kernel - 1) + 1);
  if (room < 0) return 0;
  if (!ceil_mode) return room / stride + 1;
  const std::int64_t out = (room + stride - 1) / stride + 1;
  return (out - 1) * stride >= in + pad_begin ? out - 1 : out;
}

namespace {

// Padding of a ConvTranspose that names its output's size, or says that it is stride x the input's.
void set_transposed_pads(const NodeView& view, const std::string& automatic, const Sizes& in,
                         WindowSizes& window) {
  const std::size_t count = window.kernel.size();
  if (automatic == "VALID") window.pads_begin = window.pads_end = Sizes(count, 0);
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  Sizes out = view.integers("output_shape", {});
  if (!same && out.empty()) return;
  if (out.size() == in.size()) out.erase(out.begin(), out.begin() + 2);  // with batch and channels
  if (!out.empty() && out.size() != count) {
    view.fail("output_shape is " + sizes_text(out), std::to_string(count) + " sizes");
  }
  const Sizes added = sized(view, "output_padding", count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t wanted = out.empty() ? in[i + 2] * window.strides[i] : out[i];
    const std::int64_t whole = window.strides[i] * (in[i + 2] - 1) +
                               std::clamp<std::int64_t>(added[i], 0, kMaxDimension) +
                               window.dilations[i] * (window.kernel[i] - 1) + 1;
    if (wanted < 1 || wanted > whole) {
      view.fail("its output is to be " + std::to_string(wanted) + " long, and its windows reach " +
                    std::to_string(whole),
                "an output_shape, or auto_pad, that padding makes of them");
    }
    const std::int64_t total = whole - wanted;
    window.pads_begin[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    window.pads_end[i] = total - window.pads_begin[i];
  }
}

}  // namespace

WindowSizes window_sizes(const Graph& graph, const Node& node, const Sizes& in) {
  const NodeView view(graph, node);
  if (in.size() < 3 || in.size() > 4) {
    view.fail("its input has " + std::to_string(in.size()) + " axes",
              "[N, channels, width] or [N, channels, height, width]");
  }
  const std::size_t count = in.size() - 2;
  WindowSizes window;
  const bool is_conv = node.op == "Conv" || node.op == "ConvTranspose";
  if (is_conv) {
    const Constant* weights = graph.constant(node, 1);
    if (weights == nullptr || weights->sizes.size() != in.size()) {
      view.fail(weights == nullptr ? "its weights are no constant"
                                   : "its weights are " + sizes_text(weights->sizes) +
                                         " for an input of " + std::to_string(in.size()) + " axes",
                "constant weights of as many axes as its input");
    }
    window.kernel.assign(weights->sizes.begin() + 2, weights->sizes.end());
    if (view.has("kernel_shape") && view.integers("kernel_shape", {}) != window.kernel) {
      view.fail("kernel_shape is " + sizes_text(view.integers("kernel_shape", {})),
                sizes_text(window.kernel) + ", as its weights");
    }
  } else {
    window.kernel = sized(view, "kernel_shape", count, 0);
  }
  window.strides = sized(view, "strides", count, 1);
  window.dilations = sized(view, "dilations", count, 1);
  const Sizes pads = sized(view, "pads", 2 * count, 0);
  window.pads_begin.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(count));
  window.pads_end.assign(pads.begin() + static_cast<std::ptrdiff_t>(count), pads.end());
  for (std::size_t i = 0; i < count; ++i) {
    const bool reaches = is_window_side(window.kernel[i]) && is_window_side(window.dilations[i]) &&
                         window.dilations[i] * (window.kernel[i] - 1) < kMaxDimension;
    if (!reaches || !is_window_side(window.strides[i]) || pads[i] < 0 || pads[i] > kMaxDimension ||
        pads[count + i] < 0 || pads[count + i] > kMaxDimension) {
      view.fail("kernel " + sizes_text(window.kernel) + ", strides " + sizes_text(window.strides) +
                    ", dilations " + sizes_text(window.dilations) + ", pads " + sizes_text(pads),
                "1.." + std::to_string(kMaxDimension) + ", pads 0 or more");
    }
  }
  const std::string automatic = view.text("auto_pad", "NOTSET");
  const bool named = automatic != "NOTSET" && !automatic.empty();
  if (named && automatic != "SAME_UPPER" && automatic != "SAME_LOWER" && automatic != "VALID") {
    view.fail("auto_pad is '" + automatic + "'", "NOTSET, SAME_UPPER, SAME_LOWER, VALID");
  }
  if (node.op == "ConvTranspose") {
    set_transposed_pads(view, automatic, in, window);
    return window;
  }
  if (!named) return window;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t reach = window.dilations[i] * (window.kernel[i] - 1) + 1;
    const std::int64_t total =
        automatic == "VALID" ? 0 : same_padding(in[i + 2], window.strides[i], reach);
    window.pads_begin[i] = automatic == "SAME_LOWER" ? total - total / 2 : total / 2;
    window.pads_end[i] = total - window.pads_begin[i];
  }
  return window;
}

Sizes pad_sizes(const NodeView& node, std::size_t rank) {
  const Sizes own = node.node().has_input(1) ? node.integers_input(1) : node.integers("pads", {});
  Sizes axes;
  if (node.node().has_input(3)) {
    axes = node.integers_input(3);
  } else {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
  }
  Sizes pads(2 * rank, 0);
  std::vector<bool> named(rank, false);
  bool fits = own.size() == 2 * axes.size();
  for (std::size_t i = 0; fits && i < axes.size(); ++i) {
    const std::int64_t axis = axes[i] < 0 ? axes[i] + static_cast<std::int64_t>(rank) : axes[i];
    fits = axis >= 0 && axis < static_cast<std::int64_t>(rank) &&
           !named[static_cast<std::size_t>(axis)];
    if (!fits) break;
    const auto at = static_cast<std::size_t>(axis);
    named[at] = true;
    pads[at] = own[i];
    pads[at + rank] = own[i + axes.size()];
  }
  if (!fits) {
    node.fail(std::to_string(own.size()) + " pads over " + std::to_string(axes.size()) + " of " +
                  std::to_string(rank) + " axes",
              "two for each axis, each axis once");
  }
  return pads;
}

std::optional<Sizes> broadcast(const Sizes& a, const Sizes& b) {
  Sizes result(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::int64_t own = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t other = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (own != other && own != 1 && other != 1) return std::nullopt;
    result[result.size() - 1 - i] = own == 1 ? other : own;
  }
  return result;
}

std::optional<Sizes> reshaped(const Sizes& from, const std::vector<std::int64_t>& to,
                              bool zero_copies) {
  const std::optional<std::int64_t> values = product(from);
  if (!values) return std::nullopt;
  Sizes result(to);
  std::size_t free = to.size();
  std::int64_t known = 1;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] == 0 && zero_copies) {
      if (i >= from.size()) return std::nullopt;
      result[i] = from[i];
    }
    if (to[i] == -1) {
      if (free != to.size()) return std::nullopt;
      free = i;
      continue;
    }
    if (result[i] < 1 || known > kMostTensorValues / result[i]) return std::nullopt;
    known *= result[i];
  }
  if (free != to.size()) {
    if (*values < known || *values % known != 0) return std::nullopt;
    result[free] = *values / known;
    return result;
  }
  if (known != *values) return std::nullopt;
  return result;
}

std::optional<Sizes> squeezed(const Sizes& from, const std::vector<std::int64_t>* axes) {
  const auto rank = static_cast<std::int64_t>(from.size());
  std::vector<bool> dropped(from.size(), false);
  if (axes == nullptr) {
    for (std::size_t i = 0; i < from.size(); ++i) dropped[i] = from[i] == 1;
  } else {
    for (std::int64_t axis : *axes) {
      if (axis < 0) axis += rank;
      if (axis < 0 || axis >= rank || from[static_cast<std::size_t>(axis)] != 1)
        return std::nullopt;
      dropped[static_cast<std::size_t>(axis)] = true;
    }
  }
  Sizes result;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!dropped[i]) result.push_back(from[i]);
  }
  return result;
}

std::optional<Sizes> unsqueezed(const Sizes& from, const std::vector<std::int64_t>& axes) {
  constexpr std::size_t kMostAxes = 16;
  if (from.size() + axes.size() > kMostAxes) return std::nullopt;
  const auto rank = static_cast<std::int64_t>(from.size() + axes.size());
  Sizes result(static_cast<std::size_t>(rank), 0);
  for (std::int64_t axis : axes) {
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank || result[static_cast<std::size_t>(axis)] == 1)
      return std::nullopt;
    result[static_cast<std::size_t>(axis)] = 1;
  }
  std::size_t next = 0;
  std::vector<bool> is_new(result.size());
  for (std::size_t i = 0; i < result.size(); ++i) is_new[i] = result[i] == 1;
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (!is_new[i]) result[i] = from[next++];
  }
  return result;
}

std::optional<Sizes> flattened(const Sizes& from, std::int64_t axis) {
  const auto rank = static_cast<std::int64_t>(from.size());
  if (axis < 0) axis += rank;
  if (axis < 0 || axis > rank) return std::nullopt;
  const auto middle = from.begin() + static_cast<std::ptrdiff_t>(axis);
  const auto first = product(Sizes(from.begin(), middle));
  const auto second = product(Sizes(middle, from.end()));
  if (!first || !second) return std::nullopt;
  return Sizes{*first, *second};
}

bool is_view(const Node& node) {
  return node.is("Reshape") || node.is("Flatten") || node.is("Squeeze") || node.is("Unsqueeze");
}

namespace {

std::optional<Sizes> sizes_behind_view(const Graph& graph, const Node& node, const Sizes& from) {
  const NodeView view(graph, node);
  if (node.op == "Flatten") return flattened(from, view.integer("axis", 1));
  if (node.op == "Reshape") {
    if (view.has("shape")) return reshaped(from, view.integers("shape", {}), true);
    if (graph.constant(node, 1) == nullptr) return std::nullopt;
    return reshaped(from, view.integers_input(1), view.integer("allowzero", 0) == 0);
  }
  const auto axes = axes_of(view, 1);
  if (node.op == "Squeeze") {
    if (!axes && node.has_input(1)) return std::nullopt;
    return squeezed(from, axes ? &*axes : nullptr);
  }
  return axes ? unsqueezed(from, *axes) : std::nullopt;
}

}  // namespace

std::optional<Sizes> view_sizes(const Graph& graph, const Node& node, const Sizes& from) {
  std::optional<Sizes> sizes = sizes_behind_view(graph, node, from);
  if (sizes && sizes->size() > kMaxRank) sizes.reset();
  return sizes;
}

Shapes::Shapes(const Graph& graph) : graph_(graph) {
  for (const GraphValue& input : graph.inputs) {
    Sizes sizes = input.sizes;
    if (!sizes.empty() && sizes.front() < 1) sizes.front() = 1;
    const auto is_known = [](std::int64_t size) { return size >= 1; };
    if (input.has_sizes && std::all_of(sizes.begin(), sizes.end(), is_known)) {
      if (product(sizes)) sizes_[input.name] = sizes;
    }
  }
}

std::optional<Sizes> Shapes::of(const std::string& name) const {
  if (const Constant* constant = graph_.constant(name)) return constant->sizes;
  const auto found = sizes_.find(name);
  return found == sizes_.end() ? std::nullopt : std::optional(found->second);
}

void Shapes::add(const Node& node) {
  std::optional<Sizes> sizes;
  try {
    sizes = output_of(node);
  } catch (const Obstacle&) {
    return;  // the stage that runs the node finds it again, and says so
  }
  if (sizes && sizes->size() <= kMaxRank && product(*sizes)) sizes_[node.output()] = *sizes;
}

std::optional<Sizes> Shapes::output_of(const Node& node) const {
  if (!node.domain.empty() || node.inputs.empty() || !node.has_input(0)) return std::nullopt;
  const std::optional<Sizes> in = of(node.inputs[0]);
  if (!in) return std::nullopt;
  const NodeView view(graph_, node);
  const std::string& op = node.op;
  if (is_view(node)) return view_sizes(graph_, node, *in);
  if (op == "Conv" || op == "ConvTranspose" || op == "MaxPool" || op == "AveragePool") {
    return windowed(node, *in);
  }
  if (op == "GlobalAveragePool" || op == "GlobalMaxPool") {
    Sizes out = *in;
    if (out.size() < 2) return std::nullopt;
    std::fill(out.begin() + 2, out.end(), 1);
    return out;
  }
  if (op == "ReduceMean" || op == "ReduceMax" || op == "ReduceSum") return reduced(node, *in);
  if (op == "MatMul" || op == "Gemm") return matmul(node);
  if (op == "Transpose") {
    Sizes out;
    Sizes perm(in->size());
    std::iota(perm.rbegin(), perm.rend(), 0);
    perm = view.integers("perm", perm);
    for (const std::int64_t from : perm) {
      if (from < 0 || from >= static_cast<std::int64_t>(in->size())) return std::nullopt;
      out.push_back((*in)[static_cast<std::size_t>(from)]);
    }
    return out;
  }
  if (op == "Concat") {
    Sizes out = *in;
    std::int64_t axis = view.integer("axis", 1);
    if (axis < 0) axis += static_cast<std::int64_t>(out.size());
    if (axis < 0 || axis >= static_cast<std::int64_t>(out.size())) return std::nullopt;
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      const auto more = of(node.inputs[i]);
      if (!more || more->size() != out.size()) return std::nullopt;
      out[static_cast<std::size_t>(axis)] += (*more)[static_cast<std::size_t>(axis)];
    }
    return out;
  }
  if (op == "ArgMax") {
    Sizes out = *in;
    std::int64_t axis = view.integer("axis", 0);
    if (axis < 0) axis += static_cast<std::int64_t>(out.size());
    if (axis < 0 || axis >= static_cast<std::int64_t>(out.size())) return std::nullopt;
    if (view.integer("keepdims", 1) == 0) {
      out.erase(out.begin() + axis);
    } else {
      out[static_cast<std::size_t>(axis)] = 1;
    }
    return out;
  }
  if (op == "Pad") {
    const Sizes pads = pad_sizes(view, in->size());
    const bool huge = std::any_of(pads.begin(), pads.end(), [](std::int64_t pad) {
      return pad < -kMostTensorValues || pad > kMostTensorValues;
    });
    if (huge) return std::nullopt;
    Sizes out = *in;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += pads[i] + pads[i + out.size()];
    return out;
  }
  if (op == "Resize" || op == "Upsample") {
    const auto sizes = resize_sizes(view, *in);
    return sizes ? std::optional(sizes->sizes) : std::nullopt;
  }
  return elementwise(node);
}

std::optional<Sizes> Shapes::elementwise(const Node& node) const {
  static const std::vector<std::string> kSame = {
      "QuantizeLinear", "DequantizeLinear", "Identity",  "Dropout", "Cast", "BatchNormalization",
      "Clip",           "Softmax",          "LogSoftmax"};
  std::optional<Sizes> in = of(node.inputs[0]);
  if (std::find(kSame.begin(), kSame.end(), node.op) != kSame.end()) return in;
  if (tensor::find_operation(node.op) == nullptr) return std::nullopt;
  std::optional<Sizes> out = in;
  for (std::size_t i = 1; out && i < node.inputs.size(); ++i) {
    if (!node.has_input(i)) continue;
    const auto other = of(node.inputs[i]);
    out = other ? broadcast(*out, *other) : std::nullopt;
  }
  return out;
}

std::optional<Sizes> Shapes::matmul(const Node& node) const {
  const auto a = of(node.inputs[0]);
  const auto b = node.has_input(1) ? of(node.inputs[1]) : std::nullopt;
  if (!a || !b || a->empty() || b->size() != 2) return std::nullopt;
  const NodeView view(graph_, node);
  Sizes out = *a;
  out.back() = node.op == "Gemm" && view.integer("transB", 0) != 0 ? b->front() : b->back();
  return out;
}

Sizes Shapes::windowed(const Node& node, const Sizes& in) const {
  const NodeView view(graph_, node);
  const WindowSizes window = window_sizes(graph_, node, in);
  Sizes out = in;
  const bool transposed = node.op == "ConvTranspose";
  if (node.op == "Conv") out[1] = view.constant(1).sizes[0];
  if (transposed) {
    out[1] = view.constant(1).sizes[1] *
             std::clamp<std::int64_t>(view.integer("group", 1), 1, kMaxDimension);
  }
  Sizes added = view.integers("output_padding", Sizes(in.size() - 2, 0));
  for (std::int64_t& more : added) more = std::clamp<std::int64_t>(more, 0, kMaxDimension);
  for (std::size_t i = 0; i + 2 < in.size(); ++i) {
    if (transposed) {
      out[i + 2] = window.strides[i] * (in[i + 2] - 1) + (i < added.size() ? added[i] : 0) +
                   window.dilations[i] * (window.kernel[i] - 1) + 1 - window.pads_begin[i] -
                   window.pads_end[i];
    } else {
      out[i + 2] = window_output_size(in[i + 2], window.pads_begin[i], window.pads_end[i],
                                      window.kernel[i], window.dilations[i], window.strides[i],
                                      view.integer("ceil_mode", 0) != 0);
    }
  }
  return out;
}

Sizes Shapes::reduced(const Node& node, const Sizes& in) const {
  const NodeView view(graph_, node);
  const auto axes = axes_of(view, 1);
  std::vector<bool> gone(in.size(), !axes.has_value());
  for (std::int64_t axis : axes.value_or(std::vector<std::int64_t>{})) {
    if (axis < 0) axis += static_cast<std::int64_t>(in.size());
    if (axis >= 0 && axis < static_cast<std::int64_t>(in.size())) {
      gone[static_cast<std::size_t>(axis)] = true;
    }
  }
  Sizes out;
  const bool keep = view.integer("keepdims", 1) != 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!gone[i]) out.push_back(in[i]);
    if (gone[i] && keep) out.push_back(1);
  }
  return out;
}

namespace {

/// The axes that a Resize names: all, where it names none.
std::optional<std::vector<std::size_t>> resized_axes(const NodeView& node, std::size_t rank) {
  std::vector<std::size_t> axes;
  if (!node.has("axes")) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), std::size_t{0});
    return axes;
  }
  for (std::int64_t axis : node.integers("axes", {})) {
    if (axis < 0) axis += static_cast<std::int64_t>(rank);
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank)) return std::nullopt;
    axes.push_back(static_cast<std::size_t>(axis));
  }
  return axes;
}

// Sizes that the node names, or the largest or smallest that keep the ratio of the sides.
std::optional<ResizeSizes> resized_to(const NodeView& node, const Sizes& in,
                                      const std::vector<std::size_t>& axes, const Sizes& to) {
  const std::string policy = node.text("keep_aspect_ratio_policy", "stretch");
  ResizeSizes result{in, std::vector<float>(in.size(), 1.0F)};
  float common = 0.0F;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (to[i] < 1 || to[i] > kMostTensorValues) return std::nullopt;
    result.sizes[axes[i]] = to[i];
    const float scale = static_cast<float>(to[i]) / static_cast<float>(in[axes[i]]);
    result.scales[axes[i]] = scale;
    common = i == 0                   ? scale
             : policy == "not_larger" ? std::min(common, scale)
                                      : std::max(common, scale);
  }
  if (policy == "stretch") return result;
  for (const std::size_t axis : axes) {
    result.scales[axis] = common;
    result.sizes[axis] =
        static_cast<std::int64_t>(std::round(common * static_cast<float>(in[axis])));
  }
  return result;
}

}  // namespace

std::optional<ResizeSizes> resize_sizes(const NodeView& node, const Sizes& in) {
  const auto axes = resized_axes(node, in.size());
  if (!axes) return std::nullopt;
  constexpr std::size_t kSizes = 3;
  const Constant* named = node.graph().constant(node.node(), kSizes);
  if (named != nullptr && named->count() > 0) {
    const Sizes to = node.integers_input(kSizes);
    return to.size() == axes->size() ? resized_to(node, in, *axes, to) : std::nullopt;
  }
  const std::size_t at = node.node().op == "Upsample" || node.graph().opset < 11 ? 1 : 2;
  const auto attribute = node.node().attributes.find("scales");
  std::vector<float> scales;
  if (attribute != node.node().attributes.end()) {
    scales = attribute->second.reals;
  } else {
    if (node.graph().constant(node.node(), at) == nullptr) return std::nullopt;
    scales = node.floats_input(at);
  }
  if (scales.size() != axes->size()) return std::nullopt;
  ResizeSizes result{in, std::vector<float>(in.size(), 1.0F)};
  for (std::size_t i = 0; i < scales.size(); ++i) {
    const std::size_t axis = (*axes)[i];
    const float size = std::floor(static_cast<float>(in[axis]) * scales[i]);
    if (!(size >= 0.0F && size <= static_cast<float>(kMaxDimension))) return std::nullopt;
    result.sizes[axis] = static_cast<std::int64_t>(size);
    result.scales[axis] = scales[i];
  }
  return result;
}

}  // namespace lacuna::network
