// The fast engine: the same machine in closed form. It computes values with integer kernels over
// the same schedule and times from the recurrences, and shares with the SystemC engine the
// schedule, the arithmetic and CellArray, but nothing of time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arch/spec.hpp"
#include "fast/looks.hpp"
#include "fault/plan.hpp"
#include "measure/batch_trace.hpp"
#include "measure/counters.hpp"
#include "memory/access.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::fast {

class BatchGroup;
class MemoryWalk;
struct WalkValues;

/// Whether all that a plan does is that PE loads read other weights, the same in every batch.
bool changes_weights_only(const fault::FaultPlan& plan);

class Engine {
 public:
  /// `weight_words` is the size of the weight SRAM. The spec and the plan outlive the engine.
  Engine(const arch::AcceleratorSpec& spec, std::int64_t weight_words,
         const fault::FaultPlan& plan);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Loads a network and its schedule; both outlive the batches run on them. `step_offset` is where
  /// the schedule's steps lie in the whole run's program order. Returns the cycles of the set-up.
  base::Cycles load(const network::Network& network, const schedule::Schedule& schedule,
                    std::int64_t step_offset);

  /// Runs batches of the schedule's number of images, each of network.input().shape.values() codes,
  /// channels last. One result a batch.
  std::vector<measure::BatchResult> run(
      const std::vector<std::vector<const std::uint8_t*>>& batches,
      const memory::BatchPlace& first = {});

  /// From now on load() puts the set-up's trace there, and run() that of its last batch. The trace
  /// outlives that; null ends it.
  void set_trace(measure::BatchTrace* trace) { trace_ = trace; }

  /// As MemoryWalk::set_values(), of what is loaded from now on: all of it is walked then.
  void set_values(WalkValues* values) { values_ = values; }

  /// What is looked at in what is loaded from now on. Where it is not all, the plan is empty.
  void set_looks(const Looks& looks) { looks_ = looks; }

  /// What each fault of the plan has done so far.
  const std::vector<measure::FaultOutcome>& outcomes() const { return outcomes_; }

 private:
  bool compile(const network::Network& network, const schedule::Schedule& schedule,
               std::int64_t step_offset);

  const arch::AcceleratorSpec& spec_;
  std::int64_t weight_words_;
  const fault::FaultPlan& plan_;
  std::vector<measure::FaultOutcome> outcomes_;
  std::unique_ptr<BatchGroup> loaded_;
  std::unique_ptr<MemoryWalk> walk_;                   ///< instead, where the plan asks for it
  std::vector<measure::FaultOutcome> batch_outcomes_;  ///< of one batch of what is loaded
  measure::BatchTrace* trace_ = nullptr;
  WalkValues* values_ = nullptr;
  Looks looks_;
};

}  // namespace lacuna::fast
