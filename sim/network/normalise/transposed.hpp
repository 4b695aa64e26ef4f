// Constants with their axes in another order.
#pragma once

#include "network/read/graph.hpp"

namespace lacuna::network {

/// Axis i of the result is axis perm[i] of `from`; perm has each axis once.
Constant transposed(const Constant& from, const Sizes& perm);

}  // namespace lacuna::network
