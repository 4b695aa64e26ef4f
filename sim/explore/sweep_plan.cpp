#include "explore/sweep_plan.hpp"

#include <algorithm>
#include <filesystem>
#include <unordered_set>
#include <utility>

#include "base/error.hpp"
#include "base/file_target.hpp"
#include "base/printable.hpp"
#include "config/schema.hpp"
#include "config/text.hpp"
#include "explore/columns.hpp"
#include "network/data_set.hpp"
#include "network/onnx_import.hpp"

namespace lacuna::explore {
namespace {

constexpr std::int64_t kMaxPoints = 1'000'000;
constexpr std::int64_t kMaxValues = 10'000;
constexpr std::size_t kMaxAxes = 64;
constexpr std::size_t kMaxSet = 1'000;
constexpr std::size_t kMaxConstraints = 100;
constexpr std::size_t kMaxFaultColumns = 100;

void check_size(std::size_t size, std::size_t most, const base::Place& place) {
  if (size <= most) return;
  throw base::InputError(place, "has " + std::to_string(size) + " entries",
                         "at most " + std::to_string(most));
}

/// from, from + step, ... or from, from * times, ..., up to `to`.
struct Range {
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::optional<std::int64_t> step;
  std::int64_t times = 0;

  /// How many values there are; of more than `most` only that there are.
  std::int64_t count(std::int64_t most) const {
    if (from > to) return 0;
    if (step) return (to - from) / *step + 1;
    std::int64_t values = 1;
    for (std::int64_t value = from; value <= to / times && values <= most; value *= times) ++values;
    return values;
  }
  std::vector<std::string> values(std::int64_t count) const {
    std::vector<std::string> texts;
    std::int64_t value = from;
    for (std::int64_t i = 0; i < count; ++i) {
      if (i > 0) value = step ? value + *step : value * times;
      texts.push_back(std::to_string(value));
    }
    return texts;
  }
};

/// An axis as it stands in the file: a list, or a range {from, to, step} or {from, to, times}.
struct AxisEntry {
  Axis axis;
  std::optional<Range> range;
  base::Place place;
};

AxisEntry read_axis(const config::Section& grid, const std::string& key) {
  AxisEntry entry{{key, {}}, std::nullopt, grid.place(key)};
  if (!grid.is_section(key)) {
    entry.axis.values = grid.strings(key);
    return entry;
  }
  const config::Section section = grid.section(key);
  constexpr std::int64_t kMost = std::int64_t{1} << 50;
  Range range;
  range.from = section.required<std::int64_t>("from", 1, kMost);
  range.to = section.required<std::int64_t>("to", 1, kMost);
  range.step = section.optional<std::int64_t>("step", 1, kMost);
  const auto times = section.optional<std::int64_t>("times", 2, kMost);
  if (range.step.has_value() == times.has_value()) {
    throw base::InputError(grid.place(key), "a range needs one of step and times",
                           "{from, to, step} or {from, to, times}");
  }
  range.times = times.value_or(0);
  entry.range = range;
  return entry;
}

/// The axes with their values, at most kMaxPoints points in all: counted before any is written out.
std::vector<Axis> expand(std::vector<AxisEntry> entries, std::int64_t inputs,
                         const base::Place& grid) {
  std::int64_t points = inputs;
  for (const AxisEntry& entry : entries) {
    const std::int64_t count = entry.range ? entry.range->count(kMaxValues)
                                           : static_cast<std::int64_t>(entry.axis.values.size());
    if (count == 0) throw base::InputError(entry.place, "there are no values", "at least one");
    if (count > kMaxValues) {
      throw base::InputError(entry.place, "there are too many values",
                             "at most " + std::to_string(kMaxValues));
    }
    points *= count;
    if (points > kMaxPoints) {
      throw base::InputError(grid,
                             "the grid has more than " + std::to_string(kMaxPoints) + " points",
                             "fewer values, or several sweeps");
    }
  }
  std::vector<Axis> axes;
  for (AxisEntry& entry : entries) {
    if (entry.range) entry.axis.values = entry.range->values(entry.range->count(kMaxValues));
    std::unordered_set<std::string> known;
    for (const std::string& value : entry.axis.values) {
      if (known.insert(value).second) continue;
      throw base::InputError(entry.place, base::shown(value) + " stands there twice");
    }
    axes.push_back(std::move(entry.axis));
  }
  return axes;
}

SweepFaults read_faults(const config::Section& section) {
  SweepFaults faults;
  const std::vector<memory::FaultKind> kinds = memory::fault_kinds(memory::kPermanently);
  const auto flip = std::find(kinds.begin(), kinds.end(), faults.kind);
  faults.kind = kinds[section.choice_index_with_default(
      "kind", memory::fault_kind_names(kinds), static_cast<std::size_t>(flip - kinds.begin()))];
  if (section.has("rates")) faults.rates = section.reals("rates", 0, 1);
  constexpr std::int64_t kMostCells = std::int64_t{1} << 20;
  if (section.has("cells")) faults.cells = section.integers("cells", 1, kMostCells);
  constexpr std::int64_t kMostMaps = 100'000;
  faults.maps = section.required<std::int64_t>("maps", 2, kMostMaps);
  check_size(faults.rates.size(), kMaxFaultColumns, section.place("rates"));
  check_size(faults.cells.size(), kMaxFaultColumns, section.place("cells"));
  return faults;
}

}  // namespace

void note_named(const SweepPlan& plan, const std::string& folder) {
  const auto in = [&](const std::string& path) {
    return (std::filesystem::path(folder) / path).string();
  };
  base::note_input(in(plan.machine));
  for (const std::string& path : plan.models) network::note_model_data(in(path));
  for (const std::string& path : plan.workloads) base::note_input(in(path));
  if (!plan.models.empty()) network::note_data(in(plan.data));
  if (!plan.energy.empty()) base::note_input(in(plan.energy));
}

SweepPlan load_sweep(const std::string& path) { return read_sweep(config::Document::load(path)); }

SweepPlan parse_sweep(const std::string& name, const std::string& text) {
  return read_sweep(config::Document::parse(name, text));
}

SweepPlan read_sweep(const config::Document& document) {
  const config::Section root = document.root();
  config::read_schema(root, config::FileKind::kSweep);
  SweepPlan plan;
  plan.name = base::printable(root.required<std::string>("name"));
  plan.machine = root.required<std::string>("machine");
  if (const auto set = root.optional_section("set")) {
    const std::vector<std::string> keys = set->keys();
    check_size(keys.size(), kMaxSet, root.place("set"));
    for (const std::string& key : keys) plan.set.push_back({key, set->required<std::string>(key)});
  }
  if (root.has("models")) plan.models = root.strings("models");
  if (root.has("workloads")) plan.workloads = root.strings("workloads");
  plan.data = root.with_default<std::string>("data", network::kDefaultDataDir);
  constexpr std::int64_t kMostImages = 10'000'000;
  if (root.has("images")) plan.images = root.required<std::int64_t>("images", 1, kMostImages);
  plan.seed = static_cast<std::uint64_t>(root.with_default<std::int64_t>(
      "seed", 0, config::kAnyInteger, static_cast<std::int64_t>(plan.seed)));
  plan.confidence = root.with_default<double>("confidence", 0.5, 0.9999, plan.confidence);
  const config::Section grid = root.section("grid");
  const std::vector<std::string> keys = grid.keys();
  check_size(keys.size(), kMaxAxes, root.place("grid"));
  std::vector<AxisEntry> axes;
  axes.reserve(keys.size());
  for (const std::string& key : keys) axes.push_back(read_axis(grid, key));
  if (root.has("where")) plan.where = root.strings("where");
  check_size(plan.where.size(), kMaxConstraints, root.place("where"));
  if (const auto faults = root.optional_section("faults")) plan.faults = read_faults(*faults);
  plan.timing = root.with_default<bool>("timing", false);
  plan.chain = root.with_default<bool>("chain", false);
  plan.energy = root.optional<std::string>("energy").value_or("");
  if (root.has("pareto")) plan.pareto = root.strings("pareto");
  document.done();

  if (plan.models.empty() && plan.workloads.empty()) {
    throw base::InputError(root.place(), "there is nothing to run", "models or workloads");
  }
  if (!plan.models.empty() && plan.images == 0) {
    throw base::InputError(root.place(), "images is missing", "images, for models");
  }
  plan.axes =
      expand(std::move(axes), static_cast<std::int64_t>(plan.models.size() + plan.workloads.size()),
             grid.place());
  const bool density = std::any_of(plan.axes.begin(), plan.axes.end(),
                                   [](const Axis& axis) { return axis.key == "density"; });
  if (density && !plan.models.empty()) {
    throw base::InputError(grid.place("density"), "a model has the densities of its images",
                           "density goes with workloads");
  }
  if (plan.timing && !plan.models.empty()) {
    throw base::InputError(root.place("timing"),
                           "points of models have accuracies, which need values",
                           "timing goes with workloads alone");
  }
  if (plan.chain && !plan.timing) {
    throw base::InputError(root.place("chain"), "a layer of a workload has no outputs to hand on",
                           "chain: true goes with timing: true");
  }
  if (plan.faults && plan.models.empty()) {
    throw base::InputError(root.place("faults"), "a workload has no accuracy",
                           "faults go with models");
  }
  if (plan.faults && plan.faults->rates.empty() && plan.faults->cells.empty()) {
    throw base::InputError(root.place("faults"), "there are no faults", "rates or cells");
  }
  check_size(plan.pareto.size(), columns().size(), root.place("pareto"));
  plan.pareto = column_keys(plan.pareto, root.place("pareto"));
  plan.text = document.text();
  plan.sha256 = document.sha256();
  note_named(plan, "");
  return plan;
}

std::int64_t point_count(const SweepPlan& plan) {
  auto count = static_cast<std::int64_t>(plan.models.size() + plan.workloads.size());
  for (const Axis& axis : plan.axes) count *= static_cast<std::int64_t>(axis.values.size());
  return count;
}

SweepPoint point_of(const SweepPlan& plan, std::int64_t number) {
  SIM_CHECK(number >= 0 && number < point_count(plan), "sweep", -1, "no such point");
  SweepPoint point;
  point.number = number;
  point.values.resize(plan.axes.size());
  for (std::size_t i = plan.axes.size(); i-- > 0;) {
    const auto size = static_cast<std::int64_t>(plan.axes[i].values.size());
    point.values[i] = plan.axes[i].values[static_cast<std::size_t>(number % size)];
    number /= size;
  }
  const auto input = static_cast<std::size_t>(number);
  point.workload = input >= plan.models.size();
  point.input = point.workload ? plan.workloads[input - plan.models.size()] : plan.models[input];
  return point;
}

std::vector<config::Override> overrides_of(const SweepPlan& plan, const SweepPoint& point) {
  std::vector<config::Override> overrides = plan.set;
  for (std::size_t i = 0; i < plan.axes.size(); ++i) {
    const std::string& key = plan.axes[i].key;
    if (key != "batch" && key != "density") overrides.push_back({key, point.values[i]});
  }
  return overrides;
}

}  // namespace lacuna::explore
