// The cells of a memory, as fault sites see them, and the memories that a machine has.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "arch/spec.hpp"
#include "fault/plan.hpp"
#include "memory/cell_array.hpp"

namespace lacuna::fault {

/// Numbers of what people call a bank or a row: [first, first + count).
struct NamedAxis {
  const char* name = "";
  std::int64_t first = 0;
  std::int64_t count = 1;
};

/// Word w lies in bank w % banks at row w / banks (memory/memories.hpp).
struct MemoryGeometry {
  MemoryId memory = MemoryId::kWeightSram;
  std::int64_t words = 0;
  int word_bits = 0;
  int banks = 1;
  /// What bank and row are made of, outer first; empty: a bank, and a row.
  std::vector<NamedAxis> bank_axes;
  std::vector<NamedAxis> row_axes;

  std::int64_t cells() const { return words * word_bits; }
  /// Rows of the largest bank; where words is no multiple of banks, the last row is not full.
  std::int64_t rows() const { return base::ceil_div(words, banks); }
  std::int64_t word(std::int64_t bank, std::int64_t row) const { return row * banks + bank; }
  bool contains(const memory::CellPosition& cell) const;
  /// Whether rows of a bank are neighbours, as those of an SRAM are and registers are not.
  bool has_neighbouring_rows() const { return bank_axes.empty(); }

  /// "weight_sram has 4 banks x 2048 rows x 64 bits"
  std::string describe() const;
  /// "bank 0 row 17 bit 5", "row 2 col 5 index 0 bit 12"
  std::string name(const memory::CellPosition& cell) const;
};

/// Sizes that a machine leaves open: what its schedules use.
struct MemorySizes {
  std::int64_t weight_words = 0;
  std::int64_t activation_slots = 0;
  std::int64_t accumulator_entries = 0;
  std::int64_t table_entries = 0;  ///< of all layers' tables
};

/// The memories of a machine with a network on it.
class Memories {
 public:
  Memories() = default;
  /// One alone.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Memories(const MemoryGeometry& only);
  Memories(const arch::AcceleratorSpec& spec, const MemorySizes& used);

  bool has(MemoryId memory) const { return absent_[memory::index_of(memory)].empty(); }
  /// Why it is not there, and what would have it there; empty where it is.
  const std::string& why_absent(MemoryId memory) const { return absent_[memory::index_of(memory)]; }
  const MemoryGeometry& operator[](MemoryId memory) const {
    return list_[memory::index_of(memory)];
  }
  MemoryGeometry& at(MemoryId memory) { return list_[memory::index_of(memory)]; }

 private:
  std::array<MemoryGeometry, memory::kMemoryCount> list_;
  std::array<std::string, memory::kMemoryCount> absent_;
};

/// More faults than this in one plan are an error: a plan is a list in memory.
inline constexpr std::int64_t kMaxFaults = std::int64_t{1} << 24;

}  // namespace lacuna::fault
