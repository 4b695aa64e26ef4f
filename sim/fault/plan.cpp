#include "fault/plan.hpp"

namespace lacuna::fault {

const char* memory_name(MemoryId memory) {
  switch (memory) {
    case MemoryId::kWeightSram:
      return "weight_sram";
  }
  return "";
}

}  // namespace lacuna::fault
