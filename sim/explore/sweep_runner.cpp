#include "explore/sweep_runner.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/sha256.hpp"
#include "explore/constraint.hpp"
#include "fault/plan_builder.hpp"
#include "fault/sampler.hpp"
#include "run/energy.hpp"
#include "run/machine_cost.hpp"
#include "run/output_change.hpp"
#include "run/repeated_run.hpp"
#include "run/run_record.hpp"
#include "schedule/residency.hpp"
#include "statistics/site_order.hpp"
#include "statistics/statistics.hpp"

namespace lacuna::explore {
namespace {

double parse_number(const std::string& text, const base::Place& place) {
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size()) {
    throw base::InputError(place, "'" + text + "' is not a number", "a number");
  }
  return value;
}

/// Up to 4,096 of the numbers below `count`, drawn without replacement. Those drawn last are kept:
/// to draw them takes as long as to simulate some images, and most points of a sweep have equal
/// counts.
const std::vector<std::int64_t>& sample_below(std::int64_t count, std::uint64_t seed) {
  constexpr std::int64_t kMost = 4096;
  thread_local std::vector<std::int64_t> sample;
  thread_local std::pair<std::int64_t, std::uint64_t> of;
  if (!sample.empty() && of == std::pair(count, seed)) return sample;
  const statistics::SiteOrder order(seed, 0, count);
  of = {count, seed};
  sample.clear();
  for (std::int64_t i = 0; i < std::min(count, kMost); ++i) sample.push_back(order.site(i));
  return sample;
}

/// Weights that pass through each used value of the weight SRAM in turn; all bits of a value hold
/// the same.
void measure_exposure(const run::Job& job, std::uint64_t seed, PointFigures& figures) {
  const run::Part& part = job.parts.front();
  const schedule::ResidencyMap residency(*part.schedule, part.network, job.spec);
  const arch::WeightSramSpec& sram = job.spec.weight_sram;
  const int bits = job.spec.precision.weight_bits;
  const std::int64_t values_per_word = job.spec.weights_per_word();
  const std::int64_t slots = part.schedule->weight_words * values_per_word;
  std::int64_t used = 0;
  std::int64_t weights = 0;
  std::size_t most = 0;
  for (const std::int64_t slot : sample_below(slots, seed)) {
    const std::int64_t word = slot / values_per_word;
    const memory::CellPosition cell{word % sram.banks, word / sram.banks,
                                    slot % values_per_word * bits};
    const std::size_t stays = residency.stays(cell).size();
    used += stays > 0 ? 1 : 0;
    weights += static_cast<std::int64_t>(stays);
    most = std::max(most, stays);
  }
  figures.weights_a_cell = used == 0 ? 0 : static_cast<double>(weights) / static_cast<double>(used);
  figures.most_weights_a_cell = static_cast<double>(most);
}

/// A map of exactly `count` faulty cells; a map of more cells contains one of fewer.
fault::FaultPlan map_of_cells(const fault::MemoryGeometry& memory, std::int64_t count,
                              std::uint64_t seed, memory::FaultKind kind) {
  const statistics::SiteOrder order(seed, 1, memory.cells());
  std::vector<fault::SourcedFault> faults;
  for (std::int64_t i = 0; i < std::min(count, memory.cells()); ++i) {
    const std::int64_t cell = order.site(i);
    const std::int64_t word = cell / memory.word_bits;
    fault::SourcedFault fault;
    fault.fault.cell = {word % memory.banks, word / memory.banks, cell % memory.word_bits};
    fault.fault.kind = kind;
    faults.push_back(fault);
  }
  return fault::build_plan(
      std::move(faults), [](std::int32_t) { return base::Place(); },
      std::to_string(count) + " cells, seed " + std::to_string(seed));
}

/// What each map does.
class MapValues {
 public:
  void add(const run::OutputChange& change, const std::vector<int>& labels) {
    const auto images = static_cast<std::int64_t>(change.images.size());
    if (!labels.empty()) {
      top1_.push_back(static_cast<double>(run::correct_images(change.top1, labels)) /
                      static_cast<double>(images));
    }
    if (change.classes) {
      agreement_.push_back(run::agreement(change.sdc, images));
    }
    const double rmse = change.all().rmse();
    rmse_.push_back(rmse);
    squared_ += rmse * rmse;
  }

  /// `rms` is of the fault-free outputs.
  void summarise(double rms, double confidence, FaultFigures& figures) const {
    figures.top1 = mean_of(statistics::summarise_mean(top1_, confidence));
    figures.agreement = mean_of(statistics::summarise_mean(agreement_, confidence));
    if (!std::isfinite(squared_)) return;
    figures.rmse = mean_of(statistics::summarise_non_negative(rmse_, confidence));
    figures.sqnr_db = run::sqnr_db(rms, std::sqrt(squared_ / static_cast<double>(rmse_.size())));
  }

 private:
  static std::optional<FaultMean> mean_of(const statistics::MeanSummary& summary) {
    if (!summary.mean) return std::nullopt;
    return FaultMean{*summary.mean, *summary.standard_deviation, summary.interval->lower,
                     summary.interval->upper};
  }

  std::vector<double> top1_;
  std::vector<double> agreement_;
  std::vector<double> rmse_;
  double squared_ = 0;
};

/// Leaves a measurement that nobody waits for any more.
struct Stopped {};

}  // namespace

SweepRunner::SweepRunner(const SweepPlan& plan)
    : plan_(plan), machine_text_(base::read_file(plan.machine, base::kMaxYamlBytes)) {
  base::Sha256 inputs;
  const auto depend_on = [&](const std::string& sha256) {
    inputs.update(sha256.data(), sha256.size());
  };
  const arch::AcceleratorSpec spec = arch::parse_spec(plan.machine, machine_text_, plan.set);
  std::vector<std::string> keys;
  std::map<std::string, std::string> instead;
  for (const arch::Field& field : arch::fields(spec)) {
    keys.push_back(field.path());
    machine_.emplace(field.path(), field.text());
    instead.emplace(field.path(), field.instead);
  }
  for (const Axis& axis : plan.axes) {
    if (axis.key == "batch" || axis.key == "density") continue;
    const base::Place place{plan.name, 0, "grid." + axis.key};
    const auto known = instead.find(axis.key);
    if (known == instead.end()) {
      throw base::InputError(place, "is not a key of " + plan.machine,
                             "its keys by their path, batch, and density for workloads",
                             base::nearest_name(axis.key, keys));
    }
    const std::string& other = known->second;
    if (other.empty()) continue;
    machine_[other].clear();
    if (std::any_of(plan.axes.begin(), plan.axes.end(),
                    [&](const Axis& own) { return own.key == other; })) {
      throw base::InputError(place, "stands beside " + other, "one of the two");
    }
  }
  depend_on(spec.sha256);
  if (!plan.models.empty()) {
    models_ = run::load_models(plan.models, plan.data, plan.images);
    depend_on(models_.front().data_sha256);
    depend_on(models_.front().labels_sha256);
    for (const run::Model& model : models_) {
      depend_on(model.network.sha256);
      depend_on(model.card.text);
    }
  }
  for (const std::string& path : plan.workloads) {
    workloads_.push_back(network::load_workload(path));
    depend_on(workloads_.back().sha256);
  }
  if (!plan.energy.empty()) {
    energy_ = arch::load_energy_table(plan.energy);
    depend_on(energy_->sha256);
  }
  inputs_sha256_ = inputs.hex();
  for (std::int64_t number = 0; number < point_count(plan); ++number) {
    const SweepPoint point = point_of(plan, number);
    const KeyValue value = [&](const std::string& key) { return key_value(point, key); };
    const bool kept =
        std::all_of(plan.where.begin(), plan.where.end(), [&](const std::string& constraint) {
          return holds(constraint, value, {plan.name, 0, "where"});
        });
    if (kept) points_.push_back(number);
  }
  if (points_.empty()) {
    throw base::InputError({plan.name, 0, "where"}, "no point of the grid is left",
                           "constraints that some point meets");
  }
}

double SweepRunner::key_value(const SweepPoint& point, const std::string& key) const {
  const base::Place place{plan_.name, 0, "where"};
  for (std::size_t i = 0; i < plan_.axes.size(); ++i) {
    if (plan_.axes[i].key == key) return parse_number(point.values[i], place);
  }
  const auto found = machine_.find(key);
  if (found == machine_.end()) {
    throw base::InputError(place, "'" + key + "' is not a key of the grid or of " + plan_.machine);
  }
  if (found->second.empty()) {
    throw base::InputError(place, "'" + key + "' is given by another key");
  }
  return parse_number(found->second, place);
}

std::int64_t SweepRunner::batch_of(const SweepPoint& point) const {
  for (std::size_t i = 0; i < plan_.axes.size(); ++i) {
    if (plan_.axes[i].key != "batch") continue;
    const double batch = parse_number(point.values[i], {plan_.name, 0, "grid.batch"});
    if (batch < 1 || batch > static_cast<double>(run::kMaxBatch) || batch != std::floor(batch)) {
      throw base::InputError({plan_.name, 0, "grid.batch"}, "'" + point.values[i] + "'",
                             "an integer from 1 to " + std::to_string(run::kMaxBatch));
    }
    return static_cast<std::int64_t>(batch);
  }
  return 1;
}

run::Job SweepRunner::job_of(const SweepPoint& point, const arch::AcceleratorSpec& spec) const {
  const std::int64_t batch = batch_of(point);
  if (!point.workload) {
    const auto index = static_cast<std::size_t>(
        std::find(plan_.models.begin(), plan_.models.end(), point.input) - plan_.models.begin());
    return run::model_job(spec, models_[index], batch);
  }
  const auto index = static_cast<std::size_t>(
      std::find(plan_.workloads.begin(), plan_.workloads.end(), point.input) -
      plan_.workloads.begin());
  network::Workload workload = workloads_[index];
  for (std::size_t i = 0; i < plan_.axes.size(); ++i) {
    if (plan_.axes[i].key != "density") continue;
    const double density = parse_number(point.values[i], {plan_.name, 0, "grid.density"});
    if (density < 0 || density > 1) {
      throw base::InputError({plan_.name, 0, "grid.density"}, "'" + point.values[i] + "'",
                             "from 0 to 1");
    }
    for (network::WorkloadLayer& layer : workload.layers) layer.density = density;
  }
  return run::workload_job(spec, workload, plan_.seed, batch, {plan_.timing, plan_.chain});
}

PointFigures SweepRunner::measure(const SweepPoint& point, const run::Job& job,
                                  const std::function<void()>& go_on) const {
  const run::ProgressCallback progress = [&](const run::Progress&) { go_on(); };
  const run::Measurement measured = run::simulate(job, run::EngineKind::kFast, progress);
  const std::vector<measure::LayerCounters> dense =
      run::simulate_dense(job, run::EngineKind::kFast, progress);
  PointFigures figures;
  figures.record = run::make_record(job, run::EngineKind::kFast, measured, dense);
  if (energy_) run::add_energy(figures.record, job, *energy_);
  measure_exposure(job, plan_.seed, figures);
  const run::MachineCost cost = run::machine_cost(job);
  figures.sram_bits = cost.sram_bits;
  figures.pe_bits = cost.pe_bits;
  figures.transistors = cost.transistors;
  if (!point.workload && plan_.faults) figures.faults = measure_faults(job, go_on);
  return figures;
}

std::vector<FaultFigures> SweepRunner::measure_faults(const run::Job& job,
                                                      const std::function<void()>& go_on) const {
  const SweepFaults& faults = *plan_.faults;
  const run::RepeatedRun repeated(job);
  const run::FaultFree fault_free(job.parts.front().network, repeated.golden().logits);
  const fault::MemoryGeometry memory = run::weight_sram(job);
  std::vector<FaultFigures> list;
  const auto measure = [&](const char* measure_name, double value, const auto& plan_of) {
    MapValues values;
    for (std::int64_t map = 0; map < faults.maps; ++map) {
      go_on();
      const auto outcome = repeated.run(plan_of(plan_.seed + static_cast<std::uint64_t>(map)));
      values.add(fault_free.compare(outcome.logits), job.source.labels);
    }
    FaultFigures figures{measure_name, value, faults.maps, {}, {}, {}, {}};
    values.summarise(fault_free.rms(), plan_.confidence, figures);
    list.push_back(std::move(figures));
  };
  for (const double rate : faults.rates) {
    measure("rate", rate,
            [&](std::uint64_t seed) { return fault::sample_map(memory, rate, seed, faults.kind); });
  }
  for (const std::int64_t cells : faults.cells) {
    measure("cells", static_cast<double>(cells),
            [&](std::uint64_t seed) { return map_of_cells(memory, cells, seed, faults.kind); });
  }
  return list;
}

std::optional<PointResult> SweepRunner::run(std::int64_t number,
                                            const std::function<bool()>& stop) const {
  const auto go_on = [&] {
    if (stop && stop()) throw Stopped();
  };
  const SweepPoint point = point_of(plan_, number);
  PointResult result;
  result.values.resize(columns().size());
  try {
    go_on();
    const arch::AcceleratorSpec spec =
        arch::parse_spec(plan_.machine, machine_text_, overrides_of(plan_, point));
    const run::Job job = job_of(point, spec);
    const PointFigures figures = measure(point, job, go_on);
    for (std::size_t i = 0; i < columns().size(); ++i) {
      result.values[i] = columns()[i].value(figures);
    }
    result.faults = figures.faults;
    result.mapped = true;
  } catch (const Stopped&) {
    return std::nullopt;
  } catch (const base::InputError& error) {
    result.reason = error.what();
  }
  return result;
}

}  // namespace lacuna::explore
