// What layers whose cuts are chosen become: the schedule, or only what it costs.
#pragma once

#include <vector>

#include "mapping/planned_layer.hpp"
#include "mapping/step_walk.hpp"
#include "mapping/timeline.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::mapping {

/// The schedule of consecutive layers. Fused pooling layers are not listed on their own.
schedule::Schedule build_schedule(const network::Network& network,
                                  const arch::AcceleratorSpec& spec, const WalkSetting& setting,
                                  const std::vector<PlannedLayer>& layers);

/// estimate_dense of that schedule, without writing it: in time as its steps, in memory as what of
/// them can still be waited for.
Estimate cost(const network::Network& network, const arch::AcceleratorSpec& spec,
              const WalkSetting& setting, const std::vector<PlannedLayer>& layers);

}  // namespace lacuna::mapping
