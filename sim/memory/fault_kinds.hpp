// The kinds of faults, as a table: one file each in fault_kinds/, and one line in its list.inc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "memory/fault_kinds/fault_kind.hpp"

namespace lacuna::memory {

/// A place in the list. Those that the program itself speaks of have a name here.
enum class FaultKind : std::uint8_t { kStuckAt0, kStuckAt1, kFlip, kReadDisturb };

const FaultKindInfo& fault_kind(FaultKind kind);
inline const char* fault_kind_name(FaultKind kind) { return fault_kind(kind).name; }

/// The kinds that may be there at one of `times` (FaultTimes); those by chance only if asked for.
std::vector<FaultKind> fault_kinds(unsigned times, bool by_chance = false);
std::vector<std::string> fault_kind_names(const std::vector<FaultKind>& kinds);

}  // namespace lacuna::memory
