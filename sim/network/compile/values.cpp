// What nodes read and write, and nodes that only change how a map is seen.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/printable.hpp"
#include "network/compile/compiler.hpp"
#include "network/limits.hpp"
#include "network/normalise/shapes.hpp"

namespace lacuna::network {

tensor::Function Expression::function(bool swapped) const {
  using Source = tensor::Function::Source;
  tensor::Function result;
  std::vector<Source> moved;
  moved.reserve(constants.size());
  for (const auto& own : constants) moved.push_back(result.constant(*own));
  for (const Step& step : steps) {
    std::vector<Source> operands = step.operands;
    for (Source& source : operands) {
      if (source.kind == Source::Kind::kConstant) {
        source = moved[static_cast<std::size_t>(source.index)];
      } else if (source.kind == Source::Kind::kInput && swapped) {
        source.index = 1 - source.index;
      }
    }
    result.step(*step.operation, operands, step.parameters);
  }
  return result;
}

std::string GraphCompiler::form_text(const Value& value) {
  switch (value.form) {
    case Value::Form::kImage:
      return "the image before its quantiser";
    case Value::Form::kCodes:
      return "quantised codes";
    case Value::Form::kReals:
      if (value.margins.any()) return "the output of Pad";
      if (value.expression.reads_one_map() && value.expression.steps.empty()) {
        return "dequantised codes";
      }
      return value.expression.reads_sums_alone() && value.expression.steps.empty()
                 ? "the float output of a layer"
                 : "the float output of a function";
    case Value::Form::kConcat:
      return "the float output of Concat";
    case Value::Form::kOutput:
      return "what the network's output shows";
  }
  return "";
}

void GraphCompiler::fail_form(const NodeView& node, const Value& value,
                              const std::string& supported) const {
  node.fail("its input is " + form_text(value), supported);
}

const Value& GraphCompiler::take(const NodeView& node, std::size_t input) const {
  if (!node.node().has_input(input))
    node.fail(fmt::format("input {} is missing", input), "all inputs");
  const auto found = values_.find(node.node().inputs[input]);
  if (found == values_.end()) {
    const std::vector<std::string>& inputs = node.node().inputs;
    const bool constants = std::all_of(inputs.begin(), inputs.end(), [&](const std::string& own) {
      return own.empty() || graph_.constant(own) != nullptr;
    });
    if (constants) {
      node.fail("is of constants alone, and what it makes of them is too large, or not worked out",
                "activations; constants of up to 64 MiB, or 16 times what the file holds");
    }
    node.fail(fmt::format("input {} is a constant", base::shown(node.node().inputs[input])),
              "activations");
  }
  return found->second;
}

// What the compilation keeps of constants, tables and weights, however often nodes read them.
void GraphCompiler::count_kept(const base::Place& place, std::int64_t more) {
  kept_ += more;
  if (kept_ <= kMaxWeights) return;
  throw Obstacle{place, fmt::format("the layers up to here have {} weights", kept_),
                 fmt::format("at most {}", kMaxWeights)};
}

void GraphCompiler::give(const NodeView& node, Value value) {
  constexpr std::size_t kMostSteps = 256;
  if (value.expression.steps.size() > kMostSteps || value.input_steps.size() > kMostSteps ||
      value.pools.size() > kMostSteps) {
    node.fail("is a function of more than 256 steps", "a quantiser between");
  }
  values_.insert_or_assign(node.node().output(), std::move(value));
}

Expression GraphCompiler::reals_of(const Value& value) const {
  if (value.form == Value::Form::kReals || value.form == Value::Form::kOutput) {
    return value.expression;
  }
  Expression expression;
  expression.inputs.push_back({value.map, -1});
  return expression;
}

Value GraphCompiler::take_reals(const NodeView& node, std::size_t input) const {
  const Value& value = take(node, input);
  if (value.form != Value::Form::kReals) {
    fail_form(node, value, "dequantised codes, or the float output of a layer");
  }
  if (value.margins.any()) fail_form(node, value, "Pad in front of Conv or AveragePool");
  return value;
}

std::string GraphCompiler::layer_name(const NodeView& node) {
  const std::string& name = node.node().name;
  if (!is_plain_name(name)) {
    node.fail("its name cannot name a layer", "1 to 200 printable ASCII characters");
  }
  return unique_name(name);
}

std::string GraphCompiler::unique_name(const std::string& name) {
  std::string own = name;
  while (!layer_names_.emplace(own, 2).second) {
    own = fmt::format("{}_{}", name, layer_names_.at(name)++);
  }
  return own;
}

int GraphCompiler::add_map(const MapShape& shape, const tensor::Code& code, float scale) {
  Map map;
  map.shape = shape;
  map.code = code;
  map.scale = scale;
  network_.maps.push_back(map);
  return static_cast<int>(network_.maps.size()) - 1;
}

namespace {

std::vector<std::string> shown_sizes(const Constant& sizes) {
  constexpr std::size_t kShown = 8;
  std::vector<std::string> shown;
  for (const std::int64_t size : sizes.integers()) {
    shown.push_back(shown.size() == kShown ? "..." : std::to_string(size));
    if (shown.size() > kShown) break;
  }
  return shown;
}

}  // namespace

void GraphCompiler::reshape(const NodeView& node) {
  if (!node.has("shape")) {
    const Constant* to = graph_.constant(node.node(), 1);
    if (to == nullptr || to->element != Element::kInt64) {
      node.fail("the sizes that it gives are not known before the image is", "constant sizes");
    }
    node.fail(fmt::format("reshapes to [{}], which does not fit its input",
                          fmt::join(shown_sizes(*to), ", ")),
              "as many values as before");
  }
  Value value = take(node, 0);
  const Sizes to = node.integers("shape", {});
  const std::string wanted = fmt::format("[{}]", fmt::join(to, ", "));
  if (value.margins.any()) fail_form(node, value, "Pad in front of Conv or AveragePool");
  if (value.form == Value::Form::kConcat) fail_form(node, value, "a quantiser behind Concat");
  if (to.empty() || to.front() != batch_) {
    node.fail("reshapes to " + wanted, fmt::format("[{}, ...], the batch first", batch_));
  }
  const Sizes sizes(to.begin() + 1, to.end());
  if (value.form == Value::Form::kOutput && value.output.arg_max) {
    value.output.sizes = sizes;
    return give(node, value);
  }
  value.regrouped.clear();
  const std::optional<View> view = value.view.reshaped(value.shape, sizes);
  const bool plain =
      view && (to.size() == 2 || view->is_channels_first() || view->is_channels_last());
  const bool of_image = !plain && is_input_map(value) && reshape_image(node, value, to);
  if (!view && !of_image && leads_to_outputs(node.node().output())) {
    value.regrouped = sizes;
    return give(node, value);
  }
  if (!view && !of_image) {
    node.fail(fmt::format("reshapes {} (height x width x channels) to {}", to_string(value.shape),
                          wanted),
              "axes put together or taken apart as they are in the map");
  }
  if (!of_image) value.view = *view;
  value.shared = value.shared || read_count_[node.node().inputs[0]] != 1;
  give(node, value);
}

// Whether the image goes to this node alone, whatever lies between.
bool GraphCompiler::is_only_way(const NodeView& node) const {
  std::string at = graph_.inputs.front().name;
  for (int i = 0; i < kMostHandOn; ++i) {
    const auto readers = readers_.find(at);
    if (readers == readers_.end() || read_count_.at(at) != 1) return false;
    if (at == node.node().inputs[0]) return true;
    at = readers->second.front()->output();
  }
  return false;
}

// An image that the file reads in other axes, such as a vector: the machine's input map gets those
// before anything reads it, if its values are still in the order of the file.
bool GraphCompiler::reshape_image(const NodeView& node, Value& value, const Sizes& to) {
  if (to.size() < 3 || to.size() > 4 || !network_.layers.empty() || !pending_.empty() ||
      !is_only_way(node)) {
    return false;
  }
  std::vector<Axis> order = {Axis::kChannel, Axis::kHeight, Axis::kWidth};
  if (network_.input_channels_last) order = {Axis::kHeight, Axis::kWidth, Axis::kChannel};
  const View flat({order}, value.shape);
  if (value.view.reshaped(value.shape, {value.shape.values()}) != flat) return false;
  const bool last = is_channels_last_input(node.node().output(), to.size());
  Sizes sides(to.begin() + 1, to.end());
  // Images come in the sizes that the file declares: axes of size 1 may come and go, and a vector
  // may be any.
  const auto without_ones = [](Sizes own) {
    own.erase(std::remove(own.begin(), own.end(), 1), own.end());
    return own;
  };
  const Sizes& declared = graph_.inputs.front().sizes;
  if (declared.size() > 2 &&
      without_ones({declared.begin() + 1, declared.end()}) != without_ones(sides)) {
    return false;
  }
  if (sides.size() == 2) sides.insert(sides.begin() + (last ? 0 : 1), 1);
  const MapShape shape =
      last ? MapShape{sides[0], sides[1], sides[2]} : MapShape{sides[1], sides[2], sides[0]};
  const auto is_by_channel = [](const InputStep& step) { return step.values.size() > 1; };
  const bool by_channel =
      std::any_of(value.input_steps.begin(), value.input_steps.end(), is_by_channel) ||
      std::any_of(network_.input_steps.begin(), network_.input_steps.end(), is_by_channel);
  if (!is_map(shape) || (by_channel && shape.channels != value.shape.channels)) return false;
  network_.maps.front().shape = shape;
  network_.input_channels_last = last;
  value.shape = shape;
  std::vector<View::Group> groups = {{Axis::kHeight}, {Axis::kWidth}};
  groups.insert(last ? groups.end() : groups.begin(), View::Group{Axis::kChannel});
  if (to.size() == 3) groups.erase(groups.begin() + (last ? 0 : 1));
  value.view = View(groups, shape);
  return true;
}

bool GraphCompiler::is_input_map(const Value& value) const {
  if (value.form == Value::Form::kImage) return true;
  if (value.form == Value::Form::kCodes) return value.map == 0;
  return value.form == Value::Form::kReals && value.expression.reads_one_map() &&
         value.expression.inputs[0].map == 0 && value.expression.steps.empty();
}

void GraphCompiler::transpose(const NodeView& node) {
  Value value = take(node, 0);
  const bool index = value.form == Value::Form::kOutput && value.output.arg_max;
  if (!value.regrouped.empty()) fail_form(node, value, "axes of the map");
  const std::size_t rank = (index ? value.output.sizes.size() : value.view.rank()) + 1;
  std::vector<std::int64_t> perm(rank);
  std::iota(perm.rbegin(), perm.rend(), 0);
  perm = node.integers("perm", perm);
  std::vector<std::int64_t> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  bool valid = perm.size() == rank && perm[0] == 0;
  for (std::size_t i = 0; valid && i < rank; ++i) valid = sorted[i] == static_cast<std::int64_t>(i);
  if (!valid) {
    node.fail(fmt::format("perm is [{}] over {} axes", fmt::join(perm, ", "), rank),
              "the batch first");
  }
  std::vector<std::size_t> inner;
  for (std::size_t i = 1; i < rank; ++i) inner.push_back(static_cast<std::size_t>(perm[i]) - 1);
  if (index) return transpose_index(node, value, inner);
  value.view = value.view.transposed(inner);
  for (Value& part : value.parts) part.view = part.view.transposed(inner);
  value.shared = value.shared || read_count_[node.node().inputs[0]] != 1;
  give(node, value);
}

// What ArgMax left of a map: its pixels keep their order.
void GraphCompiler::transpose_index(const NodeView& node, Value value,
                                    const std::vector<std::size_t>& perm) {
  Sizes sizes;
  std::size_t latest = 0;
  for (const std::size_t from : perm) {
    sizes.push_back(value.output.sizes[from]);
    if (sizes.back() == 1) continue;
    if (from < latest) fail_form(node, value, "rows and columns in their order behind ArgMax");
    latest = from;
  }
  value.output.sizes = std::move(sizes);
  give(node, std::move(value));
}

// Integers that the file reads as real values: its input, before arithmetic and a quantiser. Or an
// image that becomes float16 there.
void GraphCompiler::cast(const NodeView& node) {
  node.expect_attributes({"to", "saturate"});
  constexpr std::int64_t kHalfType = 10;
  constexpr std::int64_t kFloatTypes[] = {1, kHalfType, 11};
  Value value = take(node, 0);
  const std::int64_t to = node.integer("to", 0);
  if (value.form == Value::Form::kOutput && value.output.arg_max) {
    // By ONNX's number of the type: how many classes it can number.
    static const std::map<std::int64_t, std::int64_t> kClasses = {
        {1, 1 << 24}, {2, 1 << 8},   {3, 1 << 7},   {4, 1 << 16},  {5, 1 << 15}, {6, 1 << 24},
        {7, 1 << 24}, {10, 1 << 11}, {11, 1 << 24}, {12, 1 << 24}, {13, 1 << 24}};
    const auto type = kClasses.find(to);
    if (type == kClasses.end() || value.shape.channels > type->second) {
      node.fail(fmt::format("casts the index of {} classes to type {}", value.shape.channels, to),
                "a type of numbers that has all of them");
    }
    return give(node, value);
  }
  if (value.form == Value::Form::kImage && to == kHalfType) {
    value.input_steps.push_back({InputStep::Kind::kHalf, {}});
    return give(node, std::move(value));
  }
  const bool to_float = std::count(std::begin(kFloatTypes), std::end(kFloatTypes), to) == 1;
  if (!to_float || !value.raw_codes) {
    node.fail(fmt::format("casts to type {}; its input is {}", to, form_text(value)),
              "Cast of the integer input to floats, and between floats");
  }
  network_.input_integers = true;
  value.form = Value::Form::kImage;
  value.raw_codes = false;
  give(node, value);
}

void GraphCompiler::pad(const NodeView& node) {
  Value value = take(node, 0);
  if (node.text("mode", "constant") != "constant") {
    node.fail("mode is " + base::shown(node.text("mode", "")), "constant");
  }
  if (value.form == Value::Form::kConcat || value.form == Value::Form::kOutput ||
      !value.pools.empty()) {
    fail_form(node, value, "the image, codes, dequantised codes");
  }
  double filled = node.real("value", 0.0F);
  if (node.node().has_input(2)) {
    const std::vector<double> values = node.constant(2).reals();
    filled = values.size() == 1 ? values.front() : 1.0;
  }
  const std::size_t rank = value.view.rank() + 1;
  const Sizes pads = pad_sizes(node, rank);
  const double zero =
      value.form == Value::Form::kCodes ? network_.map(value.map).code.zero_point : 0;
  if (filled != zero) {
    node.fail(fmt::format("fills in {}", filled), fmt::format("{}, real zero", zero));
  }
  const auto add = [&](std::size_t at, std::int64_t& begin, std::int64_t& end) {
    begin += pads[at];
    end += pads[at + rank];
  };
  for (std::size_t at = 0; at < rank; ++at) {
    if (pads[at] < 0 || pads[at + rank] < 0 || pads[at] > kMaxDimension ||
        pads[at + rank] > kMaxDimension) {
      node.fail(fmt::format("pads are {}", fmt::join(pads, ", ")), "0 or more");
    }
    if (pads[at] == 0 && pads[at + rank] == 0) continue;
    if (value.margins.any() &&
        value.margins.top + value.margins.left + value.margins.bottom + value.margins.right >
            kMaxDimension) {
      node.fail("pads a map that is padded already", fmt::format("{} together", kMaxDimension));
    }
    const bool last = at > 0 && value.view.is_channels_last();
    const std::size_t rows = last ? 1 : 2;
    const bool one_row = rank == 3;
    if (!value.view.is_channels_first() && !last) {
      node.fail("pads a flattened map", "rows and columns of a map");
    }
    if (!one_row && at == rows) {
      add(at, value.margins.top, value.margins.bottom);
    } else if (one_row ? at == 2 : at == rows + 1) {
      add(at, value.margins.left, value.margins.right);
    } else {
      node.fail(fmt::format("pads axis {}", at), "rows and columns of a map");
    }
  }
  give(node, value);
}

}  // namespace lacuna::network
