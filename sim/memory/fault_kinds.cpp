#include "memory/fault_kinds.hpp"

namespace lacuna::memory {

static_assert(kFaultKindTable[static_cast<std::size_t>(FaultKind::kFlip)].times & kAsUpset);

std::vector<FaultKind> fault_kinds(unsigned times, bool by_chance) {
  std::vector<FaultKind> kinds;
  for (std::size_t i = 0; i < kFaultKindTable.size(); ++i) {
    const FaultKindInfo& kind = kFaultKindTable[i];
    if ((kind.times & times) != 0 && (by_chance || !kind.by_chance)) {
      kinds.push_back(static_cast<FaultKind>(i));
    }
  }
  return kinds;
}

std::vector<std::string> fault_kind_names(const std::vector<FaultKind>& kinds) {
  std::vector<std::string> names;
  names.reserve(kinds.size());
  for (const FaultKind kind : kinds) names.emplace_back(fault_kind_name(kind));
  return names;
}

}  // namespace lacuna::memory
