// When the steps of a batch ran and what each of its cycles counted as, for those who ask an engine
// to write it down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "measure/counters.hpp"

namespace lacuna::measure {

/// Cycles from the start of the list of steps: of the batch, or of the set-up.
struct StepSpan {
  std::int64_t start = 0;  ///< what the step waited for had ended; it may still queue in its unit
  std::int64_t end = 0;
};

/// Cycles [start, end), all of one class of one layer.
struct ClassSpan {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::size_t layer = 0;
  base::Cycles CycleClasses::*spent_as = nullptr;
};

struct BatchTrace {
  std::vector<StepSpan> steps;     ///< by list index
  std::vector<ClassSpan> classes;  ///< without gaps from 0 to the end; empty for a set-up

  /// The cycles [start, end) follow on what is there.
  void add(std::int64_t start, std::int64_t end, std::size_t layer,
           base::Cycles CycleClasses::*spent_as);
};

}  // namespace lacuna::measure
