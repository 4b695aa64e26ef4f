// How full the buffers are over time: a cell is in use from the start of the step that writes it to
// the end of the last step that reads what was written. A writer waits for the readers of what it
// replaces, so no cell is counted twice and no level exceeds what the schedule declares.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "measure/batch_trace.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::schedule {

/// From `cycle` on, until the next level.
struct BufferLevel {
  std::int64_t cycle = 0;
  std::int64_t used = 0;
};

/// Levels of one batch, ascending in time, each another than the one before; the first at cycle 0.
struct BufferUse {
  std::vector<BufferLevel> weight_words;  ///< what set-up loads is in use all the time
  /// A map's row counts with all channels of its region, from the first writer of one of them on.
  std::vector<BufferLevel> activation_slots;
  std::vector<BufferLevel> accumulator_entries;  ///< entries of all lanes count as one
};

/// The schedule must be valid (see verify_schedule.hpp); `times` has the span of each of its steps.
BufferUse buffer_use(const Schedule& schedule, const network::Network& network,
                     const arch::AcceleratorSpec& spec,
                     const std::vector<measure::StepSpan>& times);

}  // namespace lacuna::schedule
