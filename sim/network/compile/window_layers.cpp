// Pooling, resizing, concatenation.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/printable.hpp"
#include "network/compile/compiler.hpp"
#include "network/limits.hpp"
#include "network/normalise/shapes.hpp"

namespace lacuna::network {

// The window of Conv, MaxPool or AveragePool, with what a Pad in front added, and the height and
// width that it leaves.
Window GraphCompiler::window_of(const NodeView& node, const Value& value, MapShape& out) const {
  const bool one_row = value.view.rank() == 2;
  Sizes in = value.view.sizes(value.shape);
  in.insert(in.begin(), batch_);
  const Margins& margins = value.margins;
  const std::string automatic = node.text("auto_pad", "NOTSET");
  if (margins.any()) {
    if (automatic != "NOTSET" && automatic != "VALID" && !automatic.empty()) {
      in[in.size() - 1] += margins.left + margins.right;
      if (!one_row) in[2] += margins.top + margins.bottom;
    }
  }
  const WindowSizes sizes = window_sizes(graph_, node.node(), in);
  const std::size_t last = one_row ? 0 : 1;
  const auto begin = [&](std::size_t i, std::int64_t more) {
    return static_cast<int>(sizes.pads_begin[i] + more);
  };
  const auto end = [&](std::size_t i, std::int64_t more) {
    return static_cast<int>(sizes.pads_end[i] + more);
  };
  Window window;
  window.kernel_w = static_cast<int>(sizes.kernel[last]);
  window.stride_w = static_cast<int>(sizes.strides[last]);
  window.dilation_w = static_cast<int>(sizes.dilations[last]);
  window.pad_left = begin(last, margins.left);
  window.pad_right = end(last, margins.right);
  if (!one_row) {
    window.kernel_h = static_cast<int>(sizes.kernel[0]);
    window.stride_h = static_cast<int>(sizes.strides[0]);
    window.dilation_h = static_cast<int>(sizes.dilations[0]);
    window.pad_top = begin(0, margins.top);
    window.pad_bottom = end(0, margins.bottom);
  }
  const bool ceil_mode = node.integer("ceil_mode", 0) != 0;
  out.height = window_output_size(value.shape.height, window.pad_top, window.pad_bottom,
                                  window.kernel_h, window.dilation_h, window.stride_h, ceil_mode);
  out.width = window_output_size(value.shape.width, window.pad_left, window.pad_right,
                                 window.kernel_w, window.dilation_w, window.stride_w, ceil_mode);
  if (out.height > kMaxDimension || out.width > kMaxDimension) out.height = 0;
  return window;
}

namespace {

/// ceil_mode lets the last window reach beyond the padding: where padding does not count, the
/// padding is made that large.
void widen_to_windows(Layer& layer) {
  Window& window = layer.window;
  const auto widen = [](std::int64_t out, int stride, int reach, std::int64_t in, int begin,
                        int& end) {
    const std::int64_t needed = (out - 1) * stride + reach - in - begin;
    end = static_cast<int>(std::max<std::int64_t>(end, needed));
  };
  widen(layer.out.height, window.stride_h, window.dilation_h * (window.kernel_h - 1) + 1,
        layer.in.height, window.pad_top, window.pad_bottom);
  widen(layer.out.width, window.stride_w, window.dilation_w * (window.kernel_w - 1) + 1,
        layer.in.width, window.pad_left, window.pad_right);
}

/// Whether some window lies in the padding as a whole: it has no largest value, and no average.
bool misses_map(const Layer& layer) {
  const Window& window = layer.window;
  const auto misses = [](std::int64_t out, int kernel, int stride, int pad, int dilation,
                         std::int64_t in) {
    for (std::int64_t at = 0; at < out; ++at) {
      const std::int64_t start = at * stride - pad;
      // The first position that is not in front of the map.
      const std::int64_t k = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
      if (k >= kernel || start + k * dilation >= in) return true;
    }
    return false;
  };
  return misses(layer.out.height, window.kernel_h, window.stride_h, window.pad_top,
                window.dilation_h, layer.in.height) ||
         misses(layer.out.width, window.kernel_w, window.stride_w, window.pad_left,
                window.dilation_w, layer.in.width);
}

}  // namespace

Value GraphCompiler::take_max_input(const NodeView& node) const {
  Value value = take(node, 0);
  if ((value.form != Value::Form::kReals && value.form != Value::Form::kCodes) || value.raw_codes) {
    fail_form(node, value, "codes, or the output of DequantizeLinear");
  }
  return value;
}

void GraphCompiler::max_pool(const NodeView& node) {
  node.expect_inputs(1, 1);
  node.expect_attributes(
      {"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"});
  Value value = take_max_input(node);
  if (!value.view.is_channels_first()) {
    node.fail("its input is flattened", "[N, channels, height, width], [N, channels, width]");
  }
  Layer layer;
  layer.in = value.shape;
  layer.window = window_of(node, value, layer.out);
  layer.out.channels = layer.in.channels;
  check_map(node, layer);
  widen_to_windows(layer);
  if (misses_map(layer)) node.fail("a window lies in the padding alone", "less padding");
  View view = channels_first_view(layer.out, value.view.rank());
  add_max_pool(node, std::move(value), std::move(layer), std::move(view));
}

void GraphCompiler::add_max_pool(const NodeView& node, Value value, Layer layer, View view) {
  const bool reals = value.form == Value::Form::kReals;
  layer.kind = LayerKind::kMaxPool;
  const bool pending =
      reals && (value.expression.inputs.size() != 1 || value.expression.inputs[0].pending >= 0 ||
                !value.expression.steps.empty());
  if (value.margins.any()) {
    const tensor::Code& code = network_.map(reals_of(value).inputs[0].map).code;
    if (pending || code.lowest_operand() < 0) {
      fail_form(node, value, "Pad in front of MaxPool of values that are not below 0");
    }
  }
  layer.name = layer_name(node);
  value.margins = {};
  value.shape = layer.out;
  value.view = std::move(view);
  if (pending) {
    value.shared = value.shared || read_count_[node.node().inputs[0]] != 1;
    value.pools.push_back(layer);
    return give(node, value);
  }
  const int from = reals_of(value).inputs[0].map;
  const Map map = network_.map(from);
  layer.inputs = {from};
  const int to = add_layer(std::move(layer), {map.scale, map.code});
  value.map = to;
  if (reals) value.expression.inputs[0].map = to;
  give(node, value);
}

void GraphCompiler::average_pool(const NodeView& node) {
  node.expect_inputs(1, 1);
  node.expect_attributes({"auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape",
                          "pads", "strides"});
  const Value value = take_window_input(node);
  if (!value.view.is_channels_first()) {
    node.fail("its input is flattened", "[N, channels, height, width], [N, channels, width]");
  }
  const std::int64_t include_pad = node.integer("count_include_pad", 0);
  if (include_pad != 0 && include_pad != 1) {
    node.fail(fmt::format("count_include_pad is {}", include_pad), "0 or 1");
  }
  Layer layer;
  layer.in = value.shape;
  layer.window = window_of(node, value, layer.out);
  layer.out.channels = layer.in.channels;
  check_map(node, layer);
  // What a Pad added counts; where nothing else pads, all padding does.
  const std::vector<std::int64_t> pads = node.integers("pads", {});
  const std::string automatic = node.text("auto_pad", "NOTSET");
  const bool own_pads =
      std::any_of(pads.begin(), pads.end(), [](std::int64_t pad) { return pad != 0; }) ||
      (automatic != "NOTSET" && automatic != "VALID");
  if (value.margins.any() && own_pads && include_pad == 0) {
    fail_form(node, value, "AveragePool that counts its padding, or has none, behind Pad");
  }
  layer.count_padding = include_pad == 1 || value.margins.any();
  if (!layer.count_padding) widen_to_windows(layer);
  if (misses_map(layer)) node.fail("a window lies in the padding alone", "less padding");
  const View view = channels_first_view(layer.out, value.view.rank());
  add_average(node, value, std::move(layer), view);
}

Value GraphCompiler::take_window_input(const NodeView& node) const {
  Value value = take(node, 0);
  if (value.form != Value::Form::kReals || !value.pools.empty() ||
      !value.expression.reads_one_map() || !value.expression.steps.empty()) {
    fail_form(node, value, "the output of DequantizeLinear");
  }
  return value;
}

Layer GraphCompiler::average_of(const NodeView& node, const Value& value, Layer layer) const {
  layer.kind = LayerKind::kAveragePool;
  layer.inputs = {value.expression.inputs[0].map};
  const Map& map = network_.map(layer.input());
  const int most = std::max(map.code.highest_operand(), -map.code.lowest_operand());
  if (layer.taps() > kMaxAverage || layer.taps() * most > kMaxSteps) {
    node.fail(fmt::format("averages {} values", layer.taps()),
              fmt::format("at most {}", kMaxAverage));
  }
  return layer;
}

void GraphCompiler::add_average(const NodeView& node, const Value& value, Layer layer, View view) {
  PendingLayer pending;
  pending.layer = average_of(node, value, std::move(layer));
  pending.input_scale = network_.map(pending.layer.input()).scale;
  give_pending(node, std::move(pending), std::move(view));
}

// Over all rows and columns: a window that covers the map.
Layer GraphCompiler::reduced(const NodeView& node, const Value& value, View& view) const {
  node.expect_inputs(1, 1);
  node.expect_attributes({"axes", "keepdims", "noop_with_empty_axes"});
  if (value.margins.any()) fail_form(node, value, "Pad in front of Conv or AveragePool");
  const std::size_t rank = value.view.rank() + 1;
  std::vector<bool> reduced(rank, false);
  for (std::int64_t axis : node.integers("axes", {})) {
    if (axis < 0) axis += static_cast<std::int64_t>(rank);
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank)) node.fail("an axis is out of range");
    reduced[static_cast<std::size_t>(axis)] = true;
  }
  std::int64_t count = 1;
  bool covers = !reduced[0];
  std::vector<View::Group> groups;
  for (std::size_t i = 1; i < rank; ++i) {
    const View::Group& group = value.view.groups()[i - 1];
    for (const Axis axis : group) {
      covers = covers && reduced[i] == (axis != Axis::kChannel);
      if (reduced[i]) count *= axis_size(value.shape, axis);
    }
    const bool keep = node.integer("keepdims", 1) != 0;
    if (!reduced[i]) groups.push_back(group);
    if (reduced[i] && keep) groups.emplace_back();
  }
  if (!covers || count != value.shape.height * value.shape.width) {
    node.fail("goes over other axes than rows and columns, or not all of them", "height and width");
  }
  Layer layer;
  layer.in = value.shape;
  layer.window.kernel_h = static_cast<int>(value.shape.height);
  layer.window.kernel_w = static_cast<int>(value.shape.width);
  layer.out = {1, 1, value.shape.channels};
  view = View(groups, layer.out);
  return layer;
}

void GraphCompiler::reduce_mean(const NodeView& node) {
  const Value value = take_window_input(node);
  View view;
  Layer layer = reduced(node, value, view);
  add_average(node, value, std::move(layer), std::move(view));
}

void GraphCompiler::reduce_max(const NodeView& node) {
  Value value = take_max_input(node);
  View view;
  Layer layer = reduced(node, value, view);
  add_max_pool(node, std::move(value), std::move(layer), std::move(view));
}

void GraphCompiler::reduce_sum(const NodeView& node) {
  const Value value = take_window_input(node);
  View view;
  PendingLayer pending;
  pending.layer = average_of(node, value, reduced(node, value, view));
  pending.input_scale = network_.map(pending.layer.input()).scale;
  make_sums(place_of(graph_.file, node.node()), pending);
  check_sums(node, pending);
  give_pending(node, std::move(pending), std::move(view));
}

void GraphCompiler::concat(const NodeView& node) {
  node.expect_attributes({"axis"});
  Value value;
  for (std::size_t i = 0; i < node.node().inputs.size(); ++i) {
    const Value& part = take(node, i);
    const bool plain = part.form == Value::Form::kReals || part.form == Value::Form::kCodes;
    if (!plain || part.margins.any() || part.raw_codes) {
      fail_form(node, part, "dequantised codes, or the float outputs of layers");
    }
    constexpr std::size_t kMostParts = 1024;
    if (value.parts.size() == kMostParts) node.fail("joins more than 1024 maps", "1024");
    value.parts.push_back(part);
  }
  if (value.parts.empty()) node.fail("has no inputs", "one or more");
  const Value& first = value.parts.front();
  std::int64_t axis = node.integer("axis", 1);
  if (axis < 0) axis += static_cast<std::int64_t>(first.view.rank()) + 1;
  value.shape = first.shape;
  value.shape.channels = 0;
  // Vectors of maps, flattened channels first, join as the maps' channels do.
  const auto is_flat = [&](const Value& part) {
    const View flat = channels_first_view(part.shape, 1);
    return part.view.whole() && static_cast<std::int64_t>(*part.view.whole()) == axis - 1 &&
           part.view.groups()[static_cast<std::size_t>(axis) - 1] == flat.groups()[0];
  };
  const bool flat = first.shape.height * first.shape.width > 1 &&
                    std::all_of(value.parts.begin(), value.parts.end(), is_flat);
  for (const Value& part : value.parts) {
    const bool fits =
        part.view.rank() == first.view.rank() && part.form == first.form &&
        part.shape.height == first.shape.height && part.shape.width == first.shape.width &&
        axis >= 1 && axis <= static_cast<std::int64_t>(part.view.rank()) &&
        (flat || part.view.is_channels(static_cast<std::size_t>(axis) - 1, part.shape));
    if (!fits) {
      node.fail(fmt::format("axis {} joins {} and {} (height x width x channels)", axis,
                            to_string(first.shape), to_string(part.shape)),
                "channels of maps of one height and width");
    }
    value.shape.channels += part.shape.channels;
  }
  if (!is_map(value.shape)) {
    node.fail("its output would be " + to_string(value.shape),
              fmt::format("sides of 1..{}, {} values", kMaxDimension, kMaxMapValues));
  }
  std::vector<View::Group> groups = first.view.groups();
  groups[static_cast<std::size_t>(axis) - 1] = {Axis::kChannel};
  if (flat)
    groups[static_cast<std::size_t>(axis) - 1] = {Axis::kChannel, Axis::kHeight, Axis::kWidth};
  value.view = View(groups, value.shape);
  value.form = Value::Form::kConcat;
  if (concat_equal(node, value)) return;
  if (first.form == Value::Form::kCodes) {
    node.fail("joins codes of different scales or zero points", "equal ones, or their reals");
  }
  give(node, value);
}

// Maps in the same steps need no quantiser behind.
bool GraphCompiler::concat_equal(const NodeView& node, Value& value) {
  Target target{1.0F, {}};
  for (const Value& part : value.parts) {
    const Expression expression = reals_of(part);
    if (!expression.reads_one_map() || !expression.steps.empty() || !part.pools.empty())
      return false;
    const Map& map = network_.map(expression.inputs[0].map);
    if (&part == &value.parts.front()) target = {map.scale, map.code};
    if (map.scale != target.scale || map.code.zero_point != target.code.zero_point ||
        map.code.is_signed() != target.code.is_signed()) {
      return false;
    }
    target.code.low = std::min(target.code.low, map.code.low);
    target.code.high = std::max(target.code.high, map.code.high);
  }
  // A quantiser that follows says which codes the output has.
  const auto readers = readers_.find(node.node().output());
  const bool rounded = readers != readers_.end() && readers->second.size() == 1 &&
                       readers->second.front()->is("QuantizeLinear");
  if (rounded && value.parts.front().form == Value::Form::kReals) return false;
  target = {target.scale, target.code};
  Value joined;
  joined.form = value.parts.front().form;
  joined.shape = value.shape;
  joined.view = value.view;
  joined.map = quantise_concat(node, value, target);
  if (joined.form == Value::Form::kReals) joined.expression.inputs.push_back({joined.map, -1});
  give(node, joined);
  return true;
}

}  // namespace lacuna::network
