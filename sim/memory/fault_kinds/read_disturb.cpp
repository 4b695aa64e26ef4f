// A read that answers inverted with a probability; the cell keeps its bit.
#include "memory/fault_kinds/fault_kind.hpp"

namespace lacuna::memory {

FaultKindInfo read_disturb_kind() {
  return {"read_disturb", kPermanently | kInWindow, true,
          [](const CellRead& read) { return !read.bit; }};
}

}  // namespace lacuna::memory
