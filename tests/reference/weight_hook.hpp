// One use of a weight in the naive evaluations: what a test may replace to model a faulty memory,
// whose weights may differ from pixel range to pixel range.
#pragma once

#include <cstdint>
#include <functional>

namespace lacuna::reference {

struct WeightUse {
  int layer = 0;         ///< in the network, pooling layers counted
  std::int64_t out = 0;  ///< out channel of the layer
  std::int64_t ky = 0;
  std::int64_t kx = 0;
  std::int64_t in = 0;  ///< in channel of the group
  std::int64_t image = 0;
  std::int64_t out_y = 0;  ///< output pixel that it is used for
  std::int64_t out_x = 0;
  int value = 0;  ///< as trained
};

/// The value that the machine uses; an empty hook leaves every weight as it is.
using WeightHook = std::function<int(const WeightUse&)>;

inline int used_weight(const WeightHook& hook, const WeightUse& use) {
  return hook ? hook(use) : use.value;
}

/// 32-bit hardware wraps.
inline std::int32_t wrap_add(std::int32_t sum, std::int32_t more) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                   static_cast<std::uint32_t>(more));
}

}  // namespace lacuna::reference
