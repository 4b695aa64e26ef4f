// What every PE load reads from the weight SRAM. The schedule's weight loads and PE loads are
// replayed in program order on the same CellArray that the machine has, so a cell holds other
// weights at other steps, and its faults act on each of them.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "base/counters.hpp"
#include "fault/plan.hpp"
#include "mapping/schedule.hpp"

namespace lacuna::fast {

/// The weights of a block, [index of the pass][channel of the tile].
using BlockWeights = std::vector<std::int8_t>;

/// A block's weights as trained.
BlockWeights trained_weights(const mapping::Block& block, const network::Network& network);

struct WeightReads {
  /// [step] of each PE load whose weights are not as trained: what it reads; else empty.
  std::vector<BlockWeights> changed;
  std::vector<base::FaultOutcome> outcomes;  ///< of one batch, one an entry of the plan
};

/// `words` is the size of the weight SRAM, `step_offset` the place of the schedule's first step in
/// program order.
WeightReads replay_weight_sram(const mapping::Schedule& schedule, const network::Network& network,
                               const arch::AcceleratorSpec& spec, const fault::FaultPlan& plan,
                               std::int64_t words, std::int64_t step_offset);

}  // namespace lacuna::fast
