// What the post unit makes of one value, naively: rounded by the library's function, functions of
// real values asked as the file defines them. Nothing here is shared with the engines.
#pragma once

#include <cstdint>

#include "network/network.hpp"

namespace lacuna::reference {

/// From the biased sum of a channel of a GEMM layer, and what the second map has there (0 without
/// one), to an operand of the output.
int post_value(const network::Network& network, const network::Layer& layer, std::int64_t channel,
               std::int32_t sum, int second);

/// The same from the operands of the one or two maps of an element-wise layer.
int elementwise_value(const network::Network& network, const network::Layer& layer,
                      std::int64_t channel, const int* operands);

/// The same of a resized map from (first, second row) x (first, second column); of nearest resizing
/// from the first alone.
int resized_value(const network::Network& network, const network::Layer& layer,
                  const network::Sample& row, const network::Sample& column, const int* corners);

/// The same from the sum of the operands under the window of output pixel (y, x) that are no
/// padding.
int average_value(const network::Layer& layer, std::int64_t y, std::int64_t x, int sum);

}  // namespace lacuna::reference
