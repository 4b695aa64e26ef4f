// Maps for networks that tests make by hand: layer i writes map i + 1.
#pragma once

#include "network/network.hpp"

namespace lacuna::network::test {

/// Gives the network its maps, and its layers their outputs: none where they give logits, which are
/// the network's. Codes go from 0 to 2^activation_bits - 1.
inline void give_maps(Network& network, const MapShape& input, int activation_bits = 8,
                      int weight_bits = 8) {
  const tensor::Code code = tensor::unsigned_code(activation_bits);
  network.maps = {{input, code, 1.0F}};
  for (Layer& layer : network.layers) {
    const float threshold = layer.bounds.threshold;
    layer.bounds = tensor::bounds_of(code);
    layer.bounds.threshold = threshold;
    layer.weight_code.bits = weight_bits;
    layer.output = layer.logits ? kNoMap : static_cast<int>(network.maps.size());
    if (!layer.logits) network.maps.push_back({layer.out, code, 1.0F});
  }
  network.outputs.clear();
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    if (!network.layers[i].logits) continue;
    Output output;
    output.name = network.layers[i].name;
    output.layer = static_cast<int>(i);
    output.scale.assign(static_cast<std::size_t>(network.layers[i].out.channels), 1.0F);
    network.outputs.push_back(std::move(output));
  }
}

}  // namespace lacuna::network::test
