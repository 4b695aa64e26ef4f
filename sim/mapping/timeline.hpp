// What steps of a schedule cost on a machine that skips nothing, and when each then starts and
// ends: what the mapper compares its candidates by. Source: docs/timing.md.
#pragma once

#include <vector>

#include "base/units.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::mapping {

struct Estimate {
  base::Cycles cycles;
  base::Bytes dram;  ///< both ways
};

/// Bytes that a DMA step moves.
base::Bytes transfer_bytes(const schedule::Step& step, const schedule::Schedule& schedule,
                           const network::Network& network, const arch::AcceleratorSpec& spec);

/// Cycles that a step occupies its resource: a DMA step's transfer without latency, a loader's,
/// array's (at dense speed) or post step's cycles without post latency.
std::int64_t step_cycles(const schedule::Step& step, const schedule::Schedule& schedule,
                         const network::Network& network, const arch::AcceleratorSpec& spec);

/// Cycles until the last step ends, streams at dense speed.
Estimate estimate_dense(const schedule::Schedule& schedule, const network::Network& network,
                        const arch::AcceleratorSpec& spec);

}  // namespace lacuna::mapping
