// What of a network's values the fast engine looks at: time needs few of them, or none.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace lacuna::fast {

enum class Look : std::uint8_t {
  kValues,   ///< all: sums and outputs are computed
  kZeros,    ///< which values of each layer's input are zero, as they are drawn
  kNothing,  ///< none, where the machine skips none: every pass takes as long as it can
};

struct Looks {
  Look at = Look::kValues;
  /// kNothing, [layer]: the share of its input's values that are not zero, for the counts. Empty:
  /// not known.
  std::vector<double> densities{};
  /// kZeros: codes of a layer's input, image by image, channels last.
  using Draw = std::function<std::vector<std::uint8_t>(std::size_t layer, std::int64_t image)>;
  Draw draw{};
};

}  // namespace lacuna::fast
