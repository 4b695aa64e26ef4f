#include "network/normalise/fold_constants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "network/limits.hpp"
#include "network/normalise/transposed.hpp"
#include "network/read/node_view.hpp"
#include "network/read/obstacles.hpp"
#include "tensor/function.hpp"

namespace lacuna::network {
namespace {

/// Values that a node may make of constants; weights are what is largest.
constexpr std::int64_t kMostValues = kMaxWeights;
/// Of nodes that repeat what they read (a bomb of constants needs one to grow).
constexpr std::int64_t kMostRepeated = 1 << 20;

/// Bytes that all nodes together may make: this, or so many times what the file holds.
constexpr std::int64_t kLeastBudget = 64 << 20;
constexpr std::int64_t kBudgetOfFile = 16;

using Result = std::optional<Constant>;

class Folder {
 public:
  Folder(Graph& graph, const Shapes& shapes) : graph_(graph), shapes_(shapes) {
    std::int64_t held = 0;
    for (const auto& [name, constant] : graph.constants) {
      held += static_cast<std::int64_t>(constant.bytes.size());
    }
    most_ = std::max(most_, kBudgetOfFile * held);
    for (const Node& node : graph.nodes) {
      for (const std::string& input : node.inputs) ++readers_[input];
    }
    for (const GraphValue& output : graph.outputs) ++readers_[output.value];
  }

  /// The constant that the node's output is; nothing where it is none.
  Result fold(Node& node);
  /// Keeps it, and frees those that were read for the last time. Throws InputError where the nodes
  /// of the graph make more than a file may ask for.
  void keep(const Node& node, Constant constant);

 private:
  Constant take(const std::string& name);
  static Result constant_node(Node& node);
  Result shape(const Node& node) const;
  Result cast(const Node& node);
  Result gather(const Node& node) const;
  Result slice(const Node& node) const;
  Result concat(const Node& node) const;
  Result filled(const Node& node) const;
  Result view(const Node& node);
  Result transpose(const Node& node) const;
  Result quantise(const Node& node) const;
  Result dequantise(const Node& node);
  Result clip(const Node& node);
  Result arithmetic(const Node& node);
  template <class Compute>
  Constant float_arithmetic(const Node& node, const Sizes& sizes, const Compute& compute);
  std::int64_t axis_of(const Node& node, const char* name, std::int64_t otherwise,
                       std::size_t rank) const;

  Graph& graph_;
  const Shapes& shapes_;
  std::unordered_map<std::string, int> readers_;
  std::int64_t made_ = 0;  ///< bytes of constants that nodes made
  std::int64_t most_ = kLeastBudget;
};

/// Copies the values at `from` (indices into the constant) into a new one of that size.
Constant picked(const Constant& constant, Sizes sizes, const std::vector<std::int64_t>& from) {
  Constant result;
  result.element = constant.element;
  result.sizes = std::move(sizes);
  result.range = constant.range;
  const std::size_t width = element_bytes(constant.element);
  result.bytes.resize(from.size() * width);
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::memcpy(result.bytes.data() + i * width,
                constant.bytes.data() + static_cast<std::size_t>(from[i]) * width, width);
  }
  return result;
}

// A node that reads a constant for the last time may have its bytes: weights are not copied.
Constant Folder::take(const std::string& name) {
  Constant& own = graph_.constants.at(name);
  if (readers_[name] != 1) return own;
  return std::move(own);
}

std::int64_t Folder::axis_of(const Node& node, const char* name, std::int64_t otherwise,
                             std::size_t rank) const {
  const std::int64_t axis = NodeView(graph_, node).integer(name, otherwise);
  const std::int64_t positive = axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis;
  return positive >= 0 && positive < static_cast<std::int64_t>(rank) ? positive : -1;
}

Result Folder::fold(Node& node) {
  if (!node.domain.empty() || node.outputs.size() != 1) return {};
  if (node.op == "Shape") return shape(node);
  if (node.op == "Constant") return constant_node(node);
  for (const std::string& input : node.inputs) {
    const Constant* own = input.empty() ? nullptr : graph_.constant(input);
    if (!input.empty() && (own == nullptr || own->element == Element::kOther)) return {};
  }
  // An input that is left out by an empty name; what may not be is refused where it is read.
  static const std::set<std::string> kOptional = {"Clip", "DequantizeLinear", "QuantizeLinear",
                                                  "Slice", "Squeeze"};
  const bool all_named = std::none_of(node.inputs.begin(), node.inputs.end(),
                                      [](const std::string& input) { return input.empty(); });
  if (!node.has_input(0) || (!all_named && kOptional.count(node.op) == 0)) return {};
  // The others compute with values one by one.
  static const std::set<std::string> kPacked = {"Clip",     "DequantizeLinear", "Flatten",
                                                "Identity", "QuantizeLinear",   "Reshape",
                                                "Squeeze",  "Transpose",        "Unsqueeze"};
  for (const std::string& input : node.inputs) {
    if (!input.empty() && kPacked.count(node.op) == 0) graph_.constants.at(input).unpack();
  }
  static const std::map<std::string, Result (Folder::*)(const Node&) const> kPure = {
      {"Gather", &Folder::gather},       {"Slice", &Folder::slice},
      {"Concat", &Folder::concat},       {"ConstantOfShape", &Folder::filled},
      {"Transpose", &Folder::transpose}, {"QuantizeLinear", &Folder::quantise}};
  static const std::map<std::string, Result (Folder::*)(const Node&)> kTaking = {
      {"Reshape", &Folder::view},  {"Flatten", &Folder::view},
      {"Squeeze", &Folder::view},  {"Unsqueeze", &Folder::view},
      {"Identity", &Folder::view}, {"DequantizeLinear", &Folder::dequantise},
      {"Cast", &Folder::cast},     {"Clip", &Folder::clip}};
  if (const auto own = kPure.find(node.op); own != kPure.end()) return (this->*own->second)(node);
  if (const auto own = kTaking.find(node.op); own != kTaking.end()) {
    return (this->*own->second)(node);
  }
  return arithmetic(node);
}

void Folder::keep(const Node& node, Constant constant) {
  if (node.op == "Constant") {
    most_ += kBudgetOfFile * static_cast<std::int64_t>(constant.bytes.size());
  } else {
    made_ += static_cast<std::int64_t>(constant.bytes.size());
  }
  if (made_ > most_) {
    throw base::InputError(place_of(graph_.file, node),
                           fmt::format("constants that nodes make of others have {} bytes up to "
                                       "here",
                                       made_),
                           fmt::format("at most {} of this file", most_));
  }
  for (const std::string& input : node.inputs) {
    if (--readers_[input] == 0) graph_.constants.erase(input);
  }
  graph_.constants.insert_or_assign(node.output(), std::move(constant));
}

// The node goes: a large value is not held twice.
Result Folder::constant_node(Node& node) {
  const auto has = [&](const char* name) { return node.attributes.count(name) != 0; };
  if (has("value")) return std::move(node.attributes.at("value").constant);
  if (has("value_float")) return Constant::of_floats({}, {node.attributes.at("value_float").real});
  if (has("value_int")) {
    return Constant::of_integers(Element::kInt64, {}, {node.attributes.at("value_int").integer});
  }
  if (has("value_floats")) {
    const std::vector<float>& values = node.attributes.at("value_floats").reals;
    return Constant::of_floats({static_cast<std::int64_t>(values.size())}, values);
  }
  if (has("value_ints")) {
    const std::vector<std::int64_t>& values = node.attributes.at("value_ints").integers;
    return Constant::of_integers(Element::kInt64, {static_cast<std::int64_t>(values.size())},
                                 values);
  }
  return {};
}

Result Folder::shape(const Node& node) const {
  if (!node.has_input(0)) return {};
  const std::optional<Sizes> sizes = shapes_.of(node.inputs[0]);
  if (!sizes) return {};
  const NodeView view(graph_, node);
  const auto rank = static_cast<std::int64_t>(sizes->size());
  const auto bounded = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t start = bounded(view.integer("start", 0));
  const std::int64_t end = std::max(start, bounded(view.integer("end", rank)));
  return Constant::of_integers(Element::kInt64, {end - start},
                               {sizes->begin() + start, sizes->begin() + end});
}

Result Folder::cast(const Node& node) {
  const Constant& from = *graph_.constant(node, 0);
  constexpr std::int64_t kFloat = 1;
  constexpr std::int64_t kInt32 = 6;
  constexpr std::int64_t kInt64 = 7;
  constexpr std::int64_t kFloat16 = 10;
  constexpr std::int64_t kDouble = 11;
  const std::int64_t to = NodeView(graph_, node).integer("to", 0);
  if (from.element == Element::kFloat && (to == kFloat || to == kDouble || to == kFloat16)) {
    return take(node.inputs[0]);
  }
  const std::vector<double> values = from.reals();
  if (to == kFloat || to == kDouble) {
    return Constant::of_floats(from.sizes, {values.begin(), values.end()});
  }
  if (to != kInt32 && to != kInt64) return {};
  std::vector<std::int64_t> integers;
  for (const double value : values) {
    if (!(std::abs(value) < 9.0e18)) return {};
    integers.push_back(static_cast<std::int64_t>(value));
  }
  return Constant::of_integers(to == kInt32 ? Element::kInt32 : Element::kInt64, from.sizes,
                               integers);
}

Result Folder::gather(const Node& node) const {
  if (!node.has_input(1)) return {};
  const Constant& data = *graph_.constant(node, 0);
  const Constant& indices = *graph_.constant(node, 1);
  const std::int64_t axis = axis_of(node, "axis", 0, data.sizes.size());
  if (axis < 0 || data.quantisation || indices.element == Element::kFloat) return {};
  const auto middle = data.sizes.begin() + axis;
  const std::int64_t outer =
      std::accumulate(data.sizes.begin(), middle, std::int64_t{1}, std::multiplies<>());
  const std::int64_t inner =
      std::accumulate(middle + 1, data.sizes.end(), std::int64_t{1}, std::multiplies<>());
  const std::vector<std::int64_t> at = indices.integers();
  if (!bounded_product({outer, inner, static_cast<std::int64_t>(at.size())}, kMostRepeated)) {
    return {};
  }
  std::vector<std::int64_t> from;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t index : at) {
      if (index < 0) index += *middle;
      if (index < 0 || index >= *middle) return {};
      for (std::int64_t i = 0; i < inner; ++i) from.push_back((o * *middle + index) * inner + i);
    }
  }
  Sizes sizes(data.sizes.begin(), middle);
  sizes.insert(sizes.end(), indices.sizes.begin(), indices.sizes.end());
  sizes.insert(sizes.end(), middle + 1, data.sizes.end());
  if (sizes.size() > kMaxRank) return {};
  return picked(data, sizes, from);
}

// Of lists only, as sizes are.
Result Folder::slice(const Node& node) const {
  const Constant& data = *graph_.constant(node, 0);
  const NodeView view(graph_, node);
  if (data.sizes.size() != 1 || data.quantisation) return {};
  const auto numbers = [&](const char* name, std::size_t input, std::int64_t otherwise) {
    std::vector<std::int64_t> values = view.integers(name, {otherwise});
    if (node.has_input(input)) values = view.integers_input(input);
    return values.size() == 1 ? values.front() : otherwise;
  };
  const std::int64_t size = data.sizes[0];
  const auto bounded = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size);
  };
  if (numbers("steps", 4, 1) != 1) return {};
  const std::int64_t start = bounded(numbers("starts", 1, 0));
  const std::int64_t end = std::max(start, bounded(numbers("ends", 2, size)));
  std::vector<std::int64_t> from(static_cast<std::size_t>(end - start));
  std::iota(from.begin(), from.end(), start);
  return picked(data, {end - start}, from);
}

// Of lists only, as sizes are.
Result Folder::concat(const Node& node) const {
  Constant result = *graph_.constant(node, 0);
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Constant* own = graph_.constant(node, i);
    if (own == nullptr || own->sizes.size() != 1 || own->element != result.element ||
        own->quantisation) {
      return {};
    }
    if (i > 0) result.bytes += own->bytes;
    if (result.count() > kMostRepeated) return {};
  }
  result.sizes = {result.count()};
  return result;
}

Result Folder::filled(const Node& node) const {
  const Constant& shape = *graph_.constant(node, 0);
  if (shape.element != Element::kInt64) return {};
  const Sizes sizes = shape.integers();
  if (sizes.size() > kMaxRank) return {};
  const bool positive =
      std::all_of(sizes.begin(), sizes.end(), [](auto size) { return size >= 0; });
  const auto count = positive ? bounded_product(sizes, kMostRepeated) : std::nullopt;
  if (!count || (*count == 0 && sizes.size() != 1)) return {};
  const auto given = node.attributes.find("value");
  if (given == node.attributes.end()) {
    return Constant::of_floats(sizes, std::vector<float>(static_cast<std::size_t>(*count), 0.0F));
  }
  Constant value = given->second.constant;
  if (value.element == Element::kOther || value.count() != 1) return {};
  value.unpack();
  return picked(value, sizes, std::vector<std::int64_t>(static_cast<std::size_t>(*count), 0));
}

/// Where the values along an axis lie after their sizes changed; -1 where they are torn apart.
std::int64_t moved_axis(const Sizes& from, std::int64_t axis, const Sizes& to) {
  const auto before = [](const Sizes& sizes, std::int64_t end) {
    return std::accumulate(sizes.begin(), sizes.begin() + end, std::int64_t{1},
                           std::multiplies<>());
  };
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] == from[static_cast<std::size_t>(axis)] &&
        before(to, static_cast<std::int64_t>(i)) == before(from, axis)) {
      return static_cast<std::int64_t>(i);
    }
  }
  return -1;
}

Result Folder::view(const Node& node) {
  const Constant& from = *graph_.constant(node, 0);
  const std::optional<Sizes> sizes =
      node.op == "Identity" ? from.sizes : view_sizes(graph_, node, from.sizes);
  if (!sizes) return {};
  std::int64_t axis = 0;
  if (from.quantisation &&
      from.quantisation->scale.size() + from.quantisation->zero_points.size() > 2) {
    axis = moved_axis(from.sizes, from.quantisation->axis, *sizes);
    if (axis < 0) return {};
  }
  Constant result = take(node.inputs[0]);
  result.sizes = *sizes;
  if (result.quantisation) result.quantisation->axis = axis;
  return result;
}

Result Folder::transpose(const Node& node) const {
  const Constant& from = *graph_.constant(node, 0);
  const std::size_t rank = from.sizes.size();
  Sizes perm(rank);
  std::iota(perm.rbegin(), perm.rend(), 0);
  perm = NodeView(graph_, node).integers("perm", perm);
  Sizes sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<std::int64_t>(i)) return {};
  }
  if (perm.size() != rank || from.count() > kMostValues) return {};
  return transposed(from, perm);
}

/// Scales and zero points of a quantiser or dequantiser over a constant of these sizes.
std::optional<Quantisation> quantisation_of(const Graph& graph, const Node& node,
                                            const Sizes& sizes) {
  if (!node.has_input(1) || NodeView(graph, node).integer("block_size", 0) != 0) return {};
  const NodeView view(graph, node);
  Quantisation result;
  result.scale = view.floats_input(1);
  result.zero_points = {0};
  if (node.has_input(2)) {
    const std::vector<std::int64_t> zero = view.integers_input(2);
    result.zero_points = {zero.begin(), zero.end()};
  }
  const std::size_t count = std::max(result.scale.size(), result.zero_points.size());
  if (result.scale.empty() || result.zero_points.empty()) return {};
  if (count == 1) return result;
  const auto rank = static_cast<std::int64_t>(sizes.size());
  const std::int64_t axis = view.integer("axis", 1);
  result.axis = axis < 0 ? axis + rank : axis;
  if (result.axis < 0 || result.axis >= rank) {
    // A vector has one axis, whatever the node says.
    if (rank != 1) return {};
    result.axis = 0;
  }
  const auto along = static_cast<std::size_t>(sizes[static_cast<std::size_t>(result.axis)]);
  const auto fits = [&](std::size_t own) { return own == 1 || own == along; };
  if (!fits(result.scale.size()) || !fits(result.zero_points.size())) return {};
  return result;
}

Result Folder::quantise(const Node& node) const {
  const Constant& from = *graph_.constant(node, 0);
  const std::optional<Quantisation> own = quantisation_of(graph_, node, from.sizes);
  const Constant* zero = graph_.constant(node, 2);
  const Element element = zero == nullptr ? Element::kUint8 : zero->element;
  if (!own || !is_code(element) || from.element != Element::kFloat) return {};
  const auto [low, high] = element_range(element);
  Constant result;
  result.element = element;
  result.sizes = from.sizes;
  result.bytes.resize(static_cast<std::size_t>(from.count()));
  std::size_t inner = result.bytes.size();
  std::size_t channels = 1;
  if (own->scale.size() + own->zero_points.size() > 2) {
    const auto axis = from.sizes.begin() + own->axis;
    channels = static_cast<std::size_t>(*axis);
    inner = static_cast<std::size_t>(
        std::accumulate(axis + 1, from.sizes.end(), std::int64_t{1}, std::multiplies<>()));
  }
  const auto value = [&](std::size_t i) {
    if (from.packing == Packing::kHalves) {
      std::uint16_t half = 0;
      std::memcpy(&half, from.bytes.data() + i * sizeof(half), sizeof(half));
      return half_to_float(half);
    }
    return reinterpret_cast<const float*>(from.bytes.data())[i];
  };
  for (std::size_t first = 0; first < result.bytes.size(); first += inner) {
    const std::size_t channel = first / inner % channels;
    const float scale = own->scale[own->scale.size() == 1 ? 0 : channel];
    const auto point =
        static_cast<float>(own->zero_points[own->zero_points.size() == 1 ? 0 : channel]);
    for (std::size_t i = first; i < first + inner; ++i) {
      const float steps = std::nearbyint(value(i) / scale);
      if (std::isnan(steps)) return {};
      result.bytes[i] = static_cast<char>(static_cast<int>(
          std::min(std::max(steps + point, static_cast<float>(low)), static_cast<float>(high))));
    }
  }
  return result;
}

Result Folder::dequantise(const Node& node) {
  const Constant& from = *graph_.constant(node, 0);
  if (from.quantisation || from.element == Element::kFloat || from.element == Element::kInt64) {
    return {};
  }
  const std::optional<Quantisation> own = quantisation_of(graph_, node, from.sizes);
  const Constant* zero = graph_.constant(node, 2);
  if (!own || (zero != nullptr && zero->element != from.element)) return {};
  Constant result = take(node.inputs[0]);
  result.quantisation = own;
  return result;
}

// Of integer codes: what is left of their range says how many bits they have.
Result Folder::clip(const Node& node) {
  const Constant& from = *graph_.constant(node, 0);
  if (!is_code(from.element) || from.quantisation || node.inputs.size() != 3)
    return arithmetic(node);
  const auto [type_low, type_high] = element_range(from.element);
  const auto bound = [&](std::size_t input, std::int64_t otherwise) {
    if (!node.has_input(input)) return otherwise;
    const std::vector<std::int64_t> values = NodeView(graph_, node).integers_input(input);
    return values.empty() ? otherwise : values.front();
  };
  const auto low = static_cast<int>(std::max<std::int64_t>(bound(1, type_low), type_low));
  const auto high = static_cast<int>(std::min<std::int64_t>(bound(2, type_high), type_high));
  if (low > high) return {};
  Constant result = take(node.inputs[0]);
  const bool is_signed = type_low < 0;
  const auto clipped = [&](char byte) {
    const int code = is_signed ? static_cast<signed char>(byte) : static_cast<unsigned char>(byte);
    return std::clamp(code, low, high);
  };
  const int sign = is_signed ? 8 : 0;
  const auto clipped_nibble = [&](int nibble) {
    return std::clamp((nibble ^ sign) - sign, low, high) & 15;
  };
  for (char& byte : result.bytes) {
    const auto both = static_cast<unsigned char>(byte);
    byte = static_cast<char>(result.packing == Packing::kNibbles
                                 ? clipped_nibble(both & 15) | clipped_nibble(both >> 4) << 4
                                 : clipped(byte));
  }
  result.range = {low, high};
  return result;
}

/// An operand of an element-wise operation, by place in the result.
class Operand {
 public:
  Operand(const Constant& constant, const Sizes& sizes)
      : reals_(constant),
        sizes_(sizes),
        own_(constant.sizes),
        one_(constant.count() == 1),
        all_(constant.sizes == sizes) {}

  double at(std::size_t i) const { return reals_[one_ ? 0 : all_ ? i : index(i)]; }

 private:
  std::size_t index(std::size_t at) const {
    std::size_t result = 0;
    std::size_t stride = 1;
    for (std::size_t d = 0; d < sizes_.size(); ++d) {
      const auto size = static_cast<std::size_t>(sizes_[sizes_.size() - 1 - d]);
      if (d < own_.size()) {
        const auto own_size = static_cast<std::size_t>(own_[own_.size() - 1 - d]);
        if (own_size != 1) result += stride * (at % size);
        stride *= own_size;
      }
      at /= size;
    }
    return result;
  }

  Reals reals_;
  Sizes sizes_;
  Sizes own_;
  bool one_;
  bool all_;
};

Result Folder::arithmetic(const Node& node) {
  const tensor::Operation* operation = tensor::find_operation(node.op);
  if (operation == nullptr || operation->parameters != 0 ||
      node.inputs.size() != static_cast<std::size_t>(operation->operands)) {
    return {};
  }
  const Constant& first = *graph_.constant(node, 0);
  const Constant& second = *graph_.constant(node, node.inputs.size() - 1);
  const std::optional<Sizes> sizes = broadcast(first.sizes, second.sizes);
  if (!sizes) return {};
  const auto count = static_cast<std::size_t>(bounded_product(*sizes, kMostValues).value_or(0));
  const auto largest = static_cast<std::size_t>(std::max(first.count(), second.count()));
  if (count == 0 || (count > largest && count > kMostRepeated)) return {};
  const bool integers = first.element != Element::kFloat && !first.quantisation;
  const auto compute = [&](const Constant& a, const Constant& b, const auto& use) {
    const Operand left(a, *sizes);
    const Operand right(b, *sizes);
    for (std::size_t i = 0; i < count; ++i) {
      const double operands[2] = {left.at(i), right.at(i)};
      if (!use(i, operation->apply(operands, nullptr))) return false;
    }
    return true;
  };
  if (!integers) return float_arithmetic(node, *sizes, compute);
  if (node.op == "Div") {
    const std::vector<std::int64_t> divisors = second.integers();
    if (std::find(divisors.begin(), divisors.end(), 0) != divisors.end()) return {};
  }
  std::vector<std::int64_t> values(count);
  const bool fit = compute(first, second, [&](std::size_t i, double value) {
    const double whole = std::trunc(value);
    if (!(std::abs(whole) < 9.0e15)) return false;
    values[i] = static_cast<std::int64_t>(whole);
    return true;
  });
  if (!fit) return {};
  return Constant::of_integers(first.element, *sizes, values);
}

// In the room of an operand that is as large: weights are not held twice.
template <class Compute>
Constant Folder::float_arithmetic(const Node& node, const Sizes& sizes, const Compute& compute) {
  const std::size_t last = node.inputs.size() - 1;
  Constant result;
  const Constant* operands[2] = {graph_.constant(node, 0), graph_.constant(node, last)};
  for (std::size_t i = 0; i <= last && result.element == Element::kOther; ++i) {
    const Constant& own = *operands[i];
    if (own.element != Element::kFloat || own.quantisation || own.sizes != sizes) continue;
    result = take(node.inputs[i]);
    operands[i] = &result;
    if (last == 0) operands[1] = &result;
  }
  if (result.element == Element::kOther) {
    const std::int64_t count =
        std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
    result.element = Element::kFloat;
    result.sizes = sizes;
    result.bytes.resize(static_cast<std::size_t>(count) * sizeof(float));
  }
  compute(*operands[0], *operands[1], [&](std::size_t i, double value) {
    const auto real = static_cast<float>(value);
    std::memcpy(result.bytes.data() + i * sizeof(real), &real, sizeof(real));
    return true;
  });
  return result;
}

}  // namespace

void fold_constants(Graph& graph, Shapes& shapes) {
  Folder folder(graph, shapes);
  std::vector<Node> left;
  for (Node& node : graph.nodes) {
    Result constant;
    try {
      constant = folder.fold(node);
    } catch (const Obstacle&) {
      constant.reset();  // the node stays, and the stage that runs it says what is wrong
    }
    if (constant) {
      folder.keep(node, std::move(*constant));
    } else {
      shapes.add(node);
      left.push_back(std::move(node));
    }
  }
  graph.nodes = std::move(left);
}

}  // namespace lacuna::network
