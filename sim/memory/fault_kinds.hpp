// The kinds of faults, as a table: one file each in fault_kinds/, and one line here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "memory/fault_kinds/flip.hpp"
#include "memory/fault_kinds/read_disturb.hpp"
#include "memory/fault_kinds/stuck_at_0.hpp"
#include "memory/fault_kinds/stuck_at_1.hpp"

namespace lacuna::memory {

/// A place in kFaultKinds. Those that the program itself speaks of have a name here.
enum class FaultKind : std::uint8_t { kStuckAt0, kStuckAt1, kFlip, kReadDisturb };

/// Where several meet in a cell, a read asks them in this order.
inline constexpr std::array kFaultKindTable{kStuckAt0Kind, kStuckAt1Kind, kFlipKind,
                                            kReadDisturbKind};

constexpr const FaultKindInfo& fault_kind(FaultKind kind) {
  return kFaultKindTable[static_cast<std::size_t>(kind)];
}
inline const char* fault_kind_name(FaultKind kind) { return fault_kind(kind).name; }

/// The kinds that may be there at one of `times` (FaultTimes); those by chance only if asked for.
std::vector<FaultKind> fault_kinds(unsigned times, bool by_chance = false);
std::vector<std::string> fault_kind_names(const std::vector<FaultKind>& kinds);

}  // namespace lacuna::memory
