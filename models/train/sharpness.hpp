// How sharp a minimum a trained network lies in: its loss with the quantised weights moved away.
// Activations are quantised as ever; moved weights are not rounded back.
#pragma once

#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data.hpp"
#include "integer_network.hpp"

namespace lacuna::train {

/// One offset a layer, in the unit of the weights, [outputs][inputs][kernel][kernel].
using Direction = std::vector<torch::Tensor>;

/// Normal random numbers, scaled so that each layer's direction is as long as the layer's weights.
Direction layer_normalised_direction(const IntegerNetwork& network, std::uint64_t seed);

/// The same for each output channel of a layer: "filter-wise normalised" (Li et al., "Visualizing
/// the Loss Landscape of Neural Nets", NeurIPS 2018).
Direction filter_normalised_direction(const IntegerNetwork& network, std::uint64_t seed);

/// What permanent flips at bit error rate `rate` do to the weights: each bit of each weight's two's
/// complement code is flipped where its uniform number is below the rate, as in a memory that holds
/// every weight once. Maps of one seed are nested in the rate.
Direction fault_offset(const IntegerNetwork& network, double rate, std::uint64_t seed);

struct LossPoint {
  double loss;  // cross entropy, mean over the images
  double accuracy;
};

/// The network with its weights moved by `offset`; with zeros it is the integer network, exactly.
LossPoint loss_at(const IntegerNetwork& network, const Direction& offset, const Images& images);

/// a * x + b * y, layer by layer.
Direction combine(double a, const Direction& x, double b, const Direction& y);

}  // namespace lacuna::train
