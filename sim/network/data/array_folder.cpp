// Images and labels that are arrays in files of their own, IDX or .npy: one named, or a folder.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/sha256.hpp"
#include "network/data/formats.hpp"

namespace lacuna::network {
namespace {

/// In a folder of so many files, each is looked into.
constexpr std::size_t kMostArrays = 16;

bool is_array_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  const std::string head = look_at_file(path).head;
  return begins_as_idx(head) || begins_as_npy(head);
}

std::vector<std::string> arrays_in(const DataPath& data) {
  std::vector<std::string> files;
  if (!data.is_folder || data.names.size() > kMostArrays) return files;
  for (const std::string& name : data.names) {
    if (is_array_file(data.in_folder(name))) files.push_back(data.in_folder(name));
  }
  return files;
}

/// `name` with the last `from` in it replaced; nothing where it is not in it.
std::optional<std::string> with(const std::string& name, const std::string& from,
                                const std::string& to) {
  const std::size_t at = name.rfind(from);
  if (at == std::string::npos) return std::nullopt;
  return name.substr(0, at) + to + name.substr(at + from.size());
}

std::vector<std::string> label_names(const std::string& name) {
  std::vector<std::string> names;
  if (const auto labels = with(name, "images", "labels")) {
    names.push_back(*labels);
    for (const char* rank : {"idx2", "idx3", "idx4"}) {
      if (const auto one = with(*labels, rank, "idx1")) names.push_back(*one);
    }
  }
  if (name.size() > 1 && (name[0] == 'x' || name[0] == 'X') && (name[1] == '_' || name[1] == '.')) {
    names.push_back((name[0] == 'x' ? "y" : "Y") + name.substr(1));
    names.push_back("y" + name.substr(1));
  }
  return names;
}

}  // namespace

Array array_from_bytes(const std::string& bytes, const std::string& file) {
  const auto source = source_of(bytes, file);
  if (begins_as_npy(bytes)) return npy_array(*source, file, "");
  // Packed: what it is shows when it is unpacked.
  const auto peek = source_of(bytes, file);
  std::string head(6, '\0');
  head.resize(peek->take(reinterpret_cast<std::uint8_t*>(head.data()), head.size()));
  return begins_as_npy(head) ? npy_array(*source, file, "") : idx_array(*source, file);
}

std::optional<std::string> labels_beside(const std::string& images_file) {
  const std::filesystem::path file(images_file);
  std::error_code error;
  for (const std::string& name : label_names(file.filename().string())) {
    for (const std::string& form : {name, name + ".gz", with(name, ".gz", "").value_or(name)}) {
      const std::filesystem::path labels = file.parent_path() / form;
      if (std::filesystem::exists(labels, error)) return labels.string();
    }
  }
  return std::nullopt;
}

DataSet array_data(const char* format, const std::string& images_file,
                   const std::optional<std::string>& labels_file) {
  DataSet data;
  data.format = format;
  {
    const std::string bytes = base::read_file(images_file, base::kMaxImagesBytes);
    take_images(array_from_bytes(bytes, images_file), data);
    data.images_sha256 = base::sha256_hex(bytes);
  }
  if (labels_file) {
    const std::string bytes = base::read_file(*labels_file, base::kMaxImagesBytes);
    take_labels(array_from_bytes(bytes, *labels_file), data);
    data.labels_sha256 = base::sha256_hex(bytes);
  }
  return data;
}

bool is_array_folder(const DataPath& data) { return !arrays_in(data).empty(); }

DataSet read_array_folder(const DataPath& data) {
  // What has one dimension is labels; the reader of the values says what else is wrong.
  std::vector<std::string> images;
  std::vector<std::string> labels;
  for (const std::string& file : arrays_in(data)) {
    const std::string bytes = base::read_file(file, base::kMaxImagesBytes);
    (array_from_bytes(bytes, file).sizes.size() > 1 ? images : labels).push_back(file);
  }
  if (images.size() != 1 || labels.size() > 1) {
    std::vector<std::string> all = images;
    all.insert(all.end(), labels.begin(), labels.end());
    throw base::InputError({data.path, 0, ""},
                           fmt::format("holds {} arrays of images and {} of labels: {}",
                                       images.size(), labels.size(), base::join(all)),
                           "one of images and at most one of labels; or name the file of images");
  }
  return array_data("arrays", images.front(),
                    labels.empty() ? std::nullopt : std::optional<std::string>(labels.front()));
}

}  // namespace lacuna::network
