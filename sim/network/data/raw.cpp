// A file that is nothing but values, image after image, as the model's card describes it.
#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/sha256.hpp"
#include "network/data/formats.hpp"
#include "network/limits.hpp"

namespace lacuna::network {

DataSet raw_from_bytes(const std::string& bytes, const std::string& file, const RawFile& raw) {
  Array array;
  array.file = file;
  array.element = raw.kind == ValueKind::kPixel     ? ArrayElement::kUint8
                  : raw.kind == ValueKind::kInteger ? ArrayElement::kInt8
                                                    : ArrayElement::kFloat32;
  const auto values = bounded_product(raw.shape, kMaxMapValues);
  const std::int64_t size = values.value_or(0) * size_of(array.element);
  const std::int64_t left = static_cast<std::int64_t>(bytes.size()) - raw.skip;
  if (size == 0 || left <= 0 || left % size != 0) {
    throw base::InputError(
        {file, 0, ""},
        fmt::format("has {} bytes, which are no whole number of images", bytes.size()),
        fmt::format("{} bytes, then a multiple of {}: images of {}, {}", raw.skip, size,
                    fmt::join(raw.shape, " x "), name_of(array.element)));
  }
  array.sizes = raw.shape;
  array.sizes.insert(array.sizes.begin(), left / size);
  array.bytes.assign(bytes.begin() + static_cast<std::ptrdiff_t>(raw.skip), bytes.end());
  DataSet data;
  take_images(std::move(array), data);
  data.images_sha256 = base::sha256_hex(bytes);
  return data;
}

bool is_raw(const DataPath& data) {
  return data.is_file && data.raw && !begins_as_idx(data.head) && !begins_as_npy(data.head) &&
         !begins_as_zip(data.head);
}
DataSet read_raw(const DataPath& data) {
  return raw_from_bytes(base::read_file(data.path, base::kMaxImagesBytes), data.path, *data.raw);
}

}  // namespace lacuna::network
