// What a kind of fault is: how a cell that has it answers.
#pragma once

#include <cstdint>

namespace lacuna::memory {

/// When a fault of a kind may be there.
enum FaultTimes : unsigned {
  kPermanently = 1,  ///< from power-up
  kAsUpset = 2,      ///< struck once: the stored bit is inverted until the next write
  kInWindow = 4,     ///< for the reads between two cycles
};

/// A read of a faulty cell, which is one of those that are read at once: a lane.
struct CellRead {
  bool bit;            ///< what it would answer, the kinds before this one asked
  std::uint32_t lane;  ///< what the cells of the lane hold, upsets in them
  int place;           ///< of the cell in the lane
};

struct FaultKindInfo {
  const char* name;
  unsigned times;  ///< of FaultTimes
  /// Whether it answers so only with a probability, which a plan gives and a read draws.
  bool by_chance;
  /// The bit that the read answers.
  bool (*answer)(const CellRead& read);
};

}  // namespace lacuna::memory
