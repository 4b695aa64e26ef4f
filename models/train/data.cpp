#include "data.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>

#include "error.hpp"

namespace lacuna::train {
namespace {

constexpr std::uint8_t kUnsignedByte = 0x08;  // IDX type code
constexpr std::size_t kMaxBytes = std::size_t{1} << 30;
constexpr std::uint8_t kClasses = 10;

struct Idx {
  std::vector<std::size_t> dimensions;
  std::vector<std::uint8_t> values;
};

using GzFile = std::unique_ptr<gzFile_s, int (*)(gzFile)>;

class IdxReader {
 public:
  explicit IdxReader(const std::filesystem::path& file)
      : file_(file), gz_(gzopen(file.c_str(), "rb"), gzclose) {
    if (!gz_) fail("cannot be opened");
  }

  Idx read(std::size_t dimensions) {
    std::uint8_t magic[4];
    read_bytes(magic, sizeof magic);
    if (magic[0] != 0 || magic[1] != 0 || magic[2] != kUnsignedByte || magic[3] != dimensions) {
      fail(fmt::format("is not an IDX file of bytes with {} dimensions", dimensions));
    }
    Idx idx;
    std::size_t size = 1;
    for (std::size_t i = 0; i < dimensions; ++i) {
      const std::size_t extent = read_extent();
      if (extent == 0 || extent > kMaxBytes / size) fail("has an impossible size in its header");
      size *= extent;
      idx.dimensions.push_back(extent);
    }
    idx.values.resize(size);
    read_bytes(idx.values.data(), size);
    std::uint8_t extra = 0;
    if (gzread(gz_.get(), &extra, 1) != 0) fail("is longer than its header says, or corrupt");
    return idx;
  }

 private:
  std::size_t read_extent() {
    std::uint8_t bytes[4];
    read_bytes(bytes, sizeof bytes);
    std::size_t value = 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return value;
  }

  void read_bytes(std::uint8_t* to, std::size_t size) {
    const int got = gzread(gz_.get(), to, static_cast<unsigned>(size));
    if (got < 0 || static_cast<std::size_t>(got) != size) {
      fail("is shorter than its header says, or corrupt");
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw TrainError(fmt::format("{}: {}", file_.string(), what));
  }

  std::filesystem::path file_;
  GzFile gz_;
};

std::filesystem::path find(const std::filesystem::path& folder, const std::string& name) {
  for (const char* suffix : {".gz", ""}) {
    std::filesystem::path file = folder / (name + suffix);
    if (std::filesystem::exists(file)) return file;
  }
  throw TrainError(fmt::format("{}: neither {}.gz nor {} is there (Debian: dataset-fashion-mnist)",
                               folder.string(), name, name));
}

}  // namespace

Images read_images(const std::filesystem::path& folder, const char* part) {
  const auto image_file = find(folder, fmt::format("{}-images-idx3-ubyte", part));
  const auto label_file = find(folder, fmt::format("{}-labels-idx1-ubyte", part));
  Idx pixels = IdxReader(image_file).read(3);
  Idx labels = IdxReader(label_file).read(1);
  if (pixels.dimensions[0] != labels.dimensions[0]) {
    throw TrainError(fmt::format("{} holds {} images, {} holds {} labels", image_file.string(),
                                 pixels.dimensions[0], label_file.string(), labels.dimensions[0]));
  }
  if (std::any_of(labels.values.begin(), labels.values.end(),
                  [](std::uint8_t label) { return label >= kClasses; })) {
    throw TrainError(fmt::format("{}: holds a label above 9", label_file.string()));
  }
  Images images;
  images.count = pixels.dimensions[0];
  images.rows = pixels.dimensions[1];
  images.columns = pixels.dimensions[2];
  images.pixels = std::move(pixels.values);
  images.labels = std::move(labels.values);
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
