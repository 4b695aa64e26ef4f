// A cell that reads inverted; as an upset, a stored bit that is inverted once.
#pragma once

#include "memory/fault_kinds/fault_kind.hpp"

namespace lacuna::memory {

inline constexpr FaultKindInfo kFlipKind{"flip", kPermanently | kAsUpset | kInWindow, false,
                                         [](bool stored) { return !stored; }};

}  // namespace lacuna::memory
