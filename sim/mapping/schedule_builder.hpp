// Writes the list of steps for layers whose cuts are chosen. It decides addresses and order; what a
// step waits for follows from who touched the same addresses before.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "mapping/access_tracker.hpp"
#include "mapping/layer_cut.hpp"
#include "mapping/weight_buffer.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::mapping {

/// Capacities of the memories in their own units; unlimited ones as large as could be of use.
struct Capacities {
  std::int64_t weight_words = 0;
  std::int64_t activation_slots = 0;
  std::int64_t accumulator_half = 0;  ///< entries that array and post take turns in
};

struct PlannedLayer {
  std::int32_t layer = 0;
  std::int32_t fused_pool = -1;
  LayerCut cut;
};

class ScheduleBuilder {
 public:
  ScheduleBuilder(const network::Network& network, const arch::AcceleratorSpec& spec,
                  const Capacities& capacities, std::int64_t batch);

  /// All weights are loaded in set-up, the first block to word `first_word`.
  void make_resident(std::int64_t first_word) { resident_at_ = first_word; }
  /// A map that lies whole in the activation SRAM from the beginning, for a layer looked at alone.
  void assume_present(std::int32_t map, std::int64_t base) { present_.emplace_back(map, base); }

  /// The last layer's output stays on chip (for a layer looked at alone) instead of being stored to
  /// DRAM at the end, unless the network gives it as an output.
  void leave_output_in_sram() { store_last_output_ = false; }

  /// The schedule of consecutive layers. Fused pooling layers are not listed on their own.
  schedule::Schedule build(const std::vector<PlannedLayer>& layers);

 private:
  struct Pass {
    std::int32_t block = 0;
    std::int32_t range = 0;
    std::int64_t visit = 0;    ///< number of the range's visit in the layer
    std::int64_t address = 0;  ///< first accumulator entry
    std::int64_t use = -1;     ///< PE load that brings the block, -1: it is there already
    std::int32_t set = 0;
    bool first = false;  ///< K pass of the tile
    bool last = false;
    bool ends_visit = false;  ///< last of the range's output
  };
  struct LayerWork {
    PlannedLayer planned;
    LayerShape shape;
    std::vector<Pass> passes{};
    std::vector<schedule::PixelRange> ranges{};
    std::int32_t first_range = 0;  ///< index of ranges[0] in schedule_.ranges; GEMM layers only
    std::vector<std::int32_t> visits{};  ///< index into ranges of each visit

    const schedule::PixelRange& range(std::int32_t index) const {
      return ranges[static_cast<std::size_t>(index)];
    }
  };

  void list_passes(LayerWork& work);
  void number_pe_loads(std::vector<LayerWork>& works);
  void plan_fetches(const std::vector<LayerWork>& works);
  void place_resident();
  /// No fewer steps than will be listed.
  std::size_t most_steps(const std::vector<LayerWork>& works) const;

  void emit_layer(LayerWork& work);
  void emit_pool_layer(LayerWork& work);
  void place_maps(LayerWork& work);
  /// The region of a whole map that the layer reads; loads it unless it lies there already.
  std::int32_t whole_operand(const LayerWork& work, std::int32_t map, std::int64_t base,
                             LayerShape::RowsOfRange rows_of);
  /// Rows of a map, slice by slice.
  void load_rows(const LayerWork& work, std::int32_t region, const schedule::MapRows& rows);
  void load_visit(const LayerWork& work, std::size_t visit);
  void store_rows(const LayerWork& work, std::int32_t region, const schedule::MapRows& rows);
  void store_visit(const LayerWork& work, std::int32_t region);
  void store_whole_output(const LayerWork& work);
  void fetch_weights(std::int64_t use);
  void emit_pass(const LayerWork& work, const Pass& pass);
  void emit_post(const LayerWork& work, const Pass& pass, std::int32_t output);

  schedule::StepId append(schedule::Step step);
  std::int32_t add_region(const schedule::MapRows& rows, std::int64_t base);
  /// All of a map.
  schedule::MapRows whole_map(std::int32_t map) const;
  /// Slots of a row of a map in a region of so many channels.
  std::int64_t row_slots(std::int32_t map, std::int64_t channels) const;
  /// Addresses of rows of an image inside region `index`, whole rows whatever channels are meant.
  void touch_rows(std::int32_t index, const schedule::MapRows& rows, bool write,
                  schedule::StepId id, schedule::Step& step);
  void touch_input(const LayerWork& work, const schedule::PixelRange& range, schedule::StepId id,
                   schedule::Step& step);
  void touch_residual(const LayerWork& work, const schedule::PixelRange& range, schedule::StepId id,
                      schedule::Step& step);
  std::int64_t map_address(const schedule::MapRows& rows) const;
  std::int64_t values(const schedule::MapRows& rows) const;

  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  Capacities capacities_;
  std::int64_t batch_;
  std::int64_t resident_at_ = -1;
  std::vector<std::pair<std::int32_t, std::int64_t>> present_;  ///< maps and their first slots
  bool store_last_output_ = true;

  schedule::Schedule schedule_;
  AccessTracker weights_;
  AccessTracker activations_;
  AccessTracker accumulators_;
  AccessTracker pe_sets_;
  AccessTracker dram_;
  WeightBuffer buffer_;
  std::vector<std::int64_t> block_address_;  ///< of each block, as last fetched
  std::vector<std::int32_t> use_block_;
  std::vector<bool> use_stays_;
  std::vector<std::int64_t> map_base_;    ///< of each map in DRAM, for hazards
  std::vector<std::int32_t> map_region_;  ///< of each map that stays in the activation SRAM, or -1
  std::int64_t halves_used_ = 0;
  schedule::StepId swapping_stream_ = schedule::kNoStep;  ///< first stream of the last PE load
  bool new_load_ = false;

  // Of the layer that is written now.
  std::int32_t whole_input_ = -1;     ///< region of its input, when it lies there whole
  std::int32_t whole_residual_ = -1;  ///< region of its residual operand, when it lies there whole
  std::int32_t whole_output_ = -1;    ///< region of its output, when it stays
  struct VisitRegions {
    std::int32_t input = -1;
    std::int32_t residual = -1;
    bool loaded = false;
  };
  std::vector<VisitRegions> visit_regions_;
};

}  // namespace lacuna::mapping
