// How the weight blocks of a schedule cut its layers: channel tiles, and passes within them.
#pragma once

#include <cstdint>
#include <vector>

#include "judge/violations.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::judge {

/// A channel tile: the blocks of one layer and group that share their channels.
struct ChannelTile {
  std::int32_t layer = 0;
  std::int32_t group = 0;
  std::int64_t n_begin = 0;
  std::int64_t n_count = 0;
  std::int32_t passes = 0;  ///< blocks of the tile
};

struct Tiling {
  std::vector<ChannelTile> tiles;
  std::vector<std::int32_t> tile_of_block;
};

/// The blocks of every layer and group must partition K x N: channel tiles cut N, and in each tile
/// the passes cut K and are numbered in that order. The structure must be well formed.
Tiling check_tiling(const schedule::Schedule& schedule, const network::Network& network,
                    Violations& violations);

}  // namespace lacuna::judge
