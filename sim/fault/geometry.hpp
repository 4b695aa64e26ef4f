// The cells of a memory, as fault sites see them.
#pragma once

#include <cstdint>
#include <string>

#include "arch/spec.hpp"
#include "fault/plan.hpp"
#include "memory/cell_array.hpp"

namespace lacuna::fault {

/// Word w lies in bank w % banks at row w / banks (memory/cell_array.hpp).
struct MemoryGeometry {
  MemoryId memory = MemoryId::kWeightSram;
  std::int64_t words = 0;
  int word_bits = 0;
  int banks = 1;

  std::int64_t cells() const { return words * word_bits; }
  /// Rows of the largest bank; where words is no multiple of banks, the last row is not full.
  std::int64_t rows() const { return base::ceil_div(words, banks); }
  std::int64_t word(std::int64_t bank, std::int64_t row) const { return row * banks + bank; }
  bool contains(const memory::CellPosition& cell) const;

  /// "weight_sram has 4 banks x 2048 rows x 64 bits"
  std::string describe() const;
};

/// The weight SRAM of a machine; where its capacity is unlimited, the `used_words` of a schedule.
MemoryGeometry weight_sram_geometry(const arch::AcceleratorSpec& spec, std::int64_t used_words);

/// More faults than this in one plan are an error: a plan is a list in memory.
inline constexpr std::int64_t kMaxFaults = std::int64_t{1} << 24;

}  // namespace lacuna::fault
