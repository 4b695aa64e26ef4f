// A layer of a schedule, compiled for the fast engine: which kernels compute its values, which
// passes its streams are, and everything of its counters that no value changes.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "fast/kernels.hpp"
#include "fast/looks.hpp"
#include "fast/padded_map.hpp"
#include "fast/stream_time.hpp"
#include "fast/weight_reads.hpp"
#include "measure/counters.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::fast {

/// A channel tile of a pixel range: from its first pass to its post step.
struct TileJob {
  std::int32_t range = 0;          ///< of LayerProgram::ranges
  std::size_t weights = 0;         ///< of LayerProgram::weights
  std::int64_t first_channel = 0;  ///< of the layer
};

/// Streams that take the same time but for their drain to the right: a pass over a range, for all
/// channel tiles of a group.
struct Front {
  std::size_t pass = 0;  ///< of LayerProgram::passes
  std::int32_t range = 0;
  std::int64_t streams = 0;
  std::int64_t inside = 0;    ///< activations of a stream that lie inside the map, over its pixels
  std::int64_t channels = 0;  ///< of all its streams: MACs that an issued activation stands for
};

struct StreamRef {
  std::size_t stream = 0;  ///< number of the stream in the schedule
  std::size_t front = 0;
  std::int64_t drain = 0;  ///< C - 1
};

struct LayerProgram {
  std::vector<schedule::PixelRange> ranges;
  std::vector<std::int64_t> pixels;  ///< [range]
  std::vector<Corners> corners;      ///< [range]; where nothing is looked at, none
  std::vector<TileWeights> weights;
  std::vector<TileJob> jobs;  ///< where values are looked at
  std::vector<PassRows> passes;
  std::vector<bool> data_dependent;  ///< [pass] whether its time depends on values
  std::vector<Front> fronts;
  std::vector<StreamRef> streams;
  measure::LayerCounters counters;  ///< of one batch, what no value changes
};

/// Place of reduction index k of a layer's group in the padded map it reads, from the window's
/// corner.
std::int64_t value_offset(const network::Layer& layer, const PaddedMap& map, std::int64_t group,
                          std::int64_t k);

/// Compiles every layer for maps that are laid out so, as far as it is looked at; `reads` are the
/// weights as read.
std::vector<LayerProgram> compile_layers(const schedule::Schedule& schedule,
                                         const network::Network& network,
                                         const arch::AcceleratorSpec& spec, const MapLayouts& maps,
                                         const WeightReads& reads, Look look);

}  // namespace lacuna::fast
