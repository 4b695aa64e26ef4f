// One batch, access by access: the way of the fast engine for faults that may lie in any memory, at
// any time. Steps are walked in list order, in a stream pixels outside and rows inside, with what
// every cell holds; each read is asked of the faults at its time, and the times are those of the
// run as it is, with all its faults.
//
// It shares the schedule, the arithmetic and the cells with the SystemC engine, and of time only
// which resources take one step at a time: steps follow from the recurrences of docs/timing.md,
// accesses from the table of docs/faults.md.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "fast/register_faults.hpp"
#include "fast/step_times.hpp"
#include "fast/walk_values.hpp"
#include "fault/plan.hpp"
#include "measure/batch_trace.hpp"
#include "measure/counters.hpp"
#include "memory/cell_array.hpp"
#include "network/network.hpp"
#include "schedule/durations.hpp"
#include "schedule/placement.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::fast {

class MemoryWalk {
 public:
  /// All references outlive this; `outcomes` has an entry for each fault of the plan. `step_offset`
  /// is where the schedule's steps lie in the run's program order. Runs the set-up.
  MemoryWalk(const network::Network& network, const schedule::Schedule& schedule,
             const arch::AcceleratorSpec& spec, const fault::FaultPlan& plan,
             std::int64_t step_offset, std::vector<measure::FaultOutcome>& outcomes);

  /// Images as BatchGroup::run() takes them.
  measure::BatchResult run(const std::vector<const std::uint8_t*>& images,
                           const memory::BatchPlace& place, measure::BatchTrace* trace);

  /// From now on run() puts there what its batch computed. It outlives that; null ends it.
  void set_values(WalkValues* values) { values_kept_ = values; }

 private:
  /// A value of a feature map of the batch.
  struct MapValue {
    std::int64_t image = 0;
    std::int64_t y = 0;
    std::int64_t x = 0;
    std::int64_t channel = 0;
  };
  struct Density {
    std::int64_t values = 0;
    std::int64_t nonzeros = 0;
  };
  /// A reduction index of a row of the array.
  struct RowIndex {
    std::int64_t number = 0;  ///< of the pass
    std::int64_t y = 0;       ///< of the window
    std::int64_t x = 0;
    std::int64_t channel = 0;  ///< of the map
    int slot = 0;              ///< of the PE's weights
    std::int64_t offset = 0;   ///< of its slot from that of the window's corner
  };
  /// An activation that a row issues.
  struct Issue {
    std::int16_t operand = 0;
    int slot = 0;
    std::int64_t number = 0;
  };
  struct Pass;
  struct PostEntry;

  void arm(const fault::FaultPlan& plan, std::vector<measure::FaultOutcome>& outcomes);
  memory::FaultOverlay& faults(memory::MemoryId memory);
  void load_input(const std::vector<const std::uint8_t*>& images);
  void begin_values();
  void take_map_outputs();

  /// A step is given its start and, once its duration is known, its end.
  void begin_step(schedule::StepId id);
  void end_step(const schedule::Duration& duration);
  memory::Access access(std::int64_t cycle, std::int64_t pixel = 0, std::int64_t index = 0) const {
    return {step_offset_ + id_, cycle, pixel, index};
  }

  /// Whether what PE loads read may differ from what was trained.
  bool weights_may_differ() { return weights_.faults().armed() || registers_.weights.armed(); }
  void load_weights(const schedule::Step& step, const memory::Access& access);
  void load_activations(const schedule::Step& step);
  void store_activations(const schedule::Step& step);
  void load_pe(const schedule::Step& step);
  void stream(const schedule::Step& step);
  void list_rows(Pass& pass) const;
  void gather(Pass& pass, int row, std::int64_t start, std::vector<Issue>& issues);
  void multiply(Pass& pass, int row, std::int64_t start, const std::vector<Issue>& issues);
  void commit(Pass& pass, int row, std::int64_t edge);
  void post(const schedule::Step& step);
  void post_entry(const schedule::Step& step, std::int64_t entry, const memory::Access& access);
  void over_maps(const schedule::Step& step);
  void map_entry(const schedule::Step& step, PostEntry& at, const memory::Access& access);
  void pool_entry(const schedule::Step& step, PostEntry& at, const memory::Access& access);
  void elementwise_entry(const schedule::Step& step, PostEntry& at, const memory::Access& access);
  void resize_entry(const schedule::Step& step, PostEntry& at, const memory::Access& access);
  std::int16_t look_up(const network::Layer& layer, std::int64_t channel, std::int16_t operand,
                       const memory::Access& access);

  std::int64_t slot_of(const schedule::Region& region, const MapValue& value) const;
  std::uint8_t read_slot(std::int64_t slot, const memory::Access& access);
  void write_slot(std::int64_t slot, std::uint8_t pattern, bool nonzero,
                  const memory::Access& access);
  std::int16_t read(const schedule::Region& region, const MapValue& value,
                    const memory::Access& access);
  std::int32_t read_sum(std::int64_t slot, const memory::Access& access);
  void write_sum(std::int64_t slot, std::int32_t sum, const memory::Access& access);
  /// An output of the step's layer; `value` counts channels from the layer's own first one.
  void write(const schedule::Step& step, const MapValue& value, std::int16_t operand,
             const memory::Access& access);
  /// Visits the values of a transfer: slot of the first cell, place in the transfer, place in the
  /// map as DRAM has it.
  template <class Visit>
  void for_each_moved(const schedule::Step& step, const schedule::Region& region,
                      Visit visit) const;
  // Of set_values(), where there is one. A value's channel counts from its layer's own first one.
  std::size_t place_in(std::int32_t layer, const MapValue& value) const;
  void note_sum(std::int32_t layer, const MapValue& value, std::int32_t sum);
  void note_code(std::int32_t layer, const MapValue& value, std::int16_t operand);
  /// Reads that have answered otherwise since the last note were on behalf of images from
  /// `image` on.
  void note_reads(std::int32_t layer, std::int64_t image, std::int64_t images = 1);

  std::int32_t& in_dram(const schedule::MapRows& rows, std::int64_t image, std::int64_t y,
                        std::int64_t x, std::int64_t channel);

  const schedule::Block& block(const schedule::Step& step) const {
    return schedule_.blocks[static_cast<std::size_t>(step.block)];
  }
  const schedule::PixelRange& range(const schedule::Step& step) const {
    return schedule_.ranges[static_cast<std::size_t>(step.range)];
  }
  const schedule::Region& region(std::int32_t index) const {
    return schedule_.regions[static_cast<std::size_t>(index)];
  }
  const network::Layer& layer(std::int32_t index) const {
    return network_.layers[static_cast<std::size_t>(index)];
  }
  measure::LayerCounters& counters(const schedule::Step& step) {
    return result_.layers[static_cast<std::size_t>(step.layer)];
  }

  const network::Network& network_;
  const schedule::Schedule& schedule_;
  const arch::AcceleratorSpec& spec_;
  std::int64_t step_offset_;
  int bits_;  ///< of a stored activation
  StepTimes step_times_;
  schedule::Placement<std::int64_t> placement_;  ///< of the batch

  // What the memories hold.
  memory::CellArray weights_;
  std::vector<std::uint8_t> values_;  ///< [slot] of the activation SRAM
  std::vector<std::uint8_t> bitmap_;  ///< [slot], 0 or 1
  memory::FaultOverlay value_faults_;
  memory::FaultOverlay bitmap_faults_;
  std::vector<std::int32_t> accumulators_;  ///< [entry][lane]
  memory::FaultOverlay accumulator_faults_;
  std::vector<std::int16_t> pe_operands_;  ///< [set][row][slot][col]
  std::vector<std::uint8_t> pe_codes_;
  /// [block] as trained, [index][channel]: what is loaded where no fault lies in weights.
  std::vector<std::vector<std::int16_t>> trained_;
  RegisterFaults registers_;
  memory::FaultOverlay table_faults_;
  std::vector<std::vector<std::int32_t>> dram_;  ///< [map]: patterns of codes, or sums

  // The batch.
  schedule::StepId id_ = 0;
  std::int64_t start_ = 0;  ///< of the step
  std::vector<std::int64_t> starts_;
  std::vector<std::int64_t> ends_;
  std::vector<std::int64_t> stream_cycles_;
  std::vector<Density> densities_;    ///< [map], as written
  std::vector<std::int16_t> maxima_;  ///< fused pooling: [window column][lane]
  measure::BatchResult result_;
  WalkValues* values_kept_ = nullptr;
  std::int64_t reads_noted_ = 0;  ///< that have answered otherwise, over all memories
};

}  // namespace lacuna::fast
