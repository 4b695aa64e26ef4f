// A fault plan: the full, sorted list of faults of one run. Made before the simulation; replaying
// it gives the same bits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "memory/cell_array.hpp"

namespace lacuna::fault {

/// Memories with fault sites. (The activation SRAM, its bitmap, the accumulator SRAM and the PE
/// registers join here.)
enum class MemoryId : std::uint8_t { kWeightSram };
const char* memory_name(MemoryId memory);

/// where x what x when
struct Fault {
  MemoryId memory = MemoryId::kWeightSram;
  memory::CellPosition cell;
  memory::FaultKind kind = memory::FaultKind::kFlip;
  std::int64_t step = memory::kPermanent;  ///< list index of the schedule's step, or kPermanent
};

struct FaultPlan {
  std::vector<Fault> faults;  ///< sorted by memory, bank, row, bit, step
  std::string origin;         ///< "none", the file, or "ber 0.01 seed 3 flip"
  std::string sha256;         ///< of the file's bytes; empty where there is none
};

}  // namespace lacuna::fault
