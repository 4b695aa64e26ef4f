// Who read and wrote which addresses last: from it follows what a new access waits for.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "schedule/schedule.hpp"

namespace lacuna::mapping {

/// Where a step ends: its number, or its cycle. Both grow along the steps of a resource.
using Stamp = std::int64_t;
inline constexpr Stamp kNever = -1;

class AccessTracker;

/// A step's accesses: what it waits for of each resource, and where it leaves its own stamp.
class StepAccesses {
 public:
  using Stamps = std::array<Stamp, schedule::kResources>;

  void begin(schedule::Resource resource) {
    resource_ = resource;
    waits_.fill(kNever);
    touched_.clear();
  }
  schedule::Resource resource() const { return resource_; }
  const Stamps& waits() const { return waits_; }
  /// The step ends then.
  void settle(Stamp end) const;

 private:
  friend class AccessTracker;
  struct Touched {
    AccessTracker* memory;
    std::int64_t begin;
    std::int64_t end;
    bool write;
  };

  schedule::Resource resource_ = schedule::Resource::kDma;
  Stamps waits_{};
  std::vector<Touched> touched_;
};

/// One memory's access history over address intervals. Because every resource ends its steps in
/// list order, the last step of each resource stands for all its earlier ones.
class AccessTracker {
 public:
  /// The step reads [begin, end): it waits for the writers.
  void read(std::int64_t begin, std::int64_t end, StepAccesses& step);
  /// The step writes [begin, end): it waits for readers and writers. Post steps do not wait for
  /// each other's writes of the same `data` (a map), nor transfers (to a region, whose number is
  /// below 0): channels of the same rows interleave without a common cell. Nor do post steps where
  /// the data was read: its readers waited.
  void write(std::int64_t begin, std::int64_t end, StepAccesses& step, std::int32_t data = 0);

 private:
  friend class StepAccesses;
  using Stamps = StepAccesses::Stamps;
  struct Segment {
    std::int64_t end = 0;
    Stamps written{kNever, kNever, kNever, kNever};
    Stamps read{kNever, kNever, kNever, kNever};
    std::int32_t data = 0;

    bool was_read() const { return read != Stamps{kNever, kNever, kNever, kNever}; }
  };
  using Segments = std::map<std::int64_t, Segment>;  ///< by first address; without overlap

  void split(std::int64_t at);
  /// Makes [begin, end) consist of whole segments and returns the first.
  Segments::iterator cover(std::int64_t begin, std::int64_t end);
  void settle(const StepAccesses::Touched& touched, schedule::Resource resource, Stamp stamp);

  Segments segments_;
};

}  // namespace lacuna::mapping
