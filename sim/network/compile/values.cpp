// What nodes read and write, and nodes that only change how a map is seen.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/printable.hpp"
#include "network/compile/compiler.hpp"
#include "network/limits.hpp"

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
    node.fail(fmt::format("input {} is a constant", base::shown(node.node().inputs[input])),
              "activations");
  }
  return found->second;
}

// What the compilation keeps of constants, tables and weights, however often nodes read them.
void GraphCompiler::count_kept(const NodeView& node, std::int64_t more) {
  kept_ += more;
  if (kept_ <= kMaxWeights) return;
  node.fail(fmt::format("the layers up to here have {} weights", kept_),
            fmt::format("at most {}", kMaxWeights));
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
  std::string own = name;
  for (int i = 2; !layer_names_.insert(own).second; ++i) own = fmt::format("{}_{}", name, i);
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
  const std::optional<View> view =
      value.view.reshaped(value.shape, Sizes(to.begin() + 1, to.end()));
  const bool of_image = !view && is_input_map(value) && reshape_image(value, to);
  if (!view && !of_image) {
    node.fail(fmt::format("reshapes {} (height x width x channels) to {}", to_string(value.shape),
                          wanted),
              "axes put together or taken apart as they are in the map");
  }
  if (view) value.view = *view;
  give(node, value);
}

// A vector that is an image: the machine's input map gets its axes before anything reads it.
bool GraphCompiler::reshape_image(Value& value, const Sizes& to) {
  if (!value.view.whole() || to.size() != 4 || !network_.layers.empty() || !pending_.empty()) {
    return false;
  }
  const MapShape shape{to[2], to[3], to[1]};
  if (value.shape.channels != value.shape.values() || !is_map(shape)) return false;
  if (read_count_[graph_.inputs.front().name] != 1) return false;
  network_.maps.front().shape = shape;
  value.shape = shape;
  value.view = channels_first_view(shape, 3);
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
  const std::size_t rank = value.view.rank() + 1;
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
  value.view = value.view.transposed(inner);
  for (Value& part : value.parts) part.view = part.view.transposed(inner);
  give(node, value);
}

// Integers that the file reads as real values: its input, before arithmetic and a quantiser.
void GraphCompiler::cast(const NodeView& node) {
  node.expect_attributes({"to", "saturate"});
  constexpr std::int64_t kFloatTypes[] = {1, 10, 11};
  Value value = take(node, 0);
  const std::int64_t to = node.integer("to", 0);
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
  std::vector<std::int64_t> pads = node.integers("pads", {});
  if (node.node().has_input(1)) pads = node.integers_input(1);
  double filled = node.real("value", 0.0F);
  if (node.node().has_input(2)) {
    const std::vector<double> values = node.constant(2).reals();
    filled = values.size() == 1 ? values.front() : 1.0;
  }
  const std::size_t rank = value.view.rank() + 1;
  if (pads.size() != 2 * rank || node.node().has_input(3)) {
    node.fail(fmt::format("has {} pads", pads.size()), "two for each axis, none named in axes");
  }
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
