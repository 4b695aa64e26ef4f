// A folder of pictures: of one folder a class, in byte order of their names; or with labels.csv; or
// without labels.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/limits.hpp"
#include "base/printable.hpp"
#include "base/sha256.hpp"
#include "network/data/formats.hpp"
#include "network/data/picture.hpp"

namespace lacuna::network {
namespace {

constexpr std::size_t kMostPictures = std::size_t{1} << 21;
constexpr const char* kLabelFile = "labels.csv";

bool is_picture_name(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return false;
  std::string extension = name.substr(dot + 1);
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const char* known : {"png", "jpg", "jpeg", "pnm", "ppm", "pgm", "pbm"}) {
    if (extension == known) return true;
  }
  return false;
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

std::string in_class(const std::string& folder, const std::string& name) {
  return (std::filesystem::path(folder) / name).string();
}

std::vector<std::string> pictures_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.front() == '.') continue;
    if (is_folder(in_class(folder, name))) {
      throw base::InputError({folder, 0, base::printable(name)}, "is a folder in a class's folder",
                             "the pictures of a class lie in its own folder");
    }
    if (!is_picture_name(name)) continue;
    names.push_back(std::move(name));
    if (names.size() > kMostPictures) {
      throw base::InputError({folder, 0, ""},
                             fmt::format("holds more than {} files", kMostPictures));
    }
  }
  if (error)
    throw base::InputError({folder, 0, ""}, "cannot be read: " + base::system_error(error.value()));
  std::sort(names.begin(), names.end());
  return names;
}

void add_picture(DataSet& set, std::string file, const std::string& folder) {
  if (set.pictures.size() == kMostPictures) {
    throw base::InputError({folder, 0, ""},
                           fmt::format("holds more than {} pictures", kMostPictures));
  }
  set.pictures.push_back(std::move(file));
}

/// `file,label` or `file` alone, a row a picture; a file lies in the folder.
void read_label_file(const DataPath& data, DataSet& set) {
  set.labels_file = data.in_folder(kLabelFile);
  const std::string bytes = base::read_file(set.labels_file, base::kMaxImagesBytes);
  set.labels_sha256 = base::sha256_hex(bytes);
  std::string_view text = base::without_byte_order_mark(bytes);
  bool labelled = false;
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = text.find('\n');
    std::string_view row = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!row.empty() && row.back() == '\r') row.remove_suffix(1);
    if (line == 1) {
      labelled = row == "file,label";
      if (labelled || row == "file") continue;
      throw base::InputError({set.labels_file, 1, ""}, "unknown header " + base::shown(row),
                             "file,label or file");
    }
    if (row.empty()) continue;
    const std::size_t comma = labelled ? row.rfind(',') : row.size();
    const std::string name(row.substr(0, comma));
    const std::filesystem::path inside = std::filesystem::path(name).lexically_normal();
    if (name.empty() || name.find('\0') != std::string::npos || inside.is_absolute() ||
        *inside.begin() == "..") {
      throw base::InputError({set.labels_file, line, "file"}, "is " + base::shown(name),
                             "the name of a picture in the folder");
    }
    if (labelled) {
      const std::string_view label =
          comma == std::string_view::npos ? std::string_view() : row.substr(comma + 1);
      std::int32_t value = -1;
      const auto [last, error] = std::from_chars(label.data(), label.data() + label.size(), value);
      if (error != std::errc() || last != label.data() + label.size() || value < 0) {
        throw base::InputError({set.labels_file, line, "label"}, "is " + base::shown(label),
                               "an integer from 0");
      }
      set.labels.push_back(value);
    }
    add_picture(set, data.in_folder(inside.string()), data.path);
  }
  if (set.pictures.empty()) {
    throw base::InputError({set.labels_file, 0, ""}, "names no picture",
                           "the header file,label or file, and a row for each");
  }
}

void read_classes(const DataPath& data, const std::vector<std::string>& classes, DataSet& set) {
  set.labels_file = data.path;
  for (std::size_t label = 0; label < classes.size(); ++label) {
    const std::string folder = data.in_folder(classes[label]);
    for (const std::string& name : pictures_in(folder)) {
      add_picture(set, in_class(folder, name), data.path);
      set.labels.push_back(static_cast<std::int32_t>(label));
    }
  }
}

}  // namespace

bool is_pictures(const DataPath& data) {
  return data.is_folder &&
         std::any_of(data.names.begin(), data.names.end(), [&](const std::string& name) {
           return name == kLabelFile || is_picture_name(name) || is_folder(data.in_folder(name));
         });
}

DataSet read_pictures(const DataPath& data) {
  DataSet set;
  set.images_file = data.path;
  set.layout = Layout::kChannelsLast;
  if (std::binary_search(data.names.begin(), data.names.end(), kLabelFile)) {
    read_label_file(data, set);
  } else {
    std::vector<std::string> classes;
    for (const std::string& name : data.names) {
      if (is_folder(data.in_folder(name))) {
        classes.push_back(name);
      } else if (is_picture_name(name)) {
        add_picture(set, data.in_folder(name), data.path);
      }
    }
    if (!set.pictures.empty() && !classes.empty()) {
      throw base::InputError({data.path, 0, ""}, "holds pictures and folders",
                             "pictures alone, or a folder for each class, or labels.csv");
    }
    if (set.pictures.empty()) read_classes(data, classes, set);
  }
  if (set.pictures.empty()) {
    throw base::InputError({data.path, 0, ""}, "holds no pictures",
                           "files that end in .png, .jpg, .jpeg, .ppm, .pgm, .pbm or .pnm");
  }
  set.images = static_cast<std::int64_t>(set.pictures.size());
  base::Sha256 all;
  const auto used = static_cast<std::size_t>(std::clamp<std::int64_t>(data.images, 0, set.images));
  for (std::size_t i = 0; i < used; ++i) {
    // A name is as long as it is, and a hash always has 64 digits.
    const std::string own =
        set.pictures[i].substr(data.path.size()) + '\0' +
        base::sha256_hex(base::read_file(set.pictures[i], base::kMaxImagesBytes));
    all.update(own.data(), own.size());
  }
  set.images_sha256 = all.hex();
  return set;
}

}  // namespace lacuna::network
