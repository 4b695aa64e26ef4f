// Takes the steps of a walk down as a schedule.
#pragma once

#include <cstdint>

#include "mapping/step_walk.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::mapping {

/// A step's stamps are its number.
class ScheduleSink {
 public:
  /// Outlives the sink.
  explicit ScheduleSink(schedule::Schedule& schedule) : schedule_(schedule) {}

  std::int32_t add_region(const schedule::Region& region);
  PlacedStep append(const WalkedStep& step, const StepAccesses::Stamps& waits, Stamp after_start);

 private:
  schedule::Schedule& schedule_;
};

}  // namespace lacuna::mapping
