// Evaluates a Network in plain loops over codes, channels last.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "network/network.hpp"

namespace lacuna::network::test {

/// Is shown what each layer reads: its index, and the codes of its input map.
using InputObserver = std::function<void(std::size_t, const std::vector<std::uint8_t>&)>;

/// The logits of one image from its input codes.
std::vector<std::int32_t> evaluate(const Network& network, std::vector<std::uint8_t> codes,
                                   const InputObserver& observe = nullptr);

}  // namespace lacuna::network::test
