// What the graph shows: its outputs, and tails in front of them.
#include <fmt/format.h>

#include <algorithm>

#include "base/printable.hpp"
#include "network/compile/compiler.hpp"

namespace lacuna::network {

void GraphCompiler::add_outputs() {
  for (const GraphValue& output : graph_.outputs) {
    if (unknown_.count(output.value) != 0) continue;
    obstacles_.collect([&] { add_output(output); });
  }
}

// The biased sums of a pending layer as an output: the last layer, or one of several.
int GraphCompiler::logits_layer(const base::Place& place, int pending_index) {
  PendingLayer& pending = pending_[static_cast<std::size_t>(pending_index)];
  if (pending.logits >= 0) return pending.logits;
  if (!pending.layer.is_gemm()) make_gemm(place, pending);
  Layer layer = take_layer(place, pending);
  layer.logits = true;
  layer.scale.clear();
  for (std::size_t c = 0; c < pending.weight_scale.size(); ++c) {
    layer.scale.push_back(pending.step(c));
  }
  pending.logits = pending.placed = this->place(std::move(layer));
  return pending.logits;
}

void GraphCompiler::add_output(const GraphValue& declared) {
  const base::Place place{graph_.file, 0, "output " + base::shown(declared.name)};
  const auto found = values_.find(declared.value);
  if (found == values_.end())
    throw Obstacle{place, "is a constant", "what nodes make of the image"};
  const Value& value = found->second;
  const bool plain = value.form == Value::Form::kCodes || value.form == Value::Form::kReals ||
                     value.form == Value::Form::kOutput;
  if (!plain || value.margins.any() || !value.pools.empty() || value.raw_codes) {
    throw Obstacle{place, "is " + form_text(value), "the output of a layer"};
  }
  Output output = value.output;
  output.name = declared.name;
  output.sizes = value.view.sizes(value.shape);
  if (!value.regrouped.empty()) output.sizes = value.regrouped;
  if (output.arg_max) output.sizes = value.output.sizes;
  const Expression expression =
      value.form == Value::Form::kCodes ? reals_of(value) : value.expression;
  output.codes = value.form == Value::Form::kCodes || value.output_is_codes;
  if (expression.inputs.size() != 1) {
    throw Obstacle{place, "has a residual operand added to it",
                   "the float output of the last Conv, Gemm or MatMul"};
  }
  if (!expression.steps.empty()) output.function = expression.function();
  if (expression.inputs[0].map != kNoMap) {
    output.map = expression.inputs[0].map;
    if (output.map == 0) throw Obstacle{place, "is the image", "the output of a layer"};
  } else {
    output.layer = logits_layer(place, expression.inputs[0].pending);
    output.scale = network_.layers[static_cast<std::size_t>(output.layer)].scale;
  }
  output.order = value.view.axes();
  check_declared_sizes(declared, output);
  network_.outputs.push_back(std::move(output));
}

void GraphCompiler::check_declared_sizes(const GraphValue& declared, const Output& output) const {
  if (!declared.has_sizes || declared.sizes.empty()) return;
  bool equal = declared.sizes.size() == output.sizes.size() + 1;
  for (std::size_t i = 0; equal && i < output.sizes.size(); ++i) {
    equal = declared.sizes[i + 1] == kFreeSize || declared.sizes[i + 1] == output.sizes[i];
  }
  if (equal) return;
  throw Obstacle{{graph_.file, 0, "output " + base::shown(declared.name)},
                 fmt::format("is declared as {}, and the nodes make [N, {}] of it",
                             declared_text(declared.sizes), fmt::join(output.sizes, ", ")),
                 "equal sizes"};
}

// A tail over the channels of what an output shows. ArgMax may stand behind another.
Value GraphCompiler::take_tail_input(const NodeView& node, std::int64_t axis, bool behind_tail) {
  Value value = take(node, 0);
  constexpr const char* kSupported =
      "the last layer's output; in the middle of a network it has no integer form";
  bool fits = !value.margins.any() && value.regrouped.empty() && value.pools.empty() &&
              leads_to_outputs(node.node().output());
  if (value.form == Value::Form::kOutput) {
    const bool plain =
        !value.output_is_codes && value.output.tail == Tail::kNone && !value.output.tail_quantised;
    fits = fits && !value.output.arg_max && (plain || behind_tail);
  } else {
    const bool codes = value.form == Value::Form::kCodes && !value.raw_codes && behind_tail;
    fits = fits &&
           (codes || (value.form == Value::Form::kReals && value.expression.inputs.size() == 1));
  }
  if (!fits) fail_form(node, value, kSupported);
  if (axis < 0) axis += static_cast<std::int64_t>(value.view.rank()) + 1;
  const bool valid = axis >= 1 && axis <= static_cast<std::int64_t>(value.view.rank()) &&
                     value.view.is_channels(static_cast<std::size_t>(axis) - 1, value.shape);
  if (!valid) node.fail(fmt::format("axis is {}", axis), "the axis of the channels, or classes");
  value.expression = reals_of(value);
  value.form = Value::Form::kOutput;
  value.output_is_codes = false;
  return value;
}

void GraphCompiler::softmax(const NodeView& node) {
  node.expect_inputs(1, 1);
  node.expect_attributes({"axis"});
  Value value = take_tail_input(node, node.integer("axis", graph_.opset < 13 ? 1 : -1), false);
  // Before operator set 13 it runs over all axes from its own on.
  if (graph_.opset < 13 && value.shape.height * value.shape.width != 1) {
    node.fail("runs over pixels, too", "a vector, or operator set 13 and newer");
  }
  value.output.tail = node.node().op == "Softmax" ? Tail::kSoftmax : Tail::kLogSoftmax;
  give(node, std::move(value));
}

void GraphCompiler::arg_max(const NodeView& node) {
  node.expect_inputs(1, 1);
  node.expect_attributes({"axis", "keepdims", "select_last_index"});
  if (node.integer("select_last_index", 0) != 0) node.fail("selects the last index", "the first");
  std::int64_t axis = node.integer("axis", 0);
  Value value = take_tail_input(node, axis, true);
  if (axis < 0) axis += static_cast<std::int64_t>(value.view.rank()) + 1;
  value.output.arg_max = true;
  value.output.sizes = value.view.sizes(value.shape);
  const auto at = value.output.sizes.begin() + axis - 1;
  if (node.integer("keepdims", 1) != 0) {
    *at = 1;
  } else {
    value.output.sizes.erase(at);
  }
  give(node, std::move(value));
}

}  // namespace lacuna::network
