#include "network/data/array.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "network/limits.hpp"

namespace lacuna::network {
namespace {

constexpr std::int64_t kMaxValues = 1LL << 30;
constexpr std::int64_t kMaxValueBytes = 1LL << 31;

struct ElementForm {
  const char* name;
  std::int64_t size;
};
constexpr ElementForm kForms[] = {{"uint8", 1},   {"int8", 1},   {"uint16", 2}, {"int16", 2},
                                  {"uint32", 4},  {"int32", 4},  {"uint64", 8}, {"int64", 8},
                                  {"float32", 4}, {"float64", 8}};

/// The bits of value `index`, the lowest byte last in the file where it is big-endian.
std::uint64_t bits_of(const Array& array, std::size_t index) {
  const auto size = static_cast<std::size_t>(size_of(array.element));
  const std::uint8_t* const bytes = array.bytes.data() + index * size;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < size; ++i) {
    bits = bits << 8 | bytes[array.big_endian ? i : size - 1 - i];
  }
  return bits;
}

float float_of(std::uint64_t bits) {
  const auto word = static_cast<std::uint32_t>(bits);
  float value = 0;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

double double_of(std::uint64_t bits) {
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::string claim_of(const Array& array) {
  return fmt::format("claims {} values", fmt::join(array.sizes, " x "));
}

/// A label of any integer type; -1 for what is no label.
std::int32_t label_of(const Array& array, std::size_t index) {
  std::uint64_t bits = bits_of(array, index);
  const bool is_signed =
      array.element == ArrayElement::kInt8 || array.element == ArrayElement::kInt16 ||
      array.element == ArrayElement::kInt32 || array.element == ArrayElement::kInt64;
  const std::uint64_t sign = 1ULL << (8 * size_of(array.element) - 1);
  if (is_signed && (bits & sign) != 0) return -1;
  return bits > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())
             ? -1
             : static_cast<std::int32_t>(bits);
}

}  // namespace

std::int64_t size_of(ArrayElement element) {
  return kForms[static_cast<std::size_t>(element)].size;
}
const char* name_of(ArrayElement element) { return kForms[static_cast<std::size_t>(element)].name; }

void read_values(Array& array, ByteSource& source) {
  const base::Place place{array.file, 0, array.key};
  const std::string claim = claim_of(array);
  const auto claimed = bounded_product(array.sizes, kMaxValues);
  if (array.sizes.empty() || !claimed || *claimed == 0) {
    throw base::InputError(place, claim, fmt::format("1..{}", kMaxValues));
  }
  const std::int64_t bytes = *claimed * size_of(array.element);
  if (bytes > source.most() || bytes > kMaxValueBytes) {
    throw base::InputError(place, claim + fmt::format(", but has at most {} bytes",
                                                      std::min(source.most(), kMaxValueBytes)));
  }
  array.bytes.resize(static_cast<std::size_t>(bytes));
  const std::size_t taken = source.take(array.bytes.data(), array.bytes.size());
  if (taken != array.bytes.size()) {
    throw base::InputError(
        place, claim + fmt::format(", but ends after {}",
                                   taken / static_cast<std::size_t>(size_of(array.element))));
  }
  if (const std::string trouble = source.trouble_at_end(); !trouble.empty()) {
    throw base::InputError(place, claim + ", but " + trouble);
  }
}

void take_images(Array array, DataSet& data) {
  const base::Place place{array.file, 0, array.key};
  if (array.sizes.size() < 2) {
    throw base::InputError(place, "is an array of one dimension",
                           "images have two or more: their number, then the sizes of one");
  }
  data.images = array.count();
  data.sizes.assign(array.sizes.begin() + 1, array.sizes.end());
  data.images_file = array.file;
  switch (array.element) {
    case ArrayElement::kUint8:
    case ArrayElement::kInt8:
      data.kind = array.element == ArrayElement::kUint8 ? ValueKind::kPixel : ValueKind::kInteger;
      data.pixels = std::move(array.bytes);
      return;
    case ArrayElement::kFloat32:
    case ArrayElement::kFloat64: {
      data.kind = ValueKind::kReal;
      const bool is_double = array.element == ArrayElement::kFloat64;
      data.reals.resize(array.bytes.size() / static_cast<std::size_t>(size_of(array.element)));
      for (std::size_t i = 0; i < data.reals.size(); ++i) {
        const std::uint64_t bits = bits_of(array, i);
        data.reals[i] = is_double ? static_cast<float>(double_of(bits)) : float_of(bits);
      }
      return;
    }
    default:
      throw base::InputError(place, fmt::format("holds images of {}", name_of(array.element)),
                             "uint8, int8, float32 or float64");
  }
}

void take_labels(const Array& array, DataSet& data) {
  const base::Place place{array.file, 0, array.key};
  if (array.sizes.size() != 1) {
    throw base::InputError(place, fmt::format("has labels in {} dimensions", array.sizes.size()),
                           "one dimension, a label an image");
  }
  if (array.element == ArrayElement::kFloat32 || array.element == ArrayElement::kFloat64) {
    throw base::InputError(place, fmt::format("holds labels of {}", name_of(array.element)),
                           "integers");
  }
  if (array.count() != data.images) {
    throw base::InputError(place, fmt::format("has {} labels", array.count()),
                           fmt::format("{}, as {} has images", data.images, data.images_file));
  }
  data.labels.resize(static_cast<std::size_t>(array.count()));
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    data.labels[i] = label_of(array, i);
    if (data.labels[i] >= 0) continue;
    throw base::InputError(place, fmt::format("the label of image {} is no class", i),
                           "integers from 0 to 2147483647");
  }
  data.labels_file = array.file;
}

}  // namespace lacuna::network
