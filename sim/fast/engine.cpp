#include "fast/engine.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "fast/activation_faults.hpp"
#include "fast/batch_group.hpp"
#include "fast/memory_walk.hpp"
#include "schedule/durations.hpp"
#include "schedule/placement.hpp"

namespace lacuna::fast {

namespace {

bool changes_weights(const fault::Fault& fault) {
  return fault.memory == fault::MemoryId::kWeightSram && fault.cycle == memory::kNoCycle &&
         !memory::fault_kind(fault.kind).by_chance;
}

}  // namespace

bool changes_weights_only(const fault::FaultPlan& plan) {
  return std::all_of(plan.faults.begin(), plan.faults.end(), changes_weights);
}

Engine::Engine(const arch::AcceleratorSpec& spec, std::int64_t weight_words,
               const fault::FaultPlan& plan)
    : spec_(spec), weight_words_(weight_words), plan_(plan), outcomes_(plan.faults.size()) {}

Engine::~Engine() = default;

base::Cycles Engine::load(const network::Network& network, const schedule::Schedule& schedule,
                          std::int64_t step_offset) {
  if (trace_ != nullptr) *trace_ = {};
  // Set-up is weight loads only, which wait for nothing.
  schedule::Placement<std::int64_t> placement(spec_);
  const auto no_wait = [](schedule::StepId /*id*/) { return std::int64_t{0}; };
  std::int64_t end = 0;
  for (const schedule::Step& step : schedule.setup) {
    const auto span =
        placement.place(schedule::Precedence(step),
                        schedule::step_duration(step, schedule, network, spec_), no_wait, no_wait);
    end = std::max(end, span.end);
    if (trace_ != nullptr) trace_->steps.push_back({span.start, span.end});
  }
  SIM_CHECK(looks_.at == Look::kValues || plan_.faults.empty(), "fast", -1, "faults are of values");
  walk_.reset();
  loaded_.reset();
  if (values_ == nullptr && compile(network, schedule, step_offset)) return base::Cycles{end};
  walk_ = std::make_unique<MemoryWalk>(network, schedule, spec_, plan_, step_offset, outcomes_);
  walk_->set_values(values_);
  return base::Cycles{end};
}

// Whether batches can be computed side by side: faults change weights, or values as they are read.
bool Engine::compile(const network::Network& network, const schedule::Schedule& schedule,
                     std::int64_t step_offset) {
  fault::FaultPlan weights = plan_;
  std::vector<std::size_t> of_weights;
  weights.faults.clear();
  for (std::size_t f = 0; f < plan_.faults.size(); ++f) {
    const fault::Fault& fault = plan_.faults[f];
    if (changes_weights(fault)) {
      of_weights.push_back(f);
      weights.faults.push_back(fault);
    } else if (!is_lasting_value_fault(fault)) {
      return false;
    }
  }
  WeightReads reads;
  reads.changed.resize(schedule.steps.size());
  if (!weights.faults.empty()) {
    reads = replay_weight_sram(schedule, network, spec_, weights, weight_words_, step_offset);
  }
  loaded_ = std::make_unique<BatchGroup>(network, schedule, spec_, reads, looks_);
  batch_outcomes_.assign(plan_.faults.size(), {});
  for (std::size_t f = 0; f < of_weights.size(); ++f) {
    batch_outcomes_[of_weights[f]] = reads.outcomes[f];
  }
  if (weights.faults.size() == plan_.faults.size()) return true;
  auto values = ActivationFaults::compile(network, schedule, spec_, loaded_->layouts(), plan_);
  if (values == nullptr) return false;
  loaded_->set_faults(std::move(values), outcomes_);
  return true;
}

std::vector<measure::BatchResult> Engine::run(const std::vector<BatchImages>& batches,
                                              const memory::BatchPlace& first_place) {
  std::vector<measure::BatchResult> results;
  if (walk_ != nullptr) {
    memory::BatchPlace place = first_place;
    for (const BatchImages& batch : batches) {
      results.push_back(walk_->run(batch, place, trace_));
      ++place.batch;
      place.first_image += static_cast<std::int64_t>(batch.size());
    }
    return results;
  }
  const std::size_t most = loaded_->one_lane() ? 1 : kLanes;
  for (std::size_t first = 0; first < batches.size(); first += most) {
    const std::size_t count = std::min<std::size_t>(most, batches.size() - first);
    std::vector<const BatchImages*> group;
    // Lanes that are left over repeat the last batch.
    for (std::size_t lane = 0; lane < (count == 1 ? 1 : most); ++lane) {
      group.push_back(&batches[first + std::min(lane, count - 1)]);
    }
    const std::vector<measure::BatchResult>& found =
        loaded_->run(group, trace_, static_cast<int>(count));
    results.insert(results.end(), found.begin(),
                   found.begin() + static_cast<std::ptrdiff_t>(count));
  }
  for (std::size_t f = 0; f < outcomes_.size(); ++f) {
    outcomes_[f].reads_changed +=
        batch_outcomes_[f].reads_changed * static_cast<std::int64_t>(batches.size());
    outcomes_[f].overwritten = outcomes_[f].overwritten || batch_outcomes_[f].overwritten;
  }
  return results;
}

}  // namespace lacuna::fast
