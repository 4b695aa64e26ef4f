// Fault plans as people write them: a YAML list of where x what x when. docs/faults.md has the
// format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/document.hpp"
#include "fault/geometry.hpp"
#include "fault/plan.hpp"
#include "fault/selector.hpp"
#include "fault/weight_cells.hpp"
#include "memory/cell_array.hpp"

namespace lacuna::fault {

/// One entry of the file, not yet tied to a machine.
struct FaultRule {
  Where where;
  memory::FaultKind kind = memory::FaultKind::kFlip;
  std::int64_t step = memory::kPermanent;
  base::Place place;
  base::Place step_place;
};

/// What a plan is tied to.
struct PlanTarget {
  MemoryGeometry weight_sram;
  const WeightCells* weights = nullptr;  ///< null: a rule by layer is a bug of the caller
  std::int64_t steps = 0;                ///< length of the schedule's list of steps
};

/// A file, read and checked by itself.
struct RuleFile {
  std::string path;
  std::string sha256;  ///< of its bytes
  std::vector<FaultRule> rules;
};

/// Throws base::InputError.
RuleFile read_plan_file(const std::string& path);
RuleFile read_rules(const config::Document& document);

/// The cells behind the rules; the origin is the path. Throws base::InputError at the rule's place
/// for a cell, layer, weight or step that does not exist, two different permanent faults in one
/// cell, or more than kMaxFaults faults.
FaultPlan resolve_plan(const RuleFile& file, const PlanTarget& target);

/// Both.
FaultPlan load_plan(const std::string& path, const PlanTarget& target);

}  // namespace lacuna::fault
