// A feature map of a batch as the fast engine lays it out: channels last, with the zero padding of
// the layers that read it, so that no window looks outside.
#pragma once

#include <cstdint>

#include "network/network.hpp"

namespace lacuna::fast {

struct PaddedMap {
  std::int64_t height = 0;  ///< padding included
  std::int64_t width = 0;
  std::int64_t channels = 0;
  std::int64_t top = 0;   ///< rows of padding above
  std::int64_t left = 0;  ///< columns of padding on the left

  PaddedMap() = default;
  /// `most` has the widest padding of all readers on each side.
  PaddedMap(const network::MapShape& shape, const network::Window& most)
      : height(shape.height + most.pad_top + most.pad_bottom),
        width(shape.width + most.pad_left + most.pad_right),
        channels(shape.channels),
        top(most.pad_top),
        left(most.pad_left) {}

  std::int64_t image_values() const { return height * width * channels; }
  /// Index of value (y, x, 0) of the unpadded map.
  std::int64_t index(std::int64_t image, std::int64_t y, std::int64_t x) const {
    return ((image * height + y + top) * width + x + left) * channels;
  }
  /// Index of the value under the top left corner of output pixel (y, x)'s window.
  std::int64_t corner(const network::Window& window, std::int64_t image, std::int64_t y,
                      std::int64_t x) const {
    return ((image * height + y * window.stride_h + top - window.pad_top) * width +
            x * window.stride_w + left - window.pad_left) *
           channels;
  }
};

}  // namespace lacuna::fast
