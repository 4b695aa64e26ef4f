// Conv, ConvTranspose, Gemm and MatMul: layers whose sums wait for a quantiser.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/printable.hpp"
#include "network/compile/compiler.hpp"
#include "network/limits.hpp"
#include "network/normalise/shapes.hpp"

namespace lacuna::network {
namespace {

/// Two float32 products of the same factors may differ in their last bits.
constexpr double kScaleTolerance = 1e-6;
/// A channel that is constant has this bias.
constexpr double kConstantBias = 1 << 20;

bool is_close(double a, double b) { return std::abs(a - b) <= kScaleTolerance * std::abs(b); }

bool is_side(std::int64_t value) { return value >= 1 && value <= kMaxDimension; }

/// Calls move(place in the layer, place in the file) for codes in the order of a layer,
/// [channels][k], where the file has that of channel o and reduction index i at row(o) + column(i).
/// Channels are taken a cache line at a time: the file may have them side by side.
template <class Row, class Column, class Move>
void for_ordered(std::int64_t channels, std::int64_t k, const Row& row, const Column& column,
                 const Move& move) {
  constexpr std::int64_t kTogether = 64;
  std::int64_t rows[kTogether];
  for (std::int64_t first = 0; first < channels; first += kTogether) {
    const std::int64_t count = std::min(kTogether, channels - first);
    for (std::int64_t o = 0; o < count; ++o) rows[o] = row(first + o);
    for (std::int64_t i = 0; i < k; ++i) {
      const std::int64_t place = column(i);
      for (std::int64_t o = 0; o < count; ++o) {
        move(static_cast<std::size_t>((first + o) * k + i),
             static_cast<std::size_t>(rows[o] + place));
      }
    }
  }
}

/// The codes in that order.
template <class Row, class Column>
tensor::PackedCodes ordered(const tensor::PackedCodes& own, std::int64_t channels, std::int64_t k,
                            const Row& row, const Column& column) {
  tensor::PackedCodes result(static_cast<std::size_t>(channels * k), own.nibbles());
  const char* const from = own.data();
  char* const to = result.data();
  if (own.nibbles()) {
    for_ordered(channels, k, row, column, [=](std::size_t at, std::size_t place) {
      // All are 0 so far.
      to[at / 2] =
          static_cast<char>(to[at / 2] | tensor::PackedCodes::nibble(from, place) << at % 2 * 4);
    });
  } else {
    for_ordered(channels, k, row, column,
                [=](std::size_t at, std::size_t place) { to[at] = from[place]; });
  }
  return result;
}

/// Gives each row of codes the order of a layer, where the file has the code of reduction index i
/// at column(i): in place, some rows at a time, so that large weights are not there twice.
template <class Column>
void order_rows(tensor::PackedCodes& codes, std::int64_t channels, std::int64_t k,
                const Column& column) {
  if (codes.nibbles()) {
    codes = ordered(
        codes, channels, k, [=](std::int64_t o) { return o * k; }, column);
    return;
  }
  const std::int64_t together = std::clamp<std::int64_t>(channels / 16, 1, 64);
  std::vector<char> rows(static_cast<std::size_t>(together * k));
  for (std::int64_t first = 0; first < channels; first += together) {
    const std::int64_t count = std::min(together, channels - first);
    char* const to = codes.data() + first * k;
    std::copy_n(to, count * k, rows.begin());
    for (std::int64_t i = 0; i < k; ++i) {
      const char* const from = rows.data() + column(i);
      for (std::int64_t o = 0; o < count; ++o) to[o * k + i] = from[o * k];
    }
  }
}

}  // namespace

const Constant& GraphCompiler::weight_constant(const NodeView& node) const {
  const Constant* own = graph_.constant(node.node(), 1);
  const std::string shown = base::shown(node.node().inputs[1]);
  constexpr const char* kSupported =
      "DequantizeLinear of an int8, uint8, int4 or uint4 constant, or Quantize- and "
      "DequantizeLinear of a float one";
  if (own == nullptr) node.fail(fmt::format("weight {} is no constant", shown), kSupported);
  if (!own->quantisation) {
    node.fail(fmt::format("weight {} is {}, not quantised", shown, element_name(own->element)),
              kSupported);
  }
  if (!is_code(own->element)) {
    node.fail(fmt::format("weight {} is {}", shown, element_name(own->element)),
              "int8, uint8, int4, uint4");
  }
  return *own;
}

GraphCompiler::Weights GraphCompiler::weights_of(const NodeView& node, std::size_t axis,
                                                 std::int64_t channels, std::int64_t repeated) {
  const Constant& own = weight_constant(node);
  const Quantisation& quantisation = *own.quantisation;
  count_kept(node, own.count() * repeated);
  // Of a transposed convolution: the channels of a group; all groups share them.
  const std::int64_t along = own.sizes[axis];
  const auto expect_axis = [&](std::size_t count, const char* what) {
    if (count == 1 || (quantisation.axis == static_cast<std::int64_t>(axis) &&
                       static_cast<std::int64_t>(count) == along)) {
      return;
    }
    node.fail(fmt::format("the {} of its weights is {} values along axis {}", what, count,
                          quantisation.axis),
              fmt::format("one value, or {} along axis {}", along, axis));
  };
  expect_axis(quantisation.scale.size(), "scale");
  expect_axis(quantisation.zero_points.size(), "zero point");
  Weights weights;
  weights.scale = quantisation.scale;
  for (const float scale : weights.scale) {
    if (std::isfinite(scale) && scale > 0.0F) continue;
    node.fail(fmt::format("a scale of its weights is {}", scale), "finite and above 0");
  }
  const auto repeat = [&](auto& values) {
    const std::size_t given = values.size();
    values.resize(static_cast<std::size_t>(channels), values[0]);
    for (std::size_t c = given; given > 1 && c < values.size(); ++c) values[c] = values[c % given];
  };
  repeat(weights.scale);
  // Large ones are not held twice.
  const std::string& name = node.node().inputs[1];
  weights.codes =
      reads_left_[name] == 1 ? graph_.constants.at(name).take_codes() : Constant(own).take_codes();
  weights.code = weight_code(node, own, weights.codes);
  std::vector<std::int32_t> zero = quantisation.zero_points;
  repeat(zero);
  const bool offset = std::any_of(zero.begin(), zero.end(), [](int point) { return point != 0; });
  if (offset) weights.code.zero_points.assign(zero.begin(), zero.end());
  return weights;
}

// Bits from the graph: the type of the codes, or a Clip of them; or from what the file says of all
// its weights, where they keep to it.
tensor::WeightCode GraphCompiler::weight_code(const NodeView& node, const Constant& own,
                                              const tensor::PackedCodes& codes) const {
  tensor::WeightCode code;
  const auto [type_low, type_high] = element_range(own.element);
  int low = type_low;
  int high = type_high;
  if (own.range) std::tie(low, high) = *own.range;
  code.is_signed = type_low < 0;
  const auto holds = [&](int bits, int value) {
    return code.is_signed ? value >= -(1 << (bits - 1)) && value < 1 << (bits - 1)
                          : value < 1 << bits;
  };
  code.bits = kMinBits;
  while (!holds(code.bits, low) || !holds(code.bits, high)) ++code.bits;
  if (graph_.weight_bits == 0 || graph_.weight_bits >= code.bits) return code;
  code.bits = graph_.weight_bits;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const int value = codes.at(i, code.is_signed);
    if (holds(code.bits, value)) continue;
    node.fail(fmt::format("weight code {} needs more than {} bits", value, code.bits),
              code.is_signed
                  ? fmt::format("{}..{}", -(1 << (code.bits - 1)), (1 << (code.bits - 1)) - 1)
                  : fmt::format("0..{}", (1 << code.bits) - 1));
  }
  return code;
}

GraphCompiler::GemmInput GraphCompiler::take_gemm_input(const NodeView& node) {
  GemmInput in;
  in.value = take(node, 0);
  const Value& value = in.value;
  constexpr const char* kSupported = "the output of DequantizeLinear";
  if (value.form != Value::Form::kReals || !value.pools.empty()) fail_form(node, value, kSupported);
  const Expression& expression = value.expression;
  if (!expression.steps.empty() || expression.inputs.size() != 1) {
    fail_form(node, value, kSupported);
  }
  if (expression.reads_one_map()) {
    in.map = expression.inputs[0].map;
    in.scale = network_.map(in.map).scale;
    return in;
  }
  // An average that is not rounded: this layer sums over its window, too.
  const PendingLayer& pending = pending_of(expression);
  const Window& window = pending.layer.window;
  if (pending.layer.kind != LayerKind::kAveragePool) fail_form(node, value, kSupported);
  if (!averages_all(pending.layer)) {
    fail_form(node, value, "averages of as many values in each window, or a quantiser between");
  }
  in.map = pending.layer.input();
  // A window of one pixel that goes over all of them leaves the map as it is.
  in.is_averaged = pending.layer.taps() > 1 || !(pending.layer.in == pending.layer.out);
  in.average = window;
  in.averaged = pending.layer.taps();
  in.scale = pending.input_scale / static_cast<float>(in.averaged);
  return in;
}

void GraphCompiler::give_pending(const NodeView& node, PendingLayer pending, View view) {
  pending.layer.name = layer_name(node);
  Value value;
  value.form = Value::Form::kReals;
  value.shape = pending.layer.out;
  value.view = std::move(view);
  value.expression.inputs.push_back({kNoMap, static_cast<int>(pending_.size())});
  pending_.push_back(std::move(pending));
  give(node, std::move(value));
}

// An int32 bias in the accumulator's own steps is it; any other is rounded to them.
void GraphCompiler::add_bias(const NodeView& node, std::size_t input, PendingLayer& pending,
                             double factor, std::int64_t averaged) {
  const Constant& own = node.constant(input);
  std::vector<std::int32_t>& bias = pending.layer.bias;
  const std::size_t channels = bias.size();
  const auto count = static_cast<std::size_t>(own.count());
  const bool is_conv = node.node().op == "Conv" || node.node().op == "ConvTranspose";
  // Which axis an Add's operand lies along has been looked at (channel_constant).
  const bool is_along =
      node.node().op == "Add" ||
      (!own.sizes.empty() && own.sizes.back() == static_cast<std::int64_t>(channels));
  const bool is_vector = (count == 1 && !is_conv) || (count == channels && is_along);
  if (own.element == Element::kOther || !is_vector) {
    node.fail(fmt::format("its bias is {}", sizes_text(own.sizes)),
              fmt::format("{} values", channels));
  }
  if (own.quantisation) {
    for (const float scale : own.quantisation->scale) {
      if (std::isfinite(scale) && scale > 0.0F) continue;
      node.fail(fmt::format("a scale of its bias is {}", scale), "finite and above 0");
    }
  }
  const std::vector<double> reals = own.reals();
  const std::vector<std::int64_t> codes = own.integers();
  for (std::size_t c = 0; c < channels; ++c) {
    const std::size_t at = count == 1 ? 0 : c;
    if (own.quantisation && own.element == Element::kInt32 && factor == 1.0 &&
        pending.factor.empty()) {
      const Quantisation& steps = *own.quantisation;
      const float scale = steps.scale[steps.scale.size() == 1 ? 0 : at];
      const std::int32_t zero = steps.zero_points[steps.zero_points.size() == 1 ? 0 : at];
      const float step =
          pending.input_scale * static_cast<float>(averaged) * pending.weight_scale[c];
      if (is_close(scale, step)) {
        add_to_bias(node, bias[c], static_cast<double>((codes[at] - zero) * averaged), c,
                    kMaxSteps);
        continue;
      }
    }
    add_to_bias(node, bias[c], std::nearbyint(factor * reals[at] / double{pending.step(c)}), c);
  }
}

void GraphCompiler::add_to_bias(const NodeView& node, std::int32_t& bias, double more,
                                std::size_t channel, std::int64_t most) {
  const double sum = bias + more;
  if (!(std::abs(sum) <= static_cast<double>(most))) {
    node.fail(fmt::format("the bias of channel {} is {:.0f} steps of its sums", channel, sum),
              fmt::format("at most {}", most));
  }
  bias = static_cast<std::int32_t>(sum);
}

// Multiplies a layer's real outputs and adds to them. Weights keep their codes.
void GraphCompiler::fold_affine(const NodeView& node, PendingLayer& pending,
                                const std::vector<double>& factor,
                                const std::vector<double>& offset) {
  Layer& layer = pending.layer;
  const std::size_t channels = layer.bias.size();
  if (pending.factor.empty()) pending.factor.assign(channels, 1.0);
  const std::size_t k = layer.weights.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    pending.factor[c] *= factor[c];
    if (!std::isfinite(factor[c]) || !std::isfinite(offset[c])) {
      node.fail(
          fmt::format("channel {} is multiplied by {}, and {} is added", c, factor[c], offset[c]),
          "finite numbers");
    }
    const double sum =
        layer.bias[c] +
        (offset[c] == 0.0 ? 0.0 : std::nearbyint(offset[c] / double{pending.step(c)}));
    if (pending.step(c) != 0.0F && std::abs(sum) <= kMostBias) {
      layer.bias[c] = static_cast<std::int32_t>(sum);
      continue;
    }
    // Nothing of the products is left beside the offset: the channel is constant.
    network_.notes.push_back(fmt::format(
        "channel {} of {} is constant: {} takes its products away ({} is added to {} of "
        "them)",
        c, base::shown(layer.name), base::shown(node.node().name), offset[c], factor[c]));
    const int zero = layer.weight_code.zero_point(static_cast<std::int64_t>(c));
    for (std::size_t i = c * k; i < (c + 1) * k; ++i) layer.weights.set(i, zero);
    layer.bias[c] = static_cast<std::int32_t>(offset[c] < 0.0   ? -kConstantBias
                                              : offset[c] > 0.0 ? kConstantBias
                                                                : 0.0);
    pending.factor[c] = 1.0;
    if (offset[c] != 0.0) {
      pending.weight_scale[c] =
          static_cast<float>(std::abs(offset[c]) / kConstantBias / double{pending.input_scale});
    }
  }
  check_sums(node, pending);
}

// With any codes the sums fit 32 bits.
void GraphCompiler::check_sums(const NodeView& node, const PendingLayer& pending) const {
  const Layer& layer = pending.layer;
  const tensor::Code& code = network_.map(layer.input()).code;
  const std::int64_t most = std::max(code.highest_operand(), -code.lowest_operand());
  const std::size_t channels = layer.bias.size();
  for (std::size_t c = 0; c < channels; ++c) {
    const std::int64_t sum = std::abs(std::int64_t{layer.bias[c]}) + weight_reach(layer, c) * most;
    if (sum <= kMaxSteps) continue;
    node.fail(fmt::format("the sums of channel {} can reach {}", c, sum),
              fmt::format("at most {}, what 32 bits hold", kMaxSteps));
  }
}

void GraphCompiler::convolution(const NodeView& node) {
  node.expect_inputs(2, 3);
  node.expect_attributes({"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"});
  const GemmInput in = take_gemm_input(node);
  const Value& value = in.value;
  if (!value.view.is_channels_first()) {
    node.fail("its input is flattened", "[N, channels, height, width], [N, channels, width]");
  }
  const Sizes sizes = weight_constant(node).sizes;
  const std::int64_t groups = node.integer("group", 1);
  const std::int64_t channels = value.shape.channels;
  if (sizes.size() != value.view.rank() + 1 || groups < 1 || groups > channels ||
      channels % groups != 0 || sizes[1] != channels / groups || sizes[0] % groups != 0 ||
      !is_side(sizes[0])) {
    node.fail(fmt::format("weights {} in {} groups over {} channels", sizes_text(sizes), groups,
                          channels),
              "output channels x channels / groups x kernel height x kernel width");
  }
  if (in.is_averaged) return convolve_averages(node, in);
  PendingLayer pending;
  Layer& layer = pending.layer;
  layer.inputs = {in.map};
  layer.in = network_.map(in.map).shape;
  layer.groups = static_cast<int>(groups);
  layer.window = window_of(node, value, layer.out);
  layer.out.channels = sizes[0];
  check_map(node, layer);
  Weights weights = weights_of(node, 0, sizes[0]);
  const std::int64_t taps = layer.taps();
  const std::int64_t ins = sizes[1];
  if (taps != 1 && ins != 1) {
    order_rows(weights.codes, sizes[0], ins * taps,
               [&](std::int64_t i) { return i % ins * taps + i / ins; });
  }
  layer.weights = std::move(weights.codes);
  const MapShape out = layer.out;
  finish_gemm(node, in, std::move(weights), std::move(pending),
              channels_first_view(out, value.view.rank()), 1.0, 1.0);
}

void GraphCompiler::finish_gemm(const NodeView& node, const GemmInput& in, Weights weights,
                                PendingLayer pending, View view, double alpha, double beta) {
  constexpr std::size_t kBias = 2;
  const std::size_t channels = weights.scale.size();
  pending.input_scale = in.scale;
  pending.weight_scale = std::move(weights.scale);
  if (alpha != 1.0) pending.factor.assign(channels, alpha);
  pending.layer.weight_code = std::move(weights.code);
  pending.layer.bias.assign(channels, 0);
  if (node.node().has_input(kBias) && beta != 0.0) {
    add_bias(node, kBias, pending, beta, in.averaged);
  }
  check_sums(node, pending);
  give_pending(node, std::move(pending), std::move(view));
}

void GraphCompiler::check_map(const NodeView& node, const Layer& layer) const {
  if (is_map(layer.out)) return;
  node.fail(fmt::format("from {} its output would be {} (height x width x channels)",
                        to_string(layer.in), to_string(layer.out)),
            fmt::format("sides of 1..{}, {} values", kMaxDimension, kMaxMapValues));
}

// A stride 1 convolution of the map with zeros between its pixels, its kernel turned around.
void GraphCompiler::transposed_convolution(const NodeView& node) {
  node.expect_inputs(2, 3);
  node.expect_attributes({"auto_pad", "dilations", "group", "kernel_shape", "output_padding",
                          "output_shape", "pads", "strides"});
  const GemmInput in = take_gemm_input(node);
  const Value& value = in.value;
  if (!value.view.is_channels_first() || in.is_averaged || value.margins.any()) {
    fail_form(node, value, "[N, channels, height, width], dequantised");
  }
  const Sizes sizes = weight_constant(node).sizes;
  const std::int64_t groups = node.integer("group", 1);
  const std::int64_t channels = value.shape.channels;
  if (sizes.size() != value.view.rank() + 1 || sizes[0] != channels || groups < 1 ||
      groups > channels || channels % groups != 0 || !is_side(sizes[1] * groups)) {
    node.fail(fmt::format("weights {} in {} groups over {} channels", sizes_text(sizes), groups,
                          channels),
              "channels x output channels / groups x kernel height x kernel width");
  }
  const bool one_row = value.view.rank() == 2;
  PendingLayer pending;
  Layer& layer = pending.layer;
  layer.inputs = {in.map};
  layer.in = network_.map(in.map).shape;
  layer.groups = static_cast<int>(groups);
  layer.out = {1, 1, sizes[1] * groups};
  set_transposed_window(node, layer, one_row);
  check_map(node, layer);
  Weights weights = weights_of(node, 1, sizes[1] * groups);
  const std::int64_t taps = layer.taps();
  const std::int64_t ins = channels / groups;
  const auto row = [&](std::int64_t o) {
    return (o / sizes[1] * ins * sizes[1] + o % sizes[1]) * taps;
  };
  const auto column = [&](std::int64_t i) {
    return i % ins * sizes[1] * taps + (taps - 1 - i / ins);
  };
  layer.weights = ordered(weights.codes, sizes[1] * groups, ins * taps, row, column);
  const MapShape out = layer.out;
  finish_gemm(node, in, std::move(weights), std::move(pending),
              channels_first_view(out, value.view.rank()), 1.0, 1.0);
}

void GraphCompiler::set_transposed_window(const NodeView& node, Layer& layer, bool one_row) const {
  const std::size_t count = one_row ? 1 : 2;
  Sizes in(count + 2, 1);
  in[count + 1] = layer.in.width;
  if (!one_row) in[2] = layer.in.height;
  const WindowSizes window = window_sizes(graph_, node.node(), in);
  const Sizes added = node.integers("output_padding", Sizes(count, 0));
  struct Side {
    int kernel = 1;
    int dilation = 1;
    int insert = 1;
    int begin = 0;
    int end = 0;
    std::int64_t out = 1;
  };
  const auto side = [&](std::size_t i) {
    const std::int64_t reach = window.dilations[i] * (window.kernel[i] - 1);
    const std::int64_t begin = reach - window.pads_begin[i];
    const std::int64_t end = reach - window.pads_end[i] + (i < added.size() ? added[i] : 0);
    if (i < added.size() && (added[i] < 0 || added[i] >= window.strides[i])) {
      node.fail(fmt::format("output_padding is {} at a stride of {}", added[i], window.strides[i]),
                "0 or more, less than the stride");
    }
    if (begin < 0 || end < 0) {
      node.fail(fmt::format("pads are more than its kernel reaches ({})", reach),
                "pads of at most dilation x (kernel - 1)");
    }
    Side own;
    own.kernel = static_cast<int>(window.kernel[i]);
    own.dilation = static_cast<int>(window.dilations[i]);
    own.insert = static_cast<int>(window.strides[i]);
    own.begin = static_cast<int>(begin);
    own.end = static_cast<int>(end);
    own.out = (in[i + 2] - 1) * window.strides[i] + 1 + begin + end - reach;
    return own;
  };
  const Side columns = side(count - 1);
  layer.window.kernel_w = columns.kernel;
  layer.window.dilation_w = columns.dilation;
  layer.window.insert_w = columns.insert;
  layer.window.pad_left = columns.begin;
  layer.window.pad_right = columns.end;
  layer.out.width = columns.out;
  if (one_row) return;
  const Side rows = side(0);
  layer.window.kernel_h = rows.kernel;
  layer.window.dilation_h = rows.dilation;
  layer.window.insert_h = rows.insert;
  layer.window.pad_top = rows.begin;
  layer.window.pad_bottom = rows.end;
  layer.out.height = rows.out;
}

void GraphCompiler::gemm(const NodeView& node) {
  node.expect_inputs(2, 3);
  node.expect_attributes({"alpha", "beta", "transA", "transB"});
  const std::int64_t trans_a = node.integer("transA", 0);
  const float alpha = node.real("alpha", 1.0F);
  const float beta = node.real("beta", 1.0F);
  if (trans_a != 0 || !std::isfinite(alpha) || alpha == 0.0F || !std::isfinite(beta)) {
    node.fail(fmt::format("alpha {}, beta {}, transA {}", alpha, beta, trans_a),
              "alpha not 0, transA 0");
  }
  fully_connected(node, node.integer("transB", 0) != 0, double{alpha}, double{beta});
}

void GraphCompiler::matmul(const NodeView& node) {
  node.expect_inputs(2, 2);
  node.expect_attributes({});
  fully_connected(node, false, 1.0, 1.0);
}

void GraphCompiler::fully_connected(const NodeView& node, bool transposed, double alpha,
                                    double beta) {
  const GemmInput in = take_gemm_input(node);
  const Value& value = in.value;
  if (value.margins.any()) fail_form(node, value, "Pad in front of Conv or AveragePool");
  const Sizes sizes = weight_constant(node).sizes;
  const std::size_t axis = transposed ? 0 : 1;
  const std::size_t rank = value.view.rank();
  const std::optional<std::size_t> whole = value.view.whole();
  const bool flat = whole && *whole == rank - 1;
  // The same sums for every pixel: a 1 x 1 convolution.
  const bool each_pixel = !flat && rank > 0 && node.node().op == "MatMul" && !in.is_averaged &&
                          value.view.is(rank - 1, Axis::kChannel);
  if (!flat && !each_pixel) {
    node.fail("its input is a map", "[N, values], behind Flatten or Reshape");
  }
  const std::int64_t values = each_pixel ? value.shape.channels : value.shape.values();
  if (sizes.size() != 2 || sizes[1 - axis] != values || !is_side(sizes[axis])) {
    node.fail(fmt::format("weights {} over {} values", sizes_text(sizes), values),
              transposed ? "output channels x values" : "values x output channels");
  }
  PendingLayer pending;
  Layer& layer = pending.layer;
  layer.kind = each_pixel ? LayerKind::kConvolution : LayerKind::kFullyConnected;
  layer.inputs = {in.map};
  layer.in = network_.map(in.map).shape;
  layer.out = each_pixel ? MapShape{value.shape.height, value.shape.width, sizes[axis]}
                         : MapShape{1, 1, sizes[axis]};
  if (in.is_averaged) {
    if (value.shape.height * value.shape.width != 1) {
      return connect_averages(node, in, transposed, alpha, beta);
    }
    // Its window may leave some of the map out.
    layer.kind = LayerKind::kConvolution;
    layer.window = in.average;
  } else if (!each_pixel) {
    layer.window.kernel_h = static_cast<int>(layer.in.height);
    layer.window.kernel_w = static_cast<int>(layer.in.width);
  }
  check_map(node, layer);
  Weights weights = weights_of(node, axis, sizes[axis], in.averaged);
  // The file flattens in its own order; the machine keeps maps channels last.
  const MapShape& shape = value.shape;
  const View last({{Axis::kHeight, Axis::kWidth, Axis::kChannel}}, shape);
  const View& own = each_pixel ? last : value.view;
  const std::int64_t rows = own.stride(shape, Axis::kHeight);
  const std::int64_t columns = own.stride(shape, Axis::kWidth);
  const std::int64_t channels = own.stride(shape, Axis::kChannel);
  const auto at = [&](std::int64_t i) {
    const std::int64_t pixel = i / shape.channels % (shape.height * shape.width);
    return i % shape.channels * channels + pixel % shape.width * columns +
           pixel / shape.width * rows;
  };
  const bool in_order = rows == last.stride(shape, Axis::kHeight) &&
                        columns == last.stride(shape, Axis::kWidth) &&
                        channels == last.stride(shape, Axis::kChannel);
  if (transposed && in.averaged == 1) {
    if (!in_order) order_rows(weights.codes, sizes[axis], values, at);
    layer.weights = std::move(weights.codes);
  } else {
    const std::int64_t along = transposed ? 1 : sizes[axis];
    layer.weights = ordered(
        weights.codes, sizes[axis], values * in.averaged,
        [&](std::int64_t o) { return o * (transposed ? values : 1); },
        [&](std::int64_t i) { return at(i) * along; });
  }
  std::vector<View::Group> groups =
      each_pixel ? value.view.groups() : std::vector<View::Group>(rank);
  groups.back() = {Axis::kChannel};
  View view(groups, layer.out);
  finish_gemm(node, in, std::move(weights), std::move(pending), std::move(view), alpha, beta);
}

}  // namespace lacuna::network
