// One access of a cell, as faults ask for it.
#pragma once

#include <cstdint>

namespace lacuna::memory {

/// Times are those of docs/faults.md: the step's list index (set-up: below 0), and the cycle from
/// the start of the batch (set-up: below 0). `pixel` and `index` tell apart the accesses of one
/// cell in one step.
struct Access {
  std::int64_t step = 0;
  std::int64_t cycle = 0;
  std::int64_t pixel = 0;
  std::int64_t index = 0;

  Access() = default;
  // A step alone, where no fault asks for cycles.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Access(std::int64_t step_of_access, std::int64_t cycle_of_access = 0, std::int64_t of_pixel = 0,
         std::int64_t of_index = 0)
      : step(step_of_access), cycle(cycle_of_access), pixel(of_pixel), index(of_index) {}
};

/// Which batch of a run it is.
struct BatchPlace {
  std::int64_t batch = 0;        ///< of its part, from 0
  std::int64_t first_image = 0;  ///< of its part, from 0
  std::int32_t part = 0;         ///< of the job: a layer of a workload
};

/// The access of set-up.
inline Access setup_access() { return {-1, -1}; }

}  // namespace lacuna::memory
