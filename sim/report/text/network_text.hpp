// A network as people read it: what the import made of a file.
#pragma once

#include <string>

#include "network/data/input_card.hpp"
#include "network/network.hpp"

namespace lacuna::report {

/// Input, a row a layer (window, which layers it reads, output shape, bits, MACs of one image,
/// parameters), outputs, and what the import did that the file does not show.
std::string network_text(const network::Network& network, const network::InputCard& card);

}  // namespace lacuna::report
