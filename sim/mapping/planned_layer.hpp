// A layer whose cut is chosen: its passes over ranges, the PE loads that they need and the fetches
// that serve those, each worked out from its number.
#pragma once

#include <cstdint>
#include <optional>

#include "arch/spec.hpp"
#include "mapping/layer_cut.hpp"
#include "mapping/weight_buffer.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::mapping {

/// Capacities of the memories in their own units; unlimited ones as large as could be of use.
struct Capacities {
  std::int64_t weight_words = 0;
  std::int64_t activation_slots = 0;
  std::int64_t accumulator_half = 0;  ///< entries that array and post take turns in
};

struct PlannedLayer {
  std::int32_t layer = 0;
  std::int32_t fused_pool = -1;
  LayerCut cut;
};

/// Numbers of what comes before a layer in its schedule.
struct LayerStart {
  std::int32_t block = 0;
  std::int32_t range = 0;
  std::int64_t use = 0;  ///< PE loads
};

class LayerWork {
 public:
  LayerWork(const LayerShape& shape, const LayerCut& cut, const arch::AcceleratorSpec& spec,
            const LayerStart& start);

  const LayerShape& shape() const { return shape_; }
  const LayerCut& cut() const { return cut_; }
  const RangeList& ranges() const { return ranges_; }
  /// Of a GEMM layer.
  const BlockList& blocks() const { return *blocks_; }
  bool is_gemm() const { return blocks_.has_value(); }
  /// Number in the schedule of the layer's first block, range and PE load, and of what comes after.
  const LayerStart& start() const { return start_; }
  LayerStart end() const;

  /// A visit is a turn of a range in the layer: one, or one a channel tile.
  std::int64_t visits() const;
  std::int64_t range_of(std::int64_t visit) const { return visit % ranges_.size(); }

  /// Loads of the PEs. A block that the next pass needs again is not loaded again.
  std::int64_t uses() const;

  /// Transfers of weights from DRAM where none are resident: of each block one, where blocks stay,
  /// or one for every use. In order of first use.
  std::int64_t fetches() const;
  WeightFetch fetch(std::int64_t number) const;
  /// No fewer steps than the layer has, all its transfers included.
  std::int64_t most_steps() const;
  /// Words that all blocks take, and those before a block, where all lie one after the other.
  std::int64_t words() const { return words_; }
  std::int64_t words_before(std::int64_t block) const;

 private:
  /// Blocks that take turns in the PEs: of all tiles, or of one.
  std::int64_t turn() const;

  LayerShape shape_;
  LayerCut cut_;
  const arch::AcceleratorSpec* spec_;
  RangeList ranges_;
  std::optional<BlockList> blocks_;
  LayerStart start_;
  std::int64_t words_ = 0;
};

}  // namespace lacuna::mapping
