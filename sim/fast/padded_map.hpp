// A feature map of a batch as the fast engine lays it out: channels last, with the zero padding of
// the layers that read it, so that no window looks outside. A map of sums has two values a channel,
// the low half of a sum and the high one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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
  PaddedMap(const network::MapShape& shape, const network::Window& most, int halves)
      : height(shape.height + most.pad_top + most.pad_bottom),
        width(shape.width + most.pad_left + most.pad_right),
        channels(shape.channels * halves),
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

/// The halves of a sum, and the sum of its halves.
inline std::int16_t low_half(std::int32_t sum) { return static_cast<std::int16_t>(sum); }
inline std::int16_t high_half(std::int32_t sum) { return static_cast<std::int16_t>(sum >> 16); }
inline std::int32_t whole_sum(std::int16_t low, std::int16_t high) {
  return static_cast<std::int32_t>(std::uint32_t{static_cast<std::uint16_t>(high)} << 16 |
                                   static_cast<std::uint16_t>(low));
}

/// The layouts of a network's maps and, behind them, of copies with zeros between their rows and
/// columns, one for each layer that reads its input so.
class MapLayouts {
 public:
  explicit MapLayouts(const network::Network& network);

  std::size_t size() const { return list_.size(); }
  const PaddedMap& operator[](std::size_t index) const { return list_[index]; }
  std::vector<PaddedMap>::const_iterator begin() const { return list_.begin(); }
  std::vector<PaddedMap>::const_iterator end() const { return list_.end(); }

  /// The place in the list of what the windows of a layer slide over: its map, or its copy.
  std::size_t input_place(std::size_t layer) const { return inputs_[layer]; }
  const PaddedMap& of_input(std::size_t layer) const { return list_[inputs_[layer]]; }
  /// Whether a layer slides over a copy.
  bool is_spread(std::size_t layer) const { return inputs_[layer] >= maps_; }

 private:
  std::size_t maps_;
  std::vector<PaddedMap> list_;
  std::vector<std::size_t> inputs_;  ///< [layer]
};

}  // namespace lacuna::fast
