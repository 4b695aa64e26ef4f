#include "judge/pass_book.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lacuna::judge {

PassBook::PassBook(const schedule::Schedule& schedule, const network::Network& network,
                   const arch::AcceleratorSpec& spec, const Tiling& tiling, const EndClocks& clocks,
                   Violations& violations)
    : schedule_(schedule),
      network_(network),
      spec_(spec),
      tiling_(tiling),
      clocks_(clocks),
      violations_(violations),
      sets_(2),
      streamed_(schedule.blocks.size()),
      layer_seen_(network.layers.size(), false) {}

std::int64_t PassBook::pixels(std::int32_t range) const {
  const schedule::PixelRange& r = schedule_.ranges[static_cast<std::size_t>(range)];
  return r.row_count * network_.layers[static_cast<std::size_t>(r.layer)].out.width;
}

std::int64_t PassBook::tile_range_key(const schedule::Step& s) const {
  const auto tiles = static_cast<std::int64_t>(tiling_.tiles.size());
  return s.range * tiles + tiling_.tile_of_block[static_cast<std::size_t>(s.block)];
}

void PassBook::load_pe(schedule::StepId id) {
  const schedule::Step& s = step(id);
  RegisterSet& set = sets_[static_cast<std::size_t>(s.set)];
  violations_.require(clocks_.ended(set.last_stream, id), [&] {
    return fmt::format(
        "{} overwrites register set {}, but does not wait for its "
        "reader, step {}",
        name(id), s.set, set.last_stream);
  });
  set = {s.block, id, schedule::kNoStep};
}

void PassBook::check_registers(schedule::StepId id) {
  const schedule::Step& s = step(id);
  RegisterSet& set = sets_[static_cast<std::size_t>(s.set)];
  if (set.block != s.block) {
    violations_.add(
        fmt::format("{} uses block {} from register set {}, which holds block {} since "
                    "step {}",
                    name(id), s.block, s.set, set.block, set.load));
    return;
  }
  violations_.require(clocks_.ended(set.load, id), [&] {
    return fmt::format(
        "{} uses register set {}, but does not wait for its PE load, "
        "step {}",
        name(id), s.set, set.load);
  });
  set.last_stream = id;
}

void PassBook::check_layer_order(schedule::StepId id) {
  const std::int32_t layer = step(id).layer;
  if (layer == layer_) return;
  violations_.require(!layer_seen_[static_cast<std::size_t>(layer)], [&] {
    return fmt::format(
        "{} comes back to its layer after one of {}: layers overlap on "
        "the array",
        name(id),
        layer_ < 0 ? std::string() : network_.layers[static_cast<std::size_t>(layer_)].name);
  });
  layer_seen_[static_cast<std::size_t>(layer)] = true;
  layer_ = layer;
}

bool PassBook::fits(schedule::StepId id, std::int64_t count) {
  const std::int64_t begin = step(id).address;
  const arch::Limit limit = spec_.accumulators.entries_per_lane;
  const auto what = [&] {
    return fmt::format("{} uses accumulator entries {} + {}", name(id), begin, count);
  };
  const bool declared = violations_.require(begin <= schedule_.accumulator_entries - count, [&] {
    return fmt::format("{}, the schedule declares {}", what(), schedule_.accumulator_entries);
  });
  const bool fits = violations_.require(!limit || begin <= *limit - count, [&] {
    return fmt::format("{}, a lane has {}", what(), limit.value_or(0));
  });
  return declared && fits;
}

// The first pass writes entries without reading them: whoever held them must be through.
void PassBook::take_entries(schedule::StepId id, std::int64_t key) {
  const std::int64_t begin = step(id).address;
  const std::int64_t end = begin + pixels(step(id).range);
  auto it = owners_.lower_bound(begin);
  if (it != owners_.begin() && std::prev(it)->second.end > begin) --it;
  while (it != owners_.end() && it->first < end) {
    const TileRange& held = tile_ranges_[it->second.tile_range];
    const auto what = [&] {
      return fmt::format("{} overwrites accumulator entries {} of the tile that step {} streamed",
                         name(id), interval_name(it->first, it->second.end), held.last_stream);
    };
    if (held.post == schedule::kNoStep) {
      violations_.add(what() + ", which is not posted yet");
    } else {
      violations_.require(clocks_.ended(held.post, id), [&] {
        return fmt::format("{}, but does not wait for its post, step {}", what(), held.post);
      });
    }
    it = owners_.erase(it);
  }
  owners_.emplace(begin, Owner{end, key});
}

void PassBook::stream(schedule::StepId id) {
  const schedule::Step& s = step(id);
  check_layer_order(id);
  check_registers(id);
  streamed_[static_cast<std::size_t>(s.block)].push_back({s.range, id});
  if (!fits(id, pixels(s.range))) return;
  const std::int64_t key = tile_range_key(s);
  const auto found = tile_ranges_.find(key);
  const bool first = found == tile_ranges_.end();
  if (s.first_pass != first) {
    violations_.add(first ? fmt::format("{} is the first pass of its tile over range {}, but adds "
                                        "to accumulators that hold nothing of it",
                                        name(id), s.range)
                          : fmt::format("{} says first pass, but step {} has streamed its tile "
                                        "over range {} before",
                                        name(id), found->second.last_stream, s.range));
  }
  if (first) {
    tile_ranges_[key] = {tiling_.tile_of_block[static_cast<std::size_t>(s.block)], s.address, 1, id,
                         schedule::kNoStep};
    take_entries(id, key);
    return;
  }
  TileRange& tile = found->second;
  violations_.require(tile.address == s.address, [&] {
    return fmt::format("{} accumulates at entry {}, step {} did at {}", name(id), s.address,
                       tile.last_stream, tile.address);
  });
  violations_.require(tile.post == schedule::kNoStep, [&] {
    return fmt::format("{} streams a tile that step {} has posted", name(id), tile.post);
  });
  const auto owner = owners_.find(tile.address);
  violations_.require(owner != owners_.end() && owner->second.tile_range == key, [&] {
    return fmt::format(
        "{} adds to accumulator entries that another tile has taken "
        "since step {}",
        name(id), tile.last_stream);
  });
  ++tile.passes;
  tile.last_stream = id;
}

void PassBook::post(schedule::StepId id) {
  const schedule::Step& s = step(id);
  if (!fits(id, pixels(s.range))) return;
  const auto found = tile_ranges_.find(tile_range_key(s));
  if (found == tile_ranges_.end()) {
    violations_.add(fmt::format("{} posts a tile of range {} that no earlier step has streamed",
                                name(id), s.range));
    return;
  }
  TileRange& tile = found->second;
  if (tile.post != schedule::kNoStep) {
    violations_.add(
        fmt::format("{} posts a tile again that step {} has posted", name(id), tile.post));
    return;
  }
  const std::int32_t passes = tiling_.tiles[static_cast<std::size_t>(tile.tile)].passes;
  violations_.require(tile.passes == passes, [&] {
    return fmt::format("{} posts a tile after {} of its {} passes", name(id), tile.passes, passes);
  });
  violations_.require(tile.address == s.address, [&] {
    return fmt::format("{} takes accumulator entry {}, the passes went to {}", name(id), s.address,
                       tile.address);
  });
  violations_.require(clocks_.ended(tile.last_stream, id), [&] {
    return fmt::format(
        "{} takes accumulators, but does not wait for their writer, "
        "step {}",
        name(id), tile.last_stream);
  });
  const auto owner = owners_.find(tile.address);
  violations_.require(owner != owners_.end() && owner->second.tile_range == found->first, [&] {
    return fmt::format(
        "{} posts accumulator entries that another tile has taken since "
        "step {}",
        name(id), tile.last_stream);
  });
  tile.post = id;
}

void PassBook::finish_block(std::size_t block) {
  std::vector<Streamed>& list = streamed_[block];
  const schedule::Block& b = schedule_.blocks[block];
  const network::Layer& layer = network_.layers[static_cast<std::size_t>(b.layer)];
  const auto begin = [&](const Streamed& s) {
    return schedule_.ranges[static_cast<std::size_t>(s.range)].row_begin;
  };
  std::sort(list.begin(), list.end(), [&](const Streamed& x, const Streamed& y) {
    return begin(x) != begin(y) ? begin(x) < begin(y) : x.step < y.step;
  });
  std::int64_t row = 0;
  schedule::StepId before = schedule::kNoStep;
  for (const Streamed& s : list) {
    if (begin(s) != row) {
      violations_.add(begin(s) > row
                          ? fmt::format("no step streams rows {} of {} with block {}",
                                        interval_name(row, begin(s)), layer.name, block)
                          : fmt::format("{} streams row {} with block {} again after step {}",
                                        name(s.step), begin(s), block, before));
      return;
    }
    row += schedule_.ranges[static_cast<std::size_t>(s.range)].row_count;
    before = s.step;
  }
  const std::int64_t rows = layer.out.height * schedule_.batch;
  violations_.require(row == rows, [&] {
    return fmt::format("no step streams rows {} of {} with block {}", interval_name(row, rows),
                       layer.name, block);
  });
}

void PassBook::finish() {
  for (std::size_t i = 0; i < schedule_.blocks.size(); ++i) finish_block(i);
  schedule::StepId missing =
      schedule::kNoStep;  // the first one, so that the message does not depend on hashing
  for (const auto& entry : tile_ranges_) {
    const TileRange& tile = entry.second;
    if (tile.post == schedule::kNoStep &&
        (missing == schedule::kNoStep || tile.last_stream < missing)) {
      missing = tile.last_stream;
    }
  }
  if (missing != schedule::kNoStep) {
    violations_.add(fmt::format("no step posts the tile that {} streamed last", name(missing)));
  }
}

}  // namespace lacuna::judge
