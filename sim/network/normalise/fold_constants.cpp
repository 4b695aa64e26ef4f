#include "network/normalise/fold_constants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "network/limits.hpp"
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
  Result fold(const Node& node);
  /// Keeps it, and frees those that were read for the last time. Throws InputError where the nodes
  /// of the graph make more than a file may ask for.
  void keep(const Node& node, Constant constant);

 private:
  Constant take(const std::string& name);
  Result constant_node(const Node& node) const;
  Result shape(const Node& node) const;
  Result cast(const Node& node) const;
  Result gather(const Node& node) const;
  Result slice(const Node& node) const;
  Result concat(const Node& node) const;
  Result filled(const Node& node) const;
  Result view(const Node& node);
  Result transpose(const Node& node) const;
  Result quantise(const Node& node) const;
  Result dequantise(const Node& node);
  Result clip(const Node& node);
  Result arithmetic(const Node& node) const;
  std::int64_t axis_of(const Node& node, const char* name, std::int64_t otherwise,
                       std::size_t rank) const;

  Graph& graph_;
  const Shapes& shapes_;
  std::unordered_map<std::string, int> readers_;
  std::int64_t made_ = 0;  ///< bytes of constants that nodes made
  std::int64_t most_ = kLeastBudget;
};

/// As the other elements are: floats from floats, else integers.
Constant like(const Constant& model, Sizes sizes, const std::vector<double>& values) {
  if (model.element == Element::kFloat || model.quantisation) {
    return Constant::of_floats(std::move(sizes), {values.begin(), values.end()});
  }
  std::vector<std::int64_t> integers(values.size());
  std::transform(values.begin(), values.end(), integers.begin(),
                 [](double value) { return static_cast<std::int64_t>(value); });
  return Constant::of_integers(model.element, std::move(sizes), integers);
}

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

Result Folder::fold(const Node& node) {
  if (!node.domain.empty() || node.outputs.size() != 1) return {};
  if (node.op == "Shape") return shape(node);
  if (node.op == "Constant") return constant_node(node);
  for (const std::string& input : node.inputs) {
    const Constant* own = input.empty() ? nullptr : graph_.constant(input);
    if (!input.empty() && (own == nullptr || own->element == Element::kOther)) return {};
  }
  if (!node.has_input(0)) return {};
  static const std::map<std::string, Result (Folder::*)(const Node&) const> kPure = {
      {"Cast", &Folder::cast},
      {"Gather", &Folder::gather},
      {"Slice", &Folder::slice},
      {"Concat", &Folder::concat},
      {"ConstantOfShape", &Folder::filled},
      {"Transpose", &Folder::transpose},
      {"QuantizeLinear", &Folder::quantise}};
  static const std::map<std::string, Result (Folder::*)(const Node&)> kTaking = {
      {"Reshape", &Folder::view},  {"Flatten", &Folder::view},
      {"Squeeze", &Folder::view},  {"Unsqueeze", &Folder::view},
      {"Identity", &Folder::view}, {"DequantizeLinear", &Folder::dequantise},
      {"Clip", &Folder::clip}};
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

Result Folder::constant_node(const Node& node) const {
  const auto has = [&](const char* name) { return node.attributes.count(name) != 0; };
  if (has("value")) return node.attributes.at("value").constant;
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

Result Folder::cast(const Node& node) const {
  const Constant& from = *graph_.constant(node, 0);
  constexpr std::int64_t kFloat = 1;
  constexpr std::int64_t kInt32 = 6;
  constexpr std::int64_t kInt64 = 7;
  constexpr std::int64_t kFloat16 = 10;
  constexpr std::int64_t kDouble = 11;
  const std::int64_t to = NodeView(graph_, node).integer("to", 0);
  const std::vector<double> values = from.reals();
  if (to == kFloat || to == kDouble) {
    return Constant::of_floats(from.sizes, {values.begin(), values.end()});
  }
  if (to == kFloat16 && from.element == Element::kFloat) return from;
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
  const Constant& value = given->second.constant;
  if (value.element == Element::kOther || value.count() != 1) return {};
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
  Sizes strides(rank, 1);
  for (std::size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * from.sizes[i];
  Sizes sizes(rank);
  for (std::size_t i = 0; i < rank; ++i) sizes[i] = from.sizes[static_cast<std::size_t>(perm[i])];
  Constant result;
  result.element = from.element;
  result.sizes = sizes;
  result.range = from.range;
  result.quantisation = from.quantisation;
  result.bytes.resize(from.bytes.size());
  const std::size_t width = element_bytes(from.element);
  Sizes at(rank, 0);
  std::int64_t index = 0;
  for (std::size_t i = 0; i * width < result.bytes.size(); ++i) {
    std::memcpy(result.bytes.data() + i * width,
                from.bytes.data() + static_cast<std::size_t>(index) * width, width);
    for (std::size_t d = rank; d-- > 0;) {
      const std::int64_t stride = strides[static_cast<std::size_t>(perm[d])];
      index += stride;
      if (++at[d] < sizes[d]) break;
      index -= stride * sizes[d];
      at[d] = 0;
    }
  }
  if (result.quantisation) {
    const auto found = std::find(perm.begin(), perm.end(), result.quantisation->axis);
    result.quantisation->axis = found - perm.begin();
  }
  return result;
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
  std::size_t inner = 1;
  for (std::size_t i = from.sizes.size(); i-- > static_cast<std::size_t>(own->axis) + 1;) {
    inner *= static_cast<std::size_t>(from.sizes[i]);
  }
  Constant result;
  result.element = element;
  result.sizes = from.sizes;
  result.bytes.resize(static_cast<std::size_t>(from.count()));
  const auto* values = reinterpret_cast<const float*>(from.bytes.data());
  for (std::size_t i = 0; i < result.bytes.size(); ++i) {
    const std::size_t channel = i / inner;
    const float scale = own->scale[own->scale.size() == 1 ? 0 : channel % own->scale.size()];
    const int point =
        own->zero_points[own->zero_points.size() == 1 ? 0 : channel % own->zero_points.size()];
    const float steps = std::nearbyint(values[i] / scale);
    if (std::isnan(steps)) return {};
    const float code = steps + static_cast<float>(point);
    const int kept = static_cast<int>(
        std::min(std::max(code, static_cast<float>(low)), static_cast<float>(high)));
    result.bytes[i] = static_cast<char>(kept);
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
  for (char& byte : result.bytes) {
    const int code = is_signed ? static_cast<signed char>(byte) : static_cast<unsigned char>(byte);
    byte = static_cast<char>(std::clamp(code, low, high));
  }
  result.range = {low, high};
  return result;
}

Result Folder::arithmetic(const Node& node) const {
  const tensor::Operation* operation = tensor::find_operation(node.op);
  if (operation == nullptr || operation->parameters != 0 ||
      node.inputs.size() != static_cast<std::size_t>(operation->operands)) {
    return {};
  }
  const Constant& first = *graph_.constant(node, 0);
  const Constant& second = *graph_.constant(node, node.inputs.size() - 1);
  const std::optional<Sizes> sizes = broadcast(first.sizes, second.sizes);
  if (!sizes) return {};
  const std::int64_t count = bounded_product(*sizes, kMostValues).value_or(0);
  const std::int64_t largest = std::max(first.count(), second.count());
  if (count == 0 || (count > largest && count > kMostRepeated)) return {};
  const bool integers = first.element != Element::kFloat && !first.quantisation;
  if (integers && node.op == "Div") {
    const std::vector<std::int64_t> divisors = second.integers();
    if (std::find(divisors.begin(), divisors.end(), 0) != divisors.end()) return {};
  }
  const std::vector<double> a = first.reals();
  const std::vector<double> b = second.reals();
  std::vector<double> values(static_cast<std::size_t>(count));
  const auto index = [&](const Sizes& own, std::size_t at) {
    std::size_t result = 0;
    std::size_t stride = 1;
    for (std::size_t d = 0; d < sizes->size(); ++d) {
      const auto size = static_cast<std::size_t>((*sizes)[sizes->size() - 1 - d]);
      if (d < own.size()) {
        const auto own_size = static_cast<std::size_t>(own[own.size() - 1 - d]);
        if (own_size != 1) result += stride * (at % size);
        stride *= own_size;
      }
      at /= size;
    }
    return result;
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double operands[2] = {a[index(first.sizes, i)], b[index(second.sizes, i)]};
    double value = operation->apply(operands, nullptr);
    if (integers) value = std::trunc(value);
    if (integers && !(std::abs(value) < 9.0e15)) return {};
    values[i] = value;
  }
  return like(first, *sizes, values);
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
