// First half of the judge: is the schedule well formed? Only then can the second half, which
// follows its steps, use its indices without asking.
#pragma once

#include "arch/spec.hpp"
#include "judge/violations.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::judge {

/// Indices in range, steps of the right kind, waits on earlier steps of the right resource,
/// register sets, fused pools, sizes positive and inside their layers.
void check_structure(const schedule::Schedule& schedule, const network::Network& network,
                     const arch::AcceleratorSpec& spec, Violations& violations);

}  // namespace lacuna::judge
