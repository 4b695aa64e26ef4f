// The steps' share of a schedule's form: operands of the right kind, waits, register sets.
#pragma once

#include "arch/spec.hpp"
#include "judge/violations.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::judge {

/// Of a schedule with a layer plan for each of the network's layers.
void check_steps(const schedule::Schedule& schedule, const network::Network& network,
                 const arch::AcceleratorSpec& spec, Violations& violations);

}  // namespace lacuna::judge
