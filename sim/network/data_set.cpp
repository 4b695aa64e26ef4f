#include "network/data_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/limits.hpp"
#include "base/sha256.hpp"
#include "network/idx_file.hpp"
#include "network/limits.hpp"
#include "network/outputs.hpp"

namespace lacuna::network {
namespace {

constexpr const char* kImages = "t10k-images-idx3-ubyte";
constexpr const char* kLabels = "t10k-labels-idx1-ubyte";

std::string find_file(const std::string& folder, const std::string& name) {
  std::string plain = (std::filesystem::path(folder) / name).string();
  std::error_code error;
  if (std::filesystem::exists(plain, error)) return plain;
  if (std::filesystem::exists(plain + ".gz", error)) return plain + ".gz";
  throw base::InputError({folder, 0, ""}, "holds neither " + name + " nor " + name + ".gz",
                         "an IDX test set, as Debian's dataset-fashion-mnist");
}

void check_size(const DataSet& data, const Network& network) {
  if (data.image == network.input().shape) return;
  throw base::InputError({data.images_file, 0, ""},
                         fmt::format("its images are {}", to_string(data.image)),
                         fmt::format("{} as the input of {} (height x width x channels)",
                                     to_string(network.input().shape), network.name));
}

}  // namespace

DataSet test_set_from_bytes(const std::string& images, const std::string& labels,
                            const std::string& images_file, const std::string& labels_file) {
  IdxFile image_idx = read_idx(images, 3, images_file);
  IdxFile label_idx = read_idx(labels, 1, labels_file);
  if (image_idx.sizes[0] != label_idx.sizes[0]) {
    throw base::InputError({labels_file, 0, ""}, fmt::format("has {} labels", label_idx.sizes[0]),
                           fmt::format("{}, as {} has images", image_idx.sizes[0], images_file));
  }
  DataSet data;
  data.image = {image_idx.sizes[1], image_idx.sizes[2], 1};
  data.pixels = std::move(image_idx.values);
  data.labels = std::move(label_idx.values);
  data.images_file = images_file;
  data.labels_file = labels_file;
  data.images_sha256 = base::sha256_hex(images);
  data.labels_sha256 = base::sha256_hex(labels);
  return data;
}

DataSet load_test_set(const std::string& folder) {
  note_test_set(folder);
  const std::string images = find_file(folder, kImages);
  const std::string labels = find_file(folder, kLabels);
  return test_set_from_bytes(base::read_file(images, base::kMaxImagesBytes),
                             base::read_file(labels, base::kMaxImagesBytes), images, labels);
}

void note_test_set(const std::string& folder) {
  for (const char* name : {kImages, kLabels}) {
    const std::string plain = (std::filesystem::path(folder) / name).string();
    base::note_input(plain);  // a new one would be read before the compressed one
    base::note_input(plain + ".gz");
  }
}

void check_data_fits(const DataSet& data, const Network& network) {
  check_size(data, network);
  const std::int64_t classes = class_count(network);
  const auto bad = std::find_if(data.labels.begin(), data.labels.end(),
                                [&](std::uint8_t label) { return label >= classes; });
  if (classes == 0 || bad == data.labels.end()) return;
  throw base::InputError(
      {data.labels_file, 0, ""},
      fmt::format("the label of image {} is {}", bad - data.labels.begin(), *bad),
      fmt::format("0..{}, the classes of {}", classes - 1, network.name));
}

std::vector<std::uint8_t> quantise_pixels(const DataSet& data, std::int64_t image,
                                          const Network& network) {
  check_size(data, network);
  if (image < 0 || image >= data.count()) {
    throw base::InputError({data.images_file, 0, ""}, fmt::format("has no image {}", image),
                           fmt::format("0..{}", data.count() - 1));
  }
  const Map& input = network.input();
  const float top = static_cast<float>(input.code.high);
  std::array<std::uint8_t, 256> code_of{};
  for (std::size_t pixel = 0; pixel < code_of.size(); ++pixel) {
    const float real = static_cast<float>(pixel) / 255.0F;
    // The default rounding mode is half to even.
    const float code = std::nearbyint(real / input.scale);
    code_of[pixel] = static_cast<std::uint8_t>(std::min(code, top));
  }
  const std::size_t values = static_cast<std::size_t>(input.shape.values());
  const std::uint8_t* const pixels = data.pixels.data() + static_cast<std::size_t>(image) * values;
  std::vector<std::uint8_t> codes(values);
  std::transform(pixels, pixels + values, codes.begin(),
                 [&](std::uint8_t pixel) { return code_of[pixel]; });
  return codes;
}

}  // namespace lacuna::network
