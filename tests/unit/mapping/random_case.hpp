// Small random machines and networks: buffers from too small to unlimited, batches, groups, halo,
// strides, padding, dilation, transposed convolutions, pooling that can be fused and that cannot,
// signed and unsigned codes of any width and zero point.
#pragma once

#include <cstdint>

#include "arch/spec.hpp"
#include "network/network.hpp"

namespace lacuna::mapping::testing {

struct RandomCase {
  network::Network network;
  arch::AcceleratorSpec spec;
  std::int64_t batch = 1;
};

/// The same case for the same seed, everywhere. The mapper may still refuse it.
RandomCase random_case(std::uint32_t seed);

/// A byte of the code: its zero point, or, from a random number, evenly any of the others.
std::uint8_t random_byte(const tensor::Code& code, bool zero, std::uint64_t random);

/// How many networks had each kind of layer, of those counted.
struct LayerKinds {
  int average_pools = 0;
  int outputs = 0;      ///< more than one
  int map_outputs = 0;  ///< of a map
  int residuals = 0;
  int thresholds = 0;   ///< of layers that requantise
  int zero_points = 0;  ///< of a map, other than 0
  int signed_maps = 0;
  int weight_zero_points = 0;  ///< other than 0
  int unsigned_weights = 0;
  int dilated = 0;     ///< convolutions
  int transposed = 0;  ///< convolutions
  int grouped = 0;
  int elementwise = 0;  ///< of two maps
  int tables = 0;       ///< element-wise, of one map
  int resizes = 0;
  int products = 0;   ///< of sums and a map
  int functions = 0;  ///< of sums
  int depthwise = 0;
  int slices = 0;     ///< several layers write a map
  int kept_sums = 0;  ///< as a map

  void count(const network::Network& network);
};

}  // namespace lacuna::mapping::testing
