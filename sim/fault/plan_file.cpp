#include "fault/plan_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "config/schema.hpp"
#include "fault/plan_builder.hpp"

namespace lacuna::fault {
namespace {

/// More than a file of the allowed size holds of any rule that says where and what.
constexpr std::size_t kMaxRules = 50'000;

using base::InputError;
using config::Section;

constexpr std::int64_t kMaxClusterSide = 4096;
constexpr std::int64_t kMaxStep = std::numeric_limits<std::int32_t>::max();

Axis read_axis(const Section& where, const std::string& key) {
  return {where.selection(key, 0, config::kAnyInteger), where.place(key)};
}

std::vector<std::int64_t> read_tuple(const Section& section, const std::string& key,
                                     std::size_t size, std::int64_t min, std::int64_t max,
                                     const std::string& meaning) {
  std::vector<std::int64_t> values = section.integers(key, min, max);
  if (values.size() != size) {
    throw InputError(section.place(key), fmt::format("has {} numbers", values.size()), meaning);
  }
  return values;
}

WeightSelector read_weight_selector(const Section& where) {
  for (const char* physical : {"bank", "row"}) {
    if (where.has(physical)) {
      throw InputError(where.place(physical), "cannot stand beside layer",
                       "either layer and index, or bank and row");
    }
  }
  WeightSelector selector;
  selector.layer = where.required<std::string>("layer");
  selector.layer_place = where.place("layer");
  selector.bit = read_axis(where, "bit");
  if (where.has("index")) {
    const auto index = read_tuple(where, "index", 4, 0, config::kAnyInteger,
                                  "four: [out channel, kernel row, kernel column, input channel]");
    selector.index = {index[0], index[1], index[2], index[3]};
    selector.index_place = where.place("index");
  }
  return selector;
}

PhysicalSelector read_physical_selector(const Section& where) {
  if (where.has("index")) {
    throw InputError(where.place("index"), "needs a layer", "layer: the name of one");
  }
  return {read_axis(where, "bank"), read_axis(where, "row"), read_axis(where, "bit")};
}

Where read_where(const Section& section) {
  Where where;
  where.place = section.place();
  where.memory = section.choice<MemoryId>("memory", {{"weight_sram", MemoryId::kWeightSram}});
  if (section.has("layer")) {
    where.selector = read_weight_selector(section);
  } else {
    where.selector = read_physical_selector(section);
  }
  if (section.has("cluster")) {
    const auto sides = read_tuple(section, "cluster", 2, 1, kMaxClusterSide, "two: [rows, bits]");
    where.cluster = Cluster{sides[0], sides[1]};
  }
  return where;
}

std::int64_t read_step(const Section& rule) {
  if (rule.is_section("when")) {
    return rule.section("when").required<std::int64_t>("step", 0, kMaxStep);
  }
  return rule.choice_with_default<std::int64_t>("when", {{"permanent", memory::kPermanent}},
                                                memory::kPermanent);
}

FaultRule read_rule(const Section& section) {
  FaultRule rule;
  rule.place = section.place();
  rule.where = read_where(section.section("where"));
  rule.kind =
      section.choice<memory::FaultKind>("what", {{"stuck_at_0", memory::FaultKind::kStuckAt0},
                                                 {"stuck_at_1", memory::FaultKind::kStuckAt1},
                                                 {"flip", memory::FaultKind::kFlip}});
  rule.step = read_step(section);
  rule.step_place = section.place("when");
  if (rule.step != memory::kPermanent && rule.kind != memory::FaultKind::kFlip) {
    throw InputError(rule.step_place,
                     fmt::format("{} cannot begin at a step", memory::fault_kind_name(rule.kind)),
                     "permanent, or what: flip");
  }
  return rule;
}

const MemoryGeometry& geometry_of(const PlanTarget& target, MemoryId memory) {
  SIM_CHECK(memory == target.weight_sram.memory, "fault", -1, "a rule for another memory");
  return target.weight_sram;
}

}  // namespace

RuleFile read_plan_file(const std::string& path) {
  return read_rules(config::Document::load(path));
}

RuleFile read_rules(const config::Document& document) {
  config::read_schema(document.root(), config::FileKind::kFaultPlan);
  RuleFile file;
  file.path = document.file();
  file.sha256 = document.sha256();
  const std::vector<Section> sections = document.root().sections("faults");
  if (sections.size() > kMaxRules) {
    throw base::InputError(document.root().place("faults"),
                           std::to_string(sections.size()) + " rules",
                           "at most " + std::to_string(kMaxRules));
  }
  for (const Section& section : sections) file.rules.push_back(read_rule(section));
  document.done();
  return file;
}

FaultPlan resolve_plan(const RuleFile& file, const PlanTarget& target) {
  const std::vector<FaultRule>& rules = file.rules;
  std::vector<SourcedFault> faults;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const FaultRule& rule = rules[i];
    if (rule.step >= target.steps) {
      throw InputError(rule.step_place, fmt::format("step {} does not exist", rule.step),
                       fmt::format("the schedule has steps 0 to {}", target.steps - 1));
    }
    const auto cells =
        select_cells(rule.where, geometry_of(target, rule.where.memory), target.weights, rule.step);
    if (static_cast<std::int64_t>(faults.size() + cells.size()) > kMaxFaults) {
      throw InputError(rule.place, "is one too many",
                       fmt::format("at most {} faults are run", kMaxFaults));
    }
    for (const memory::CellPosition& cell : cells) {
      faults.push_back(
          {{rule.where.memory, cell, rule.kind, rule.step}, static_cast<std::int32_t>(i)});
    }
  }
  const auto place_of = [&](std::int32_t source) {
    return rules[static_cast<std::size_t>(source)].place;
  };
  FaultPlan plan = build_plan(std::move(faults), place_of, file.path);
  plan.sha256 = file.sha256;
  return plan;
}

FaultPlan load_plan(const std::string& path, const PlanTarget& target) {
  return resolve_plan(read_plan_file(path), target);
}

}  // namespace lacuna::fault
