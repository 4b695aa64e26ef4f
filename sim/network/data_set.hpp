// Test images, labelled or not, as their files have them. How they become a network's input codes:
// network/data/feeder.hpp; the formats: network/data/formats.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lacuna::network {

/// Debian's dataset-fashion-mnist.
inline constexpr const char* kDefaultDataDir = "/usr/share/datasets/fashion-mnist";

/// How the values of an image lie in its file. kAny: it does not say.
enum class Layout : std::uint8_t { kAny, kChannelsFirst, kChannelsLast };

/// What a value is: a pixel of 0..255, an integer of -128..127, or a real.
enum class ValueKind : std::uint8_t { kPixel, kInteger, kReal };

/// Images that are drawn, not read: codes that are not zero with probability `density`.
struct RandomImages {
  std::uint64_t seed = 1;
  double density = 1;
};

/// A file that is nothing but values: what a model's card says of it.
struct RawFile {
  std::vector<std::int64_t> shape;  ///< of one image
  ValueKind kind = ValueKind::kPixel;
  std::int64_t skip = 0;  ///< bytes in front of the first image

  friend bool operator==(const RawFile& a, const RawFile& b) {
    return a.shape == b.shape && a.kind == b.kind && a.skip == b.skip;
  }
};

struct DataSet {
  std::string format;               ///< as "IDX"
  std::int64_t images = 0;          ///< how many there are
  std::vector<std::int64_t> sizes;  ///< of an image in its file; of pictures and drawn ones none
  Layout layout = Layout::kAny;
  ValueKind kind = ValueKind::kPixel;
  std::vector<std::uint8_t> pixels;   ///< of all images; kInteger: in two's complement
  std::vector<float> reals;           ///< kReal: instead
  std::vector<std::string> pictures;  ///< or files, a picture each, which are read when needed
  std::optional<RandomImages> random;
  std::vector<std::int32_t> labels;  ///< [image]; empty where there are none
  std::string images_file;
  std::string labels_file;
  std::string images_sha256;  ///< of the file as it lies on disk, or of all that were read
  std::string labels_sha256;  ///< where they have a file of their own

  std::int64_t count() const { return images; }
};

/// Reads the data set behind a path, or draws "random[:seed[:density]]". Of a folder of pictures
/// the first `images` are hashed, and none is kept. A raw file needs `raw`. Throws
/// base::InputError for what is missing, damaged, or larger than it may be.
DataSet load_data(const std::string& path, std::int64_t images,
                  const std::optional<RawFile>& raw = {});

/// Whether something lies there that load_data() would take for a data set of some format.
bool is_data(const std::string& path);

/// One line for people: format, images, sizes, labels and range.
std::string describe(const DataSet& data);

/// Reads t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte from a folder, plain, or else with .gz.
DataSet load_test_set(const std::string& folder);

/// Images and labels in IDX from files in memory; the names stand in messages.
DataSet test_set_from_bytes(const std::string& images, const std::string& labels,
                            const std::string& images_file, const std::string& labels_file);

/// Notes the files of a data set as inputs (base::note_input), whether they are there or not.
void note_data(const std::string& path);

}  // namespace lacuna::network
