// A cell that reads as 0, whatever is written.
#pragma once

#include "memory/fault_kinds/fault_kind.hpp"

namespace lacuna::memory {

inline constexpr FaultKindInfo kStuckAt0Kind{"stuck_at_0", kPermanently | kInWindow, false,
                                             [](bool) { return false; }};

}  // namespace lacuna::memory
