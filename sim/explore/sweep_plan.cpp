#include "explore/sweep_plan.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/printable.hpp"
#include "explore/columns.hpp"
#include "network/data_set.hpp"
#include "network/onnx_import.hpp"

namespace lacuna::explore {
namespace {

constexpr std::int64_t kMaxPoints = 1'000'000;
constexpr std::size_t kMaxValues = 10'000;

// A list, or a range {from, to, step} or {from, to, times}.
Axis read_axis(const config::Section& grid, const std::string& key) {
  Axis axis;
  axis.key = key;
  if (!grid.is_section(key)) {
    axis.values = grid.strings(key);
    return axis;
  }
  const config::Section range = grid.section(key);
  constexpr std::int64_t kMost = std::int64_t{1} << 50;
  const auto from = range.required<std::int64_t>("from", 1, kMost);
  const auto to = range.required<std::int64_t>("to", 1, kMost);
  const auto step = range.optional<std::int64_t>("step", 1, kMost);
  const auto times = range.optional<std::int64_t>("times", 2, kMost);
  if (step.has_value() == times.has_value()) {
    throw base::InputError(grid.place(key), "a range needs one of step and times",
                           "{from, to, step} or {from, to, times}");
  }
  for (std::int64_t value = from; value <= to; value = step ? value + *step : value * *times) {
    axis.values.push_back(std::to_string(value));
    if (axis.values.size() > kMaxValues) break;
  }
  return axis;
}

void check_axis(const Axis& axis, const base::Place& place) {
  if (axis.values.empty()) throw base::InputError(place, "there are no values", "at least one");
  if (axis.values.size() > kMaxValues) {
    throw base::InputError(place, "there are too many values",
                           "at most " + std::to_string(kMaxValues));
  }
  for (std::size_t i = 0; i < axis.values.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (axis.values[i] == axis.values[j]) {
        throw base::InputError(place, "'" + axis.values[i] + "' stands there twice");
      }
    }
  }
}

SweepFaults read_faults(const config::Section& section) {
  SweepFaults faults;
  using memory::FaultKind;
  faults.kind = section
                    .optional_choice<FaultKind>("kind", {{"flip", FaultKind::kFlip},
                                                         {"stuck_at_0", FaultKind::kStuckAt0},
                                                         {"stuck_at_1", FaultKind::kStuckAt1}})
                    .value_or(FaultKind::kFlip);
  if (section.has("rates")) faults.rates = section.reals("rates", 0, 1);
  constexpr std::int64_t kMostCells = std::int64_t{1} << 20;
  if (section.has("cells")) faults.cells = section.integers("cells", 1, kMostCells);
  constexpr std::int64_t kMostMaps = 100'000;
  faults.maps = section.required<std::int64_t>("maps", 2, kMostMaps);
  return faults;
}

void note_inputs(const SweepPlan& plan) {
  base::note_input(plan.machine);
  for (const std::string& path : plan.models) network::note_model(path);
  for (const std::string& path : plan.workloads) base::note_input(path);
  if (!plan.models.empty()) network::note_test_set(plan.data);
  if (!plan.energy.empty()) base::note_input(plan.energy);
}

}  // namespace

SweepPlan load_sweep(const std::string& path) {
  return parse_sweep(path, base::read_file(path, base::kMaxYamlBytes));
}

SweepPlan parse_sweep(const std::string& name, const std::string& text) {
  const config::Document document = config::Document::parse(name, text);
  const config::Section root = document.root();
  SweepPlan plan;
  plan.name = base::printable(root.required<std::string>("name"));
  plan.machine = root.required<std::string>("machine");
  if (const auto set = root.optional_section("set")) {
    for (const std::string& key : set->keys()) {
      plan.set.push_back({key, set->required<std::string>(key)});
    }
  }
  if (root.has("models")) plan.models = root.strings("models");
  if (root.has("workloads")) plan.workloads = root.strings("workloads");
  plan.data = root.optional<std::string>("data").value_or(network::kDefaultDataDir);
  constexpr std::int64_t kMostImages = 10'000'000;
  if (root.has("images")) plan.images = root.required<std::int64_t>("images", 1, kMostImages);
  plan.seed = static_cast<std::uint64_t>(
      root.optional<std::int64_t>("seed", 0, config::kAnyInteger).value_or(1));
  plan.confidence = root.optional<double>("confidence", 0.5, 0.9999).value_or(plan.confidence);
  const config::Section grid = root.section("grid");
  for (const std::string& key : grid.keys()) plan.axes.push_back(read_axis(grid, key));
  if (root.has("where")) plan.where = root.strings("where");
  if (const auto faults = root.optional_section("faults")) plan.faults = read_faults(*faults);
  plan.energy = root.optional<std::string>("energy").value_or("");
  if (root.has("pareto")) plan.pareto = root.strings("pareto");
  document.done();

  for (const Axis& axis : plan.axes) check_axis(axis, grid.place(axis.key));
  if (plan.models.empty() && plan.workloads.empty()) {
    throw base::InputError(root.place(), "there is nothing to run", "models or workloads");
  }
  if (!plan.models.empty() && plan.images == 0) {
    throw base::InputError(root.place(), "images is missing", "images, for models");
  }
  const bool density = std::any_of(plan.axes.begin(), plan.axes.end(),
                                   [](const Axis& axis) { return axis.key == "density"; });
  if (density && !plan.models.empty()) {
    throw base::InputError(grid.place("density"), "a model has the densities of its images",
                           "density goes with workloads");
  }
  if (plan.faults && plan.models.empty()) {
    throw base::InputError(root.place("faults"), "a workload has no accuracy",
                           "faults go with models");
  }
  if (plan.faults && plan.faults->rates.empty() && plan.faults->cells.empty()) {
    throw base::InputError(root.place("faults"), "there are no faults", "rates or cells");
  }
  plan.pareto = column_keys(plan.pareto, root.place("pareto"));
  if (point_count(plan) > kMaxPoints) {
    throw base::InputError(grid.place(),
                           "the grid has more than " + std::to_string(kMaxPoints) + " points",
                           "fewer values, or several sweeps");
  }
  plan.text = text;
  plan.sha256 = document.sha256();
  note_inputs(plan);
  return plan;
}

std::int64_t point_count(const SweepPlan& plan) {
  auto count = static_cast<double>(plan.models.size() + plan.workloads.size());
  for (const Axis& axis : plan.axes) count *= static_cast<double>(axis.values.size());
  constexpr double kBeyondAnyLimit = 1e15;
  return static_cast<std::int64_t>(std::min(count, kBeyondAnyLimit));
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
