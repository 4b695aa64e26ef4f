// A cell that reads inverted; as an upset, a stored bit that is inverted once.
#include "memory/fault_kinds/fault_kind.hpp"

namespace lacuna::memory {

FaultKindInfo flip_kind() {
  return {"flip", kPermanently | kAsUpset | kInWindow, false,
          [](const CellRead& read) { return !read.bit; }};
}

}  // namespace lacuna::memory
