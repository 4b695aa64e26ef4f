#include "memory/fault_kinds.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace lacuna::memory {

#define LACUNA_FAULT_KIND(name) FaultKindInfo name##_kind();
#include "memory/fault_kinds/list.inc"
#undef LACUNA_FAULT_KIND

namespace {

constexpr std::array kListedKinds{
#define LACUNA_FAULT_KIND(name) std::string_view(#name),
#include "memory/fault_kinds/list.inc"
#undef LACUNA_FAULT_KIND
};
static_assert(kListedKinds[static_cast<std::size_t>(FaultKind::kStuckAt0)] == "stuck_at_0");
static_assert(kListedKinds[static_cast<std::size_t>(FaultKind::kStuckAt1)] == "stuck_at_1");
static_assert(kListedKinds[static_cast<std::size_t>(FaultKind::kFlip)] == "flip");
static_assert(kListedKinds[static_cast<std::size_t>(FaultKind::kReadDisturb)] == "read_disturb");

using FaultKindTable = std::array<FaultKindInfo, kListedKinds.size()>;

const FaultKindTable& fault_kind_table() {
  static const FaultKindTable kTable{
#define LACUNA_FAULT_KIND(name) name##_kind(),
#include "memory/fault_kinds/list.inc"
#undef LACUNA_FAULT_KIND
  };
  return kTable;
}

}  // namespace

const FaultKindInfo& fault_kind(FaultKind kind) {
  return fault_kind_table()[static_cast<std::size_t>(kind)];
}

std::vector<FaultKind> fault_kinds(unsigned times, bool by_chance) {
  std::vector<FaultKind> kinds;
  for (std::size_t i = 0; i < kListedKinds.size(); ++i) {
    const auto kind = static_cast<FaultKind>(i);
    if ((fault_kind(kind).times & times) != 0 && (by_chance || !fault_kind(kind).by_chance)) {
      kinds.push_back(kind);
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
