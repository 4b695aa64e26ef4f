// A read that answers inverted with a probability; the cell keeps its bit.
#pragma once

#include "memory/fault_kinds/fault_kind.hpp"

namespace lacuna::memory {

inline constexpr FaultKindInfo kReadDisturbKind{"read_disturb", kPermanently | kInWindow, true,
                                                [](bool stored) { return !stored; }};

}  // namespace lacuna::memory
