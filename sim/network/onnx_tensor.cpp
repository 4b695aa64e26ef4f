#include "network/onnx_tensor.hpp"

#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "base/file_limits.hpp"
#include "network/limits.hpp"

namespace lacuna::network {
namespace {

using onnx::TensorProto;

std::size_t bytes_of_type(int data_type) {
  switch (data_type) {
    case TensorProto::UINT8:
    case TensorProto::INT8:
      return 1;
    case TensorProto::FLOAT:
    case TensorProto::INT32:
      return 4;
    case TensorProto::INT64:
      return 8;
    default:
      return 0;
  }
}

std::int64_t typed_count(const TensorProto& tensor) {
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return tensor.float_data_size();
    case TensorProto::INT64:
      return tensor.int64_data_size();
    default:
      return tensor.int32_data_size();
  }
}

bool has_foreign_data(const TensorProto& tensor) {
  const int typed = tensor.float_data_size() + tensor.int32_data_size() + tensor.int64_data_size();
  const bool other = tensor.string_data_size() > 0 || tensor.double_data_size() > 0 ||
                     tensor.uint64_data_size() > 0 || typed != typed_count(tensor);
  return other || (tensor.has_raw_data() && typed > 0);
}

template <class T>
bool all_fit(const TensorProto& tensor) {
  for (const std::int32_t value : tensor.int32_data()) {
    if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) {
      return false;
    }
  }
  return true;
}

template <class T, class Field>
std::vector<T> converted(const Field& field) {
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(field.size()));
  for (const auto value : field) values.push_back(static_cast<T>(value));
  return values;
}

}  // namespace

void check_tensor_data(const TensorProto& tensor, const base::Place& place) {
  const std::size_t bytes = bytes_of_type(tensor.data_type());
  if (bytes == 0) {
    throw base::InputError(place, "has " + type_name(tensor.data_type()),
                           "supported: float, uint8, int8, int32, int64");
  }
  if (tensor.data_location() == TensorProto::EXTERNAL || tensor.external_data_size() > 0) {
    throw base::InputError(place, "keeps its data in another file",
                           "supported: data inside the model");
  }
  if (tensor.has_segment() || has_foreign_data(tensor)) {
    throw base::InputError(place, "carries data in more than one form, or in a form not its own",
                           "supported: raw data, or the field of its type");
  }
  for (const std::int64_t size : tensor.dims()) {
    if (size < 1) {
      throw base::InputError(place, fmt::format("has a dimension of {}", size), "at least 1");
    }
  }
  const std::optional<std::int64_t> count =
      bounded_product(dimensions(tensor), base::kMaxModelBytes);
  const std::int64_t held = tensor.has_raw_data()
                                ? static_cast<std::int64_t>(tensor.raw_data().size() / bytes)
                                : typed_count(tensor);
  const bool whole = !tensor.has_raw_data() || tensor.raw_data().size() % bytes == 0;
  if (!count || *count != held || !whole) {
    throw base::InputError(
        place, fmt::format("has size {} but holds {} values", dimensions_text(tensor), held));
  }
  if ((tensor.data_type() == TensorProto::INT8 && !all_fit<std::int8_t>(tensor)) ||
      (tensor.data_type() == TensorProto::UINT8 && !all_fit<std::uint8_t>(tensor))) {
    throw base::InputError(place,
                           "holds a value that does not fit " + type_name(tensor.data_type()));
  }
}

std::string type_name(int data_type) {
  switch (data_type) {
    case TensorProto::FLOAT:
      return "float";
    case TensorProto::UINT8:
      return "uint8";
    case TensorProto::INT8:
      return "int8";
    case TensorProto::INT32:
      return "int32";
    case TensorProto::INT64:
      return "int64";
    default:
      return fmt::format("type {}", data_type);
  }
}

std::int64_t value_count(const TensorProto& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t size : tensor.dims()) count *= size;
  return count;
}

std::vector<std::int64_t> dimensions(const TensorProto& tensor) {
  return {tensor.dims().begin(), tensor.dims().end()};
}

std::string dimensions_text(const TensorProto& tensor) {
  if (tensor.dims_size() == 0) return "scalar";
  constexpr int kShownDimensions = 8;
  std::string text;
  for (int i = 0; i < tensor.dims_size() && i < kShownDimensions; ++i) {
    text += (i == 0 ? "" : " x ") + std::to_string(tensor.dims(i));
  }
  return tensor.dims_size() > kShownDimensions ? text + " x ..." : text;
}

template <class T>
std::vector<T> tensor_values(const TensorProto& tensor) {
  if (!tensor.has_raw_data()) {
    if constexpr (std::is_same_v<T, float>) return converted<T>(tensor.float_data());
    if constexpr (std::is_same_v<T, std::int64_t>) return converted<T>(tensor.int64_data());
    return converted<T>(tensor.int32_data());
  }
  // Raw data is little-endian, as every machine that Debian's SystemC supports.
  std::vector<T> values(tensor.raw_data().size() / sizeof(T));
  std::memcpy(values.data(), tensor.raw_data().data(), values.size() * sizeof(T));
  return values;
}

template <>
int type_code<float>() {
  return TensorProto::FLOAT;
}
template <>
int type_code<std::uint8_t>() {
  return TensorProto::UINT8;
}
template <>
int type_code<std::int8_t>() {
  return TensorProto::INT8;
}
template <>
int type_code<std::int32_t>() {
  return TensorProto::INT32;
}
template <>
int type_code<std::int64_t>() {
  return TensorProto::INT64;
}

template std::vector<float> tensor_values<float>(const TensorProto&);
template std::vector<std::uint8_t> tensor_values<std::uint8_t>(const TensorProto&);
template std::vector<std::int8_t> tensor_values<std::int8_t>(const TensorProto&);
template std::vector<std::int32_t> tensor_values<std::int32_t>(const TensorProto&);
template std::vector<std::int64_t> tensor_values<std::int64_t>(const TensorProto&);

}  // namespace lacuna::network
