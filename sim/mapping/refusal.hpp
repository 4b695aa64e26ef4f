// Why a network cannot be mapped on a machine: errors that name the layer, the buffer, what it
// needs and what there is.
#pragma once

#include <cstdint>

#include "arch/spec.hpp"
#include "mapping/layer_cut.hpp"
#include "mapping/planned_layer.hpp"
#include "network/network.hpp"

namespace lacuna::mapping {

/// Throws base::InputError where the machine's words or its encoding cannot hold the network's
/// values.
void check_precision(const network::Network& network, const arch::AcceleratorSpec& spec);

/// What was found out about a layer that has no cut.
struct NoCut {
  Capacities capacities;
  bool has_pass = true;           ///< a reduction index of a channel tile fits the weight SRAM
  bool input_there = false;       ///< its whole input lies in the activation SRAM
  std::int64_t most_streams = 0;  ///< passes over ranges that a schedule may have
};

/// Throws base::InputError with the first buffer that is too small.
[[noreturn]] void refuse_layer(const network::Network& network, const arch::AcceleratorSpec& spec,
                               const LayerShape& own, const NoCut& found);

}  // namespace lacuna::mapping
