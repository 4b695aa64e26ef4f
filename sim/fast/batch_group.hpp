// A schedule compiled for the fast engine, and a group of batches that goes through it side by
// side: values by kernels, times from the recurrences.
//
// A lane is one batch of the group: value v of lane l lies at [v * lanes + l], and a group has 1 or
// kLanes of them. run() does all of a group. What can be done after it, layer by layer, is for the
// engine that knows of most values that they have not changed.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arch/spec.hpp"
#include "fast/activation_faults.hpp"
#include "fast/layer_program.hpp"
#include "fast/map_layers.hpp"
#include "fast/padded_map.hpp"
#include "fast/step_times.hpp"
#include "fast/stream_time.hpp"
#include "measure/counters.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::fast {

/// Images of one batch: each of network.input().shape.values() codes, a byte each, channels last.
using BatchImages = std::vector<const std::uint8_t*>;

class BatchGroup {
 public:
  /// All references outlive this but `reads`.
  BatchGroup(const network::Network& network, const schedule::Schedule& schedule,
             const arch::AcceleratorSpec& spec, const WeightReads& reads, const Looks& looks = {});

  // What was compiled.
  const MapLayouts& layouts() const { return layouts_; }
  const std::vector<LayerProgram>& layers() const { return layers_; }  ///< [layer]
  /// [front] of a layer at dense speed.
  const std::vector<StreamTimes>& dense_times(std::size_t layer) const {
    return dense_times_[layer];
  }
  const PassTiming& timing() const { return timing_; }
  const StepTimes& steps() const { return steps_; }
  StepTimes& steps() { return steps_; }
  /// Whether a pass is too long for lanes side by side: every group is one batch then.
  bool one_lane() const { return one_lane_; }
  /// Whether the layer before does it on the way, so that it has nothing to do.
  bool is_fused(std::size_t layer) const;

  /// From now on run() has these faults of the activation SRAM, and adds what they do to
  /// `outcomes`, which outlives that.
  void set_faults(std::unique_ptr<ActivationFaults> faults,
                  std::vector<measure::FaultOutcome>& outcomes);

  /// Runs a group of 1 or kLanes batches, each of as many images as the schedule has; where not
  /// all values are looked at, the images are none. One result a
  /// lane, valid until the next call; `trace`, where there is one, becomes the last lane's.
  /// The lanes from `counted` on repeat another one: what faults do there is not counted.
  const std::vector<measure::BatchResult>& run(const std::vector<const BatchImages*>& batches,
                                               measure::BatchTrace* trace = nullptr,
                                               int counted = kLanes);

  /// Whether groups of kLanes batches keep the sums of GEMM layers from now on, bias not added:
  /// [layer], pixel p of the batch, channel c, lane l at [(p * channels + c) * kLanes + l].
  void keep_sums(bool keep);
  const std::vector<std::vector<std::int32_t>>& kept_sums() const { return kept_sums_; }
  /// Of the last run: [lane][stream].
  const std::vector<std::vector<std::int64_t>>& stream_cycles() const { return stream_cycles_; }

  // After run(), with its lanes. Maps hold what was stored last, of whichever group.
  const std::vector<std::vector<std::int16_t>>& maps() const { return maps_; }
  std::vector<std::int16_t>& map(std::size_t index) { return maps_[index]; }
  std::vector<std::int32_t>& logits(std::size_t lane) { return results_[lane].logits; }
  /// Puts a map's operands where the logits have them, if it is an output.
  void take_outputs_of(std::size_t map);
  /// Sums of one output pixel for store_outputs: channel c of a job, lane l at [c * lanes + l].
  std::int32_t* sums() { return sums_.data(); }
  /// prefix_counts() of a whole map, valid until the next call.
  const std::uint16_t* count_values(std::size_t map);
  /// All outputs of one job of a GEMM layer, from the maps.
  void compute_job(std::size_t layer, const TileJob& job);
  /// From sums() of output pixel (row, x) and `channels` channels of the job to where they go.
  void store_outputs(std::size_t layer, std::int64_t row, std::int64_t x, const TileJob& job,
                     int channels);
  /// All outputs of a layer over maps.
  void run_map_layer(std::size_t layer);
  /// The copy of its input that a layer slides over, where it does (MapLayouts::is_spread).
  void spread_input(std::size_t layer);

 private:
  void begin(int lane_count);
  void load_images(const std::vector<const BatchImages*>& batches);
  void load_image(std::size_t map, std::int64_t image, int lane, const std::uint8_t* codes);
  /// Where only zeros are looked at.
  void draw_input(std::size_t layer);
  void run_layer(std::size_t index);
  template <class Work>
  void visit(std::size_t layer, std::size_t job, Work work);
  /// Of store_outputs(): the sums that leave the machine, and those that are kept as a map.
  void report_sums(std::size_t layer, std::int64_t row, std::int64_t x, const TileJob& job,
                   int channels);
  void keep_outputs(std::size_t layer, std::int64_t row, std::int64_t x, const TileJob& job,
                    int channels);
  void count_inputs(std::size_t index, const std::uint16_t* prefix);
  void time_layer(std::size_t index);
  /// Where nothing is looked at.
  void time_unseen(std::size_t index);
  void time_streams(std::size_t index, const std::vector<StreamTimes>& times);
  void time_fronts(std::size_t index, const std::uint16_t* prefix, std::vector<StreamTimes>& times);

  const network::Network& network_;
  const schedule::Schedule& schedule_;
  const arch::AcceleratorSpec& spec_;
  Looks looks_;
  MapLayouts layouts_;
  MapLayers map_layers_;
  std::vector<LayerProgram> layers_;
  StepTimes steps_;
  PassTiming timing_;
  std::vector<std::vector<StreamTimes>> dense_times_;  ///< [layer][front]
  bool one_lane_ = false;
  std::vector<std::vector<std::int64_t>> output_places_;  ///< [layer]: offsets of its outputs
  std::int64_t output_values_ = 0;                        ///< of an image

  std::unique_ptr<ActivationFaults> faults_;  ///< null: none
  std::vector<measure::FaultOutcome>* outcomes_ = nullptr;

  int lanes_ = 1;
  int counted_ = kLanes;
  std::vector<std::vector<std::int16_t>> maps_;
  std::vector<std::uint16_t> prefix_;
  std::vector<std::int32_t> sums_;
  std::vector<std::vector<std::int64_t>> stream_cycles_;
  std::vector<measure::BatchResult> results_;
  std::vector<std::vector<std::int32_t>> kept_sums_;
};

}  // namespace lacuna::fast
