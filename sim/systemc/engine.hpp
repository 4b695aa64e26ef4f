// The SystemC engine: one elaborated machine that runs batch after batch, network after network.
// Its public face hides the kernel. The kernel's context is a process global: one engine at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arch/spec.hpp"
#include "fault/plan.hpp"
#include "measure/batch_trace.hpp"
#include "measure/counters.hpp"
#include "memory/access.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::systemc {

/// Sizes of the memories, resolved: where the spec says unlimited, what the schedules need.
struct MemorySizes {
  std::int64_t weight_words = 0;
  std::int64_t activation_words = 0;
  std::int64_t accumulator_entries = 0;
  std::int64_t table_entries = 0;  ///< of element-wise layers
};

/// Injected stalls: seeded back-pressure that may change cycles but never values.
struct Stalls {
  double commit_probability = 0;     ///< that a row's commit waits one more edge
  std::int64_t max_start_delay = 0;  ///< cycles a ready step may wait before it starts
  std::uint64_t seed = 0;

  bool any() const { return commit_probability > 0 || max_start_delay > 0; }
};

class Engine {
 public:
  /// Elaborates the machine and arms the plan's faults. The spec outlives the engine. With
  /// `vcd_path` all that is run is recorded as waves (waves.hpp); throws base::InputError when that
  /// file cannot be written.
  Engine(const arch::AcceleratorSpec& spec, const MemorySizes& sizes, const fault::FaultPlan& plan,
         const Stalls& stalls = {}, const std::string& vcd_path = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Loads a network and its schedule, and runs the set-up. Both outlive the batches run on them.
  /// `step_offset` is where the schedule's steps lie in the whole run's program order.
  /// Returns the cycles of the set-up.
  base::Cycles load(const network::Network& network, const schedule::Schedule& schedule,
                    std::int64_t step_offset);

  /// Runs one batch: the schedule's number of images, each of network.input().shape.values() codes,
  /// channels last.
  measure::BatchResult run(const std::vector<const std::uint8_t*>& images,
                           const memory::BatchPlace& place = {});

  /// From now on load() puts the set-up's trace there, and run() that of its batch. The trace
  /// outlives that; null ends it.
  void set_trace(measure::BatchTrace* trace);

  /// Ends the waves, if there are any, and puts their file in place. Nothing is run after it.
  void finish_waves();

  /// What each fault of the plan has done so far.
  const std::vector<measure::FaultOutcome>& outcomes() const { return outcomes_; }

 private:
  struct Kernel;
  void run_list(bool setup);
  void take_map_outputs();

  const arch::AcceleratorSpec& spec_;
  std::vector<measure::FaultOutcome> outcomes_;
  std::unique_ptr<Kernel> kernel_;
};

}  // namespace lacuna::systemc
