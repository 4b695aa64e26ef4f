// A cell that reads as 0, whatever is written.
#include "memory/fault_kinds/fault_kind.hpp"

namespace lacuna::memory {

FaultKindInfo stuck_at_0_kind() {
  return {"stuck_at_0", kPermanently | kInWindow, false,
          [](const CellRead& /*read*/) { return false; }};
}

}  // namespace lacuna::memory
