// Random fault maps: a chip with a bit error rate.
#pragma once

#include <cstdint>
#include <functional>

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

}  // namespace lacuna::fault
