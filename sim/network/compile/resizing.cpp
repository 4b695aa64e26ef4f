// Resize and Upsample.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/printable.hpp"
#include "network/compile/compiler.hpp"
#include "network/limits.hpp"
#include "network/normalise/shapes.hpp"

namespace lacuna::network {
namespace {

/// One side of a map that is resized.
struct Side {
  std::int64_t in = 1;
  std::int64_t out = 1;
  float scale = 1.0F;
};

/// How an output coordinate becomes one of the input (ONNX Resize).
float source_coordinate(const std::string& mode, std::int64_t out, const Side& side) {
  const auto o = static_cast<float>(out);
  const auto in_size = static_cast<float>(side.in);
  const auto out_size = static_cast<float>(side.out);
  if (mode == "asymmetric") return o / side.scale;
  if (mode == "tf_half_pixel_for_nn") return (o + 0.5F) / side.scale;
  if (mode == "align_corners") {
    return side.out == 1 ? 0.0F : o * (in_size - 1.0F) / (out_size - 1.0F);
  }
  if (mode == "pytorch_half_pixel" && side.out == 1) return 0.0F;
  if (mode == "half_pixel_symmetric") {
    // The pixels lie around the map's middle, also where its size is rounded. ONNX Runtime adds in
    // double here.
    const float adjustment = out_size / (side.scale * in_size);
    const float offset = in_size / 2.0F * (1.0F - adjustment);
    return static_cast<float>(double{offset} + (double{o} + 0.5) / double{side.scale} - 0.5);
  }
  return (o + 0.5F) / side.scale - 0.5F;
}

std::int64_t nearest_pixel(const std::string& mode, float at) {
  if (mode == "floor") return static_cast<std::int64_t>(std::floor(at));
  if (mode == "ceil") return static_cast<std::int64_t>(std::ceil(at));
  if (mode == "round_prefer_ceil") return static_cast<std::int64_t>(std::floor(at + 0.5F));
  return static_cast<std::int64_t>(std::ceil(at - 0.5F));
}

bool is_old(const NodeView& node) {
  return node.node().op == "Upsample" || node.graph().opset < 11;
}

std::vector<Sample> samples_of(const NodeView& node, bool linear, const Side& side) {
  const std::string mode =
      node.text("coordinate_transformation_mode", is_old(node) ? "asymmetric" : "half_pixel");
  // Before operator set 11 there was no attribute: a side that shrinks rounds up (onnxruntime).
  const char* otherwise = !is_old(node)       ? "round_prefer_floor"
                          : side.scale < 1.0F ? "ceil"
                                              : "floor";
  const std::string rounding = node.text("nearest_mode", otherwise);
  std::vector<Sample> samples;
  for (std::int64_t o = 0; o < side.out; ++o) {
    const float at = source_coordinate(mode, o, side);
    Sample sample;
    if (!linear) {
      sample.first = static_cast<std::int32_t>(
          std::clamp<std::int64_t>(nearest_pixel(rounding, at), 0, side.in - 1));
      sample.second = sample.first;
    } else {
      const float inside = std::min(std::max(at, 0.0F), static_cast<float>(side.in - 1));
      sample.first = static_cast<std::int32_t>(inside);
      sample.second =
          static_cast<std::int32_t>(std::min<std::int64_t>(sample.first + 1, side.in - 1));
      const bool one = sample.first == sample.second;
      // ONNX Runtime: the weight of a pixel is the distance from the other one.
      sample.weight_first = one ? 0.5F : std::abs(inside - static_cast<float>(sample.second));
      sample.weight_second = one ? 0.5F : std::abs(inside - static_cast<float>(sample.first));
    }
    samples.push_back(sample);
  }
  return samples;
}

/// Says which attribute stands in the way.
void check_attributes(const NodeView& node) {
  const auto expect = [&](const char* name, const std::string& own,
                          const std::vector<const char*>& allowed) {
    if (std::find(allowed.begin(), allowed.end(), own) != allowed.end()) return;
    node.fail(fmt::format("attribute '{}' is {}", name, base::shown(own)),
              fmt::format("{}", fmt::join(allowed, ", ")));
  };
  const auto expect_zero = [&](const char* name) {
    if (node.integer(name, 0) == 0) return;
    node.fail(fmt::format("attribute '{}' is {}", name, node.integer(name, 0)), "0");
  };
  // Upsample had another name for linear at first.
  if (node.text("mode", "nearest") != "bilinear") {
    expect("mode", node.text("mode", "nearest"), {"nearest", "linear"});
  }
  expect("coordinate_transformation_mode",
         node.text("coordinate_transformation_mode", "half_pixel"),
         {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
          "tf_half_pixel_for_nn"});
  expect("nearest_mode", node.text("nearest_mode", "floor"),
         {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  expect("keep_aspect_ratio_policy", node.text("keep_aspect_ratio_policy", "stretch"),
         {"stretch", "not_larger", "not_smaller"});
  expect_zero("antialias");
  expect_zero("exclude_outside");
}

/// Sizes and scales of the axes behind batch and channels.
std::vector<Side> sides_of(const NodeView& node, const Sizes& in) {
  const auto resized = resize_sizes(node, in);
  if (!resized) {
    node.fail("its sizes or scales are none for its input",
              fmt::format("one for each axis, above 0, of sides of at most {}", kMaxDimension));
  }
  std::vector<Side> sides;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const float scale = resized->scales[i];
    if (i < 2 && (resized->sizes[i] != in[i] || scale != 1.0F)) {
      node.fail(fmt::format("makes {} of axis {}, of {}", resized->sizes[i], i, in[i]),
                "another height and width alone");
    }
    if (i >= 2) sides.push_back({in[i], resized->sizes[i], scale});
  }
  return sides;
}

}  // namespace

void GraphCompiler::resize(const NodeView& node) {
  Value value = take(node, 0);
  check_attributes(node);
  const bool linear = node.text("mode", "nearest") != "nearest";
  const bool codes = value.form == Value::Form::kCodes && !value.raw_codes;
  // What copies values may as well copy them rounded.
  const bool waits = !linear && value.form == Value::Form::kReals &&
                     !(value.expression.reads_one_map() && value.expression.steps.empty());
  if (!codes && !waits) value = take_window_input(node);
  if (!value.view.is_channels_first() || value.margins.any()) {
    node.fail("its input is flattened", "[N, channels, height, width], [N, channels, width]");
  }
  Sizes in = value.view.sizes(value.shape);
  in.insert(in.begin(), batch_);
  std::vector<Side> sides = sides_of(node, in);
  // ONNX Runtime sums over batch and channels there, too: the last bit may be another.
  if (sides.size() == 1) sides.insert(sides.begin(), Side{});
  Layer layer;
  layer.kind = LayerKind::kResize;
  layer.linear = linear;
  layer.in = value.shape;
  layer.out = {sides[0].out, sides[1].out, value.shape.channels};
  check_map(node, layer);
  layer.sample_rows = samples_of(node, linear, sides[0]);
  layer.sample_columns = samples_of(node, linear, sides[1]);
  View view = channels_first_view(layer.out, value.view.rank());
  if (waits) {
    layer.name = layer_name(node);
    value.shared = value.shared || read_count_[node.node().inputs[0]] != 1;
    value.shape = layer.out;
    value.view = std::move(view);
    value.pools.push_back(std::move(layer));
    return give(node, value);
  }
  const int from = reals_of(value).inputs[0].map;
  layer.inputs = {from};
  const Map map = network_.map(from);
  if (linear) {
    if (codes) fail_form(node, value, "the output of DequantizeLinear, for linear Resize");
    PendingLayer pending;
    pending.layer = std::move(layer);
    pending.input_scale = map.scale;
    return give_pending(node, std::move(pending), std::move(view));
  }
  layer.name = layer_name(node);
  value.shape = layer.out;
  value.view = std::move(view);
  value.map = add_layer(std::move(layer), {map.scale, map.code});
  if (!codes) value.expression.inputs[0].map = value.map;
  give(node, value);
}

}  // namespace lacuna::network
