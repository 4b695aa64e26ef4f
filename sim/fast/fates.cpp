#include "fast/fates.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace lacuna::fast {
namespace {

using measure::Fate;
using measure::FateStage;

/// Of a layer that read the fault and gave what it gives without.
FateStage stage_within(const network::Layer& layer) {
  if (layer.is_gemm()) return FateStage::kNoSumDiffers;
  return layer.is_pool() ? FateStage::kPooledEqual : FateStage::kCodesEqual;
}

/// The layer that an output comes from.
std::int32_t source_of(const network::Network& network, const network::Output& output) {
  if (output.layer >= 0) return output.layer;
  for (std::size_t i = network.layers.size(); i-- > 0;) {
    if (network.layers[i].output == output.map) return static_cast<std::int32_t>(i);
  }
  return Fate::kNoLayer;
}

}  // namespace

FateStage unread_stage(const std::vector<measure::FaultOutcome>& outcomes) {
  const bool overwritten =
      std::any_of(outcomes.begin(), outcomes.end(),
                  [](const measure::FaultOutcome& outcome) { return outcome.overwritten; });
  return overwritten ? FateStage::kOverwritten : FateStage::kNeverRead;
}

std::int32_t last_reader(const network::Network& network, int map) {
  for (std::size_t i = network.layers.size(); i-- > 0;) {
    const std::vector<int>& inputs = network.layers[i].inputs;
    if (std::find(inputs.begin(), inputs.end(), map) != inputs.end()) {
      return static_cast<std::int32_t>(i);
    }
  }
  return Fate::kNoLayer;
}

Fate fate_of(const network::Network& network, const std::vector<LayerChange>& changes,
             const std::vector<bool>& outputs_differ, FateStage unread) {
  SIM_CHECK(
      changes.size() == network.layers.size() && outputs_differ.size() == network.outputs.size(),
      "fast", -1, "an entry a layer, and one an output");
  Fate fate{FateStage::kTop1Equal, Fate::kNoLayer};
  for (std::size_t o = 0; o < outputs_differ.size(); ++o) {
    if (outputs_differ[o])
      fate.layer = std::max(fate.layer, source_of(network, network.outputs[o]));
  }
  if (std::find(outputs_differ.begin(), outputs_differ.end(), true) != outputs_differ.end()) {
    return fate;
  }
  std::int32_t read = Fate::kNoLayer;
  std::int32_t first = Fate::kNoLayer;
  std::int32_t last = Fate::kNoLayer;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto layer = static_cast<std::int32_t>(i);
    if (changes[i].read) read = layer;
    if (!changes[i].sums && !changes[i].codes) continue;
    if (first == Fate::kNoLayer) first = layer;
    last = layer;
  }
  if (last == Fate::kNoLayer) {
    if (read == Fate::kNoLayer) return {unread, Fate::kNoLayer};
    return {stage_within(network.layers[static_cast<std::size_t>(read)]), read};
  }
  if (!changes[static_cast<std::size_t>(last)].codes) {
    return {last == first ? FateStage::kCodesEqual : FateStage::kLaterMapEqual, last};
  }
  const std::int32_t reader =
      last_reader(network, network.layers[static_cast<std::size_t>(last)].output);
  if (reader == Fate::kNoLayer) return {FateStage::kLogitsEqual, last};
  const network::Layer& ended = network.layers[static_cast<std::size_t>(reader)];
  if (ended.logits) return {FateStage::kLogitsEqual, reader};
  const bool own_pooling = ended.is_pool() && last == first;
  return {own_pooling ? FateStage::kPooledEqual : FateStage::kLaterMapEqual, reader};
}

}  // namespace lacuna::fast
