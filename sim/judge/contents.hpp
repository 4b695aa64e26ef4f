// What lies in a memory, tracked by the judge of schedules: runs of cells with the data they hold,
// who wrote them and who has read them. A cell is whatever unit the memory is addressed in: a word
// of the weight SRAM, a slot of the activation SRAM, a row of a map's copy in DRAM.
//
// Data is (key, value): the block or map, and the linear index inside it, which grows with the
// cell. A writer may write a share of a run only (the channels of one tile, in a map's rows); the
// run can be read when all shares are there.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "judge/clocks.hpp"
#include "judge/violations.hpp"
#include "schedule/rows.hpp"

namespace lacuna::judge {

/// The part of each value group that an access covers: [begin, end) of `total`.
struct Share {
  std::int64_t begin = 0;
  std::int64_t end = 1;
  std::int64_t total = 1;
};

class Contents {
 public:
  /// Names a step, or data by (key, value), for messages.
  struct Names {
    std::string memory;  ///< "weight SRAM word"
    std::function<std::string(schedule::StepId)> step;
    std::function<std::string(std::int64_t key, std::int64_t value)> data;
  };

  Contents(Names names, const EndClocks& clocks, Violations& violations);

  /// Data that lies there before the first step, and that no step may overwrite when `keep`.
  void preload(const schedule::CellRun& run, bool keep);

  /// `step` reads a share of the run: all of it must be there, and all that wrote the run so far
  /// must have ended.
  void read(const schedule::CellRun& run, const Share& share, schedule::StepId step,
            schedule::Resource resource);

  /// The first cell of the run that does not hold its data in whole; nothing where all do.
  std::optional<std::int64_t> first_missing(const schedule::CellRun& run) const;

  /// `step` writes a share of the run: readers and writers of what it replaces must have ended.
  void write(const schedule::CellRun& run, const Share& share, schedule::StepId step,
             schedule::Resource resource);

 private:
  struct Segment {
    std::int64_t end = 0;
    std::int64_t key = 0;
    std::int64_t value = 0;
    std::vector<std::pair<std::int64_t, std::int64_t>> shares;  ///< sorted, disjoint, not touching
    bool complete = false;
    bool keep = false;
    ResourceClock writers{schedule::kNoStep, schedule::kNoStep, schedule::kNoStep,
                          schedule::kNoStep};
    ResourceClock readers{schedule::kNoStep, schedule::kNoStep, schedule::kNoStep,
                          schedule::kNoStep};
  };
  using Segments = std::map<std::int64_t, Segment>;

  void split(std::int64_t at);
  Segments::iterator first_in(std::int64_t begin);
  bool extends(const Segment& segment, std::int64_t value, std::int64_t key,
               const Share& share) const;
  void check_overwrite(Segments::const_iterator segment, schedule::StepId step);
  std::string at(std::int64_t cell) const;

  Names names_;
  const EndClocks& clocks_;
  Violations& violations_;
  Segments segments_;
};

}  // namespace lacuna::judge
