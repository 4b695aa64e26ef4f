// Which maps lie whole in the activation SRAM while layers are chosen one after the other: from the
// layer that first writes a map to its last reader, unless it is spilled to DRAM. And where there
// is room between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "mapping/layer_cut.hpp"
#include "network/network.hpp"

namespace lacuna::mapping {

struct OnChipMap {
  std::int32_t map = 0;
  std::int64_t base = 0;
  std::int64_t slots = 0;
};

class OnChipMaps {
 public:
  /// None yet, of a network with so many maps; its layers have numbers in the order of the choice.
  explicit OnChipMaps(std::size_t maps) : last_use_(maps, -1) {}

  /// A layer reads the map, or writes another slice of it.
  void note_use(std::int32_t map, std::size_t layer);
  /// Whether layer `layer` or a later one uses the map.
  bool is_used_from(std::int32_t map, std::size_t layer) const;

  /// Begins again; uses and spills stay known.
  void clear() { maps_.clear(); }
  void add(const OnChipMap& map) { maps_.push_back(map); }
  /// Maps that only layers before `layer` use are gone.
  void drop_used_before(std::size_t layer);

  const std::vector<OnChipMap>& all() const { return maps_; }
  bool holds(std::int32_t map) const;
  /// Of those that are there and still used by `layer` or a later one.
  std::int64_t slots_used_from(std::size_t layer) const;

  /// Where `layer` does not fit, one of the maps is to go to DRAM when it is written: one that the
  /// layer does not read, else its residual operand, else its input; the largest of these. false:
  /// there is none.
  bool spill_one(const network::Layer& layer);
  bool is_spilled(std::int32_t map) const { return spilled_.count(map) != 0; }

  /// Finds room for all that the cut of layer number `layer` has in an activation SRAM of
  /// `capacity` slots, with so many regions for each operand that ranges take turns in, and notes
  /// where; false when there is none.
  bool place(std::size_t layer, const LayerShape& own, std::int64_t capacity, int turns,
             LayerCut& cut) const;

 private:
  std::vector<std::int64_t> last_use_;  ///< of each map; -1: nobody uses it
  std::vector<OnChipMap> maps_;
  std::set<std::int32_t> spilled_;  ///< maps that may not stay on chip
};

}  // namespace lacuna::mapping
