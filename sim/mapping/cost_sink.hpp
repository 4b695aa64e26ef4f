// Tells when the steps of a walk end on a machine that skips nothing, and keeps none of them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "mapping/step_walk.hpp"
#include "mapping/timeline.hpp"
#include "schedule/durations.hpp"
#include "schedule/placement.hpp"

namespace lacuna::mapping {

/// A step's stamps are cycles.
class CostSink {
 public:
  CostSink(const network::Network& network, const arch::AcceleratorSpec& spec)
      : network_(network), spec_(spec), placement_(spec) {}

  std::int32_t add_region(const schedule::Region& /*region*/) { return regions_++; }
  PlacedStep append(const WalkedStep& step, const StepAccesses::Stamps& waits, Stamp after_start);

  /// Cycles until the last step ends, and bytes moved.
  const Estimate& estimate() const { return estimate_; }

 private:
  schedule::Duration duration(const WalkedStep& walked);

  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  schedule::Placement<std::int64_t> placement_;
  std::int32_t regions_ = 0;
  Estimate estimate_;
};

}  // namespace lacuna::mapping
