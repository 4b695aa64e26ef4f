// Numbers for the layers of a workload, which has none: a pure function of seed and layer.
#pragma once

#include <cstdint>
#include <vector>

#include "network/network.hpp"
#include "network/workload.hpp"

namespace lacuna::network {

/// A network of that one layer, without operands: what a mapper asks for. Bits are 2..8.
Network synthetic_shape(const WorkloadLayer& layer, int weight_bits, int activation_bits);

/// Another layer at its end, which reads what its last one writes; of the same bits.
void append_layer(Network& network, const WorkloadLayer& layer);

/// Gives such a network, of one layer, its operands. Weights are uniform over [-(2^(b-1)-1),
/// 2^(b-1)-1], the bias is 0 and the scale 1 / (sqrt(K) * (2^(b-1)-1)): for dense input, three
/// standard deviations of the sums then reach the largest output code. The sums are tapped, and are
/// no logits. `index` is the layer's place in its workload, below 2^24.
void draw_weights(Network& network, std::int64_t index, std::uint64_t seed);

/// Both.
Network synthetic_network(const WorkloadLayer& layer, std::int64_t index, std::uint64_t seed,
                          int weight_bits, int activation_bits);

/// Input codes of that layer, layer.in.values() of them, channels last. Each is non-zero with
/// probability `density`, to a precision of 2^-32 and independently (0 and 1 are exact), and then
/// uniform in 1..2^activation_bits - 1.
std::vector<std::uint8_t> synthetic_codes(const Layer& layer, std::int64_t index,
                                          std::uint64_t seed, double density, int activation_bits);

}  // namespace lacuna::network
