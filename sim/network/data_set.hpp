// Labelled test images, and their way into a network's input codes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "network/network.hpp"

namespace lacuna::network {

/// Debian's dataset-fashion-mnist.
inline constexpr const char* kDefaultDataDir = "/usr/share/datasets/fashion-mnist";

struct DataSet {
  MapShape image;                    ///< of every image; IDX images have one channel
  std::vector<std::uint8_t> pixels;  ///< [image][y][x], 0..255
  std::vector<std::uint8_t> labels;  ///< [image]
  std::string images_file;
  std::string labels_file;
  std::string images_sha256;  ///< of the file as it lies on disk
  std::string labels_sha256;

  std::int64_t count() const { return static_cast<std::int64_t>(labels.size()); }
};

/// Reads t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte from a folder, plain, or else with .gz.
/// Throws InputError when a file is missing, damaged, cut off or too long, or the counts differ.
DataSet load_test_set(const std::string& folder);

/// The same from files in memory; the names stand in messages.
DataSet test_set_from_bytes(const std::string& images, const std::string& labels,
                            const std::string& images_file, const std::string& labels_file);

/// Notes the files of a test set as inputs (base::note_input), whether they are there or not.
void note_test_set(const std::string& folder);

/// Throws InputError unless the images have the network's input size and every label is a class.
void check_data_fits(const DataSet& data, const Network& network);

/// Input codes of one image, channels last, in.values() of them:
/// clamp(round_half_even((pixel / 255) / input_scale), 0, 2^activation_bits - 1) in float32.
/// Throws InputError when the image's size is not the network's; `image` must be below count().
std::vector<std::uint8_t> quantise_pixels(const DataSet& data, std::int64_t image,
                                          const Network& network);

}  // namespace lacuna::network
