// NumPy's .npz files: zip archives of .npy files.
#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/printable.hpp"
#include "base/sha256.hpp"
#include "network/data/formats.hpp"

namespace lacuna::network {
namespace {

constexpr std::int64_t kMaxMembers = 1024;

// The part of the data set that a file's test set is comes first, as in Keras' mnist.npz.
constexpr const char* kImageNames[] = {"x_test", "X_test", "test_images", "x",
                                       "X",      "images", "data",        "arr_0"};
constexpr const char* kLabelNames[] = {"y_test", "Y_test", "test_labels", "y",
                                       "Y",      "labels", "label",       "arr_1"};

struct CloseArchive {
  void operator()(zip_t* archive) const { ::zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { ::zip_fclose(member); }
};

class MemberSource : public ByteSource {
 public:
  MemberSource(zip_t* archive, const std::string& file, const std::string& name)
      : file_(file), name_(name), member_(::zip_fopen(archive, (name + ".npy").c_str(), 0)) {
    zip_stat_t status{};
    if (member_ == nullptr || ::zip_stat(archive, (name + ".npy").c_str(), 0, &status) != 0 ||
        (status.valid & (ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE)) == 0) {
      throw base::InputError({file_, 0, name_},
                             std::string("cannot be unpacked: ") + ::zip_strerror(archive));
    }
    const auto limit = static_cast<zip_uint64_t>(base::kMaxImagesBytes);  // of the archive
    most_ = std::min(most_unpacked(static_cast<std::int64_t>(std::min(status.comp_size, limit))),
                     static_cast<std::int64_t>(std::min(status.size, limit * kMaxDeflateRatio)));
  }

  std::int64_t most() const override { return most_; }

  std::size_t take(std::uint8_t* to, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      const zip_int64_t got = ::zip_fread(member_.get(), to + done, size - done);
      if (got < 0) throw base::InputError({file_, 0, name_}, "is damaged");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  std::string trouble_at_end() override {
    std::uint8_t extra = 0;
    return take(&extra, 1) != 0 ? "goes on after them" : "";
  }

 private:
  const std::string& file_;
  std::string name_;
  std::unique_ptr<zip_file_t, CloseMember> member_;
  std::int64_t most_ = 0;
};

std::vector<std::string> array_names(zip_t* archive, const std::string& file) {
  const std::int64_t count = ::zip_get_num_entries(archive, 0);
  if (count > kMaxMembers) {
    throw base::InputError({file, 0, ""}, fmt::format("holds {} files", count),
                           fmt::format("at most {}", kMaxMembers));
  }
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) {
    const char* const raw_name = ::zip_get_name(archive, static_cast<zip_uint64_t>(i), 0);
    const std::string name = raw_name == nullptr ? "" : raw_name;
    if (name.size() > 4 && name.substr(name.size() - 4) == ".npy") {
      names.push_back(name.substr(0, name.size() - 4));
    }
  }
  return names;
}

template <std::size_t N>
std::optional<std::string> first_of(const char* const (&known)[N],
                                    const std::vector<std::string>& names) {
  for (const char* name : known) {
    if (std::find(names.begin(), names.end(), name) != names.end()) return name;
  }
  return std::nullopt;
}

}  // namespace

bool begins_as_zip(std::string_view head) {
  return head.substr(0, 4) == std::string_view("PK\3\4", 4) ||
         head.substr(0, 4) == std::string_view("PK\5\6", 4);
}

DataSet npz_from_bytes(const std::string& bytes, const std::string& file) {
  zip_error_t error{};
  zip_source_t* const source = ::zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source == nullptr) throw std::bad_alloc();
  const std::unique_ptr<zip_t, CloseArchive> archive(
      ::zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error));
  if (!archive) {
    ::zip_source_free(source);
    throw base::InputError({file, 0, ""}, "is a damaged zip archive", "an .npz file");
  }
  const std::vector<std::string> names = array_names(archive.get(), file);
  auto images = first_of(kImageNames, names);
  if (!images && names.size() == 1) images = names.front();
  if (!images) {
    std::vector<std::string> printable;
    std::transform(names.begin(), names.end(), std::back_inserter(printable),
                   [](const std::string& name) { return base::printable(name); });
    throw base::InputError(
        {file, 0, ""},
        names.empty() ? "holds no array" : "holds no images, but " + base::join(printable),
        fmt::format("one array, or images named {}", fmt::join(kImageNames, ", ")));
  }
  DataSet data;
  const auto array_of = [&](const std::string& name) {
    MemberSource member(archive.get(), file, name);
    return npy_array(member, file, name);
  };
  take_images(array_of(*images), data);
  const auto labels = first_of(kLabelNames, names);
  if (labels) take_labels(array_of(*labels), data);
  data.images_sha256 = base::sha256_hex(bytes);
  return data;
}

bool is_npz(const DataPath& data) { return data.is_file && begins_as_zip(data.head); }
DataSet read_npz(const DataPath& data) {
  return npz_from_bytes(base::read_file(data.path, base::kMaxImagesBytes), data.path);
}

}  // namespace lacuna::network
