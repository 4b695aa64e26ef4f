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
#include "fault/value_cells.hpp"
#include "fault/weight_cells.hpp"
#include "memory/cell_array.hpp"

namespace lacuna::fault {

/// One entry of the file, not yet tied to a machine. Its times are those of memory::Fault.
struct FaultRule {
  Where where;
  memory::FaultKind kind = memory::FaultKind::kFlip;
  std::int64_t step = memory::kPermanent;
  std::int64_t cycle = memory::kNoCycle;
  std::int64_t until = memory::kNoCycle;
  std::int64_t batch = memory::kEvery;
  std::string layer;  ///< of a workload, whose cycles are meant; empty: of a model
  float probability = 1.0F;
  base::Place place;
  base::Place when_place;
};

/// What runs from cycle 0 on: a model, or each layer of a workload.
struct TimedPart {
  std::string name;
  std::int64_t batches = 1;
  /// Cycles of a batch of which none is skipped: no batch lasts longer.
  std::int64_t dense_cycles = 0;
};

/// What a plan is tied to.
struct PlanTarget {
  Memories memories;
  const WeightCells* weights = nullptr;  ///< null: a rule by weights is a bug of the caller
  std::int64_t steps = 0;                ///< length of the schedule's list of steps
  const ValueCells* values = nullptr;    ///< null: a rule by values is a bug of the caller
  std::vector<TimedPart> parts = {};     ///< empty: a rule with cycles is a bug of the caller
};

/// A file, read and checked by itself.
struct RuleFile {
  std::string path;
  std::string sha256;  ///< of its bytes
  std::vector<FaultRule> rules;
  std::uint64_t seed = 1;  ///< of what reads draw by chance

  /// Whether the target must know weights, values, or cycles.
  bool names_weights() const;
  bool names_values() const;
  bool names_cycles() const;
};

/// Throws base::InputError.
RuleFile read_plan_file(const std::string& path);
RuleFile read_rules(const config::Document& document);

/// The cells behind the rules; the origin is the path. Throws base::InputError at the rule's place
/// for a memory, cell, layer, weight, value, step, cycle or batch that does not exist, two
/// different permanent faults in one cell, or more than kMaxFaults faults.
FaultPlan resolve_plan(const RuleFile& file, const PlanTarget& target);

/// Both.
FaultPlan load_plan(const std::string& path, const PlanTarget& target);

}  // namespace lacuna::fault
