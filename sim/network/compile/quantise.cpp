// How a quantiser ends what waits for it: a layer's sums, functions of maps, Concat.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/printable.hpp"
#include "network/compile/compiler.hpp"
#include "network/limits.hpp"
#include "tensor/requantise.hpp"

namespace lacuna::network {
namespace {

using Kind = tensor::Function::Source::Kind;
using Steps = std::vector<Expression::Step>;

bool is_named(const Expression::Step& step, const char* name) {
  return std::string(step.operation->name) == name;
}

/// Whether steps `from`.. are each a Relu or Clip of the one before (the first: of `start`).
bool only_bounds(const Steps& steps, std::size_t from, const tensor::Function::Source& start) {
  tensor::Function::Source at = start;
  for (std::size_t i = from; i < steps.size(); ++i) {
    const tensor::Function::Source& own = steps[i].operands[0];
    if (!is_named(steps[i], "Relu") && !is_named(steps[i], "Clip")) return false;
    if (own.kind != at.kind || own.index != at.index) return false;
    at = {Kind::kStep, static_cast<std::int32_t>(i)};
  }
  return true;
}

/// Codes within `bounds` that are left behind steps `from`.., Relu and Clip.
tensor::Bounds bounds_behind(const Steps& steps, std::size_t from, float scale,
                             tensor::Bounds bounds) {
  constexpr float kWide = 1e6F;  // beyond all codes, and an integer that float32 has
  float low = -kWide;
  float high = kWide;
  const auto keep = [&](float least, float most) {
    low = std::min(std::max(low, least), most);
    high = std::min(std::max(high, least), most);
  };
  const auto step = [&](double real) {
    const float steps_of_real = std::nearbyint(static_cast<float>(real) / scale);
    return std::min(std::max(steps_of_real, -kWide), kWide);
  };
  for (std::size_t i = from; i < steps.size(); ++i) {
    if (is_named(steps[i], "Relu")) {
      keep(0.0F, kWide);
    } else {
      keep(step(steps[i].parameters[0]), step(steps[i].parameters[1]));
    }
  }
  keep(bounds.low, bounds.high);
  bounds.low = low;
  bounds.high = high;
  return bounds;
}

}  // namespace

int GraphCompiler::add_layer(Layer layer, const Target& target) {
  layer.output = target.map != kNoMap ? target.map : add_map(layer.out, target.code, target.scale);
  layer.output_channel = target.channel;
  const int output = layer.output;
  place(std::move(layer));
  return output;
}

/// Its index.
int GraphCompiler::place(Layer layer) {
  if (!placed_names_.insert(layer.name).second) {
    layer.name = unique_name(layer.name);
    placed_names_.insert(layer.name);
  }
  network_.layers.push_back(std::move(layer));
  return static_cast<int>(network_.layers.size()) - 1;
}

// A pending layer for the network. Its weights go with the first; the machine rounds sums once, so
// who reads them in another way has a layer of its own that makes them again.
Layer GraphCompiler::take_layer(const base::Place& place, PendingLayer& pending) {
  Layer layer = pending.taken();
  if (pending.placed < 0) return layer;
  const Layer& first = network_.layers[static_cast<std::size_t>(pending.placed)];
  count_kept(place, static_cast<std::int64_t>(first.weights.size()));
  layer.weights = first.weights;
  network_.notes.push_back(
      fmt::format("{} is computed once more: its float output is read in more than one way",
                  base::shown(layer.name)));
  return layer;
}

// A map whose one row, column or channel stands for all, written out: by nearest Resize, channels
// by a convolution of ones.
int GraphCompiler::spread_map(const NodeView& node, int map, const MapShape& to) {
  const Map from = network_.map(map);
  const auto fits = [](std::int64_t own, std::int64_t whole) { return own == whole || own == 1; };
  if (from.sums || !fits(from.shape.height, to.height) || !fits(from.shape.width, to.width) ||
      !fits(from.shape.channels, to.channels)) {
    node.fail(fmt::format("reads {}{} beside {} (height x width x channels)",
                          from.sums ? "sums of " : "", to_string(from.shape), to_string(to)),
              "equal shapes, or quantised maps that are 1 along some axes");
  }
  const Target target{from.scale, from.code};
  MapShape shape = from.shape;
  if (shape.height != to.height || shape.width != to.width) {
    Layer layer;
    layer.name = layer_name(node);
    layer.kind = LayerKind::kResize;
    layer.inputs = {map};
    layer.in = shape;
    layer.out = {to.height, to.width, shape.channels};
    const auto samples = [](std::int64_t in, std::int64_t out) {
      std::vector<Sample> list(static_cast<std::size_t>(out));
      for (std::int64_t i = 0; in > 1 && i < out; ++i) {
        list[static_cast<std::size_t>(i)].first = static_cast<std::int32_t>(i);
        list[static_cast<std::size_t>(i)].second = static_cast<std::int32_t>(i);
      }
      return list;
    };
    layer.sample_rows = samples(shape.height, to.height);
    layer.sample_columns = samples(shape.width, to.width);
    shape = layer.out;
    map = add_layer(std::move(layer), target);
  }
  if (shape.channels == to.channels) return map;
  const auto channels = static_cast<std::size_t>(to.channels);
  count_kept(node, to.channels);
  Layer layer;
  layer.name = layer_name(node);
  layer.inputs = {map};
  layer.in = shape;
  layer.out = to;
  layer.weights.assign(channels, 1);
  layer.weight_code.bits = kMinBits;
  layer.weight_code.is_signed = true;
  layer.bias.assign(channels, 0);
  layer.scale.assign(channels, 1.0F);
  layer.bounds = target.bounds();
  return add_layer(std::move(layer), target);
}

void GraphCompiler::check_factors(const NodeView& node, const std::string& layer,
                                  const std::vector<float>& factors, const char* what) const {
  for (std::size_t channel = 0; channel < factors.size(); ++channel) {
    if (std::isfinite(factors[channel]) && factors[channel] != 0.0F) continue;
    node.fail(fmt::format("from {} of {} (channel {}) to its output the factor is {}", what,
                          base::shown(layer), channel, factors[channel]),
              "finite, and not 0");
  }
}

int GraphCompiler::quantise_reals(const NodeView& node, const Value& value, const Target& target) {
  const Expression& expression = value.expression;
  if (value.margins.any() && !(expression.reads_one_map() && expression.steps.empty())) {
    fail_form(node, value, "Pad in front of Conv or AveragePool");
  }
  const bool sums = std::any_of(expression.inputs.begin(), expression.inputs.end(),
                                [](const auto& input) { return input.pending >= 0; });
  // What is pooled has a map of its own.
  Target unpooled = target;
  if (!value.pools.empty()) {
    unpooled.map = kNoMap;
    unpooled.channel = 0;
  }
  int map = kNoMap;
  if (sums) {
    map = quantise_sums(node, value, unpooled);
  } else {
    map = expression.inputs.size() == 1 ? quantise_map(node, expression, unpooled)
                                        : quantise_two_maps(node, value, unpooled);
  }
  // The largest of values rounded is the largest value rounded.
  for (std::size_t i = 0; i < value.pools.size(); ++i) {
    Layer pool = value.pools[i];
    pool.inputs = {map};
    map = add_layer(std::move(pool), i + 1 == value.pools.size() ? target : unpooled);
  }
  return map;
}

// Codes of a map in another scale, or a function of them: a table. The same codes in another map:
// its writers write there at once, where nobody else reads them, or an element-wise layer copies.
int GraphCompiler::quantise_map(const NodeView& node, const Expression& expression,
                                const Target& target) {
  const int from = expression.inputs[0].map;
  const Map& map = network_.map(from);
  const bool equal = expression.steps.empty() && map.scale == target.scale &&
                     map.code.zero_point == target.code.zero_point &&
                     map.code.is_signed() == target.code.is_signed() &&
                     map.code.low >= target.low && map.code.high <= target.high;
  if (equal && target.map == kNoMap) return from;
  if (equal && redirect(node, from, target)) return target.map;
  Layer layer;
  layer.name = layer_name(node);
  layer.kind = LayerKind::kElementwise;
  layer.inputs = {from};
  layer.in = map.shape;
  layer.out = map.shape;
  layer.bounds = target.bounds();
  layer.function = expression.function();
  if (!equal) layer.tables = table_of(node, expression, map, target);
  return add_layer(std::move(layer), target);
}

namespace {

bool mentions(const Value& value, int map) {
  const auto is_of = [&](const Expression::Input& input) { return input.map == map; };
  return value.map == map ||
         std::any_of(value.expression.inputs.begin(), value.expression.inputs.end(), is_of) ||
         std::any_of(value.parts.begin(), value.parts.end(),
                     [&](const Value& part) { return mentions(part, map); });
}

bool reads(const Layer& layer, int map) {
  return std::find(layer.inputs.begin(), layer.inputs.end(), map) != layer.inputs.end();
}

}  // namespace

// Whether anything but this node's last reading of it, once, is made of a map.
bool GraphCompiler::is_read_elsewhere(const NodeView& node, int map) const {
  const std::vector<std::string>& inputs = node.node().inputs;
  std::int64_t times = 0;
  for (const auto& [name, value] : values_) {
    if (!mentions(value, map)) continue;
    const auto here = std::count(inputs.begin(), inputs.end(), name);
    if (here == 0 || reads_left_.at(name) > here) return true;
    times += value.form == Value::Form::kConcat
                 ? std::count_if(value.parts.begin(), value.parts.end(),
                                 [&](const Value& part) { return mentions(part, map); })
                 : here;
  }
  const auto reads_map = [&](const Layer& layer) { return reads(layer, map); };
  return times != 1 || std::any_of(network_.layers.begin(), network_.layers.end(), reads_map) ||
         std::any_of(pending_.begin(), pending_.end(),
                     [&](const PendingLayer& pending) { return reads(pending.layer, map); });
}

// The layers that write the map write to the target instead; false where the map is needed.
bool GraphCompiler::redirect(const NodeView& node, int map, const Target& target) {
  if (map == 0 || is_read_elsewhere(node, map)) return false;
  for (Layer& layer : network_.layers) {
    if (layer.output != map) continue;
    layer.output = target.map;
    layer.output_channel += target.channel;
  }
  return true;
}

void GraphCompiler::drop_unwritten_maps() {
  std::vector<bool> written(network_.maps.size(), false);
  written[0] = true;
  for (const Layer& layer : network_.layers) {
    if (layer.output != kNoMap) written[static_cast<std::size_t>(layer.output)] = true;
  }
  std::vector<Map> kept;
  std::vector<int> number;
  for (std::size_t map = 0; map < written.size(); ++map) {
    number.push_back(static_cast<int>(kept.size()));
    if (written[map]) kept.push_back(network_.maps[map]);
  }
  const auto renumber = [&](int& map) {
    if (map != kNoMap) map = number[static_cast<std::size_t>(map)];
  };
  for (Layer& layer : network_.layers) {
    for (int& map : layer.inputs) renumber(map);
    renumber(layer.output);
  }
  for (Output& output : network_.outputs) renumber(output.map);
  network_.maps = std::move(kept);
}

std::vector<std::vector<std::int16_t>> GraphCompiler::table_of(const NodeView& node,
                                                               const Expression& expression,
                                                               const Map& map,
                                                               const Target& target) {
  const tensor::Function function = expression.function();
  const tensor::Bounds bounds = target.bounds();
  const std::int64_t tables = function.by_channel() ? map.shape.channels : 1;
  count_kept(node, tables * (map.code.high - map.code.low + 1));
  std::vector<std::vector<std::int16_t>> result;
  for (std::int64_t channel = 0; channel < tables; ++channel) {
    std::vector<std::int16_t> table;
    for (int p = map.code.lowest_operand(); p <= map.code.highest_operand(); ++p) {
      const float real = static_cast<float>(p) * map.scale;
      const float made = function(&real, channel);
      if (std::isnan(made)) {
        node.fail(fmt::format("of {} its function makes no number", real),
                  "a number of every code");
      }
      table.push_back(tensor::quantise(made, target.scale, bounds));
    }
    result.push_back(std::move(table));
  }
  return result;
}

int GraphCompiler::quantise_two_maps(const NodeView& node, const Value& value,
                                     const Target& target) {
  const Expression& expression = value.expression;
  const MapShape& first = network_.map(expression.inputs[0].map).shape;
  const MapShape& second = network_.map(expression.inputs[1].map).shape;
  // Pooling that waits behind them has made the value smaller.
  const MapShape joined = {std::max(first.height, second.height),
                           std::max(first.width, second.width),
                           std::max(first.channels, second.channels)};
  const bool swapped = !(first == joined) && second == joined;
  Layer layer;
  layer.kind = LayerKind::kElementwise;
  layer.inputs = {expression.inputs[swapped ? 1 : 0].map, expression.inputs[swapped ? 0 : 1].map};
  const MapShape& other = network_.map(layer.inputs[1]).shape;
  const bool pixels = other.height == joined.height && other.width == joined.width;
  const bool is_read_so =
      (pixels && (other.channels == joined.channels || other.channels == 1)) ||
      (other.height == 1 && other.width == 1 && other.channels == joined.channels);
  if (!(network_.map(layer.inputs[0]).shape == joined)) {
    layer.inputs[0] = spread_map(node, layer.inputs[0], joined);
  }
  if (!is_read_so) layer.inputs[1] = spread_map(node, layer.inputs[1], joined);
  layer.name = layer_name(node);
  layer.in = layer.out = joined;
  layer.bounds = target.bounds();
  layer.function = expression.function(swapped);
  return add_layer(std::move(layer), target);
}

// Keeps the biased sums of a layer as a map of 32 bits a value, for another layer's post unit.
int GraphCompiler::keep_sums(const NodeView& node, int index) {
  PendingLayer& pending = pending_[static_cast<std::size_t>(index)];
  if (pending.map != kNoMap) return pending.map;
  const base::Place place = place_of(graph_.file, node.node());
  if (!pending.layer.is_gemm()) make_gemm(place, pending);
  Layer layer = take_layer(place, pending);
  layer.scale.clear();
  for (std::size_t c = 0; c < pending.weight_scale.size(); ++c)
    layer.scale.push_back(pending.step(c));
  pending.map = add_layer(std::move(layer), {1.0F, tensor::signed_code(kMaxBits)});
  network_.maps.back().sums = true;
  pending.placed = static_cast<int>(network_.layers.size()) - 1;
  return pending.map;
}

int GraphCompiler::quantise_sums(const NodeView& node, const Value& value, const Target& target) {
  Expression expression = value.expression;
  // The layer that comes last combines; the other one has to be a map by then.
  if (expression.inputs.size() == 2) {
    const int first = expression.inputs[0].pending;
    const int second = expression.inputs[1].pending;
    const bool swap = first < 0 || (second >= 0 && second > first);
    if (swap) {
      std::swap(expression.inputs[0], expression.inputs[1]);
      for (Expression::Step& step : expression.steps) {
        for (tensor::Function::Source& source : step.operands) {
          if (source.kind == Kind::kInput) source.index = 1 - source.index;
        }
      }
    }
  }
  PendingLayer& pending = pending_of(expression);
  const base::Place place = place_of(graph_.file, node.node());
  if (!pending.layer.is_gemm()) {
    const bool bounded = expression.inputs.size() == 1 &&
                         only_bounds(expression.steps, 0, tensor::Function::input(0));
    if (bounded) return quantise_window(node, pending, expression, target);
    make_gemm(place, pending);
  }
  Layer layer = take_layer(place, pending);
  if (expression.inputs.size() == 2) {
    const Expression::Input& second = expression.inputs[1];
    const int map = second.pending >= 0 ? keep_sums(node, second.pending) : second.map;
    const bool equal = network_.map(map).shape == layer.out;
    layer.inputs.push_back(equal ? map : spread_map(node, map, layer.out));
  }
  combine(node, layer, pending, expression, target);
  check_factors(node, layer.name, layer.scale, "the sums");
  const int output = add_layer(std::move(layer), target);
  pending.placed = static_cast<int>(network_.layers.size()) - 1;
  return output;
}

// How sums become codes: rounded as they are within bounds, with another map, or by a function.
void GraphCompiler::combine(const NodeView& node, Layer& layer, const PendingLayer& pending,
                            const Expression& expression, const Target& target) {
  const Steps& steps = expression.steps;
  const std::size_t channels = pending.weight_scale.size();
  layer.bounds = target.bounds();
  layer.scale.clear();
  const auto requantised = [&](float sign) {
    for (std::size_t c = 0; c < channels; ++c) {
      layer.scale.push_back(sign * (pending.step(c) / target.scale));
    }
  };
  if (expression.inputs.size() == 1) {
    if (const auto bounds = end_bounds(node, layer, steps, 0, tensor::Function::input(0), target)) {
      requantised(1.0F);
      layer.bounds = *bounds;
      return;
    }
  }
  if (expression.inputs.size() == 2 && combine_two(node, layer, pending, expression, target))
    return;
  layer.combine = Combine::kFunction;
  layer.function = expression.function();
  for (std::size_t c = 0; c < channels; ++c) layer.scale.push_back(pending.step(c));
  if (expression.inputs.size() == 1) check_numbers(node, layer);
  if (expression.inputs.size() == 2) layer.operand_scale = second_steps(expression);
}

// A function that is no number at either end of the sums, or at 0, would round to none.
void GraphCompiler::check_numbers(const NodeView& node, const Layer& layer) const {
  const tensor::Code& code = network_.map(layer.input()).code;
  const auto most = static_cast<double>(std::max(code.highest_operand(), -code.lowest_operand()));
  for (std::size_t c = 0; c < layer.scale.size(); ++c) {
    const auto reach = static_cast<double>(weight_reach(layer, c));
    for (const double side : {-1.0, 0.0, 1.0}) {
      const double sum = layer.bias[c] + side * reach * most;
      const float real = static_cast<float>(sum) * layer.scale[c];
      if (!std::isnan(layer.function(&real, static_cast<std::int64_t>(c)))) continue;
      node.fail(
          fmt::format("of {}, which the sums of {} (channel {}) may be, its function makes no "
                      "number",
                      real, base::shown(layer.name), c),
          "a number of all sums");
    }
  }
}

// What steps `from`.. leave of a layer's outputs, where they are Relu and Clip, behind a
// ThresholdedRelu or not; nothing where they are more.
std::optional<tensor::Bounds> GraphCompiler::end_bounds(const NodeView& node, const Layer& layer,
                                                        const std::vector<Expression::Step>& steps,
                                                        std::size_t from,
                                                        tensor::Function::Source start,
                                                        const Target& target) const {
  float threshold = 0.0F;
  tensor::Bounds bounds = target.bounds();
  if (from < steps.size() && is_named(steps[from], "ThresholdedRelu")) {
    const tensor::Function::Source& own = steps[from].operands[0];
    if (own.kind != start.kind || own.index != start.index) return std::nullopt;
    const auto alpha = static_cast<float>(steps[from].parameters[0]);
    threshold = alpha / target.scale;
    if (!std::isfinite(threshold)) {
      node.fail(fmt::format("the threshold of {}, {}, is {} of its steps", base::shown(layer.name),
                            alpha, threshold),
                "finite");
    }
    if (threshold > 0.0F) bounds.threshold = threshold;
    bounds.low = std::max(bounds.low, std::min(0.0F, bounds.high));
    start = {Kind::kStep, static_cast<std::int32_t>(from)};
    ++from;
  }
  if (!only_bounds(steps, from, start)) return std::nullopt;
  return bounds_behind(steps, from, target.scale, bounds);
}

/// Real value of a step of the second operand: one, or one a channel.
std::vector<float> GraphCompiler::second_steps(const Expression& expression) const {
  const Expression::Input& second = expression.inputs[1];
  if (second.pending < 0) return {network_.map(second.map).scale};
  const PendingLayer& other = pending_[static_cast<std::size_t>(second.pending)];
  std::vector<float> steps;
  for (std::size_t c = 0; c < other.weight_scale.size(); ++c) steps.push_back(other.step(c));
  return steps;
}

bool GraphCompiler::combine_two(const NodeView& node, Layer& layer, const PendingLayer& pending,
                                const Expression& expression, const Target& target) const {
  const Steps& steps = expression.steps;
  const bool relu_first = is_named(steps[0], "Relu") && steps[0].operands[0].kind == Kind::kInput &&
                          steps[0].operands[0].index == 0 && steps.size() > 1;
  const std::size_t at = relu_first ? 1 : 0;
  const Expression::Step& step = steps[at];
  if (step.operation->operands != 2) return false;
  const auto bounds =
      end_bounds(node, layer, steps, at + 1, {Kind::kStep, static_cast<std::int32_t>(at)}, target);
  if (!bounds) return false;
  const auto is_sums = [&](const tensor::Function::Source& source) {
    return relu_first ? source.kind == Kind::kStep
                      : source.kind == Kind::kInput && source.index == 0;
  };
  const auto is_other = [](const tensor::Function::Source& source) {
    return source.kind == Kind::kInput && source.index == 1;
  };
  const bool ordered = is_sums(step.operands[0]) && is_other(step.operands[1]);
  const bool turned = is_sums(step.operands[1]) && is_other(step.operands[0]);
  if (!ordered && !turned) return false;
  const std::vector<float> second = second_steps(expression);
  const bool of_sums = expression.inputs[1].pending >= 0;
  const auto is_usable = [&](float factor) {
    return std::isfinite(factor * 256.0F) && factor != 0.0F;
  };
  const auto check = [&](float factor) {
    if (is_usable(factor)) return;
    node.fail(fmt::format("from the residual operand of {} to its output the factor is {}",
                          base::shown(layer.name), factor),
              "finite and not 0, 256 of it, too");
  };
  if (is_named(step, "Mul") && !of_sums) {
    layer.combine = Combine::kMultiply;
    layer.relu_first = relu_first;
    for (std::size_t c = 0; c < pending.weight_scale.size(); ++c) {
      layer.scale.push_back(pending.step(c) * second[0] / target.scale);
      if (relu_first && pending.step(c) < 0.0F) return layer.scale.clear(), false;
    }
  } else if (!relu_first && (is_named(step, "Add") || is_named(step, "Sub"))) {
    const bool subtracts = is_named(step, "Sub");
    layer.combine = Combine::kAdd;
    for (std::size_t c = 0; c < pending.weight_scale.size(); ++c) {
      layer.scale.push_back((subtracts && turned ? -1.0F : 1.0F) *
                            (pending.step(c) / target.scale));
    }
    for (const float own : second) {
      layer.operand_scale.push_back((subtracts && ordered ? -1.0F : 1.0F) * (own / target.scale));
      check(layer.operand_scale.back());
    }
  } else {
    return false;
  }
  layer.bounds = *bounds;
  return true;
}

// Average pooling and linear resizing.
int GraphCompiler::quantise_window(const NodeView& node, PendingLayer& pending,
                                   const Expression& expression, const Target& target) {
  Layer layer = pending.layer;
  Target own = target;
  if (layer.kind == LayerKind::kAveragePool) {
    const auto factor = [&](std::int64_t count) {
      return tensor::average_scale(pending.input_scale, count, target.scale);
    };
    const bool padded = layer.window.pad_top + layer.window.pad_left + layer.window.pad_bottom +
                            layer.window.pad_right >
                        0;
    layer.scale.clear();
    if (!padded && !averages_less(layer)) {
      layer.scale = {factor(layer.taps())};
    } else {
      for (std::int64_t count = 1; count <= layer.taps(); ++count) {
        layer.scale.push_back(factor(count));
      }
    }
    check_factors(node, layer.name, layer.scale, "the sums");
    // A network that says its activations have fewer bits may leave out a Clip that cuts nothing.
    const int top = (1 << (graph_.activation_bits == 0 ? kMaxBits : graph_.activation_bits)) - 1;
    const Map& from = network_.map(layer.input());
    const std::int64_t most = layer.taps() * from.code.highest_operand();
    if (layer.scale.size() == 1 && own.code.low == 0 && own.code.zero_point == 0 &&
        most <= kMaxSteps &&
        tensor::requantise(static_cast<std::int32_t>(most), layer.scale[0], own.bounds()) <= top) {
      own.code.high = std::min(own.code.high, top);
      own.high = std::min(own.high, top);
    }
  }
  layer.bounds = bounds_behind(expression.steps, 0, own.scale, own.bounds());
  return add_layer(std::move(layer), own);
}

// Each part in the steps of the output, in channels of its own of one map.
int GraphCompiler::quantise_concat(const NodeView& node, const Value& value, const Target& target) {
  Target slice = target;
  slice.map = add_map(value.shape, target.code, target.scale);
  for (const Value& part : value.parts) {
    Value own = part;
    own.form = Value::Form::kReals;
    own.expression = reals_of(part);
    quantise_reals(node, own, slice);
    slice.channel += part.shape.channels;
  }
  return slice.map;
}

}  // namespace lacuna::network
