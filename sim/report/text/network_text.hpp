// A network as people read it: what the import made of a file.
#pragma once

#include <string>

#include "network/data/input_card.hpp"
#include "network/network.hpp"

namespace lacuna::report {

/// Input, a row a layer (output shape, kernel, bits, MACs of one image, parameters), outputs, and
/// what the import did that the file does not show. At most 80 columns but for names and notes.
std::string network_text(const network::Network& network, const network::InputCard& card);

}  // namespace lacuna::report
