// Averages that no quantiser rounds: the layer behind them sums over their windows, too.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/printable.hpp"
#include "network/compile/compiler.hpp"
#include "network/limits.hpp"

namespace lacuna::network {

/// Whether windows reach beyond the map although nothing is padded (ceil_mode).
bool GraphCompiler::averages_less(const Layer& layer) {
  const Window& window = layer.window;
  return (layer.out.height - 1) * window.stride_h + window.dilation_h * (window.kernel_h - 1) + 1 >
             layer.in.height ||
         (layer.out.width - 1) * window.stride_w + window.dilation_w * (window.kernel_w - 1) + 1 >
             layer.in.width;
}

/// Whether all windows average as many values as they have positions.
bool GraphCompiler::averages_all(const Layer& layer) {
  const Window& w = layer.window;
  const auto within = [&](std::int64_t out, int kernel, int stride, int dilation, std::int64_t in,
                          int begin, int end) {
    return (begin + end == 0 || layer.count_padding) &&
           (out - 1) * stride + std::int64_t{dilation} * (kernel - 1) + 1 <= in + begin + end;
  };
  return within(layer.out.height, w.kernel_h, w.stride_h, w.dilation_h, layer.in.height, w.pad_top,
                w.pad_bottom) &&
         within(layer.out.width, w.kernel_w, w.stride_w, w.dilation_w, layer.in.width, w.pad_left,
                w.pad_right);
}

// Averages as sums of a depthwise convolution of ones: functions, maps and outputs may stand behind
// those.
void GraphCompiler::make_gemm(const base::Place& place, PendingLayer& pending) {
  Layer& layer = pending.layer;
  if (layer.kind != LayerKind::kAveragePool || !averages_all(layer)) {
    throw Obstacle{place,
                   fmt::format("reads the float output of {}, {}", base::shown(layer.name),
                               layer.kind == LayerKind::kAveragePool
                                   ? "whose windows average fewer values at the border"
                                   : "a linear Resize"),
                   "a quantiser between, Relu and Clip in front of it"};
  }
  make_sums(place, pending);
  pending.input_scale = pending.input_scale / static_cast<float>(layer.taps());
  network_.notes.push_back(
      fmt::format("{} is a depthwise convolution of ones: more than a quantiser reads its averages",
                  base::shown(layer.name)));
}

// Of an average pool's windows the sums.
void GraphCompiler::make_sums(const base::Place& place, PendingLayer& pending) {
  Layer& layer = pending.layer;
  const std::int64_t channels = layer.out.channels;
  count_kept(place, channels * layer.taps());
  layer.kind = LayerKind::kConvolution;
  layer.groups = static_cast<int>(channels);
  layer.weights.assign(static_cast<std::size_t>(channels * layer.taps()), 1);
  layer.weight_code = tensor::WeightCode{};
  layer.weight_code.bits = kMinBits;
  layer.weight_code.is_signed = true;
  layer.bias.assign(static_cast<std::size_t>(channels), 0);
  pending.weight_scale.assign(static_cast<std::size_t>(channels), 1.0F);
}

namespace {

bool is_padded(const Window& window) {
  return window.pad_top + window.pad_left + window.pad_bottom + window.pad_right > 0;
}

/// Whether the windows lie side by side, each value in one of them at most.
bool lies_side_by_side(const Window& window) {
  return !is_padded(window) && window.dilation_h == 1 && window.dilation_w == 1 &&
         window.stride_h >= window.kernel_h && window.stride_w >= window.kernel_w;
}

bool is_pointwise(const Window& window) {
  return window.kernel_h == 1 && window.kernel_w == 1 && !is_padded(window);
}

/// The window over the map of a convolution over its averages: a pointwise one, or they lie side by
/// side without gaps.
Window over_averages(const Window& own, const Window& average) {
  Window window = average;
  if (is_pointwise(own)) {
    window.stride_h *= own.stride_h;
    window.stride_w *= own.stride_w;
    return window;
  }
  window.kernel_h = own.kernel_h * average.kernel_h;
  window.kernel_w = own.kernel_w * average.kernel_w;
  window.stride_h = own.stride_h * average.kernel_h;
  window.stride_w = own.stride_w * average.kernel_w;
  window.pad_top = own.pad_top * average.kernel_h;
  window.pad_bottom = own.pad_bottom * average.kernel_h;
  window.pad_left = own.pad_left * average.kernel_w;
  window.pad_right = own.pad_right * average.kernel_w;
  return window;
}

}  // namespace

// A convolution of averages: over the map itself, each weight as often as its average has values.
void GraphCompiler::convolve_averages(const NodeView& node, const GemmInput& in) {
  MapShape out;
  const Window own = window_of(node, in.value, out);
  const Window& average = in.average;
  const MapShape& map = network_.map(in.map).shape;
  const bool tiles = lies_side_by_side(average) && average.stride_h == average.kernel_h &&
                     average.stride_w == average.kernel_w && own.dilation_h == 1 &&
                     own.dilation_w == 1 &&
                     (!is_padded(own) ||
                      (map.height % average.kernel_h == 0 && map.width % average.kernel_w == 0));
  const std::pair<int, int> products[] = {
      {own.kernel_h, average.kernel_h}, {own.kernel_w, average.kernel_w},
      {own.stride_h, average.stride_h}, {own.stride_w, average.stride_w},
      {own.pad_top, average.kernel_h},  {own.pad_bottom, average.kernel_h},
      {own.pad_left, average.kernel_w}, {own.pad_right, average.kernel_w}};
  const bool fits = std::all_of(std::begin(products), std::end(products), [&](const auto& product) {
    return std::int64_t{product.first} * product.second <= kMaxDimension;
  });
  if ((!is_pointwise(own) && !tiles) || !fits) {
    fail_form(
        node, in.value,
        "the output of DequantizeLinear; averages for 1 x 1 Conv, or of windows side by side");
  }
  const Sizes sizes = weight_constant(node).sizes;
  PendingLayer pending;
  Layer& layer = pending.layer;
  layer.inputs = {in.map};
  layer.in = network_.map(in.map).shape;
  layer.window = over_averages(own, average);
  layer.groups = static_cast<int>(node.integer("group", 1));
  layer.out = out;
  layer.out.channels = sizes[0];
  check_map(node, layer);
  Weights weights = weights_of(node, 0, sizes[0], in.averaged);
  const std::int64_t taps = sizes[2] * (sizes.size() > 3 ? sizes[3] : 1);
  const bool is_signed = weights.code.is_signed;
  layer.weights = tensor::PackedCodes(static_cast<std::size_t>(sizes[0] * layer.taps() * sizes[1]),
                                      weights.codes.nibbles());
  std::size_t next = 0;
  for (std::int64_t o = 0; o < sizes[0]; ++o) {
    for (std::int64_t tap = 0; tap < layer.taps(); ++tap) {
      const std::int64_t ky = tap / layer.window.kernel_w / average.kernel_h;
      const std::int64_t kx = tap % layer.window.kernel_w / average.kernel_w;
      for (std::int64_t c = 0; c < sizes[1]; ++c) {
        const std::int64_t at = (o * sizes[1] + c) * taps + ky * own.kernel_w + kx;
        layer.weights.set(next++, weights.codes.at(static_cast<std::size_t>(at), is_signed));
      }
    }
  }
  out = layer.out;
  finish_gemm(node, in, std::move(weights), std::move(pending),
              channels_first_view(out, in.value.view.rank()), 1.0, 1.0);
}

// A fully connected layer over several averages: over the map itself, each weight at all values of
// its average, and 0 where the map is in none.
void GraphCompiler::connect_averages(const NodeView& node, const GemmInput& in, bool transposed,
                                     double alpha, double beta) {
  const Value& value = in.value;
  const Window& average = in.average;
  if (!lies_side_by_side(average)) {
    fail_form(node, value, "averages of windows side by side, without padding, or a quantiser");
  }
  const Sizes sizes = weight_constant(node).sizes;
  const std::size_t axis = transposed ? 0 : 1;
  const std::int64_t values = value.shape.values();
  PendingLayer pending;
  Layer& layer = pending.layer;
  layer.kind = LayerKind::kFullyConnected;
  layer.inputs = {in.map};
  layer.in = network_.map(in.map).shape;
  layer.out = {1, 1, sizes[axis]};
  layer.window.kernel_h = static_cast<int>(layer.in.height);
  layer.window.kernel_w = static_cast<int>(layer.in.width);
  const std::vector<std::int64_t> order = value.view.order(value.shape);
  std::vector<std::int64_t> from(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    from[static_cast<std::size_t>(order[k])] = static_cast<std::int64_t>(k);
  }
  const Weights weights = weights_of(node, axis, sizes[axis], layer.in.values() / values + 1);
  const auto code = [&](std::int64_t o, std::int64_t y, std::int64_t x, std::int64_t c) {
    const std::int64_t row = y / average.stride_h;
    const std::int64_t column = x / average.stride_w;
    const bool is_in = y % average.stride_h < average.kernel_h && row < value.shape.height &&
                       x % average.stride_w < average.kernel_w && column < value.shape.width;
    if (!is_in) return weights.code.zero_point(o);
    const std::int64_t k = from[static_cast<std::size_t>(
        (row * value.shape.width + column) * value.shape.channels + c)];
    const std::int64_t at = transposed ? o * values + k : k * sizes[axis] + o;
    return weights.codes.at(static_cast<std::size_t>(at), weights.code.is_signed);
  };
  layer.weights = tensor::PackedCodes(static_cast<std::size_t>(sizes[axis] * layer.in.values()),
                                      weights.codes.nibbles());
  std::size_t next = 0;
  for (std::int64_t o = 0; o < sizes[axis]; ++o) {
    for (std::int64_t y = 0; y < layer.in.height; ++y) {
      for (std::int64_t x = 0; x < layer.in.width; ++x) {
        for (std::int64_t c = 0; c < layer.in.channels; ++c) {
          layer.weights.set(next++, code(o, y, x, c));
        }
      }
    }
  }
  std::vector<View::Group> groups(value.view.rank());
  groups.back() = {Axis::kChannel};
  View view(groups, layer.out);
  finish_gemm(node, in, weights, std::move(pending), std::move(view), alpha, beta);
}

}  // namespace lacuna::network
