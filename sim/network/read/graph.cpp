#include "network/read/graph.hpp"

#include <algorithm>
#include <limits>

namespace lacuna::network {

const char* element_name(Element element) {
  static constexpr const char* kNames[] = {"float", "int4",  "uint4",       "int8",
                                           "uint8", "int16", "uint16",      "int32",
                                           "int64", "bool",  "another type"};
  return kNames[static_cast<std::size_t>(element)];
}

std::size_t element_bytes(Element element) {
  switch (element) {
    case Element::kFloat:
    case Element::kInt32:
      return 4;
    case Element::kInt64:
      return 8;
    case Element::kInt16:
    case Element::kUint16:
      return 2;
    default:
      return 1;
  }
}

bool is_code(Element element) {
  return element == Element::kInt4 || element == Element::kUint4 || element == Element::kInt8 ||
         element == Element::kUint8;
}

std::pair<int, int> element_range(Element element) {
  switch (element) {
    case Element::kInt4:
      return {-8, 7};
    case Element::kUint4:
      return {0, 15};
    case Element::kInt8:
      return {-128, 127};
    case Element::kInt16:
      return {-32768, 32767};
    case Element::kUint16:
      return {0, 65535};
    default:
      return {0, 255};
  }
}

std::string sizes_text(const Sizes& sizes) {
  if (sizes.empty()) return "scalar";
  constexpr std::size_t kShown = 8;
  std::string text;
  for (std::size_t i = 0; i < sizes.size() && i < kShown; ++i) {
    text += (i == 0 ? "" : " x ") + std::to_string(sizes[i]);
  }
  return sizes.size() > kShown ? text + " x ..." : text;
}

std::vector<std::int64_t> Constant::integers() const {
  std::vector<std::int64_t> values(static_cast<std::size_t>(count()));
  with_values(*this, [&](const auto* own) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<std::int64_t>(own[i]);  // NOLINT(bugprone-signed-char-misuse)
    }
  });
  return values;
}

std::vector<double> Constant::reals() const {
  std::vector<double> values(static_cast<std::size_t>(count()));
  with_values(*this, [&](const auto* own) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(own[i]);
  });
  if (!quantisation) return values;
  // The distance between values that are neighbours along the axis of the scales.
  std::size_t inner = 1;
  for (std::size_t i = sizes.size(); i-- > static_cast<std::size_t>(quantisation->axis) + 1;) {
    inner *= static_cast<std::size_t>(sizes[i]);
  }
  const std::vector<float>& scale = quantisation->scale;
  const std::vector<std::int32_t>& zero = quantisation->zero_points;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double code = values[i] - zero[zero.size() == 1 ? 0 : i / inner % zero.size()];
    const float own_scale = scale[scale.size() == 1 ? 0 : i / inner % scale.size()];
    values[i] = double{static_cast<float>(code) * own_scale};
  }
  return values;
}

Constant Constant::of_floats(Sizes sizes, const std::vector<float>& values) {
  Constant constant;
  constant.element = Element::kFloat;
  constant.sizes = std::move(sizes);
  constant.bytes.resize(values.size() * sizeof(float));
  std::memcpy(constant.bytes.data(), values.data(), constant.bytes.size());
  return constant;
}

Constant Constant::of_integers(Element element, Sizes sizes,
                               const std::vector<std::int64_t>& values) {
  Constant constant;
  constant.element = element;
  constant.sizes = std::move(sizes);
  constant.bytes.reserve(values.size() * element_bytes(element));
  for (const std::int64_t value : values) {
    // The low bytes of a two's complement number are that number in fewer bits.
    constant.bytes.append(reinterpret_cast<const char*>(&value), element_bytes(element));
  }
  return constant;
}

}  // namespace lacuna::network
