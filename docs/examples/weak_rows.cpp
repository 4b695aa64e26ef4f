// A fault model in one file: weak rows. In silicon a word line or its driver is often worse than
// its neighbours, so faults gather in rows. This program draws such a chip for a machine's weight
// SRAM and writes it as a map, which lacuna run --faults and campaigns (fault_files) read.
//   weak_rows MACHINE.yaml SHARE_OF_WEAK_ROWS RATE_IN_A_WEAK_ROW SEED MAP.csv
#include <cstdlib>
#include <iostream>

#include "arch/spec.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "fault/geometry.hpp"
#include "fault/map_file.hpp"

namespace {

using namespace lacuna;

/// A row is weak with probability `share`; each cell of a weak row is stuck at 1 with probability
/// `rate`. Every number is a pure function of seed and place, so maps of one seed are nested: more
/// weak rows, or a higher rate, only add faults.
fault::FaultPlan weak_rows(const fault::MemoryGeometry& memory, double share, double rate,
                           std::uint64_t seed) {
  const auto uniform = [&](std::int64_t index) {
    return base::random_uniform(seed, base::RandomStream::kWeightFaultMap,
                                static_cast<std::uint64_t>(index));
  };
  fault::FaultPlan plan;
  plan.origin = "weak rows";
  for (std::int64_t bank = 0; bank < memory.banks; ++bank) {
    for (std::int64_t row = 0; memory.word(bank, row) < memory.words; ++row) {
      const std::int64_t word = memory.word(bank, row);
      if (uniform(memory.cells() + word) >= share) continue;  // numbers after those of the cells
      for (std::int64_t bit = 0; bit < memory.word_bits; ++bit) {
        if (uniform(word * memory.word_bits + bit) < rate) {
          plan.faults.push_back({memory.memory, {bank, row, bit}, memory::FaultKind::kStuckAt1});
        }
      }
    }
  }
  return plan;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) {
    std::cerr << "usage: weak_rows MACHINE.yaml SHARE RATE SEED MAP.csv\n";
    return 2;
  }
  try {
    const arch::AcceleratorSpec machine = arch::load_spec(arguments[1]);
    const fault::MemoryGeometry memory = fault::Memories(machine, {})[fault::MemoryId::kWeightSram];
    fault::write_map(arguments[5],
                     weak_rows(memory, std::atof(arguments[2]), std::atof(arguments[3]),
                               std::strtoull(arguments[4], nullptr, 10)));
  } catch (const base::InputError& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
