// Goes through the steps of layers whose cuts are chosen, one after the other, and keeps nothing of
// what it has passed but who touched which addresses last. It decides addresses and order; what a
// step waits for follows from who touched the same addresses before. A sink takes the steps: one
// writes a schedule, another only tells when each ends.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "mapping/access_tracker.hpp"
#include "mapping/on_chip_maps.hpp"
#include "mapping/planned_layer.hpp"
#include "mapping/weight_buffer.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::mapping {

/// What surrounds the layers.
struct WalkSetting {
  Capacities capacities;
  std::int64_t batch = 1;
  /// All weights are loaded in set-up, the first block to this word; empty: none are.
  std::optional<std::int64_t> resident_at;
  /// Maps that lie whole in the activation SRAM from the beginning, for a layer looked at alone.
  std::vector<OnChipMap> present;
  /// The last layer's output goes to DRAM at the end where it stays on chip. false, for a layer
  /// looked at alone: only where the network gives it as an output.
  bool stores_last_output = true;
};

/// A step without what it waits for, and what its duration follows from.
struct WalkedStep {
  schedule::Step step;
  const schedule::Block* block = nullptr;    ///< kLoadWeights, kLoadPe, kStream, kPost
  std::int64_t words = 0;                    ///< kLoadWeights, kLoadPe: of the block
  std::int64_t pixels = 0;                   ///< kStream, kPost
  const schedule::Region* region = nullptr;  ///< kPool, kTransform: its output
};

/// Start and end of a step, as stamps.
struct PlacedStep {
  Stamp start = 0;
  Stamp end = 0;
};

/// Sink has
///   std::int32_t add_region(const schedule::Region&): its number;
///   PlacedStep append(const WalkedStep&, const StepAccesses::Stamps& waits, Stamp after_start).
template <class Sink>
class StepWalk {
 public:
  /// All outlive the walk.
  StepWalk(const network::Network& network, const arch::AcceleratorSpec& spec,
           const WalkSetting& setting, Sink& sink);

  /// Steps of consecutive layers, which outlive the walk. Fused pooling layers are not listed on
  /// their own.
  void run(const std::vector<LayerWork>& works);

 private:
  struct Pass {
    std::int64_t block = 0;  ///< of the layer
    schedule::PixelRange range;
    std::int32_t range_number = 0;  ///< of the schedule
    std::int64_t visit = 0;
    std::int64_t address = 0;  ///< first accumulator entry
    bool first = false;        ///< K pass of the tile
    bool last = false;
  };
  /// A region of the activation SRAM with its number.
  struct Placed {
    schedule::Region region;
    std::int32_t number = -1;
  };

  void run_gemm();
  void run_map_layer();
  void run_tile(Pass pass, std::int64_t first_block, const Placed& output);
  void load_pe(const Pass& pass, const schedule::Block& block);
  void fetch_weights(std::int64_t use);
  void stream(const Pass& pass, const schedule::Block& block);
  void post(const Pass& pass, const schedule::Block& block, const Placed& output);
  void map_step(std::int64_t visit, const schedule::PixelRange& range, const Placed& output,
                const schedule::MapRows& rows);

  void place_maps();
  /// The region of a whole map that the layer reads; loads it unless it lies there already.
  Placed whole_operand(std::int32_t map, std::int64_t base, LayerShape::NeedsOfRange needs_of);
  /// What is read or written of a visit by regions of its own.
  void begin_visit(std::int64_t visit);
  void load_visit(std::int64_t visit);
  /// Rows of a map, slice by slice.
  void load_rows(const Placed& region, const schedule::MapRows& rows);
  void store_region(const Placed& region);
  void store_whole_output();
  void store_rows(const Placed& region, const schedule::MapRows& rows);

  Placed add_region(const schedule::MapRows& rows, std::int64_t base);
  /// Accesses of the step that is made next.
  StepAccesses& accesses(schedule::Resource resource);
  PlacedStep append(const WalkedStep& step, Stamp after_start = kNever);
  /// All of a map.
  schedule::MapRows whole_map(std::int32_t map) const;
  /// Slots of a row of a map in a region of so many channels.
  std::int64_t row_slots(std::int32_t map, std::int64_t channels) const;
  std::int64_t map_address(const schedule::MapRows& rows) const;
  std::int64_t values(const schedule::MapRows& rows) const;
  /// Addresses of rows of an image inside a region, whole rows whatever channels are meant.
  void touch_rows(const Placed& region, const schedule::MapRows& rows, bool write,
                  StepAccesses& step);
  void touch_input(const Placed& region, const schedule::PixelRange& range, StepAccesses& step);
  void touch_residual(const Placed& region, const schedule::PixelRange& range, StepAccesses& step);
  const Placed& input_of(std::int64_t visit) const;
  const Placed& residual_of(std::int64_t visit) const;
  bool has_residual() const { return layer().residual() >= 0; }
  const network::Layer& layer() const { return work_->shape().layer(); }

  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  const WalkSetting& setting_;
  Sink& sink_;

  AccessTracker weights_;
  AccessTracker activations_;
  AccessTracker accumulators_;
  AccessTracker pe_sets_;
  AccessTracker dram_;
  StepAccesses accesses_;  ///< of the step that is made now
  WeightBuffer buffer_;
  std::vector<std::int64_t> map_base_;  ///< of each map in DRAM, for hazards
  std::vector<Placed> map_region_;      ///< of each map that stays in the activation SRAM
  std::int64_t halves_used_ = 0;
  std::int32_t held_ = -1;  ///< block in the PEs: a pass that needs it again loads nothing
  std::int64_t use_ = -1;   ///< number of the last PE load
  std::int32_t set_ = 0;    ///< register set that it filled
  Stamp swap_ = kNever;     ///< start of the first stream of the last PE load
  bool new_load_ = false;

  const std::vector<LayerWork>* works_ = nullptr;
  std::size_t fetch_layer_ = 0;               ///< layer of the next fetch
  std::int64_t fetch_number_ = 0;             ///< and its number in that
  std::vector<std::int64_t> resident_words_;  ///< [layer] where its weights begin

  // Of the layer that is gone through now.
  const LayerWork* work_ = nullptr;
  Placed whole_input_;     ///< its input, when it lies there whole
  Placed whole_residual_;  ///< its residual operand, when it lies there whole
  Placed whole_output_;    ///< its output, when it stays
  struct VisitRegions {
    std::int64_t visit = -1;
    Placed input;
    Placed residual;
  };
  std::array<VisitRegions, 2> visit_regions_;  ///< of this visit and the next, by turns
};

}  // namespace lacuna::mapping
