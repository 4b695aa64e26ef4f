// A fault plan: the full, sorted list of faults of one run. Made before the simulation; replaying
// it gives the same bits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "memory/fault.hpp"

namespace lacuna::fault {

using memory::Fault;
using memory::memory_name;
using memory::MemoryId;

struct FaultPlan {
  std::vector<Fault> faults;  ///< sorted by memory, bank, row, bit, step
  std::string origin;         ///< "none", the file, or "ber 0.01 seed 3 flip"
  std::string sha256;         ///< of the file's bytes; empty where there is none
  std::uint64_t seed = 1;     ///< of what reads draw by chance
};

}  // namespace lacuna::fault
