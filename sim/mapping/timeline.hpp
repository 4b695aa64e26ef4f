// When the steps of a schedule start and end on a machine that skips nothing: what the mapper
// compares its candidates by.
#pragma once

#include "arch/spec.hpp"
#include "base/units.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::mapping {

struct Estimate {
  base::Cycles cycles;
  base::Bytes dram;  ///< both ways
};

/// Cycles until the last step ends, streams at dense speed.
Estimate estimate_dense(const schedule::Schedule& schedule, const network::Network& network,
                        const arch::AcceleratorSpec& spec);

}  // namespace lacuna::mapping
