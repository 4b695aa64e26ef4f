#include "mapping/on_chip_maps.hpp"

#include <algorithm>
#include <tuple>

#include "mapping/slot_allocator.hpp"

namespace lacuna::mapping {
namespace {

std::size_t map_index(std::int32_t map) { return static_cast<std::size_t>(map); }

/// Regions that ranges of streamed inputs and spilled outputs take turns in, `turns` of each.
bool place_buffers(const LayerShape& own, SlotAllocator free, int turns, LayerCut& cut) {
  std::int64_t input = 0;
  std::int64_t residual = 0;
  std::int64_t output = 0;
  if (cut.per_range_regions()) {
    for (const schedule::PixelRange& range : own.ranges(cut.units_per_range, true)) {
      if (!cut.input_whole) input = std::max(input, own.slots(own.input_rows(range)));
      if (!cut.residual_whole) residual = std::max(residual, own.slots(own.residual_rows(range)));
      if (!cut.output_whole) output = std::max(output, own.slots(own.output_rows(range)));
    }
  }
  const auto buffers = [&](std::int64_t slots, std::vector<std::int64_t>& bases) {
    bases.clear();
    for (int turn = 0; slots > 0 && turn < turns; ++turn) {
      const auto base = free.place_low(slots);
      if (!base) return false;
      bases.push_back(*base);
    }
    return true;
  };
  return buffers(input, cut.input_buffers) && buffers(residual, cut.residual_buffers) &&
         buffers(output, cut.output_buffers);
}

}  // namespace

void OnChipMaps::note_use(std::int32_t map, std::size_t layer) {
  last_use_[map_index(map)] = static_cast<std::int64_t>(layer);
}

bool OnChipMaps::is_used_from(std::int32_t map, std::size_t layer) const {
  return last_use_[map_index(map)] >= static_cast<std::int64_t>(layer);
}

void OnChipMaps::drop_used_before(std::size_t layer) {
  const auto is_done = [&](const OnChipMap& there) { return !is_used_from(there.map, layer); };
  maps_.erase(std::remove_if(maps_.begin(), maps_.end(), is_done), maps_.end());
}

bool OnChipMaps::holds(std::int32_t map) const {
  return std::any_of(maps_.begin(), maps_.end(),
                     [&](const OnChipMap& there) { return there.map == map; });
}

std::int64_t OnChipMaps::slots_used_from(std::size_t layer) const {
  std::int64_t slots = 0;
  for (const OnChipMap& there : maps_) {
    if (is_used_from(there.map, layer)) slots += there.slots;
  }
  return slots;
}

bool OnChipMaps::spill_one(const network::Layer& layer) {
  if (maps_.empty()) return false;
  const auto worth = [&](const OnChipMap& there) {
    const int rank = there.map == layer.input() ? 0 : there.map == layer.residual() ? 1 : 2;
    return std::make_tuple(rank, there.slots);
  };
  const auto most =
      std::max_element(maps_.begin(), maps_.end(),
                       [&](const OnChipMap& a, const OnChipMap& b) { return worth(a) < worth(b); });
  spilled_.insert(most->map);
  return true;
}

bool OnChipMaps::place(std::size_t layer, const LayerShape& own, std::int64_t capacity, int turns,
                       LayerCut& cut) const {
  const network::Layer& shape = own.layer();
  SlotAllocator free(capacity);
  for (const OnChipMap& there : maps_) {
    free.hold(there.base, there.slots, last_use_[map_index(there.map)]);
  }
  const auto now = static_cast<std::int64_t>(layer);
  const auto map = [&](std::int64_t slots, std::int64_t until, std::int64_t& base) {
    const auto found = free.place(slots, until);
    base = found.value_or(0);
    return found.has_value();
  };
  if (cut.input_whole && !holds(shape.input())) {
    if (!map(own.input_slots(), now, cut.input_base)) return false;
  }
  if (shape.residual() >= 0 && cut.residual_whole && !holds(shape.residual())) {
    if (!map(own.residual_slots(), now, cut.residual_base)) return false;
  }
  if (holds(own.output_map())) {
    const auto there = std::find_if(maps_.begin(), maps_.end(), [&](const OnChipMap& map) {
      return map.map == own.output_map();
    });
    cut.output_base = there->base;
  } else if (cut.output_whole && !shape.logits) {
    const std::int64_t until = last_use_[map_index(own.output_map())];
    if (!map(own.output_slots(), until, cut.output_base)) return false;
  }
  return place_buffers(own, free, turns, cut);
}

}  // namespace lacuna::mapping
