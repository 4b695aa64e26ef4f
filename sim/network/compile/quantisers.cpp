// QuantizeLinear and DequantizeLinear: what their codes are, and whose.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/printable.hpp"
#include "network/compile/compiler.hpp"
#include "network/limits.hpp"
#include "tensor/requantise.hpp"

namespace lacuna::network {
namespace {

bool is_scale(float value) { return std::isfinite(value) && value > 0.0F; }

}  // namespace

GraphCompiler::Target GraphCompiler::target_of(const NodeView& node) const {
  Target target;
  target.scale = node.float_input(1);
  if (!is_scale(target.scale)) {
    node.fail(fmt::format("scale {} is {}", base::shown(node.node().inputs[1]), target.scale),
              "finite and above 0");
  }
  Element element = Element::kUint8;
  std::int64_t zero_point = 0;
  if (node.node().has_input(2)) {
    const Constant& zero = node.constant(2);
    element = zero.element;
    if (!is_code(element) || zero.quantisation || zero.count() != 1) {
      node.fail(fmt::format("zero point {} is {} {}", base::shown(node.node().inputs[2]),
                            sizes_text(zero.sizes), element_name(element)),
                "one value of uint8, int8, uint4 or int4");
    }
    zero_point = zero.integers().front();
  } else if (const std::int64_t type = node.integer("output_dtype", 0); type != 0) {
    constexpr std::int64_t kInt8 = 3;
    constexpr std::int64_t kUint8 = 2;
    if (type != kInt8 && type != kUint8) {
      node.fail(fmt::format("output_dtype is {}", type), "uint8 (2), int8 (3)");
    }
    if (type == kInt8) element = Element::kInt8;
  }
  const auto [low, high] = element_range(element);
  target.code.low = static_cast<int>(node.integer("low", low));
  target.code.high = static_cast<int>(node.integer("high", high));
  target.code.zero_point = static_cast<int>(zero_point);
  target.low = target.code.low;
  target.high = target.code.high;
  // Real zero is a code, even where a Clip lets nothing become it.
  target.code.low = std::min(target.code.low, target.code.zero_point);
  target.code.high = std::max(target.code.high, target.code.zero_point);
  if (target.code.low == target.code.high) {
    node.fail(fmt::format("has the one code {}", target.code.low), "two or more");
  }
  return target;
}

void GraphCompiler::quantise(const NodeView& node) {
  node.expect_inputs(2, 3);
  node.expect_attributes(
      {"axis", "low", "high", "saturate", "output_dtype", "block_size", "precision"});
  if (node.integer("block_size", 0) != 0) node.fail("quantises in blocks", "one scale for a map");
  Value value = take(node, 0);
  const Target target = target_of(node);
  switch (value.form) {
    case Value::Form::kImage:
      quantise_image(node, value, target);
      break;
    case Value::Form::kReals:
    case Value::Form::kConcat:
      if (value.form == Value::Form::kReals && value.expression.reads_sums_alone() &&
          pending_of(value.expression).layer.is_gemm() && value.pools.empty() &&
          value.shape.height * value.shape.width == 1 && value.expression.steps.empty() &&
          leads_to_outputs(node.node().output())) {
        quantise_output(node, value, target);
        break;
      }
      value.map = value.form == Value::Form::kConcat ? quantise_concat(node, value, target)
                                                     : quantise_reals(node, value, target);
      value.form = Value::Form::kCodes;
      value.expression = {};
      value.pools.clear();
      value.parts.clear();
      break;
    case Value::Form::kOutput:
      quantise_output(node, value, target);
      break;
    case Value::Form::kCodes:
      fail_form(node, value, "the image, a layer's output, or dequantised codes");
  }
  give(node, value);
}

// Pixels lie in [0, 1] where the file does no arithmetic of its own on them: a network that says
// its activations have fewer bits then needs no Clip.
void GraphCompiler::quantise_image(const NodeView& node, Value& value, const Target& target) {
  Map& map = network_.maps.front();
  if (image_is_quantised_) {
    node.fail("quantises the image a second time, in another way", "one quantiser of the image");
  }
  if (target.low != target.code.low || target.high != target.code.high) {
    node.fail(fmt::format("the image is clipped to codes {}..{}, without its zero point {}",
                          target.low, target.high, target.code.zero_point),
              "bounds around real zero");
  }
  image_is_quantised_ = true;
  map.scale = target.scale;
  map.code = target.code;
  network_.input_steps = value.input_steps;
  const int bits = graph_.activation_bits;
  const int top = (1 << (bits == 0 ? kMaxBits : bits)) - 1;
  if (bits != 0 && value.input_steps.empty() && !network_.input_integers && map.code.low == 0 &&
      map.code.zero_point == 0 && std::nearbyint(1.0F / target.scale) <= static_cast<float>(top)) {
    map.code.high = std::min(map.code.high, top);
  }
  value.form = Value::Form::kCodes;
  value.map = 0;
  value.input_steps.clear();
}

// The last layer's quantiser, or one behind a tail.
void GraphCompiler::quantise_output(const NodeView& node, Value& value, const Target& target) {
  Output& output = value.output;
  if (output.arg_max) fail_form(node, value, "nothing behind ArgMax but Cast and Reshape");
  if (output.tail != Tail::kNone || !value.expression.steps.empty()) {
    if (output.tail_quantised) {
      node.fail("quantises an output that is quantised already", "one quantiser behind the tail");
    }
    if (target.low != target.code.low || target.high != target.code.high) {
      node.fail("clips what it quantises to codes without its zero point", "bounds around zero");
    }
    output.tail_quantised = true;
    output.tail_code = target.code;
    output.tail_scale = target.scale;
  } else {
    if (output.quantised) {
      if (output.code_scale == target.scale && output.code == target.code) {
        value.output_is_codes = true;
        return;
      }
      node.fail("quantises an output that is quantised already", "one quantiser of an output");
    }
    const PendingLayer& pending = pending_of(value.expression);
    output.quantised = true;
    output.code = target.code;
    output.bounds = target.bounds();
    output.code_scale = target.scale;
    output.code_factor.clear();
    for (std::size_t c = 0; c < pending.weight_scale.size(); ++c) {
      output.code_factor.push_back(pending.step(c) / target.scale);
    }
    check_factors(node, pending.layer.name, output.code_factor, "the sums");
  }
  value.form = Value::Form::kOutput;
  value.output_is_codes = true;
}

// Values that nothing computes with: outputs and their tails only read them.
void GraphCompiler::find_ends() {
  static const std::vector<std::string> kTails = {"ArgMax",     "Cast",    "DequantizeLinear",
                                                  "LogSoftmax", "Reshape", "QuantizeLinear",
                                                  "Sigmoid",    "Softmax", "Transpose"};
  const auto ends_there = [&](const Node* node) {
    return node->domain.empty() && !node->outputs.empty() &&
           std::find(kTails.begin(), kTails.end(), node->op) != kTails.end() &&
           ends_.count(node->output()) != 0;
  };
  // Readers stand behind what they read.
  for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
    for (const std::string& output : node->outputs) {
      const auto readers = readers_.find(output);
      if (readers == readers_.end() ||
          std::all_of(readers->second.begin(), readers->second.end(), ends_there)) {
        ends_.insert(output);
      }
    }
  }
}

void GraphCompiler::dequantise(const NodeView& node) {
  node.expect_inputs(2, 3);
  node.expect_attributes({"axis", "block_size", "output_dtype"});
  if (const Constant* own = graph_.constant(node.node(), 0)) {
    if (own->element == Element::kOther) {
      node.fail("its constant is of a type that is not read", "int8, uint8, int4, uint4, int32");
    }
    const Constant* zero = graph_.constant(node.node(), 2);
    if (zero != nullptr && zero->element != own->element) {
      node.fail(fmt::format("its zero point is {}, its constant {}", element_name(zero->element),
                            element_name(own->element)),
                "one type");
    }
    node.fail("its scale and zero point do not fit its constant",
              "one, or one for each index along its axis");
  }
  Value value = take(node, 0);
  const Target target = target_of(node);
  const auto expect_type = [&](const tensor::Code& code) {
    // Without a zero point the type is that of the codes.
    if (!node.node().has_input(2)) return;
    if (code.low >= target.code.low && code.high <= target.code.high) return;
    node.fail(fmt::format("its zero point is {}, its codes are {}..{}",
                          element_name(node.constant(2).element), code.low, code.high),
              "a zero point of the type of the codes");
  };
  if (value.form == Value::Form::kOutput && value.output_is_codes) {
    const bool tail = value.output.tail_quantised;
    const float scale = tail ? value.output.tail_scale : value.output.code_scale;
    const tensor::Code& code = tail ? value.output.tail_code : value.output.code;
    expect_type(code);
    if (scale != target.scale || code.zero_point != target.code.zero_point) {
      node.fail(fmt::format("scale is {}, that of its codes {}", target.scale, scale),
                "the scale of the quantiser");
    }
    value.output_is_codes = false;
    return give(node, value);
  }
  if (value.form != Value::Form::kCodes) fail_form(node, value, "codes, or an initialiser");
  Map& map = network_.maps[static_cast<std::size_t>(value.map)];
  expect_type(map.code);
  if (value.raw_codes) {
    if (image_is_quantised_ &&
        (map.scale != target.scale || map.code.zero_point != target.code.zero_point)) {
      node.fail("reads the input's codes in a second way", "one scale and zero point");
    }
    image_is_quantised_ = true;
    network_.input_codes = true;
    map.scale = target.scale;
    map.code.zero_point = target.code.zero_point;
    value.raw_codes = false;
  }
  if (target.scale != map.scale) {
    node.fail(fmt::format("scale is {}, that of its codes {}", target.scale, map.scale),
              "the scale of the quantiser");
  }
  if (target.code.zero_point != map.code.zero_point) {
    node.fail(fmt::format("zero point is {}, that of its codes {}", target.code.zero_point,
                          map.code.zero_point),
              "the zero point of the quantiser");
  }
  value.form = Value::Form::kReals;
  value.expression = Expression{};
  value.expression.inputs.push_back({value.map, -1});
  give(node, value);
}

}  // namespace lacuna::network
