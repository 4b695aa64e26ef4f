#include "network/read/graph.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <type_traits>

#include "base/pages.hpp"

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

namespace {

std::string joined_sizes(const Sizes& sizes, bool declared) {
  if (sizes.empty()) return "scalar";
  constexpr std::size_t kShown = 8;
  std::string text;
  for (std::size_t i = 0; i < sizes.size() && i < kShown; ++i) {
    text += i == 0 ? "" : " x ";
    text += declared && sizes[i] == kFreeSize ? "?" : std::to_string(sizes[i]);
  }
  return sizes.size() > kShown ? text + " x ..." : text;
}

}  // namespace

std::string sizes_text(const Sizes& sizes) { return joined_sizes(sizes, false); }

std::string declared_text(const Sizes& sizes) { return joined_sizes(sizes, true); }

float half_to_float(std::uint16_t half) {
  constexpr int kMantissaBits = 10;
  constexpr int kFloatMantissaBits = 23;
  constexpr std::uint32_t kBias = 127 - 15;
  const std::uint32_t exponent = half >> kMantissaBits & 31U;
  const std::uint32_t mantissa = half & ((1U << kMantissaBits) - 1);
  const std::uint32_t sign = std::uint32_t{half} >> 15 << 31;
  if (exponent == 0) {
    const float value = std::ldexp(static_cast<float>(mantissa), -24);
    return sign != 0 ? -value : value;
  }
  // Infinity and NaN have all bits of the exponent set in either.
  const std::uint32_t bits =
      sign | (exponent + (exponent == 31 ? 255 - 31 : kBias)) << kFloatMantissaBits |
      mantissa << (kFloatMantissaBits - kMantissaBits);
  float value = 0.0F;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

std::int64_t Constant::count() const {
  if (packing == Packing::kNone) {
    return static_cast<std::int64_t>(bytes.size() / element_bytes(element));
  }
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
}

// What is unpacked goes at once: a large tensor is not held in both forms.
void Constant::unpack() {
  if (packing == Packing::kNone) return;
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  const auto values = static_cast<std::size_t>(count());
  std::string result;
  result.reserve(values * element_bytes(element));
  for (std::size_t done = 0; done < bytes.size(); done += kPiece) {
    const std::size_t end = std::min(done + kPiece, bytes.size());
    if (packing == Packing::kHalves) {
      for (std::size_t i = done; i < end; i += sizeof(std::uint16_t)) {
        std::uint16_t half = 0;
        std::memcpy(&half, bytes.data() + i, sizeof(half));
        const float value = half_to_float(half);
        result.append(reinterpret_cast<const char*>(&value), sizeof(value));
      }
    } else {
      for (std::size_t i = done; i < end; ++i) {
        const int byte = static_cast<unsigned char>(bytes[i]);
        for (const int nibble : {byte & 15, byte >> 4}) {
          if (result.size() == values) break;
          result += static_cast<char>(element == Element::kInt4 ? (nibble ^ 8) - 8 : nibble);
        }
      }
    }
    base::give_back_pages(bytes.data() + done, end - done);
  }
  bytes = std::move(result);
  packing = Packing::kNone;
}

tensor::PackedCodes Constant::take_codes() {
  const auto values = static_cast<std::size_t>(count());
  return {std::move(bytes), values, packing == Packing::kNibbles};
}

namespace {

/// Towards 0; of a number that no integer comes near, the nearest that a caller can refuse.
template <class T>
std::int64_t whole(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    constexpr double kMost = 0x1p62;
    const auto real = static_cast<double>(value);
    return std::isnan(real) ? 0 : static_cast<std::int64_t>(std::clamp(real, -kMost, kMost));
  } else {
    return static_cast<std::int64_t>(value);  // NOLINT(bugprone-signed-char-misuse)
  }
}

}  // namespace

std::vector<std::int64_t> Constant::integers() const {
  if (packing != Packing::kNone) {
    Constant own = *this;
    own.unpack();
    return own.integers();
  }
  std::vector<std::int64_t> values(static_cast<std::size_t>(count()));
  with_values(*this, [&](const auto* own) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = whole(own[i]);
    }
  });
  return values;
}

std::vector<double> Constant::reals() const {
  if (packing != Packing::kNone) {
    Constant own = *this;
    own.unpack();
    return own.reals();
  }
  const Reals own(*this);
  std::vector<double> values(static_cast<std::size_t>(count()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = own[i];
  return values;
}

Reals::Reals(const Constant& constant) : own_(constant) {
  SIM_CHECK(constant.packing == Packing::kNone, "network", -1, "values are read packed");
  if (!constant.quantisation) return;
  const auto axis = static_cast<std::size_t>(constant.quantisation->axis);
  for (std::size_t i = constant.sizes.size(); i-- > axis + 1;) {
    inner_ *= static_cast<std::size_t>(constant.sizes[i]);
  }
}

double Reals::number(std::size_t i) const {
  double value = 0.0;
  with_values(own_, [&](const auto* own) { value = static_cast<double>(own[i]); });
  return value;
}

double Reals::operator[](std::size_t i) const {
  if (!own_.quantisation) return number(i);
  const std::vector<float>& scale = own_.quantisation->scale;
  const std::vector<std::int32_t>& zero = own_.quantisation->zero_points;
  const double code = number(i) - zero[zero.size() == 1 ? 0 : i / inner_ % zero.size()];
  const float own_scale = scale[scale.size() == 1 ? 0 : i / inner_ % scale.size()];
  return double{static_cast<float>(code) * own_scale};
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
