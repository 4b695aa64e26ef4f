#include "systemc/pe_array.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace lacuna::systemc {
namespace {

ArrayGeometry geometry(const arch::ArraySpec& array) {
  ArrayGeometry g;
  g.rows = array.rows;
  g.cols = array.cols;
  g.weights_per_pe = array.weights_per_pe;
  g.sets = array.weight_load == arch::WeightLoad::kShadowed ? 2 : 1;
  g.psum_fifo_depth = array.psum_fifo_depth;
  g.local_accumulators = array.local_accumulators;
  return g;
}

}  // namespace

PeArray::PeArray(const sc_core::sc_module_name& name, Program& program, const Stalls& stalls)
    : sc_module(name),
      steps("steps"),
      weights("weights"),
      listener("listener"),
      feeders("feeders"),
      accumulators("accumulators"),
      program_(program),
      core_(geometry(program.spec->array)),
      faults_(geometry(program.spec->array), program.spec->precision.weight_bits) {
  steps.bind(*this);
  weights.bind(*this);
  if (stalls.commit_probability > 0) random_stall_ = std::make_unique<RandomCommitStall>(stalls);
  commit_stall_ = random_stall_.get();
  SC_METHOD(tick);
  sensitive << tick_;
  dont_initialize();
}

void PeArray::start(schedule::StepId id) {
  SIM_CHECK(current_ == schedule::kNoStep, name(), now(), "a pass is in the array already");
  current_ = id;
  step_ = &program_.step(id);
  const schedule::Block& block = program_.block(*step_);
  const schedule::PixelRange& range = program_.range(*step_);
  const arch::ArraySpec& array = program_.spec->array;
  lanes_ = block.n_count;
  timed_rows_ = array.whole_folds ? array.rows : schedule::used_rows(block, *program_.spec);
  timed_cols_ = array.whole_folds ? array.cols : static_cast<int>(block.n_count);
  draining_ = false;
  const std::int64_t pixels = range.row_count * program_.layer(step_->layer).out.width;
  feeders->begin_pass(id);
  if (faults_.armed()) begin_faults(block);
  core_.begin(timed_rows_, pixels, step_->set, feeders->tokens(), *this, commit_stall_,
              faults_.armed() ? &faults_ : nullptr);
  tick_.notify(cycle());
}

// Registers hold the weight SRAM's codes, which are decoded behind them.
void PeArray::begin_faults(const schedule::Block& block) {
  const network::Layer& layer = program_.layer(block.layer);
  const std::int64_t first_channel = block.group * layer.n() + block.n_begin;
  const arch::AcceleratorSpec& spec = *program_.spec;
  faults_.begin(
      step_->set, static_cast<int>(block.n_count), block.k_count,
      [&layer, &spec, first_channel](std::uint8_t code, int column) {
        return layer.weight_code.operand(code, first_channel + column, spec.precision.weight_bits,
                                         spec.weight_sram.encoding);
      },
      program_.access(current_));
}

void PeArray::tick() {
  if (!draining_) {
    if (core_.step()) {
      tick_.notify(cycle());
      return;
    }
    draining_ = true;
    if (timed_cols_ > 1) {
      tick_.notify(cycles(timed_cols_ - 1));
      return;
    }
  }
  count_stream();
  const schedule::StepId id = current_;
  current_ = schedule::kNoStep;
  listener->ended(id);
}

void PeArray::accumulate(std::int64_t pixel, const std::int32_t* psums) {
  const std::int64_t entry = step_->address + pixel;
  measure::AccessCounts& counts = program_.counters(*step_).accumulators;
  const memory::Access access = program_.access(current_, pixel, program_.block(*step_).k_count);
  if (step_->first_pass) {
    accumulators->write(entry, psums, lanes_, access);
  } else {
    accumulators->add(entry, psums, lanes_, access);
    counts.reads += lanes_;
  }
  counts.writes += lanes_;
}

void PeArray::count_stream() {
  // The row that issued longest bounds the pass from below; what its psums still had to travel is
  // fill and drain; the rest is rows waiting for each other.
  std::int64_t work = 0;
  int longest = 0;
  for (int row = 0; row < timed_rows_; ++row) {
    if (core_.busy(row) > work) {
      work = core_.busy(row);
      longest = row;
    }
  }
  const std::int64_t fill_drain = (timed_rows_ - 1 - longest) + (timed_cols_ - 1);
  const std::int64_t total = core_.edge() + (timed_cols_ - 1);
  SIM_CHECK(total >= work + fill_drain, name(), now(), "a pass was faster than its longest row");
  measure::StreamSplit& split = program_.counters(*step_).stream;
  split.work += base::Cycles{work};
  split.fill_drain += base::Cycles{fill_drain};
  split.imbalance += base::Cycles{total - work - fill_drain};
}

}  // namespace lacuna::systemc
