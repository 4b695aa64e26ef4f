// Which steps are known to have ended before a step starts, whatever the durations are.
//
// Known order, and nothing else:
//  - waits[r]: that step of resource r has ended;
//  - a resource starts its steps, and ends them, in list order, so with a step all earlier ones of
//    its resource have ended;
//  - some resources take their next step only when the last one has ended, and are one with others
//    (loader and array with serial weight load); the rest are pipelines (latency of one transfer
//    runs under another), where a step may start before the one before it has ended: both as
//    schedule/resources.hpp says;
//  - after_start: what had ended before that stream started has ended.
//
// So the knowledge about a step is a vector clock: for each resource the last step that has ended.
#pragma once

#include <array>
#include <vector>

#include "arch/spec.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::judge {

/// For each resource a step, or kNoStep.
using ResourceClock = std::array<schedule::StepId, schedule::kResources>;

class EndClocks {
 public:
  /// The steps' indices and waits must be well formed (see structure.hpp).
  EndClocks(const schedule::Schedule& schedule, const arch::AcceleratorSpec& spec);

  /// Whether `earlier` is known to have ended when `later` starts. kNoStep (set-up, or data that
  /// was there from the beginning) always has.
  bool ended(schedule::StepId earlier, schedule::StepId later) const {
    if (earlier == schedule::kNoStep) return true;
    return before_[static_cast<std::size_t>(later)][resource_[static_cast<std::size_t>(earlier)]] >=
           earlier;
  }

 private:
  std::vector<std::size_t> resource_;  ///< of each step
  std::vector<ResourceClock> before_;  ///< ended before each step starts
};

}  // namespace lacuna::judge
