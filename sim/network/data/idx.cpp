// IDX files, the format of MNIST and Fashion-MNIST: a big-endian header, then values.
// Plain or gzip. Source: http://yann.lecun.com/exdb/mnist
#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/sha256.hpp"
#include "network/data/formats.hpp"

namespace lacuna::network {
namespace {

constexpr const char* kTestImages = "t10k-images-idx3-ubyte";
constexpr const char* kTestLabels = "t10k-labels-idx1-ubyte";
constexpr std::size_t kMaxIdxRank = 5;
constexpr const char* kIdxForm =
    "0x0000TTRR, an IDX file of type TT (08 uint8, 09 int8, 0b int16, 0c int32, 0d float32, 0e "
    "float64) in RR = 1..5 dimensions";

std::optional<ArrayElement> idx_element(std::uint8_t code) {
  switch (code) {
    case 0x08:
      return ArrayElement::kUint8;
    case 0x09:
      return ArrayElement::kInt8;
    case 0x0b:
      return ArrayElement::kInt16;
    case 0x0c:
      return ArrayElement::kInt32;
    case 0x0d:
      return ArrayElement::kFloat32;
    case 0x0e:
      return ArrayElement::kFloat64;
    default:
      return std::nullopt;
  }
}

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | static_cast<std::uint32_t>(bytes[3]);
}

std::optional<std::string> file_or_gzip(const std::string& folder, const std::string& name) {
  const std::string plain = (std::filesystem::path(folder) / name).string();
  std::error_code error;
  if (std::filesystem::exists(plain, error)) return plain;
  if (std::filesystem::exists(plain + ".gz", error)) return plain + ".gz";
  return std::nullopt;
}

}  // namespace

bool begins_as_idx(std::string_view head) {
  return head.size() >= 4 && head[0] == 0 && head[1] == 0 &&
         idx_element(static_cast<std::uint8_t>(head[2])) && head[3] >= 1 &&
         static_cast<std::size_t>(head[3]) <= kMaxIdxRank;
}

Array idx_array(ByteSource& source, const std::string& file) {
  Array array;
  array.file = file;
  array.big_endian = true;
  std::uint8_t magic[4] = {};
  if (source.take(magic, sizeof magic) != sizeof magic) {
    throw base::InputError({file, 0, ""}, "is cut off in its header", kIdxForm);
  }
  const auto element = idx_element(magic[2]);
  const std::size_t rank = magic[3];
  if (magic[0] != 0 || magic[1] != 0 || !element || rank < 1 || rank > kMaxIdxRank) {
    throw base::InputError({file, 0, ""}, fmt::format("begins with 0x{:08x}", big_endian(magic)),
                           kIdxForm);
  }
  array.element = *element;
  std::vector<std::uint8_t> sizes(4 * rank);
  if (source.take(sizes.data(), sizes.size()) != sizes.size()) {
    throw base::InputError({file, 0, ""}, "is cut off in its header",
                           fmt::format("{} bytes, for {} dimensions", 4 + sizes.size(), rank));
  }
  for (std::size_t at = 0; at < sizes.size(); at += 4) {
    array.sizes.push_back(big_endian(sizes.data() + at));
  }
  read_values(array, source);
  return array;
}

DataSet test_set_from_bytes(const std::string& images, const std::string& labels,
                            const std::string& images_file, const std::string& labels_file) {
  DataSet data;
  data.format = "IDX";
  take_images(array_from_bytes(images, images_file), data);
  take_labels(array_from_bytes(labels, labels_file), data);
  data.images_sha256 = base::sha256_hex(images);
  data.labels_sha256 = base::sha256_hex(labels);
  return data;
}

DataSet load_test_set(const std::string& folder) {
  note_data(folder);
  const auto images = file_or_gzip(folder, kTestImages);
  if (!images) {
    throw base::InputError({folder, 0, ""},
                           fmt::format("holds neither {0} nor {0}.gz", kTestImages),
                           "an IDX test set, as Debian's dataset-fashion-mnist");
  }
  return array_data("IDX", *images, file_or_gzip(folder, kTestLabels));
}

bool is_test_folder(const DataPath& data) {
  if (!data.is_folder) return false;
  return file_or_gzip(data.path, kTestImages).has_value();
}
DataSet read_test_folder(const DataPath& data) { return load_test_set(data.path); }

bool is_idx(const DataPath& data) { return data.is_file && begins_as_idx(data.head); }
DataSet read_idx(const DataPath& data) {
  return array_data("IDX", data.path, labels_beside(data.path));
}

}  // namespace lacuna::network
