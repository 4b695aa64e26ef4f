// Which rows of which maps a step of the schedule reads and writes, and where they lie: the
// arithmetic of windows, pooling and regions by which schedules are judged and shown. The mapper
// has its own, so that a mistake in either shows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arch/spec.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::schedule {

/// Cells [begin, begin + count) of a memory and the data they hold or are to receive: the key of a
/// block or map, and the linear index inside it, which grows with the cell.
struct CellRun {
  std::int64_t begin = 0;
  std::int64_t count = 0;
  std::int64_t key = 0;
  std::int64_t value = 0;  ///< of the first cell
};

/// A feature map by its index.
struct MapView {
  std::int32_t map = 0;  ///< Network::map index; the key of its contents
  network::MapShape shape;
  std::int64_t value_slots = 1;  ///< of the activation SRAM

  network::ChannelSlice channels() const { return {0, shape.channels}; }
};

MapView map_view(const network::Network& network, const arch::AcceleratorSpec& spec,
                 std::int32_t map);
MapView input_view(const network::Network& network, const arch::AcceleratorSpec& spec,
                   std::int32_t layer);

/// Rows [begin, end) of one image of a map.
struct ImageRows {
  std::int64_t image = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// The output rows of a range, image by image. Rows are counted through all images of the batch.
std::vector<ImageRows> output_rows(const PixelRange& range, std::int64_t height);

/// Rows of a layer's first map that those output rows are made of, without padding and without
/// rows that no window touches.
std::vector<ImageRows> window_rows(const std::vector<ImageRows>& rows, const network::Layer& layer);

/// The same of its second map, which has `height` rows: 1 where it stands for all.
std::vector<ImageRows> second_rows(const std::vector<ImageRows>& rows, std::int64_t height);

/// The rows of windows that lie wholly in `rows`, after pooling without padding and with stride =
/// kernel; nullopt when a window is cut. Trailing rows that fill no window are dropped.
std::optional<std::vector<ImageRows>> pooled_rows(const std::vector<ImageRows>& rows,
                                                  const network::Layer& pool);

/// All rows of a region.
std::vector<ImageRows> region_rows(const Region& region);
/// All rows of a transfer.
std::vector<ImageRows> transfer_rows(const MapRows& rows);

/// Why the region is not one of the map: empty when it is.
std::string region_fault(const Region& region, const MapView& view);

/// The slots of the rows in a region, with all its channels; nullopt when the region does not
/// contain them. Data is numbered as if the region's channels were all of the map's.
std::optional<CellRun> slots_of(const ImageRows& rows, const Region& region, const MapView& view);
/// The same of the rows of several images, as few runs.
std::optional<std::vector<CellRun>> slots_of(const std::vector<ImageRows>& rows,
                                             const Region& region, const MapView& view);

/// A value of a map.
struct MapValue {
  std::int32_t map = 0;
  std::int64_t image = 0;
  std::int64_t channel = 0;
  std::int64_t y = 0;
  std::int64_t x = 0;

  bool operator==(const MapValue& other) const {
    return map == other.map && image == other.image && channel == other.channel && y == other.y &&
           x == other.x;
  }
};

/// The first slot of a value in a region of its map; nullopt when it does not lie there.
std::optional<std::int64_t> slot_of(const MapValue& value, const Region& region,
                                    const MapView& view);

/// What a slot of a region is for.
struct SlotPlace {
  MapValue value;
  std::int64_t part = 0;  ///< of the value's slots
};
SlotPlace place_of_slot(std::int64_t slot, const Region& region, const MapView& view);

}  // namespace lacuna::schedule
