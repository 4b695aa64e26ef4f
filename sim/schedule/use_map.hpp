// When what lies in the cells of a memory can still be read: from the start of the step that writes
// it to the end of the last step that reads it. An upset at any other time is masked for certain.
// It follows from the schedule alone; what is not known exactly is taken to be in use, so that
// nothing that can be read is left out.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "measure/batch_trace.hpp"
#include "memory/memories.hpp"
#include "network/network.hpp"
#include "schedule/accesses.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::schedule {

/// Steps of one batch. Each resource ends its steps in list order, so the last one of each says
/// when the last reader of all ends.
struct UseSpan {
  static constexpr std::int32_t kInput = -1;    ///< values of the network's input
  static constexpr std::int32_t kSeveral = -2;  ///< of a map that several layers write

  StepId from = kSetup;  ///< writes it
  /// Whose weights, outputs, sums or table it is.
  std::int32_t layer = kInput;
  std::array<StepId, kResources> last{kNoStep, kNoStep, kNoStep, kNoStep};  ///< read it

  bool read() const;
};

/// Cycles [begin, end).
struct CycleSpan {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// `times` are those of all steps. A read at the end of a step still sees an upset at that cycle.
CycleSpan cycles_of(const UseSpan& span, const std::vector<measure::StepSpan>& times);

class UseMap {
 public:
  /// Of any memory. The schedule must be valid (see verify_schedule.hpp).
  UseMap(const Schedule& schedule, const network::Network& network,
         const arch::AcceleratorSpec& spec, memory::MemoryId memory);

  /// Lanes are those of memory::FaultOverlay; all lanes of a class have the same spans.
  std::size_t class_of(std::int64_t lane) const;
  std::size_t classes() const { return spans_.size(); }
  /// In the order of their writers. The last class is of lanes that are never read.
  const std::vector<UseSpan>& spans(std::size_t number) const { return spans_[number]; }

 private:
  /// Numbers cut into runs; run i is [cuts[i], cuts[i + 1]).
  using Cuts = std::vector<std::int64_t>;
  /// Numbers [begin, end).
  struct Side {
    std::int64_t begin = 0;
    std::int64_t end = 1;
  };
  /// A box of lanes, side by side, and when it is in use.
  struct Box {
    std::array<Side, 3> sides;
    UseSpan span;
  };
  struct Builder;

  std::array<std::int64_t, 3> place_of(std::int64_t lane) const;
  void build(const std::vector<Box>& boxes);

  std::int64_t lanes_a_unit_ = 1;
  /// Lane (place * inner_[0] + row) * inner_[1] + column; else units are all on the third side.
  bool registers_ = false;
  std::array<std::int64_t, 2> inner_{1, 1};
  std::array<Cuts, 3> cuts_;
  std::vector<std::vector<UseSpan>> spans_;  ///< [class]
};

}  // namespace lacuna::schedule
