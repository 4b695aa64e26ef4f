// CIFAR-10 and CIFAR-100 as Krizhevsky's binary files: records of labels and 32 x 32 pixels of
// red, green and blue, a plane each. Source: https://www.cs.toronto.edu/~kriz/cifar.html
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/sha256.hpp"
#include "network/data/formats.hpp"

namespace lacuna::network {
namespace {

constexpr std::int64_t kCifarPixels = 3 * 32 * 32;
constexpr std::int64_t kCifarClasses[] = {0, 10, 100};  // by the number of labels in a record
constexpr std::size_t kMostBatches = 64;

bool has_ending(const std::string& name, const std::string& end) {
  return name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
}

bool is_batch_name(const std::string& name) {
  return has_ending(name, ".bin") || has_ending(name, ".bin.gz");
}

bool holds(const DataPath& data, const std::string& name) {
  return std::binary_search(data.names.begin(), data.names.end(), name);
}

std::vector<std::string> batches_of(const DataPath& data) {
  if (data.is_file) return {data.path};
  // A folder as it is unpacked holds both parts: the test set is what accuracy is told of.
  for (const char* name : {"test_batch.bin", "test.bin", "test_batch.bin.gz", "test.bin.gz"}) {
    if (holds(data, name)) return {data.in_folder(name)};
  }
  std::vector<std::string> files;
  for (const std::string& name : data.names) {
    if (is_batch_name(name)) files.push_back(data.in_folder(name));
  }
  return files;
}

/// Labels in a record: 1 in CIFAR-10, 2 in CIFAR-100, whose second is the fine one.
int label_bytes(const std::vector<std::uint8_t>& bytes, const std::string& file) {
  const auto fits = [&](int labels) {
    const auto record = static_cast<std::size_t>(kCifarPixels + labels);
    if (bytes.empty() || bytes.size() % record != 0) return false;
    for (std::size_t at = static_cast<std::size_t>(labels) - 1; at < bytes.size(); at += record) {
      if (bytes[at] >= kCifarClasses[labels]) return false;
    }
    return true;
  };
  for (const int labels : {1, 2}) {
    if (fits(labels)) return labels;
  }
  throw base::InputError({file, 0, ""},
                         fmt::format("is no batch of CIFAR: {} bytes unpacked", bytes.size()),
                         "records of 3073 bytes that begin with a label of 0..9 (CIFAR-10), or of "
                         "3074 with a second one of 0..99 (CIFAR-100)");
}

std::vector<std::uint8_t> unpacked(const std::string& bytes, const std::string& file) {
  const auto source = source_of(bytes, file);
  std::vector<std::uint8_t> all;
  std::vector<std::uint8_t> piece(std::size_t{1} << 20);
  for (std::size_t got = piece.size(); got == piece.size();) {
    got = source->take(piece.data(), piece.size());
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
    const std::int64_t most = std::min(source->most(), base::kMaxImagesBytes);
    if (static_cast<std::int64_t>(all.size()) > most) {
      throw base::InputError({file, 0, ""}, "unpacks to too much",
                             fmt::format("at most {} bytes", most));
    }
  }
  if (const std::string trouble = source->trouble_at_end(); !trouble.empty()) {
    throw base::InputError({file, 0, ""}, trouble);
  }
  return all;
}

}  // namespace

void add_cifar_batch(const std::string& packed, const std::string& file, DataSet& data) {
  const std::vector<std::uint8_t> bytes = unpacked(packed, file);
  const int labels = label_bytes(bytes, file);
  const std::size_t record = static_cast<std::size_t>(kCifarPixels + labels);
  if (static_cast<std::int64_t>(data.pixels.size() + bytes.size()) > base::kMaxImagesBytes) {
    throw base::InputError({file, 0, ""}, "is one batch too many",
                           fmt::format("at most {} bytes in all", base::kMaxImagesBytes));
  }
  for (std::size_t at = 0; at < bytes.size(); at += record) {
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(at) + labels;
    data.labels.push_back(first[-1]);
    data.pixels.insert(data.pixels.end(), first, first + kCifarPixels);
  }
  data.images = static_cast<std::int64_t>(data.labels.size());
  data.sizes = {3, 32, 32};
  data.layout = Layout::kChannelsFirst;
  data.kind = ValueKind::kPixel;
}

bool is_cifar(const DataPath& data) {
  if (data.is_file) return is_batch_name(data.path);
  return data.is_folder && std::any_of(data.names.begin(), data.names.end(), is_batch_name);
}

DataSet read_cifar(const DataPath& data) {
  const std::vector<std::string> files = batches_of(data);
  if (files.size() > kMostBatches) {
    throw base::InputError({data.path, 0, ""}, fmt::format("holds {} batches", files.size()),
                           fmt::format("at most {}", kMostBatches));
  }
  DataSet set;
  set.images_file = files.size() == 1 ? files.front() : data.path;
  set.labels_file = set.images_file;
  base::Sha256 all;
  std::string only;
  for (const std::string& file : files) {
    const std::string bytes = base::read_file(file, base::kMaxImagesBytes);
    add_cifar_batch(bytes, file, set);
    only = base::sha256_hex(bytes);
    all.update(only.data(), only.size());
  }
  set.images_sha256 = files.size() == 1 ? only : all.hex();
  return set;
}

}  // namespace lacuna::network
