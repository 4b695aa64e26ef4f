// Small random machines and networks: buffers from too small to unlimited, batches, groups, halo,
// strides, padding, pooling that can be fused and that cannot.
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

/// How many networks had each kind of layer, of those counted.
struct LayerKinds {
  int average_pools = 0;
  int residuals = 0;
  int thresholds = 0;  ///< of layers that requantise

  void count(const network::Network& network);
};

}  // namespace lacuna::mapping::testing
