// A cell that reads as 1, whatever is written.
#pragma once

#include "memory/fault_kinds/fault_kind.hpp"

namespace lacuna::memory {

inline constexpr FaultKindInfo kStuckAt1Kind{"stuck_at_1", kPermanently | kInWindow, false,
                                             [](bool) { return true; }};

}  // namespace lacuna::memory
