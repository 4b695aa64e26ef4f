// A cell that reads as 1, whatever is written.
#include "memory/fault_kinds/fault_kind.hpp"

namespace lacuna::memory {

FaultKindInfo stuck_at_1_kind() {
  return {"stuck_at_1", kPermanently | kInWindow, false,
          [](const CellRead& /*read*/) { return true; }};
}

}  // namespace lacuna::memory
