// What of a network's values the fast engine looks at: time needs few of them, or none.
#pragma once

#include <cstdint>
#include <optional>

namespace lacuna::fast {

enum class Look : std::uint8_t {
  kValues,   ///< all: sums and outputs are computed
  kZeros,    ///< which values of the input are zero, of a network of one layer
  kNothing,  ///< none, where the machine skips none: every pass takes as long as it can
};

struct Looks {
  Look at = Look::kValues;
  /// kNothing: the share of the inputs' values that are not zero, for the counts. Empty: not known.
  std::optional<double> density;
};

}  // namespace lacuna::fast
