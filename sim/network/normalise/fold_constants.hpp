// The rule that works out what does not depend on the image: weights that are quantised or turned
// in the graph, sizes that a Reshape reads, constants of constants.
#pragma once

#include "network/normalise/shapes.hpp"
#include "network/read/graph.hpp"

namespace lacuna::network {

/// Replaces every node whose outputs are constant by constants, and works out the sizes of the
/// others on the way. What a node would make too large, or cannot be worked out, stays a node. A
/// DequantizeLinear of constant codes becomes a quantised constant, which keeps the codes.
void fold_constants(Graph& graph, Shapes& shapes);

}  // namespace lacuna::network
