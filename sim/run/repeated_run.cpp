#include "run/repeated_run.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "fast/engine.hpp"
#include "network/post.hpp"
#include "run/simulate.hpp"

namespace lacuna::run {
namespace {

/// The batch that all faults of a plan are of.
std::optional<std::int64_t> only_batch(const fault::FaultPlan& plan) {
  if (plan.faults.empty() || plan.faults.front().batch == memory::kEvery) return std::nullopt;
  const std::int32_t batch = plan.faults.front().batch;
  const bool all = std::all_of(plan.faults.begin(), plan.faults.end(),
                               [&](const fault::Fault& fault) { return fault.batch == batch; });
  return all ? std::optional<std::int64_t>(batch) : std::nullopt;
}

/// Whether a run of the schedule accesses none of the plan's cells: those beyond what it uses.
bool is_unused(const Job& job, const schedule::Schedule& schedule, const fault::FaultPlan& plan) {
  arch::AcceleratorSpec spec = job.spec;
  spec.weight_sram.capacity_bytes = std::nullopt;
  spec.activation_sram.capacity_bytes = std::nullopt;
  spec.accumulators.entries_per_lane = std::nullopt;
  const fault::Memories used(
      spec, {schedule.weight_words, schedule.activation_slots, schedule.accumulator_entries,
             network::table_entries(job.parts.front().network)});
  return std::none_of(plan.faults.begin(), plan.faults.end(), [&](const fault::Fault& fault) {
    return used[fault.memory].contains(fault.cell);
  });
}

}  // namespace

RepeatedRun::RepeatedRun(const Job& job, std::int64_t most_bytes)
    : job_(job), weight_words_(weight_sram(job).words) {
  SIM_CHECK(job.parts.size() == 1 && job.parts.front().step_offset == 0, "run", -1,
            "only a model can be run repeatedly");
  golden_ = run_whole({});
  fates_ = std::make_unique<BatchFates>(job, golden_.logits, most_bytes / 2);
  macs_ = golden_.savings.total();
  const Part& part = job.parts.front();
  std::int64_t weight_bits = 0;
  for (const network::Layer& layer : part.network.layers) {
    weight_bits += static_cast<std::int64_t>(layer.weights.size()) * job.spec.precision.weight_bits;
  }
  constexpr std::int64_t kFew = 64;
  constexpr std::int64_t kOneIn = 64;
  most_faults_ = static_cast<std::size_t>(std::max(kFew, weight_bits / kOneIn));

  const auto add = [&](const schedule::Schedule& schedule, std::size_t first, std::size_t count) {
    std::vector<fast::BatchImages> batches;
    const auto size = static_cast<std::size_t>(schedule.batch);
    for (std::size_t image = first; image < first + count; image += size) {
      fast::BatchImages batch;
      for (std::size_t i = image; i < image + size; ++i) batch.push_back(part.images[i].data());
      batches.push_back(std::move(batch));
    }
    if (batches.empty()) return true;
    auto engine =
        fast::IncrementalEngine::make(part.network, schedule, job.spec, batches, most_bytes);
    if (!engine) return false;
    engines_.push_back(std::move(engine));
    return true;
  };
  const auto rest = part.images.size() % static_cast<std::size_t>(part.schedule->batch);
  const std::size_t full = part.images.size() - rest;
  if (!add(*part.schedule, 0, full) || (rest > 0 && !add(*part.remainder, full, rest))) {
    engines_.clear();
  }
}

RepeatedRun::~RepeatedRun() = default;

PlanOutcome RepeatedRun::run_whole(const fault::FaultPlan& plan) const {
  const Measurement measured = simulate(job_, plan, EngineKind::kFast);
  PlanOutcome outcome;
  outcome.logits = measured.logits;
  outcome.cycles = measured.batch_cycles;
  outcome.faults = measured.faults;
  for (const measure::LayerCounters& layer : measured.layers) {
    outcome.savings.computed += layer.macs.total;
  }
  return outcome;
}

// The other batches have no faults.
PlanOutcome RepeatedRun::run_batch(const fault::FaultPlan& plan, std::int64_t batch,
                                   const fast::Shortcuts& shortcuts) const {
  const Part& part = job_.parts.front();
  const auto full = static_cast<std::int64_t>(part.images.size()) / part.schedule->batch;
  const bool fated =
      std::all_of(plan.faults.begin(), plan.faults.end(), [](const fault::Fault& fault) {
        return fault.is_upset() && fault.cycle != memory::kNoCycle;
      });
  PlanOutcome outcome;
  outcome.first_image = batch * part.schedule->batch;
  if (shortcuts.residency && !engines_.empty()) {
    const bool rest = batch >= full;
    const auto& engine = rest ? engines_.back() : engines_.front();
    if (auto struck = engine->run_strike(plan, rest ? batch - full : batch)) {
      check_plan(job_, plan);
      outcome.logits = golden_.logits;
      std::copy(struck->logits.begin(), struck->logits.end(),
                outcome.logits.begin() + outcome.first_image * part.network.output_values());
      outcome.cycles = golden_.cycles;
      outcome.cycles[static_cast<std::size_t>(batch)] = struck->cycles;
      outcome.faults = std::move(struck->faults);
      outcome.fates = std::move(struck->fates);
      outcome.savings = struck->savings;
      outcome.savings.residency += macs_ - struck->savings.total();
      return outcome;
    }
  }
  if (is_unused(job_, batch < full ? *part.schedule : *part.remainder, plan)) {
    outcome = golden_;
    outcome.faults.resize(plan.faults.size());
    outcome.savings = {};
    outcome.savings.residency = macs_;
    if (fated) {
      outcome.fates.resize(
          static_cast<std::size_t>(batch < full ? part.schedule->batch : part.remainder->batch));
    }
    return outcome;
  }
  fast::WalkValues values;
  BatchMeasurement measured = simulate_batch(job_, plan, batch, fated ? &values : nullptr);
  if (fated) outcome.fates = fates_->of(batch, measured, values);
  outcome.first_image = measured.first_image;
  outcome.logits = golden_.logits;
  std::copy(measured.result.logits.begin(), measured.result.logits.end(),
            outcome.logits.begin() + measured.first_image * part.network.output_values());
  outcome.cycles = golden_.cycles;
  outcome.cycles[static_cast<std::size_t>(batch)] = measured.result.cycles.value;
  outcome.faults = std::move(measured.faults);
  for (const measure::LayerCounters& layer : measured.result.layers) {
    outcome.savings.computed += layer.macs.total;
  }
  outcome.savings.residency = macs_ - outcome.savings.computed;
  return outcome;
}

PlanOutcome RepeatedRun::run(const fault::FaultPlan& plan, const fast::Shortcuts& shortcuts) const {
  if (const std::optional<std::int64_t> batch = only_batch(plan)) {
    return run_batch(plan, *batch, shortcuts);
  }
  if (engines_.empty() || plan.faults.size() > most_faults_ || !fast::changes_weights_only(plan)) {
    return run_whole(plan);
  }
  check_plan(job_, plan);
  PlanOutcome outcome;
  outcome.faults.resize(plan.faults.size());
  for (const auto& engine : engines_) {
    const fast::PlanResult part = engine->run(plan, weight_words_, shortcuts);
    outcome.logits.insert(outcome.logits.end(), part.logits.begin(), part.logits.end());
    outcome.cycles.insert(outcome.cycles.end(), part.cycles.begin(), part.cycles.end());
    for (std::size_t f = 0; f < outcome.faults.size(); ++f) {
      outcome.faults[f].reads_changed += part.faults[f].reads_changed;
      outcome.faults[f].overwritten = outcome.faults[f].overwritten || part.faults[f].overwritten;
    }
    outcome.savings += part.savings;
  }
  return outcome;
}

}  // namespace lacuna::run
