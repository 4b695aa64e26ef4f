// A schedule compiled for the fast engine, and a group of batches that goes through it side by
// side: values by kernels, times from the recurrences.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "fast/layer_program.hpp"
#include "fast/padded_map.hpp"
#include "fast/step_times.hpp"
#include "fast/stream_time.hpp"
#include "measure/counters.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::fast {

/// Images of one batch: each of network.input.values() codes, channels last.
using BatchImages = std::vector<const std::uint8_t*>;

struct BatchGroup {
  /// All references outlive this but `reads`.
  BatchGroup(const network::Network& network, const schedule::Schedule& schedule,
             const arch::AcceleratorSpec& spec, const WeightReads& reads);

  const network::Network& network;
  const schedule::Schedule& schedule;
  const arch::AcceleratorSpec& spec;
  std::vector<PaddedMap> layouts;
  std::vector<LayerProgram> layers;
  StepTimes steps;
  PassTiming timing;
  std::vector<std::vector<StreamTimes>> fixed;  ///< [layer][front] at dense speed
  bool one_lane = false;                        ///< a pass is too long for lanes side by side
  std::vector<measure::FaultOutcome> batch_outcomes;
  measure::BatchTrace* trace = nullptr;  ///< where there is one, of the last lane that was finished

  // Of the group of batches that is run now; value v of lane l at [v * lanes + l].
  int lanes = 1;
  std::vector<std::vector<std::int16_t>> maps;
  std::vector<std::uint16_t> prefix;
  std::vector<std::int32_t> sums;
  std::vector<std::vector<std::int64_t>> stream_cycles;  ///< [lane][stream]
  std::vector<measure::BatchResult> results;             ///< [lane]
  /// [layer] where it is not empty, compute_job keeps all sums, bias not added: pixel p of the
  /// batch, channel c, lane l at [(p * channels + c) * lanes + l].
  std::vector<std::vector<std::int32_t>> kept_sums;

  /// Room for a group of 1 or kLanes batches; maps keep what they hold.
  void begin(int lane_count);
  void load_images(const std::vector<const BatchImages*>& batches);
  /// Whether the layer before does it on the way, so that it has nothing to do.
  bool is_fused(std::size_t index) const;
  void run_layer(std::size_t index);
  void time_layer(std::size_t index);
  void compute_job(const LayerProgram& program, const network::Layer& layer, std::size_t index,
                   const TileJob& job);
  /// From `sums` of output pixel (row, x) and `channels` channels of the job to where they go.
  void store_outputs(const network::Layer& layer, std::size_t index, std::int64_t row,
                     std::int64_t x, const TileJob& job, int channels);
  void pool_layer(const network::Layer& layer, std::size_t index);
  void average_layer(const network::Layer& layer, std::size_t index);
  void finish();
};

}  // namespace lacuna::fast
