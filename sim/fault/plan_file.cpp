#include "fault/plan_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "config/schema.hpp"
#include "fault/axis.hpp"
#include "fault/plan_builder.hpp"

namespace lacuna::fault {
namespace {

/// More than a file of the allowed size holds of any rule that says where and what.
constexpr std::size_t kMaxRules = 50'000;

using base::InputError;
using config::Section;

constexpr std::int64_t kMaxStep = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxCycle = std::int64_t{1} << 52;

void read_what(const Section& section, FaultRule& rule) {
  constexpr unsigned kAnyTime = memory::kPermanently | memory::kAsUpset | memory::kInWindow;
  if (!section.is_section("what")) {
    const auto kinds = memory::fault_kinds(kAnyTime, true);
    rule.kind = kinds[section.choice_index("what", memory::fault_kind_names(kinds))];
    if (memory::fault_kind(rule.kind).by_chance) {
      const std::string name = memory::fault_kind_name(rule.kind);
      throw InputError(section.place("what"), name + " needs a probability",
                       "as {" + name + ": 0.01}");
    }
    return;
  }
  // A kind by chance, with its probability.
  const Section what = section.section("what");
  for (const memory::FaultKind kind : memory::fault_kinds(kAnyTime, true)) {
    if (!memory::fault_kind(kind).by_chance || !what.has(memory::fault_kind_name(kind))) continue;
    rule.kind = kind;
    rule.probability =
        static_cast<float>(what.required<double>(memory::fault_kind_name(kind), 0.0, 1.0));
    return;
  }
  throw InputError(section.place("what"), "names no kind with a probability",
                   "as {read_disturb: 0.01}, or one of " +
                       base::join(memory::fault_kind_names(memory::fault_kinds(kAnyTime))));
}

void read_when(const Section& section, FaultRule& rule) {
  rule.when_place = section.place("when");
  if (!section.is_section("when")) {
    rule.step = section.choice_with_default<std::int64_t>(
        "when", {{"permanent", memory::kPermanent}}, memory::kPermanent);
    return;
  }
  const Section when = section.section("when");
  const int times =
      (when.has("step") ? 1 : 0) + (when.has("cycle") ? 1 : 0) + (when.has("window") ? 1 : 0);
  if (times > 1) {
    throw InputError(rule.when_place, "names several times", "one of step, cycle and window");
  }
  if (times == 0 || when.has("step")) {
    rule.step = when.required<std::int64_t>("step", 0, kMaxStep);
    return;
  }
  if (when.has("cycle")) {
    rule.cycle = when.required<std::int64_t>("cycle", 0, kMaxCycle);
  } else {
    const auto window = read_tuple(when, "window", 2, 0, kMaxCycle, "two cycles: [from, to]");
    if (window[0] >= window[1]) {
      throw InputError(when.place("window"), fmt::format("[{}, {}] is empty", window[0], window[1]),
                       "from less than to: reads at from <= cycle < to");
    }
    rule.cycle = window[0];
    rule.until = window[1];
  }
  rule.batch = when.optional<std::int64_t>("batch", 0, kMaxStep).value_or(memory::kEvery);
  rule.layer = when.optional<std::string>("layer").value_or("");
}

FaultRule read_rule(const Section& section) {
  FaultRule rule;
  rule.place = section.place();
  rule.where = read_where(section.section("where"));
  read_what(section, rule);
  read_when(section, rule);
  const unsigned times = memory::fault_kind(rule.kind).times;
  const bool step = rule.step != memory::kPermanent;
  const bool window = rule.until != memory::kNoCycle;
  const bool upset = step || (rule.cycle != memory::kNoCycle && !window);
  if (upset && (times & memory::kAsUpset) == 0) {
    throw InputError(rule.when_place,
                     fmt::format("{} cannot begin at a {}", memory::fault_kind_name(rule.kind),
                                 step ? "step" : "cycle"),
                     "permanent, window, or what: flip");
  }
  if (window && (times & memory::kInWindow) == 0) {
    throw InputError(rule.when_place,
                     fmt::format("{} cannot last for a window", memory::fault_kind_name(rule.kind)),
                     "permanent");
  }
  if (step && (rule.where.memory == MemoryId::kPeAccumulators ||
               rule.where.memory == MemoryId::kPsumFifos)) {
    throw InputError(rule.when_place,
                     fmt::format("an upset of {} at a step is overwritten before it is read",
                                 memory_name(rule.where.memory)),
                     "when: {cycle: N}");
  }
  return rule;
}

const MemoryGeometry& geometry_of(const PlanTarget& target, const Where& where) {
  if (target.memories.has(where.memory)) return target.memories[where.memory];
  throw InputError(where.place, fmt::format("there is no {}", memory_name(where.memory)),
                   target.memories.why_absent(where.memory));
}

/// The part whose cycles a rule means.
std::int32_t part_of(const FaultRule& rule, const PlanTarget& target) {
  if (rule.cycle == memory::kNoCycle) return memory::kEvery;
  SIM_CHECK(!target.parts.empty(), "fault", -1, "a rule with cycles needs their length");
  if (rule.layer.empty()) {
    if (target.parts.size() == 1) return 0;
    throw InputError(rule.when_place, "a workload's layers each begin at cycle 0",
                     "a layer beside the cycle: the name of one");
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < target.parts.size(); ++i) {
    if (target.parts[i].name == rule.layer) return static_cast<std::int32_t>(i);
    names.push_back(target.parts[i].name);
  }
  if (target.parts.size() == 1) {
    throw InputError(rule.when_place, "the cycles of a model are counted from its start",
                     "a cycle without a layer");
  }
  throw InputError(rule.when_place, fmt::format("no layer '{}'", rule.layer),
                   "one of " + base::join(names), base::nearest_name(rule.layer, names));
}

void check_times(const FaultRule& rule, const PlanTarget& target, std::int32_t part) {
  if (rule.step != memory::kPermanent && rule.step >= target.steps) {
    throw InputError(rule.when_place, fmt::format("step {} does not exist", rule.step),
                     fmt::format("the schedule has steps 0 to {}", target.steps - 1));
  }
  if (part == memory::kEvery) return;
  const TimedPart& own = target.parts[static_cast<std::size_t>(part)];
  if (rule.cycle > own.dense_cycles) {
    throw InputError(
        rule.when_place, fmt::format("cycle {} does not exist", rule.cycle),
        fmt::format("0 to {}: no batch lasts longer, whatever it skips", own.dense_cycles));
  }
  if (rule.batch >= own.batches) {
    throw InputError(rule.when_place, fmt::format("batch {} does not exist", rule.batch),
                     fmt::format("0 to {}", own.batches - 1));
  }
}

}  // namespace

bool RuleFile::names_weights() const {
  return std::any_of(rules.begin(), rules.end(),
                     [](const FaultRule& rule) { return rule.where.selector->asks_weights(); });
}

bool RuleFile::names_values() const {
  return std::any_of(rules.begin(), rules.end(),
                     [](const FaultRule& rule) { return rule.where.selector->asks_values(); });
}

bool RuleFile::names_cycles() const {
  return std::any_of(rules.begin(), rules.end(),
                     [](const FaultRule& rule) { return rule.cycle != memory::kNoCycle; });
}

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
  const bool draws = std::any_of(file.rules.begin(), file.rules.end(), [](const FaultRule& rule) {
    return memory::fault_kind(rule.kind).by_chance;
  });
  if (draws) {
    file.seed = static_cast<std::uint64_t>(document.root().with_default<std::int64_t>(
        "seed", 0, std::numeric_limits<std::int64_t>::max(), 1));
  }
  document.done();
  return file;
}

FaultPlan resolve_plan(const RuleFile& file, const PlanTarget& target) {
  const std::vector<FaultRule>& rules = file.rules;
  std::vector<SourcedFault> faults;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const FaultRule& rule = rules[i];
    const MemoryGeometry& geometry = geometry_of(target, rule.where);
    Fault fault;
    fault.memory = rule.where.memory;
    fault.kind = rule.kind;
    fault.step = rule.step;
    fault.cycle = rule.cycle;
    fault.until = rule.until;
    fault.batch = static_cast<std::int32_t>(rule.batch);
    fault.part = part_of(rule, target);
    fault.probability = rule.probability;
    check_times(rule, target, fault.part);
    const auto cells = select_cells(rule.where, geometry, target.weights, rule.step, target.values);
    if (static_cast<std::int64_t>(faults.size() + cells.size()) > kMaxFaults) {
      throw InputError(rule.place, "is one too many",
                       fmt::format("at most {} faults are run", kMaxFaults));
    }
    for (const memory::CellPosition& cell : cells) {
      fault.cell = cell;
      faults.push_back({fault, static_cast<std::int32_t>(i)});
    }
  }
  const auto place_of = [&](std::int32_t source) {
    return rules[static_cast<std::size_t>(source)].place;
  };
  FaultPlan plan = build_plan(std::move(faults), place_of, file.path);
  plan.sha256 = file.sha256;
  plan.seed = file.seed;
  return plan;
}

FaultPlan load_plan(const std::string& path, const PlanTarget& target) {
  return resolve_plan(read_plan_file(path), target);
}

}  // namespace lacuna::fault
