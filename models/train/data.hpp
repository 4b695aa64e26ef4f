// Labelled images, as bytes; a data set of sim/network that can be cut into parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace lacuna::train {

struct Images {
  std::size_t count = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<std::uint8_t> pixels;  // [count][rows][columns], 0 to 255
  std::vector<std::uint8_t> labels;  // [count], 0 to 9

  std::size_t pixels_per_image() const { return rows * columns; }
  const std::uint8_t* image(std::size_t index) const {
    return pixels.data() + index * pixels_per_image();
  }
};

/// Reads `<part>-images-idx3-ubyte[.gz]` and `<part>-labels-idx1-ubyte[.gz]` of a folder; `part` is
/// "train" or "t10k". Throws base::InputError on anything malformed.
Images read_images(const std::filesystem::path& folder, const char* part);

/// Images [begin, end) of `from`.
Images slice(const Images& from, std::size_t begin, std::size_t end);

}  // namespace lacuna::train
