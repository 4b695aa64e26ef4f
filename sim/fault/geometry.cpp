#include "fault/geometry.hpp"

#include <fmt/format.h>

namespace lacuna::fault {

bool MemoryGeometry::contains(const memory::CellPosition& cell) const {
  return cell.bank >= 0 && cell.bank < banks && cell.bit >= 0 && cell.bit < word_bits &&
         cell.row >= 0 && cell.row < rows() && word(cell.bank, cell.row) < words;
}

std::string MemoryGeometry::describe() const {
  return fmt::format("{} has {} banks x {} rows x {} bits", memory_name(memory), banks, rows(),
                     word_bits);
}

MemoryGeometry weight_sram_geometry(const arch::AcceleratorSpec& spec, std::int64_t used_words) {
  const arch::WeightSramSpec& sram = spec.weight_sram;
  MemoryGeometry geometry;
  geometry.memory = MemoryId::kWeightSram;
  geometry.words = spec.weight_words().value_or(used_words);
  geometry.word_bits = sram.word_bits;
  geometry.banks = sram.banks;
  return geometry;
}

}  // namespace lacuna::fault
