// The post unit: from accumulators to the next layer's activations. Adds the bias and the operands
// of a residual map, requantises (within bounds, which are the ReLU, too, with or without a
// threshold), pools on the way where the schedule says so, and writes the activation SRAM with its
// bitmap; sums of the last layer go to the host, and those that another layer adds are written as
// they are.
//
// Timing: steps in order; step i ends at max(ready + latency, end of i-1) + its entries, an entry
// of C lanes a cycle, or in two cycles with a residual operand (docs/timing.md, "Accumulators and
// post"). Unlimited lanes: no cycles at all. Memories owned: maxima and sums of the windows that
// are open in pooling.
#pragma once

#include <deque>
#include <systemc>
#include <vector>

#include "systemc/accumulator_sram.hpp"
#include "systemc/activation_sram.hpp"
#include "systemc/program.hpp"

namespace lacuna::systemc {

class PostUnit : public sc_core::sc_module, public StepUnit {
 public:
  sc_core::sc_export<StepUnit> steps;
  sc_core::sc_port<StepListener> listener;
  sc_core::sc_port<AccumulatorPort> accumulators;
  sc_core::sc_port<ActivationSramPort> activation_sram;

  SC_HAS_PROCESS(PostUnit);
  /// Its lookup tables have `table_entries` entries in all.
  PostUnit(const sc_core::sc_module_name& name, Program& program, std::int64_t table_entries);

  void start(schedule::StepId id) override;

  memory::FaultOverlay& table_faults() { return table_faults_; }

 private:
  struct Queued {
    schedule::StepId id;
    std::int64_t ready;
  };

  /// A value of a feature map of the batch.
  struct MapValue {
    std::int64_t image;
    std::int64_t y;
    std::int64_t x;
    std::int64_t channel;
  };

  void tick();
  void begin_front();
  void end_front();
  void do_entry();  ///< entry `entry_` of the front step
  std::int64_t entry_cycles() const;
  void post_entry(const schedule::Step& step);
  void map_entry(const schedule::Step& step);
  void pool_position(const schedule::Step& step, const MapValue& first, std::int64_t position);
  void elementwise_position(const schedule::Step& step, const MapValue& first,
                            std::int64_t position);
  void resize_position(const schedule::Step& step, const MapValue& first, std::int64_t position);
  /// The operand of a biased sum, with the residual operand if the step has one.
  std::int16_t requantise(const schedule::Step& step, const MapValue& value, std::int32_t sum);
  /// A biased sum as it is, into a map of sums.
  void keep_sum(const schedule::Step& step, const MapValue& value, std::int32_t sum);
  std::int64_t slot_of(const schedule::Region& region, const MapValue& value) const;
  /// `value` counts channels from the step's layer's own first one.
  void write(const schedule::Step& step, const MapValue& value, std::int16_t operand);
  memory::Access access() const { return program_.access(queue_.front().id, entry_); }
  /// What becomes of an operand of a layer with tables, as their cells answer.
  std::int16_t look_up(const network::Layer& layer, std::int64_t channel, std::int16_t operand);
  /// The operand of a value that lies in a region.
  std::int16_t read(const schedule::Region& region, const MapValue& value);
  /// Channels of the front step's current entry.
  std::int64_t entry_lanes() const;

  Program& program_;
  memory::FaultOverlay table_faults_;
  std::deque<Queued> queue_;
  std::int64_t entry_ = 0;
  std::int64_t entries_ = 0;
  // Of a step over maps.
  std::int64_t held_entries_ = 0;      ///< the first ones, which read a second map of one pixel
  std::int64_t positions_ = 1;         ///< entries of a pixel and channel tile
  std::vector<std::int16_t> held_;     ///< [image][channel] of that map
  std::vector<std::int16_t> corners_;  ///< [position][lane] of the pixel
  std::vector<std::int16_t> maxima_;   ///< fused pooling: [window column][lane]; kPool: [lane]
  std::vector<std::int32_t> totals_;   ///< average pooling: sum of the window's operands, [lane]
  sc_core::sc_event tick_;
};

}  // namespace lacuna::systemc
