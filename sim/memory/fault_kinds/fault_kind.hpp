// What a kind of fault is: how a cell that has it answers.
#pragma once

namespace lacuna::memory {

/// When a fault of a kind may be there.
enum FaultTimes : unsigned {
  kPermanently = 1,  ///< from power-up
  kAsUpset = 2,      ///< struck once: the stored bit is inverted until the next write
  kInWindow = 4,     ///< for the reads between two cycles
};

struct FaultKindInfo {
  const char* name;
  unsigned times;  ///< of FaultTimes
  /// Whether it answers so only with a probability, which a plan gives and a read draws.
  bool by_chance;
  /// The bit that a read answers, of the stored one.
  bool (*answer)(bool stored);
};

}  // namespace lacuna::memory
