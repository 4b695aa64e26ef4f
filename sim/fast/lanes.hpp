// Vector lanes are batches: a group of kLanes batches goes through the network together, value v of
// all of them side by side. A lone batch takes one lane.
#pragma once

#include <cstdint>

namespace lacuna::fast {

inline constexpr int kLanes = 16;

}  // namespace lacuna::fast
