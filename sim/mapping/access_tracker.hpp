// Who read and wrote which addresses last: from it follow the steps that a new access waits for.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "schedule/schedule.hpp"

namespace lacuna::mapping {

/// One memory's access history over address intervals. Because every resource ends its steps in
/// list order, the last step of each resource stands for all its earlier ones.
class AccessTracker {
 public:
  using Waits = std::array<schedule::StepId, schedule::kResources>;

  /// Step `id` of `resource` reads [begin, end): it waits for the writers.
  void read(std::int64_t begin, std::int64_t end, schedule::StepId id, schedule::Resource resource,
            Waits& waits);
  /// Step `id` writes [begin, end): it waits for readers and writers. Post steps do not wait for
  /// each other's writes of the same `data` (a map), nor transfers (to a region, whose number is
  /// below 0): channels of the same rows interleave without a common cell. Nor do post steps where
  /// the data was read: its readers waited.
  void write(std::int64_t begin, std::int64_t end, schedule::StepId id, schedule::Resource resource,
             Waits& waits, std::int32_t data = 0);

 private:
  struct Segment {
    std::int64_t end = 0;
    Waits written{schedule::kNoStep, schedule::kNoStep, schedule::kNoStep, schedule::kNoStep};
    Waits read{schedule::kNoStep, schedule::kNoStep, schedule::kNoStep, schedule::kNoStep};
    std::int32_t data = 0;

    bool was_read() const {
      return read !=
             Waits{schedule::kNoStep, schedule::kNoStep, schedule::kNoStep, schedule::kNoStep};
    }
  };
  using Segments = std::map<std::int64_t, Segment>;  ///< by first address; without overlap

  void split(std::int64_t at);
  /// Makes [begin, end) consist of whole segments and returns the first.
  Segments::iterator cover(std::int64_t begin, std::int64_t end);

  Segments segments_;
};

}  // namespace lacuna::mapping
