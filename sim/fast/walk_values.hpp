// What a walk over a batch computed, layer by layer, for those who ask where a difference ended.
#pragma once

#include <cstdint>
#include <vector>

namespace lacuna::fast {

/// Of a batch, [image][y][x][channel] of each layer's own outputs.
struct WalkValues {
  std::vector<std::vector<std::int32_t>> sums;  ///< [layer] biased; empty of layers over maps
  /// [layer] operands; where pooling is done on the way those before it, the pooled ones being the
  /// pooling layer's. Of a layer whose sums leave the machine or are its map: zeros.
  std::vector<std::vector<std::int16_t>> codes;
  /// [layer][image] a read on the image's behalf answered otherwise by a fault. What is loaded for
  /// all images is on behalf of all; what a DMA store reads counts for the last layer that reads
  /// the map.
  std::vector<std::vector<std::uint8_t>> read;
};

}  // namespace lacuna::fast
