// The PE array as a module: a thin shell that clocks ArrayCore while a pass is in it.
//
// Timing: a stream that starts at t ends at t + commit(M-1, R-1) + (C-1). The drain is one wait.
// Not woken while no pass is in the array. Memories owned: those of ArrayCore.
#pragma once

#include <memory>
#include <systemc>

#include "systemc/accumulator_sram.hpp"
#include "systemc/array_core.hpp"
#include "systemc/feeders.hpp"
#include "systemc/program.hpp"
#include "systemc/stalls.hpp"

namespace lacuna::systemc {

/// Weights of a row of PEs, for columns 0..count-1.
struct PeWeightRow {
  const std::int16_t* operands = nullptr;
  const std::uint8_t* codes = nullptr;  ///< that the registers hold
  int count = 0;
};

/// The PE weight registers, as the loader sees them.
class PeWeightsPort : virtual public sc_core::sc_interface {
 public:
  virtual void load(int set, int row, int slot, const PeWeightRow& weights,
                    const memory::Access& access) = 0;
};

class PeArray : public sc_core::sc_module, public StepUnit, public PeWeightsPort, PsumSink {
 public:
  sc_core::sc_export<StepUnit> steps;
  sc_core::sc_export<PeWeightsPort> weights;
  sc_core::sc_port<StepListener> listener;
  sc_core::sc_port<FeederPort> feeders;
  sc_core::sc_port<AccumulatorPort> accumulators;

  SC_HAS_PROCESS(PeArray);
  PeArray(const sc_core::sc_module_name& name, Program& program, const Stalls& stalls);

  /// What may hold commits back, or null.
  CommitStall* commit_stall() { return commit_stall_; }
  /// The next passes ask this one, which outlives them.
  void set_commit_stall(CommitStall* stall) { commit_stall_ = stall; }

  void start(schedule::StepId id) override;
  void load(int set, int row, int slot, const PeWeightRow& weights_of_row,
            const memory::Access& access) override {
    core_.load(set, row, slot, weights_of_row.operands, weights_of_row.count);
    if (faults_.armed()) {
      faults_.load(set, row, slot, weights_of_row.codes, weights_of_row.count, access);
    }
  }

  ArrayFaults& faults() { return faults_; }

 private:
  void tick();
  void accumulate(std::int64_t pixel, const std::int32_t* psums) override;
  void count_stream();
  void begin_faults(const schedule::Block& block);

  Program& program_;
  ArrayCore core_;
  ArrayFaults faults_;
  std::unique_ptr<RandomCommitStall> random_stall_;
  CommitStall* commit_stall_ = nullptr;
  schedule::StepId current_ = schedule::kNoStep;
  const schedule::Step* step_ = nullptr;
  std::int64_t lanes_ = 0;  ///< used channels
  int timed_rows_ = 0;      ///< rows that take part: used ones, or all with whole_folds
  int timed_cols_ = 0;
  bool draining_ = false;
  sc_core::sc_event tick_;
};

}  // namespace lacuna::systemc
