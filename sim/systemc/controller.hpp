// The controller: starts every step of the schedule as soon as what it waits for has ended, and
// counts what each cycle was spent on, from its own busy signals.
//
// Timing: a step that becomes ready at t starts at t; a step that ends at t lets others start at t.
// Loader and array take one step at a time; DMA and post unit queue theirs
// (schedule/resources.hpp). Woken only by starts and ends. Memories owned: none.
#pragma once

#include <array>
#include <functional>
#include <systemc>
#include <vector>

#include "measure/batch_trace.hpp"
#include "systemc/program.hpp"
#include "systemc/stalls.hpp"

namespace lacuna::systemc {

/// What cycles are spent on: a layer, and a class of its cycles (null in set-up, which is counted
/// apart).
struct Spending {
  std::size_t layer = 0;
  base::Cycles measure::CycleClasses::*spent_as = nullptr;
};

/// Told what the cycles from now on are spent on, whenever that may have changed.
class SpendingWatch {
 public:
  virtual ~SpendingWatch() = default;
  virtual void spent_on(const Spending& spending) = 0;
};

class Controller : public sc_core::sc_module, public StepListener {
 public:
  sc_core::sc_export<StepListener> listener;
  sc_core::sc_port<StepUnit> dma;
  sc_core::sc_port<StepUnit> loader;
  sc_core::sc_port<StepUnit> array;
  sc_core::sc_port<StepUnit> post;

  SC_HAS_PROCESS(Controller);
  Controller(const sc_core::sc_module_name& name, Program& program, const Stalls& stalls);

  /// Makes ready to run the program's list of steps (set-up or batch) from the current cycle on.
  /// The kernel is run by the caller until nothing is left to do.
  void begin();
  /// Cycles from begin() to the end of the last step. Fails when steps are left (a deadlock).
  std::int64_t finish();

  void ended(schedule::StepId id) override;

  /// `watch` outlives the runs.
  void set_watch(SpendingWatch* watch) { watch_ = watch; }

  /// What is run from the next begin() on replaces `trace`, which outlives that; null ends it.
  void set_trace(measure::BatchTrace* trace) { trace_ = trace; }

 private:
  static constexpr std::size_t kUnits = schedule::kResources;
  struct Queue {
    std::vector<schedule::StepId> steps;  ///< in list order
    std::size_t started = 0;
    std::size_t ended = 0;
    std::int64_t not_before = -1;  ///< injected: the next step may not start earlier
  };

  void dispatch();
  bool ready(const schedule::Step& step) const;
  bool may_start(std::size_t unit);
  bool held_back(std::size_t unit, schedule::StepId id);
  StepUnit& unit(std::size_t index);
  Queue& queue(schedule::Resource resource) { return queues_[static_cast<std::size_t>(resource)]; }
  const Queue& queue(schedule::Resource resource) const {
    return queues_[static_cast<std::size_t>(resource)];
  }

  /// Gives the cycles since the last change of any busy signal to their class and layer.
  void account();
  Spending spending() const;
  /// What the next stream waits for: marks the resources whose running steps it is held up by.
  struct Blame {
    bool dma = false;
    bool post = false;
    std::array<std::size_t, kUnits> visited{};
  };
  void follow(std::size_t unit, std::size_t position, Blame& blame) const;

  Program& program_;
  Stalls stalls_;
  std::array<Queue, kUnits> queues_;
  std::vector<std::size_t> position_;  ///< of each step in its queue
  std::int64_t accounted_ = 0;         ///< cycle up to which cycles have their class
  std::int64_t began_ = 0;
  std::int64_t last_end_ = 0;
  SpendingWatch* watch_ = nullptr;
  measure::BatchTrace* trace_ = nullptr;
  sc_core::sc_event changed_;
};

}  // namespace lacuna::systemc
