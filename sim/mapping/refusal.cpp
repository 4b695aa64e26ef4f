#include "mapping/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/error.hpp"

namespace lacuna::mapping {
namespace {

using base::ceil_div;

[[noreturn]] void refuse(const arch::AcceleratorSpec& spec, const std::string& layer,
                         const std::string& buffer, const std::string& need,
                         const std::string& have) {
  throw base::InputError({spec.file, 0, buffer},
                         fmt::format("layer '{}' cannot be mapped: it needs {}", layer, need),
                         "there are " + have);
}

[[noreturn]] void refuse_accumulators(const arch::AcceleratorSpec& spec, const std::string& layer,
                                      std::int64_t entries, const std::string& what) {
  refuse(spec, layer, "accumulator_sram.entries_per_lane",
         fmt::format("{} entries: twice the smallest range of output rows {}", entries, what),
         fmt::format("{} entries", spec.accumulators.entries_per_lane.value_or(0)));
}

/// Whether a weight of the layer has that code.
bool has_code(const network::Layer& layer, int code) {
  for (std::size_t i = 0; i < layer.weights.size(); ++i) {
    if (layer.weights.at(i, layer.weight_code.is_signed) == code) return true;
  }
  return false;
}

}  // namespace

void check_precision(const network::Network& network, const arch::AcceleratorSpec& spec) {
  const auto check = [&](const char* what, int need, int have) {
    if (need > have) {
      throw base::InputError({spec.file, 0, std::string("precision.") + what},
                             fmt::format("network '{}' needs {} bits", network.name, need),
                             fmt::format("this machine has {}: --set precision.{}={}, or a machine "
                                         "of more bits",
                                         have, what, need));
    }
  };
  check("weight_bits", network.weight_bits(), spec.precision.weight_bits);
  check("activation_bits", network.activation_bits(), spec.precision.activation_bits);
  if (spec.weight_sram.encoding != tensor::Encoding::kSignMagnitude) return;
  const int lowest = -(1 << (spec.precision.weight_bits - 1));
  for (const network::Layer& layer : network.layers) {
    if (!layer.weight_code.is_signed || !has_code(layer, lowest)) continue;
    throw base::InputError({spec.file, 0, "weight_sram.encoding"},
                           fmt::format("layer '{}' has a weight of {}, which sign_magnitude "
                                       "cannot hold in {} bits",
                                       layer.name, lowest, spec.precision.weight_bits),
                           "twos_complement and offset_binary can");
  }
}

void refuse_layer(const network::Network& network, const arch::AcceleratorSpec& spec,
                  const LayerShape& own, const NoCut& found) {
  const network::Layer& layer = own.layer();
  if (layer.is_gemm()) {
    if (!found.has_pass) {
      refuse(spec, layer.name, "weight_sram.capacity_bytes",
             fmt::format("{} words for one reduction index",
                         ceil_div(std::min<std::int64_t>(layer.n(), spec.array.cols),
                                  spec.weights_per_word())),
             fmt::format("{} words", found.capacities.weight_words));
    }
    const std::int64_t least = 2 * own.widest_rows(1) * layer.out.width;
    if (least > 2 * found.capacities.accumulator_half) {
      refuse_accumulators(spec, layer.name, least, "of a channel tile");
    }
  }
  const LayerShape image(network, spec, own.layer_index(), own.fused_pool(), 1);
  std::int64_t input = 0;
  std::int64_t residual = 0;
  std::int64_t output = 0;
  for (const schedule::PixelRange& range : image.ranges(1, true)) {
    input = std::max(input, image.slots(image.input_rows(range)));
    if (layer.residual() >= 0)
      residual = std::max(residual, image.slots(image.residual_rows(range)));
    if (!layer.logits) output = std::max(output, image.slots(image.output_rows(range)));
  }
  if (found.input_there) input = own.input_slots();
  if (const std::int64_t need = input + residual + output;
      need > found.capacities.activation_slots) {
    const std::string operand =
        layer.residual() >= 0 ? fmt::format(", {} of its residual operand", residual) : "";
    refuse(spec, layer.name, "activation_sram.capacity_bytes",
           fmt::format("{} values ({} of its input{} and {} of its output)", need, input, operand,
                       output),
           fmt::format("{} values", found.capacities.activation_slots));
  }
  if (layer.is_gemm()) {
    // The output does not stay on chip whole, and what is spilled has all channels.
    const std::int64_t tiles = ceil_div(layer.n(), spec.array.cols);
    const std::int64_t least = 2 * tiles * own.widest_rows(1) * layer.out.width;
    if (least > 2 * found.capacities.accumulator_half) {
      refuse_accumulators(spec, layer.name, least,
                          fmt::format("of all {} channel tiles, since its output does not fit the "
                                      "activation SRAM whole",
                                      tiles));
    }
  }
  refuse(spec, layer.name, "array",
         fmt::format("more than {} passes over ranges of pixels", found.most_streams),
         fmt::format("at most {} in a schedule", found.most_streams));
}

}  // namespace lacuna::mapping
