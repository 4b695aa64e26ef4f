// Images that a network can tell apart after a few steps.
#pragma once

#include <cstddef>
#include <cstdint>

#include "data.hpp"

namespace lacuna::train {

/// 28 x 28; class k is a bright bar in rows 2k + 4 and 2k + 5, over noise.
inline Images bars(std::size_t count, unsigned salt) {
  Images images;
  images.count = count;
  images.rows = images.columns = 28;
  unsigned noise = salt;
  for (std::size_t i = 0; i < count; ++i) {
    images.labels.push_back(static_cast<std::uint8_t>(i % 10));
    for (std::size_t p = 0; p < 784; ++p) {
      noise = noise * 1664525U + 1013904223U;
      const bool bar = p / 56 == 2 + i % 10;
      images.pixels.push_back(static_cast<std::uint8_t>(bar ? 255 : noise >> 27));
    }
  }
  return images;
}

}  // namespace lacuna::train
