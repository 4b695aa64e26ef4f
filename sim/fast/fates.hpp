// From what differs layer by layer to where it ended: measure::Fate of an image under upsets.
#pragma once

#include <cstdint>
#include <vector>

#include "fast/walk_values.hpp"
#include "measure/counters.hpp"
#include "measure/fate.hpp"
#include "network/network.hpp"

namespace lacuna::fast {

/// What of a layer is, for one image, not as in the fault-free run.
struct LayerChange {
  bool read = false;  ///< WalkValues::read
  bool sums = false;  ///< GEMM layers: biased, as the post unit reads them
  /// What it computes from them, or from maps, as it is written or, where pooling is done on the
  /// way, before that; what pooling gives is the pooling layer's.
  bool codes = false;
};

/// Of an image of which nothing was read.
measure::FateStage unread_stage(const std::vector<measure::FaultOutcome>& outcomes);

/// `changes` has an entry a layer, `outputs_differ` one an output of the network. Where outputs
/// differ the stage is kTop1Equal: what the class is made of them is for those to say who know it.
///
/// With F the first and L the last layer of which sums or codes differ: no such layer, the stage of
/// the last layer that read the fault; L's sums alone differ, it ended there; its codes differ, it
/// ended in the last layer that reads them. What ends beyond F and its pooling is a later map's.
measure::Fate fate_of(const network::Network& network, const std::vector<LayerChange>& changes,
                      const std::vector<bool>& outputs_differ, measure::FateStage unread);

/// [image][layer] what differs between two runs of a batch of `images` images.
std::vector<std::vector<LayerChange>> changes_of(const network::Network& network,
                                                 std::int64_t images, const WalkValues& golden,
                                                 const WalkValues& now);

/// [image] fate_of() a batch: `golden_outputs` and `outputs` are its images' integers of all
/// outputs (Network::output_values), without and with faults.
std::vector<measure::Fate> fates_of(const network::Network& network, std::int64_t images,
                                    const WalkValues& golden, const std::int32_t* golden_outputs,
                                    const WalkValues& now, const std::int32_t* outputs,
                                    measure::FateStage unread);

/// The same from what differs, [image][layer].
std::vector<measure::Fate> fates_of(const network::Network& network,
                                    const std::vector<std::vector<LayerChange>>& changes,
                                    const std::int32_t* golden_outputs, const std::int32_t* outputs,
                                    measure::FateStage unread);

/// The last layer that reads a map; measure::Fate::kNoLayer: none does.
std::int32_t last_reader(const network::Network& network, int map);

}  // namespace lacuna::fast
