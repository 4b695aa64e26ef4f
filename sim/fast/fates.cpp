#include "fast/fates.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "network/outputs.hpp"

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

std::vector<std::vector<LayerChange>> changes_of(const network::Network& network,
                                                 std::int64_t images, const WalkValues& golden,
                                                 const WalkValues& now) {
  std::vector<std::vector<LayerChange>> changes(static_cast<std::size_t>(images),
                                                std::vector<LayerChange>(network.layers.size()));
  const auto differ = [](const auto& a, const auto& b, std::int64_t image, std::int64_t size) {
    return !a.empty() && !std::equal(a.begin() + image * size, a.begin() + (image + 1) * size,
                                     b.begin() + image * size);
  };
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const network::Layer& layer = network.layers[i];
    const std::int64_t size = layer.out.values();
    for (std::int64_t image = 0; image < images; ++image) {
      LayerChange& change = changes[static_cast<std::size_t>(image)][i];
      change.read = now.read[i][static_cast<std::size_t>(image)] != 0;
      change.sums = differ(golden.sums[i], now.sums[i], image, size);
      const bool sums_are_its_map =
          layer.output != network::kNoMap && network.map(layer.output).sums;
      change.codes =
          sums_are_its_map ? change.sums : differ(golden.codes[i], now.codes[i], image, size);
    }
  }
  return changes;
}

std::vector<Fate> fates_of(const network::Network& network, std::int64_t images,
                           const WalkValues& golden, const std::int32_t* golden_outputs,
                           const WalkValues& now, const std::int32_t* outputs, FateStage unread) {
  return fates_of(network, changes_of(network, images, golden, now), golden_outputs, outputs,
                  unread);
}

std::vector<Fate> fates_of(const network::Network& network,
                           const std::vector<std::vector<LayerChange>>& images,
                           const std::int32_t* golden_outputs, const std::int32_t* outputs,
                           FateStage unread) {
  std::vector<Fate> fates;
  const std::int64_t values = network.output_values();
  std::vector<bool> differ(network.outputs.size());
  for (const std::vector<LayerChange>& changes : images) {
    for (std::size_t o = 0; o < network.outputs.size(); ++o) {
      const std::int64_t from =
          static_cast<std::int64_t>(fates.size()) * values + network::output_offset(network, o);
      differ[o] = !std::equal(outputs + from,
                              outputs + from + network.shape_of(network.outputs[o]).values(),
                              golden_outputs + from);
    }
    fates.push_back(fate_of(network, changes, differ, unread));
  }
  return fates;
}

}  // namespace lacuna::fast
