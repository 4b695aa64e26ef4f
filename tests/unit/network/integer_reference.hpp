// Evaluates a Network in plain loops over codes, channels last.
#pragma once

#include <cstdint>
#include <vector>

#include "network/network.hpp"

namespace lacuna::network::test {

/// The logits of one image from its input codes.
std::vector<std::int32_t> evaluate(const Network& network, std::vector<std::uint8_t> codes);

}  // namespace lacuna::network::test
