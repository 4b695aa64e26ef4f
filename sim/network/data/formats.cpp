#include "network/data/formats.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/limits.hpp"
#include "network/data/picture.hpp"
#include "network/limits.hpp"

namespace lacuna::network {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNames = std::size_t{1} << 20;

// The first that takes a path reads it.
const DataFormat kFormats[] = {
    {"random", "random[:seed[:density]]", is_random, read_random},
    {"IDX", "a folder with t10k-images-idx3-ubyte", is_test_folder, read_test_folder},
    {"raw", "a file of values, with input.raw in the model's card", is_raw, read_raw},
    {"IDX", "an IDX file", is_idx, read_idx},
    {"NumPy", "a .npy file", is_npy, read_npy},
    {"NumPy", "an .npz file", is_npz, read_npz},
    {"CIFAR", "a batch of CIFAR-10 or CIFAR-100 (.bin), or a folder of them", is_cifar, read_cifar},
    {"arrays", "a folder with images and labels in IDX or .npy", is_array_folder,
     read_array_folder},
    {"pictures", "a folder of PNG, JPEG or PNM pictures, or of folders of them, one a class",
     is_pictures, read_pictures},
};

/// zlib reads what is not packed as it is.
std::string first_bytes(const std::string& path) {
  std::array<char, 16> head{};
  const gzFile file = ::gzopen(path.c_str(), "rb");
  if (file == nullptr) return {};
  const int got = ::gzread(file, head.data(), static_cast<unsigned>(head.size()));
  ::gzclose_r(file);
  return got > 0 ? std::string(head.data(), static_cast<std::size_t>(got)) : std::string();
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.front() == '.') continue;
    if (names.size() == kMaxNames) {
      throw base::InputError({folder, 0, ""}, fmt::format("holds more than {} files", kMaxNames),
                             "a folder for each part of the data set");
    }
    names.push_back(std::move(name));
  }
  if (error)
    throw base::InputError({folder, 0, ""}, "cannot be read: " + base::system_error(error.value()));
  std::sort(names.begin(), names.end());
  return names;
}

DataPath look_at(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    DataPath data;
    data.path = path;
    data.is_folder = true;
    data.names = names_in(path);
    return data;
  }
  DataPath data;
  data.path = path;
  if (is_random(data)) return data;
  return look_at_file(path);
}

const DataFormat* format_of(const DataPath& data) {
  const auto* const found = std::find_if(std::begin(kFormats), std::end(kFormats),
                                         [&](const DataFormat& format) { return format.is(data); });
  return found == std::end(kFormats) ? nullptr : found;
}

/// Sizes and values of a folder's pictures; of many, of the first.
std::string pictures_text(const DataSet& data) {
  constexpr std::size_t kMostDecoded = 1000;
  const std::size_t count = std::min(data.pictures.size(), kMostDecoded);
  std::int64_t least_height = kMaxPixels;
  std::int64_t least_width = kMaxPixels;
  std::int64_t most_height = 0;
  std::int64_t most_width = 0;
  std::int64_t channels = 0;
  std::uint8_t low = 255;
  std::uint8_t high = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& file = data.pictures[i];
    const Picture picture = decode_picture(base::read_file(file, base::kMaxImagesBytes), file);
    least_height = std::min(least_height, picture.height);
    least_width = std::min(least_width, picture.width);
    most_height = std::max(most_height, picture.height);
    most_width = std::max(most_width, picture.width);
    channels = std::max(channels, picture.channels);
    const auto [first, last] = std::minmax_element(picture.pixels.begin(), picture.pixels.end());
    low = std::min(low, *first);
    high = std::max(high, *last);
  }
  std::string text = fmt::format(" of {} x {} x {}", least_height, least_width, channels);
  if (least_height != most_height || least_width != most_width) {
    text += fmt::format(" to {} x {} x {}", most_height, most_width, channels);
  }
  text += fmt::format(", uint8 {}..{}", low, high);
  if (count < data.pictures.size()) text += fmt::format(" (of the first {})", count);
  return text;
}

}  // namespace

DataPath look_at_file(const std::string& path) {
  base::expect_regular_file(path);
  DataPath data;
  data.path = path;
  data.is_file = true;
  std::error_code error;
  data.size = static_cast<std::int64_t>(fs::file_size(path, error));
  if (error)
    throw base::InputError({path, 0, ""}, "cannot be read: " + base::system_error(error.value()));
  data.head = first_bytes(path);
  return data;
}

DataSet load_data(const std::string& path, std::int64_t images, const std::optional<RawFile>& raw) {
  DataPath data = look_at(path);
  data.images = images;
  data.raw = raw;
  const DataFormat* const format = format_of(data);
  if (format == nullptr) {
    std::vector<std::string> known;
    for (const DataFormat& each : kFormats) known.emplace_back(each.takes);
    throw base::InputError({path, 0, ""}, "is no data set that is known",
                           fmt::format("{}", fmt::join(known, "; ")));
  }
  DataSet set = format->read(data);
  set.format = format->name;
  // Pictures are read when they are needed, and those that are not are somebody's, too.
  if (!set.pictures.empty()) base::note_input_folder(path);
  return set;
}

bool is_data(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error) && !fs::is_regular_file(path, error)) return false;
  return format_of(look_at(path)) != nullptr;
}

void note_data(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    base::note_input(path);
    if (const auto labels = labels_beside(path)) base::note_input(*labels);
    return;
  }
  for (const char* name : {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    const std::string plain = (fs::path(path) / name).string();
    base::note_input(plain);  // a new one would be read before the compressed one
    base::note_input(plain + ".gz");
  }
  base::note_input_folder(path);
}

std::string describe(const DataSet& data) {
  if (data.random) {
    return fmt::format("random codes, seed {}, density {}", data.random->seed,
                       data.random->density);
  }
  std::string text = fmt::format("{} data set, {} images", data.format, data.images);
  if (data.pictures.empty()) {
    text += fmt::format(" of {}", fmt::join(data.sizes, " x "));
    if (data.layout != Layout::kAny) {
      text += data.layout == Layout::kChannelsFirst ? " (channels first)" : " (channels last)";
    }
    if (data.kind == ValueKind::kReal) {
      const auto [low, high] = std::minmax_element(data.reals.begin(), data.reals.end());
      text += fmt::format(", float {}..{}", *low, *high);
    } else if (data.kind == ValueKind::kInteger) {
      const auto less = [](std::uint8_t a, std::uint8_t b) {
        return static_cast<std::int8_t>(a) < static_cast<std::int8_t>(b);
      };
      const auto [low, high] = std::minmax_element(data.pixels.begin(), data.pixels.end(), less);
      text += fmt::format(", int8 {}..{}", static_cast<std::int8_t>(*low),
                          static_cast<std::int8_t>(*high));
    } else {
      const auto [low, high] = std::minmax_element(data.pixels.begin(), data.pixels.end());
      text += fmt::format(", uint8 {}..{}", *low, *high);
    }
  } else {
    text += pictures_text(data);
  }
  if (data.labels.empty()) return text + ", no labels";
  std::vector<std::int32_t> classes = data.labels;
  std::sort(classes.begin(), classes.end());
  const auto count = std::unique(classes.begin(), classes.end()) - classes.begin();
  return text + fmt::format(", labels {}..{} of {} classes", classes.front(),
                            *std::max_element(data.labels.begin(), data.labels.end()), count);
}

}  // namespace lacuna::network
