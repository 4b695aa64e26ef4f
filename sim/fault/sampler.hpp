// Random fault maps: a chip with a bit error rate.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "fault/geometry.hpp"
#include "fault/plan.hpp"
#include "memory/cell_array.hpp"

namespace lacuna::fault {

/// Every cell has one uniform number u, a pure function of (seed, memory, cell); the cell has a
/// permanent fault of `kind` where u < rate. So the maps of one seed are nested: a higher rate
/// contains a lower one. The number of a cell is word * word_bits + bit, whatever the word holds.
/// About 3 ns a cell with AVX2. Throws base::InputError for a rate outside [0, 1], or one at which
/// more than kMaxFaults faults are expected. `progress` hears now and then how many cells are
/// drawn.
FaultPlan sample_map(const MemoryGeometry& geometry, double rate, std::uint64_t seed,
                     memory::FaultKind kind,
                     const std::function<void(std::int64_t cells)>& progress = {});

/// A memory and the share of its cells that is faulty.
struct MemoryRate {
  MemoryId memory = MemoryId::kWeightSram;
  double rate = 0;
};

/// sample_map of several memories, in any order, as one plan. Each memory draws from its own
/// stream, so that another one beside it changes none of its faults. Throws base::InputError as
/// sample_map does, of all faults together, and for a memory that is not there, or is there twice.
FaultPlan sample_maps(const Memories& memories, std::vector<MemoryRate> rates, std::uint64_t seed,
                      memory::FaultKind kind,
                      const std::function<void(std::int64_t cells)>& progress = {});

}  // namespace lacuna::fault
