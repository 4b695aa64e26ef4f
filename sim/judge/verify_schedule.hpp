// The judge of schedules. It takes a schedule, the network and the machine, and tells everything
// that is wrong with it; it knows nothing of the mapper that wrote it, nor of any engine.
//
// What a valid schedule is:
//  - every multiply-accumulate exactly once, every output posted exactly once;
//  - nothing is read before it was written, nothing that is still needed is overwritten;
//  - every two steps that conflict on a cell, a register set, an accumulator entry or a row of a
//    map in DRAM are ordered: the later one starts after the earlier one has ended, as follows from
//    `waits`, `after_start` and the resources' own order (see verify_clock.hpp);
//  - everything lies inside its buffer.
#pragma once

#include <string>
#include <vector>

#include "arch/spec.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::judge {

/// At most this many violations are reported.
inline constexpr int kMaxViolations = 20;

/// What is wrong with the schedule, each message naming the steps; empty when it is valid.
std::vector<std::string> schedule_violations(const schedule::Schedule& schedule,
                                             const network::Network& network,
                                             const arch::AcceleratorSpec& spec);

/// Throws base::InternalError with the first violation.
void verify_schedule(const schedule::Schedule& schedule, const network::Network& network,
                     const arch::AcceleratorSpec& spec);

}  // namespace lacuna::judge
