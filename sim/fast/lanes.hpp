// Vector lanes are batches: a group of kLanes batches goes through the network together, value v of
// all of them side by side. A lone batch takes one lane.
#pragma once

#include <cstdint>

namespace lacuna::fast {

inline constexpr int kLanes = 16;

/// The function is compiled for several instruction sets; the variant for the machine it runs on is
/// chosen when the program is loaded.
#define LACUNA_FAST_VECTOR __attribute__((target_clones("avx2", "default")))
/// Inlined into such functions, to be compiled for their instruction set.
#define LACUNA_FAST_INLINE inline __attribute__((always_inline))
#define LACUNA_FAST_LAMBDA __attribute__((always_inline))

}  // namespace lacuna::fast
