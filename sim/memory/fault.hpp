// A fault: where x what x when.
#pragma once

#include <cstdint>

#include "memory/fault_kinds.hpp"
#include "memory/memories.hpp"

namespace lacuna::memory {

/// As a step: from power-up and for ever.
inline constexpr std::int64_t kPermanent = -1;
inline constexpr std::int64_t kNoCycle = -1;
inline constexpr std::int32_t kEvery = -1;  ///< batch, or part of the job

struct Fault {
  MemoryId memory = MemoryId::kWeightSram;
  CellPosition cell;
  FaultKind kind = FaultKind::kFlip;
  std::int64_t step = kPermanent;  ///< an upset at a step: its list index
  /// An upset at a cycle, counted from the start of the batch; with `until` the first cycle of a
  /// window, whose reads are those before `until`.
  std::int64_t cycle = kNoCycle;
  std::int64_t until = kNoCycle;
  std::int32_t batch = kEvery;  ///< upsets at a cycle and windows
  std::int32_t part = kEvery;   ///< the same; of a job of several, each of which begins at 0
  float probability = 1.0F;     ///< kinds by chance

  bool is_window() const { return until != kNoCycle; }
  bool is_upset() const { return step != kPermanent || (cycle != kNoCycle && !is_window()); }
  bool is_permanent() const { return step == kPermanent && cycle == kNoCycle; }
};

}  // namespace lacuna::memory
