// From faults in any order to a plan: sorted, each once, without contradictions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "fault/plan.hpp"

namespace lacuna::fault {

/// A fault and a number that says where the user asked for it.
struct SourcedFault {
  Fault fault;
  std::int32_t source = 0;
};

/// Sorts, merges exact duplicates, and throws base::InputError at place_of(source) where two
/// different permanent faults meet in one cell.
FaultPlan build_plan(std::vector<SourcedFault> faults,
                     const std::function<base::Place(std::int32_t)>& place_of,
                     const std::string& origin);

}  // namespace lacuna::fault
