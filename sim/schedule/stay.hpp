// How long something lies in cells of a memory.
#pragma once

#include <vector>

#include "schedule/accesses.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::schedule {

/// Steps of one batch: written at `from` (or kSetup), overwritten at `until`, which is the number
/// of steps where nothing overwrites it.
struct Stay {
  StepId from = kSetup;
  StepId until = 0;
  std::vector<StepId> reads;  ///< the steps that read it, ascending
};

}  // namespace lacuna::schedule
