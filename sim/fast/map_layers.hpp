// Layers over maps in the fast engine: pooling, element-wise functions, resizing. Values only;
// their times are those of the schedule's steps.
#pragma once

#include <cstdint>
#include <vector>

#include "fast/padded_map.hpp"
#include "network/network.hpp"

namespace lacuna::fast {

/// Maps of a group of batches: values of all lanes side by side, by the layouts.
using LaneMaps = std::vector<std::vector<std::int16_t>>;

class MapLayers {
 public:
  /// References outlive this.
  MapLayers(const network::Network& network, const MapLayouts& layouts, std::int64_t batch);

  /// Writes the output map of a layer that is no GEMM, for `lanes` batches.
  void run(std::size_t layer, int lanes, LaneMaps& maps) const;

 private:
  void max_pool(std::size_t index, int lanes, LaneMaps& maps) const;
  void average_pool(std::size_t index, int lanes, LaneMaps& maps) const;
  void elementwise(std::size_t index, int lanes, LaneMaps& maps) const;
  void resize(std::size_t index, int lanes, LaneMaps& maps) const;
  /// Where the layer's channel 0 of an output pixel goes.
  std::int16_t* result(std::size_t index, std::int64_t image, std::int64_t y, std::int64_t x,
                       int lanes, LaneMaps& maps) const;
  std::int16_t combine(std::size_t index, std::int64_t channel, std::int16_t first,
                       std::int16_t second) const;

  const network::Network& network_;
  const MapLayouts& layouts_;
  std::int64_t batch_;
  /// [layer][first operand][second operand], from the lowest: of functions of two maps that are the
  /// same for all channels.
  std::vector<std::vector<std::int16_t>> pairs_;
};

}  // namespace lacuna::fast
