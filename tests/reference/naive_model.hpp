// Evaluates a network in the plainest loops, from what its fields mean: sums in 64 bits, float32
// operation by operation, every output as the file shows it. Of the simulator it shares the data
// and tensor::Function, and none of the arithmetic of its post unit.
#pragma once

#include <string>
#include <vector>

#include "network/network.hpp"

namespace lacuna::reference {

struct ModelOutput {
  std::string name;
  std::vector<float> values;  ///< in the order of the file
};

/// What the file's input becomes, step by step, in the machine's map: operands, channels last.
std::vector<int> input_operands(const network::Network& network, const std::vector<float>& image);

/// The outputs for one image; `image` has the values that the file reads, in its order (codes where
/// it reads codes). Throws std::runtime_error for sums beyond 32 bits.
std::vector<ModelOutput> evaluate_model(const network::Network& network,
                                        const std::vector<float>& image);

}  // namespace lacuna::reference
