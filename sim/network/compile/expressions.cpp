// Element-wise functions, constants folded into layers, and tails.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/printable.hpp"
#include "network/compile/compiler.hpp"
#include "network/limits.hpp"
#include "network/normalise/shapes.hpp"

namespace lacuna::network {
namespace {

using Kind = tensor::Function::Source::Kind;

bool is_arithmetic(const std::string& op) {
  return op == "Add" || op == "Sub" || op == "Mul" || op == "Div";
}

/// The attributes of an operation, in the order of its parameters, with ONNX's defaults.
std::vector<std::pair<const char*, float>> attributes_of(const std::string& op) {
  static const std::map<std::string, std::vector<std::pair<const char*, float>>> kAttributes = {
      {"Celu", {{"alpha", 1.0F}}},
      {"Elu", {{"alpha", 1.0F}}},
      {"HardSigmoid", {{"alpha", 0.2F}, {"beta", 0.5F}}},
      {"LeakyRelu", {{"alpha", 0.01F}}},
      {"Selu", {{"alpha", 1.67326319217681884765625F}, {"gamma", 1.05070102214813232421875F}}},
      {"ThresholdedRelu", {{"alpha", 1.0F}}}};
  const auto found = kAttributes.find(op);
  return found == kAttributes.end() ? std::vector<std::pair<const char*, float>>{} : found->second;
}

/// Whether a function of one value never falls where its operand rises: then that of the largest
/// of values is the largest of theirs.
bool never_falls(const std::string& op, const std::vector<double>& parameters) {
  static const std::vector<std::string> kRising = {
      "Ceil",     "Celu",     "Clip",        "Elu",       "Erf",
      "Exp",      "Floor",    "HardSigmoid", "LeakyRelu", "Log",
      "Relu",     "Round",    "Selu",        "Sign",      "Sigmoid",
      "Softplus", "Softsign", "Sqrt",        "Tanh",      "ThresholdedRelu"};
  if (std::find(kRising.begin(), kRising.end(), op) == kRising.end()) return false;
  return op == "Clip" || op == "HardSigmoid"
             ? op == "Clip" || parameters[0] >= 0.0
             : std::all_of(parameters.begin(), parameters.end(), [](double p) { return p >= 0.0; });
}

/// The same of a value and constants, the one at `constant`.
bool never_falls(const std::string& op, std::size_t constant, const std::vector<double>& values) {
  if (op == "Add" || op == "Max" || op == "Min") return true;
  if (op == "Sub") return constant == 1;
  const bool positive =
      std::all_of(values.begin(), values.end(), [](double value) { return value > 0.0; });
  return positive && (op == "Mul" || (constant == 1 && (op == "Div" || op == "PRelu")));
}

}  // namespace

// What stands behind the MaxPool of a layer's sums acts in front of it: pooling comes after
// rounding.
void GraphCompiler::check_pooled(const NodeView& node, const Value& value, bool rises) const {
  const auto is_pool = [](const Layer& layer) { return layer.is_pool(); };
  if (rises || std::none_of(value.pools.begin(), value.pools.end(), is_pool)) return;
  node.fail("its input is MaxPool of a layer's float output",
            "QuantizeLinear, and functions that never fall where their input rises");
}

// Values of a constant operand for the channels of a value: one, or one a channel.
std::vector<double> GraphCompiler::channel_constant(const NodeView& node, std::size_t input,
                                                    const Value& value) const {
  const Constant& own = node.constant(input);
  if (own.element == Element::kOther) node.fail("a constant is of a type that is not read");
  std::vector<double> reals = own.reals();
  if (reals.size() == 1) return reals;
  const std::optional<std::size_t> channels = value.view.channels();
  const std::size_t rank = value.view.rank() + 1;
  bool fits = channels.has_value() && own.sizes.size() <= rank &&
              static_cast<std::int64_t>(reals.size()) == value.shape.channels;
  for (std::size_t i = 0; fits && i < own.sizes.size(); ++i) {
    const std::size_t at = rank - own.sizes.size() + i;
    fits = own.sizes[i] == (at == *channels + 1 ? value.shape.channels : 1);
  }
  if (!fits) {
    node.fail(fmt::format("its constant is {} beside {} (height x width x channels)",
                          sizes_text(own.sizes), to_string(value.shape)),
              "one value, or one a channel");
  }
  return reals;
}

tensor::Function::Source GraphCompiler::add_constant(const NodeView& node, Expression& expression,
                                                     std::vector<float> values) {
  count_kept(node, static_cast<std::int64_t>(values.size()));
  expression.constants.push_back(std::make_shared<const std::vector<float>>(std::move(values)));
  return {Kind::kConstant, static_cast<std::int32_t>(expression.constants.size()) - 1};
}

void GraphCompiler::apply(const NodeView& node, Value& value, const tensor::Operation& operation,
                          std::vector<double> parameters) {
  if (value.form == Value::Form::kConcat) {
    for (Value& part : value.parts) {
      Value own = part;
      own.expression = reals_of(part);
      own.form = Value::Form::kReals;
      apply(node, own, operation, parameters);
      part = own;
    }
    return;
  }
  check_pooled(node, value, never_falls(operation.name, parameters));
  Expression& expression = value.expression;
  const tensor::Function::Source at = expression.end();
  expression.steps.push_back({&operation, {at}, std::move(parameters)});
}

// Two values as one expression, whose last step is the operation.
Value GraphCompiler::joined(const NodeView& node, const Value& a, const Value& b,
                            const tensor::Operation& operation) const {
  Value result = a;
  Expression& expression = result.expression;
  std::vector<std::int32_t> inputs;
  for (const Expression::Input& input : b.expression.inputs) {
    auto found = std::find(expression.inputs.begin(), expression.inputs.end(), input);
    if (found == expression.inputs.end()) {
      expression.inputs.push_back(input);
      found = expression.inputs.end() - 1;
    }
    inputs.push_back(static_cast<std::int32_t>(found - expression.inputs.begin()));
  }
  if (expression.inputs.size() > 2) {
    node.fail("is a function of three maps", "a quantiser between");
  }
  const auto end_a = a.expression.end();
  const auto steps = static_cast<std::int32_t>(expression.steps.size());
  const auto constants = static_cast<std::int32_t>(expression.constants.size());
  const auto moved = [&](tensor::Function::Source source) {
    if (source.kind == Kind::kInput) source.index = inputs[static_cast<std::size_t>(source.index)];
    if (source.kind == Kind::kStep) source.index += steps;
    if (source.kind == Kind::kConstant) source.index += constants;
    return source;
  };
  expression.constants.insert(expression.constants.end(), b.expression.constants.begin(),
                              b.expression.constants.end());
  for (Expression::Step step : b.expression.steps) {
    for (tensor::Function::Source& source : step.operands) source = moved(source);
    expression.steps.push_back(std::move(step));
  }
  expression.steps.push_back({&operation, {end_a, moved(b.expression.end())}, {}});
  return result;
}

void GraphCompiler::function(const NodeView& node) {
  const tensor::Operation& operation = *tensor::find_operation(node.node().op);
  const std::string name = operation.name;
  if (name == "PRelu") return prelu(node);
  node.expect_inputs(operation.operands, operation.operands);
  std::vector<const char*> known;
  for (const auto& [attribute, otherwise] : attributes_of(name)) known.push_back(attribute);
  if (name == "Gelu") known.push_back("approximate");
  node.expect_attributes(known);
  const std::string approximate = node.text("approximate", "none");
  if (name == "Gelu" && approximate != "none" && approximate != "tanh") {
    node.fail("is approximated by " + base::shown(approximate), "none, tanh");
  }
  if (operation.operands == 2) {
    const bool first = graph_.constant(node.node(), 0) != nullptr;
    if (first || graph_.constant(node.node(), 1) != nullptr) {
      if (fold_constant(node, first ? 0 : 1)) return;
      return apply_constant(node, operation, first ? 0 : 1);
    }
    return two_values(node, operation);
  }
  Value value = take(node, 0);
  std::vector<double> parameters;
  for (const auto& [attribute, otherwise] : attributes_of(name)) {
    parameters.push_back(double{node.real(attribute, otherwise)});
  }
  if (name == "Gelu") parameters.push_back(approximate == "tanh" ? 1.0 : 0.0);
  if (name == "ThresholdedRelu" && !(parameters[0] >= 0.0 && std::isfinite(parameters[0]))) {
    node.fail(fmt::format("alpha is {}", parameters[0]), "0 or more");
  }
  if (value.form == Value::Form::kOutput) {
    if (value.output.tail != Tail::kNone || value.output_is_codes || value.output.tail_quantised ||
        value.output.arg_max) {
      fail_form(node, value, "nothing behind a tail but its quantiser");
    }
  } else if (value.form != Value::Form::kConcat) {
    value = take_reals(node, 0);
  }
  apply(node, value, operation, std::move(parameters));
  give(node, std::move(value));
}

void GraphCompiler::clip(const NodeView& node) {
  if (node.has("low")) return clip_codes(node);
  if (!node.has("min")) node.fail("its bounds are no constant numbers", "constant bounds, not NaN");
  Value value = take(node, 0);
  if (value.form != Value::Form::kConcat) value = take_reals(node, 0);
  apply(node, value, *tensor::find_operation("Clip"),
        {double{node.real("min", 0.0F)}, double{node.real("max", 0.0F)}});
  give(node, std::move(value));
}

// Codes that others read unclipped: those within the bounds are a map of their own.
void GraphCompiler::clip_codes(const NodeView& node) {
  Value value = take(node, 0);
  if (value.form != Value::Form::kCodes || value.raw_codes || value.margins.any()) {
    fail_form(node, value, "codes that a quantiser wrote");
  }
  const Map map = network_.map(value.map);
  Target target{map.scale, map.code};
  const auto bound = [&](const char* name, int otherwise) {
    const std::int64_t own = node.integer(name, otherwise);
    return static_cast<int>(std::clamp<std::int64_t>(own, map.code.low, map.code.high));
  };
  target.high = bound("high", map.code.high);
  target.low = std::min(bound("low", map.code.low), target.high);  // ONNX: the upper bound wins
  target.code.low = std::min(target.low, map.code.zero_point);
  target.code.high = std::max(target.high, map.code.zero_point);
  if (target.code.low == target.code.high) {
    node.fail(fmt::format("leaves the one code {}", target.code.low), "two or more");
  }
  value.map = quantise_map(node, reals_of(value), target);
  give(node, std::move(value));
}

void GraphCompiler::two_values(const NodeView& node, const tensor::Operation& operation) {
  const Value first = take_reals(node, 0);
  const Value second = take_reals(node, 1);
  if (!first.pools.empty() || !second.pools.empty()) {
    node.fail("joins MaxPool or Resize of a layer's float output with another map",
              "a quantiser behind those");
  }
  const std::optional<Sizes> sizes =
      broadcast(first.view.sizes(first.shape), second.view.sizes(second.shape));
  const MapShape& a = first.shape;
  const MapShape& b = second.shape;
  // Axes of size 1 are in no group, so equal groups are of equal sizes.
  std::vector<View::Group> groups = first.view.groups();
  bool aligned = first.view.rank() == second.view.rank() && sizes.has_value();
  for (std::size_t i = 0; aligned && i < groups.size(); ++i) {
    const View::Group& own = second.view.groups()[i];
    aligned = own.empty() || groups[i].empty() || own == groups[i];
    if (groups[i].empty()) groups[i] = own;
  }
  const MapShape whole = {std::max(a.height, b.height), std::max(a.width, b.width),
                          std::max(a.channels, b.channels)};
  aligned = aligned && is_map(whole);
  if (!aligned) {
    const auto text = [](const Value& value) {
      return to_string(value.shape) + (value.view.is_channels_first() ? "" : ", flattened");
    };
    node.fail(fmt::format("joins {} and {} (height x width x channels)", text(first), text(second)),
              "equal shapes, or such that are 1 along some axes");
  }
  Value result = joined(node, first, second, operation);
  result.shape = whole;
  result.view = View(groups, whole);
  give(node, std::move(result));
}

/// Whether constants may become part of the layer whose sums a value is: nothing else reads those.
bool GraphCompiler::is_foldable(const NodeView& node, std::size_t input, const Value& value) const {
  if (value.form != Value::Form::kReals || value.shared || !value.expression.reads_sums_alone() ||
      !value.expression.steps.empty() || read_count_.at(node.node().inputs[input]) != 1) {
    return false;
  }
  const auto index = static_cast<std::size_t>(value.expression.inputs[0].pending);
  return pending_[index].layer.is_gemm();
}

// A constant behind a layer, as its weights' scale and its bias; in front of the first quantiser,
// as a step of the input. False where it is neither.
bool GraphCompiler::fold_constant(const NodeView& node, std::size_t constant) {
  const std::string& op = node.node().op;
  Value value = take(node, 1 - constant);
  if (value.form == Value::Form::kImage) {
    image_arithmetic(node, std::move(value), constant);
    return true;
  }
  if (!is_arithmetic(op) || !is_foldable(node, 1 - constant, value) ||
      (op == "Div" && constant == 0)) {
    return false;
  }
  PendingLayer& pending = pending_of(value.expression);
  std::vector<double> values = channel_constant(node, constant, value);
  check_pooled(node, value, never_falls(op, constant, values));
  const std::size_t channels = pending.layer.bias.size();
  if (op == "Add" && node.constant(constant).quantisation) {
    add_bias(node, constant, pending, 1.0, 1);
    check_sums(node, pending);
    give(node, std::move(value));
    return true;
  }
  values.resize(channels, values.front());
  std::vector<double> factor(channels, 1.0);
  std::vector<double> offset(channels, 0.0);
  for (std::size_t c = 0; c < channels; ++c) {
    if (op == "Add") offset[c] = values[c];
    if (op == "Sub") offset[c] = constant == 1 ? -values[c] : values[c];
    if (op == "Sub" && constant == 0) factor[c] = -1.0;
    if (op == "Mul") factor[c] = values[c];
    if (op == "Div") factor[c] = 1.0 / values[c];
  }
  if (op == "Add" || (op == "Sub" && constant == 1)) {
    for (std::size_t c = 0; c < channels; ++c) {
      add_to_bias(node, pending.layer.bias[c], std::nearbyint(offset[c] / double{pending.step(c)}),
                  c);
    }
    check_sums(node, pending);
  } else {
    fold_affine(node, pending, factor, offset);
  }
  give(node, std::move(value));
  return true;
}

void GraphCompiler::image_arithmetic(const NodeView& node, Value value, std::size_t constant) {
  const std::string& op = node.node().op;
  if (!is_arithmetic(op) || (constant == 0 && op == "Div")) {
    fail_form(node, value, "Add, Sub, Mul, Div by constants in front of the first quantiser");
  }
  // A constant less the image: the image's negative, and the constant.
  const bool turned = constant == 0 && op == "Sub";
  if (turned) value.input_steps.push_back({InputStep::Kind::kMultiply, {-1.0F}});
  InputStep step;
  step.kind = op == "Add" || turned ? InputStep::Kind::kAdd
              : op == "Sub"         ? InputStep::Kind::kSubtract
              : op == "Mul"         ? InputStep::Kind::kMultiply
                                    : InputStep::Kind::kDivide;
  const std::vector<double> values = channel_constant(node, constant, value);
  step.values = {values.begin(), values.end()};
  count_kept(node, static_cast<std::int64_t>(values.size()));
  if (value.margins.any()) fail_form(node, value, "Pad behind the arithmetic");
  value.input_steps.push_back(std::move(step));
  give(node, std::move(value));
}

void GraphCompiler::apply_constant(const NodeView& node, const tensor::Operation& operation,
                                   std::size_t constant) {
  Value value = take_reals(node, 1 - constant);
  const std::vector<double> values = channel_constant(node, constant, value);
  check_pooled(node, value, never_falls(operation.name, constant, values));
  Expression& expression = value.expression;
  const auto end = expression.end();
  const auto own = add_constant(node, expression, {values.begin(), values.end()});
  expression.steps.push_back(
      {&operation, constant == 0 ? Operands{own, end} : Operands{end, own}, {}});
  give(node, std::move(value));
}

// One slope for all, or one a channel. [channels, 1, 1] lies beside [N, channels, height, width].
void GraphCompiler::prelu(const NodeView& node) {
  node.expect_inputs(2, 2);
  apply_constant(node, *tensor::find_operation("PRelu"), 1);
}

// (x - mean) / sqrt(var + eps) * scale + bias, as one factor and one offset a channel.
void GraphCompiler::batch_normalisation(const NodeView& node) {
  if (node.node().inputs.size() != 5 || node.integer("training_mode", 0) != 0) {
    node.fail("trains, or lacks inputs", "five inputs, training_mode 0");
  }
  Value value = take(node, 0);
  const auto channels = static_cast<std::size_t>(value.shape.channels);
  const double epsilon = double{node.real("epsilon", 1e-5F)};
  std::vector<double> parts[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const std::vector<float> own = node.floats_input(i + 1);
    if (own.size() != channels || !value.view.is_channels_first()) {
      if (own.size() != channels || !value.view.whole() ||
          value.shape.values() != value.shape.channels) {
        node.fail(fmt::format("has {} values for {} channels", own.size(), channels),
                  "one a channel, channels first");
      }
    }
    parts[i].assign(own.begin(), own.end());
  }
  std::vector<double> factor(channels);
  std::vector<double> offset(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    factor[c] = parts[0][c] / std::sqrt(parts[3][c] + epsilon);
    offset[c] = parts[1][c] - parts[2][c] * factor[c];
    if (!std::isfinite(factor[c]) || !std::isfinite(offset[c])) {
      node.fail(
          fmt::format("channel {} is multiplied by {}, and {} is added", c, factor[c], offset[c]),
          "finite numbers");
    }
  }
  const std::vector<float> factors(factor.begin(), factor.end());
  const std::vector<float> offsets(offset.begin(), offset.end());
  if (value.form == Value::Form::kImage) {
    value.input_steps.push_back({InputStep::Kind::kMultiply, factors});
    value.input_steps.push_back({InputStep::Kind::kAdd, offsets});
    return give(node, std::move(value));
  }
  value = take_reals(node, 0);
  check_pooled(node, value, never_falls("Mul", 1, factor));
  if (is_foldable(node, 0, value)) {
    fold_affine(node, pending_of(value.expression), factor, offset);
    return give(node, std::move(value));
  }
  Expression& expression = value.expression;
  const auto add_step = [&](const char* name, const std::vector<float>& values) {
    const auto end = expression.end();
    const auto own = add_constant(node, expression, values);
    expression.steps.push_back({tensor::find_operation(name), {end, own}, {}});
  };
  add_step("Mul", factors);
  add_step("Add", offsets);
  give(node, std::move(value));
}

}  // namespace lacuna::network
