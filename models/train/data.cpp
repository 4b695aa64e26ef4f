#include "data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "network/data_set.hpp"
#include "network/limits.hpp"

namespace lacuna::train {
namespace {

constexpr std::uint8_t kClasses = 10;

std::string find(const std::filesystem::path& folder, const std::string& name) {
  for (const char* suffix : {"", ".gz"}) {
    const std::filesystem::path file = folder / (name + suffix);
    if (std::filesystem::exists(file)) return file.string();
  }
  throw base::InputError({folder.string(), 0, ""},
                         fmt::format("holds neither {0} nor {0}.gz", name),
                         "IDX files, as Debian's dataset-fashion-mnist");
}

void check_labels(const network::DataSet& data) {
  const auto bad = std::find_if(data.labels.begin(), data.labels.end(),
                                [](std::int32_t label) { return label >= kClasses; });
  if (bad == data.labels.end()) return;
  throw base::InputError(
      {data.labels_file, 0, ""},
      fmt::format("the label of image {} is {}", bad - data.labels.begin(), *bad),
      fmt::format("0..{}", kClasses - 1));
}

}  // namespace

Images read_images(const std::filesystem::path& folder, const char* part) {
  const std::string image_file = find(folder, fmt::format("{}-images-idx3-ubyte", part));
  const std::string label_file = find(folder, fmt::format("{}-labels-idx1-ubyte", part));
  network::DataSet data = network::test_set_from_bytes(
      base::read_file(image_file, base::kMaxImagesBytes),
      base::read_file(label_file, base::kMaxImagesBytes), image_file, label_file);
  check_labels(data);
  Images images;
  images.count = data.labels.size();
  if (data.sizes.size() != 2 || data.kind != network::ValueKind::kPixel) {
    throw base::InputError({image_file, 0, ""}, "holds other images", "uint8 of height x width");
  }
  images.rows = static_cast<std::size_t>(data.sizes[0]);
  images.columns = static_cast<std::size_t>(data.sizes[1]);
  images.pixels = std::move(data.pixels);
  std::transform(data.labels.begin(), data.labels.end(), std::back_inserter(images.labels),
                 [](std::int32_t label) { return static_cast<std::uint8_t>(label); });
  return images;
}

Images slice(const Images& from, std::size_t begin, std::size_t end) {
  Images part;
  part.count = end - begin;
  part.rows = from.rows;
  part.columns = from.columns;
  part.pixels.assign(from.image(begin), from.image(begin) + part.count * from.pixels_per_image());
  part.labels.assign(std::next(from.labels.begin(), static_cast<std::ptrdiff_t>(begin)),
                     std::next(from.labels.begin(), static_cast<std::ptrdiff_t>(end)));
  return part;
}

}  // namespace lacuna::train
