// What cuts of layers were found to cost, so that layers of one shape, and one layer under several
// sizes of the weight buffer, are looked at once.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "mapping/layer_cut.hpp"
#include "mapping/least_cost.hpp"

namespace lacuna::mapping {

class CostMemo {
 public:
  /// A cut of a layer of some shape in its setting. Where things lie does not matter to its cost.
  using Key = std::array<std::int64_t, 16>;

  /// Layers of one shape have one number. Blocks that stay, or are resident, are fetched once,
  /// whatever the size of the buffer.
  static Key key(std::int64_t shape, const LayerCut& cut, const LayerSetting& setting) {
    const auto count = [](const std::vector<std::int64_t>& list) {
      return static_cast<std::int64_t>(list.size());
    };
    const bool once = cut.weights_stay || setting.weights_resident;
    return {shape,
            static_cast<std::int64_t>(cut.order),
            cut.indices_per_pass,
            cut.units_per_range,
            cut.weights_stay ? 1 : 0,
            cut.input_whole ? 1 : 0,
            cut.output_whole ? 1 : 0,
            cut.residual_whole ? 1 : 0,
            count(cut.input_buffers),
            count(cut.residual_buffers),
            count(cut.output_buffers),
            once ? 0 : setting.weight_words,
            setting.weights_resident ? 1 : 0,
            setting.input_there ? 1 : 0,
            setting.residual_there ? 1 : 0,
            setting.stores_output ? 1 : 0};
  }

  struct Known {
    std::optional<LeastCost> least;
    std::optional<Estimate> exact;
  };
  Known& operator[](const Key& key) { return known_[key]; }

 private:
  std::map<Key, Known> known_;
};

}  // namespace lacuna::mapping
