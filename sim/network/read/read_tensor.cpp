#include "network/read/read_tensor.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <fstream>

#include "base/file_limits.hpp"
#include "base/file_target.hpp"
#include "base/printable.hpp"
#include "network/limits.hpp"

namespace lacuna::network {
namespace {

namespace fs = std::filesystem;

using onnx::TensorProto;

// Newer than the library's header.
constexpr int kTypeUint4 = 21;
constexpr int kTypeInt4 = 22;

/// Bytes of a value in raw data; 4-bit values lie two in a byte.
std::size_t raw_bytes(int data_type, std::size_t count) {
  switch (data_type) {
    case kTypeInt4:
    case kTypeUint4:
      return (count + 1) / 2;
    case TensorProto::DOUBLE:
      return 8 * count;
    case TensorProto::FLOAT16:
      return 2 * count;
    default:
      return element_bytes(element_of(data_type)) * count;
  }
}

Packing packing_of(int data_type) {
  if (data_type == TensorProto::FLOAT16) return Packing::kHalves;
  return data_type == kTypeInt4 || data_type == kTypeUint4 ? Packing::kNibbles : Packing::kNone;
}

/// From raw data to the bytes of a Constant.
std::string from_raw(std::string raw, int data_type) {
  if (data_type != TensorProto::DOUBLE) return raw;
  std::string bytes(raw.size() / sizeof(double) * sizeof(float), '\0');
  for (std::size_t i = 0; i < bytes.size() / sizeof(float); ++i) {
    double real = 0.0;
    std::memcpy(&real, raw.data() + i * sizeof(real), sizeof(real));
    const auto value = static_cast<float>(real);
    std::memcpy(bytes.data() + i * sizeof(value), &value, sizeof(value));
  }
  return bytes;
}

/// The values in the field of the tensor's type.
std::int64_t typed_count(const TensorProto& tensor) {
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return tensor.float_data_size();
    case TensorProto::DOUBLE:
      return tensor.double_data_size();
    case TensorProto::INT64:
      return tensor.int64_data_size();
    default:
      return tensor.int32_data_size();
  }
}

bool has_foreign_data(const TensorProto& tensor) {
  const std::int64_t typed = std::int64_t{tensor.float_data_size()} + tensor.int32_data_size() +
                             tensor.int64_data_size() + tensor.double_data_size();
  const bool other = tensor.string_data_size() > 0 || tensor.uint64_data_size() > 0 ||
                     typed != typed_count(tensor);
  return other || (tensor.has_raw_data() && typed > 0);
}

template <class To, class Field>
std::string packed(const Field& field) {
  std::string bytes(static_cast<std::size_t>(field.size()) * sizeof(To), '\0');
  std::size_t at = 0;
  for (const auto own : field) {
    const To value = static_cast<To>(own);
    std::memcpy(bytes.data() + at, &value, sizeof(To));
    at += sizeof(To);
  }
  return bytes;
}

std::string from_typed(const TensorProto& tensor, Element element, const base::Place& place) {
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return packed<float>(tensor.float_data());
    case TensorProto::DOUBLE:
      return packed<float>(tensor.double_data());
    case TensorProto::INT64:
      return packed<std::int64_t>(tensor.int64_data());
    case TensorProto::INT32:
      return packed<std::int32_t>(tensor.int32_data());
    case TensorProto::FLOAT16:
      return packed<std::uint16_t>(tensor.int32_data());
    case kTypeInt4:
    case kTypeUint4:
      return packed<std::uint8_t>(tensor.int32_data());
    default:
      break;
  }
  const auto [low, high] = element_range(element);
  for (const std::int32_t value : tensor.int32_data()) {
    if (value >= low && value <= high) continue;
    throw base::InputError(
        place, fmt::format("holds a value that does not fit {}", element_name(element)));
  }
  return element_bytes(element) == 2 ? packed<std::uint16_t>(tensor.int32_data())
                                     : packed<std::uint8_t>(tensor.int32_data());
}

/// Whether `inner` lies in the folder, both without links and dots.
bool is_inside(const fs::path& folder, const fs::path& inner) {
  const auto [end, at] = std::mismatch(folder.begin(), folder.end(), inner.begin(), inner.end());
  return end == folder.end() && at != inner.end();
}

}  // namespace

Element element_of(int data_type) {
  switch (data_type) {
    case TensorProto::FLOAT:
    case TensorProto::FLOAT16:
    case TensorProto::DOUBLE:
      return Element::kFloat;
    case TensorProto::INT8:
      return Element::kInt8;
    case TensorProto::UINT8:
      return Element::kUint8;
    case TensorProto::INT16:
      return Element::kInt16;
    case TensorProto::UINT16:
      return Element::kUint16;
    case TensorProto::INT32:
      return Element::kInt32;
    case TensorProto::INT64:
      return Element::kInt64;
    case TensorProto::BOOL:
      return Element::kBool;
    case kTypeInt4:
      return Element::kInt4;
    case kTypeUint4:
      return Element::kUint4;
    default:
      return Element::kOther;
  }
}

std::string ExternalData::read(const TensorProto& tensor, std::int64_t bytes,
                               const base::Place& place) {
  std::string location;
  std::int64_t offset = 0;
  std::int64_t length = bytes;
  for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
    const auto number = [&](std::int64_t& to) {
      const char* end = entry.value().data() + entry.value().size();
      const auto result = std::from_chars(entry.value().data(), end, to);
      if (result.ec != std::errc() || result.ptr != end || to < 0) {
        throw base::InputError(
            place, fmt::format("the {} of its external data is {}", base::shown(entry.key()),
                               base::shown(entry.value())));
      }
    };
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") number(offset);
    if (entry.key() == "length") number(length);
  }
  const std::string named = "its external data, " + base::shown(location) + ", ";
  constexpr const char* kAllowed = "supported: a file in the folder of the model";
  std::error_code error;
  const fs::path own = fs::path(model_file_).parent_path();
  const fs::path folder = fs::canonical(own.empty() ? fs::path(".") : own, error);
  const fs::path file = error || location.empty() || fs::path(location).is_absolute()
                            ? fs::path()
                            : fs::weakly_canonical(folder / location, error);
  if (error || file.empty() || !is_inside(folder, file)) {
    throw base::InputError(place, named + "is not in the model's folder", kAllowed);
  }
  base::note_input(file.string());
  if (!fs::is_regular_file(file, error)) {
    throw base::InputError(place, named + "is not there", kAllowed);
  }
  const auto size = static_cast<std::int64_t>(fs::file_size(file, error));
  if (error || length != bytes || offset > size || bytes > size - offset) {
    throw base::InputError(place, fmt::format("{}has {} bytes; {} from {} are named, {} needed",
                                              named, size, length, offset, bytes));
  }
  read_ += bytes;
  if (read_ > base::kMaxModelBytes) {
    throw base::InputError(place, fmt::format("the external data up to here have {} bytes", read_),
                           fmt::format("at most {} are read", base::kMaxModelBytes));
  }
  std::string data(static_cast<std::size_t>(bytes), '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(offset);
  stream.read(data.data(), bytes);
  if (!stream) throw base::InputError(place, named + "cannot be read");
  return data;
}

Constant read_tensor(TensorProto& tensor, ExternalData& external, const base::Place& place) {
  Constant constant;
  constant.element = element_of(tensor.data_type());
  constant.sizes = {tensor.dims().begin(), tensor.dims().end()};
  if (tensor.dims_size() > kMaxRank) {
    throw base::InputError(place, fmt::format("has {} dimensions", tensor.dims_size()),
                           fmt::format("at most {}", kMaxRank));
  }
  if (constant.element == Element::kOther) return constant;
  constant.packing = packing_of(tensor.data_type());
  const bool is_external = tensor.data_location() == TensorProto::EXTERNAL;
  if (tensor.has_segment() || has_foreign_data(tensor) ||
      (is_external && (tensor.has_raw_data() || typed_count(tensor) > 0)) ||
      (!is_external && tensor.external_data_size() > 0)) {
    throw base::InputError(place, "carries data in more than one form, or in a form not its own",
                           "supported: raw data, or the field of its type");
  }
  for (const std::int64_t size : constant.sizes) {
    // Only a list can be empty: what a Resize leaves out is one.
    const int least = constant.sizes.size() == 1 ? 0 : 1;
    if (size < least) {
      throw base::InputError(place, fmt::format("has a dimension of {}", size),
                             fmt::format("at least {}", least));
    }
  }
  const std::optional<std::int64_t> count = bounded_product(constant.sizes, base::kMaxModelBytes);
  const auto values = static_cast<std::size_t>(count.value_or(0));
  const std::size_t bytes = raw_bytes(tensor.data_type(), values);
  if (is_external) {
    if (!count || static_cast<std::int64_t>(bytes) > base::kMaxModelBytes) {
      throw base::InputError(place, "has size " + sizes_text(constant.sizes),
                             fmt::format("at most {} bytes", base::kMaxModelBytes));
    }
    constant.bytes = from_raw(external.read(tensor, static_cast<std::int64_t>(bytes), place),
                              tensor.data_type());
    return constant;
  }
  const bool nibbles = tensor.data_type() == kTypeInt4 || tensor.data_type() == kTypeUint4;
  const std::size_t held = tensor.has_raw_data() ? tensor.raw_data().size()
                                                 : static_cast<std::size_t>(typed_count(tensor));
  const std::size_t wanted = tensor.has_raw_data() || nibbles ? bytes : values;
  if (!count || held != wanted) {
    const std::size_t one =
        tensor.has_raw_data() && !nibbles ? raw_bytes(tensor.data_type(), 1) : 1;
    throw base::InputError(place, fmt::format("has size {} but holds {} values",
                                              sizes_text(constant.sizes), held / one));
  }
  if (tensor.has_raw_data()) {
    std::string raw;
    raw.swap(*tensor.mutable_raw_data());
    constant.bytes = from_raw(std::move(raw), tensor.data_type());
  } else {
    constant.bytes = from_typed(tensor, constant.element, place);
  }
  return constant;
}

}  // namespace lacuna::network
