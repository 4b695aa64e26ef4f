// What every PE load reads from the weight SRAM. The schedule's weight loads and PE loads are
// replayed in program order on the same CellArray that the machine has, so a cell holds other
// weights at other steps, and its faults act on each of them.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "fault/plan.hpp"
#include "measure/counters.hpp"
#include "schedule/residency.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::fast {

/// The weights of a block as operands, [index of the pass][channel of the tile].
using BlockWeights = std::vector<std::int16_t>;

/// A block's weights as trained.
BlockWeights trained_weights(const schedule::Block& block, const network::Network& network);

struct WeightReads {
  /// [step] of each PE load whose weights are not as trained: what it reads; else empty.
  std::vector<BlockWeights> changed;
  std::vector<measure::FaultOutcome> outcomes;  ///< of one batch, one an entry of the plan
};

/// `words` is the size of the weight SRAM, `step_offset` the place of the schedule's first step in
/// program order.
WeightReads replay_weight_sram(const schedule::Schedule& schedule, const network::Network& network,
                               const arch::AcceleratorSpec& spec, const fault::FaultPlan& plan,
                               std::int64_t words, std::int64_t step_offset);

/// A weight that a PE load reads wrong.
struct WeightChange {
  schedule::StepId load = schedule::kNoStep;
  std::int64_t k = 0;      ///< index of the block's pass
  std::int64_t n = 0;      ///< channel of the block's tile
  std::int16_t delta = 0;  ///< as read - as trained
};

struct WeightChanges {
  std::vector<WeightChange> list;
  std::vector<measure::FaultOutcome> outcomes;  ///< of one batch, one an entry of the plan
};

/// The same from all reads of a replay.
WeightChanges changes_of(const WeightReads& reads, const schedule::Schedule& schedule,
                         const network::Network& network);

/// The same by replaying only the accesses to the plan's own cells, which the residency map knows;
/// for a schedule that is the whole run. In no particular order.
WeightChanges replay_faulty_cells(const schedule::ResidencyMap& residency,
                                  const schedule::Schedule& schedule,
                                  const network::Network& network,
                                  const arch::AcceleratorSpec& spec, const fault::FaultPlan& plan);

}  // namespace lacuna::fast
