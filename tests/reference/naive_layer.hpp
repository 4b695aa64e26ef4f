// One layer of a network in direct loops: what a layer means, without tiles, passes or machines.
#pragma once

#include <cstdint>
#include <vector>

#include "network/network.hpp"
#include "reference/weight_hook.hpp"

namespace lacuna::reference {

struct LayerResult {
  std::vector<std::int32_t> sums;   ///< GEMM layers: biased sums [y][x][channel], wrapped
  std::vector<std::uint8_t> codes;  ///< [y][x][channel]; empty for logits
};

/// `input` holds the codes of one image, channels last, `residual` those of the residual operand.
/// `index` and `image` are for the hook.
LayerResult evaluate_layer(const network::Layer& layer, int activation_bits,
                           const std::vector<std::uint8_t>& input, int index = 0,
                           std::int64_t image = 0, const WeightHook& hook = {},
                           const std::vector<std::uint8_t>& residual = {});

/// All layers of a network: results by layer.
std::vector<LayerResult> evaluate_layers(const network::Network& network,
                                         const std::vector<std::uint8_t>& input,
                                         std::int64_t image = 0, const WeightHook& hook = {});

}  // namespace lacuna::reference
