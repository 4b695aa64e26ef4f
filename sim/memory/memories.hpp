// The memories of the machine that can break, as a table: what they are called, what their cells
// are, who holds what in them. All that asks for a memory's name, cells or random numbers walks it.
//
// The cells of any memory are bits of words over banks: word w lies in bank w % banks at row
// w / banks. People know the registers of the array by other names than bank and row: those of a
// processing element are its bank, and its registers the rows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace lacuna::memory {

enum class MemoryId : std::uint8_t {
  kWeightSram,
  kActivationSram,
  kActivationBitmap,
  kAccumulatorSram,
  kPeWeights,
  kPeAccumulators,
  kPsumFifos,
  kLookupTables
};

struct CellPosition {
  std::int64_t bank = 0;
  std::int64_t row = 0;
  std::int64_t bit = 0;

  friend bool operator==(const CellPosition& a, const CellPosition& b) {
    return a.bank == b.bank && a.row == b.row && a.bit == b.bit;
  }
};

struct MemoryKind {
  MemoryId id;
  const char* name;
  base::RandomStream map;  ///< of random fault maps
  /// What people call bank and row: one name, or, outer first, the two that they are made of.
  std::array<const char*, 2> bank_names;
  std::array<const char*, 2> row_names;
  const char* holds;
};

/// In the order of MemoryId.
inline constexpr std::array kMemories{
    MemoryKind{MemoryId::kWeightSram,
               "weight_sram",
               base::RandomStream::kWeightFaultMap,
               {"bank"},
               {"row"},
               "codes of weights"},
    MemoryKind{MemoryId::kActivationSram,
               "activation_sram",
               base::RandomStream::kActivationFaultMap,
               {"bank"},
               {"row"},
               "codes of feature maps"},
    MemoryKind{MemoryId::kActivationBitmap,
               "activation_bitmap",
               base::RandomStream::kBitmapFaultMap,
               {"bank"},
               {"row"},
               "one bit a value of the activation SRAM: not the zero point"},
    MemoryKind{MemoryId::kAccumulatorSram,
               "accumulator_sram",
               base::RandomStream::kAccumulatorFaultMap,
               {"bank"},
               {"row"},
               "32-bit sums: a bank is a lane, a row an entry"},
    MemoryKind{MemoryId::kPeWeights,
               "pe_weights",
               base::RandomStream::kPeWeightFaultMap,
               {"row", "col"},
               {"set", "slot"},
               "codes of weights in the processing elements"},
    MemoryKind{MemoryId::kPeAccumulators,
               "pe_accumulators",
               base::RandomStream::kPeAccumulatorFaultMap,
               {"row", "col"},
               {"index"},
               "32-bit sums of products in the processing elements"},
    MemoryKind{MemoryId::kPsumFifos,
               "psum_fifos",
               base::RandomStream::kPsumFifoFaultMap,
               {"row", "col"},
               {"place"},
               "32-bit partial sums between rows of the array"},
    MemoryKind{MemoryId::kLookupTables,
               "lookup_tables",
               base::RandomStream::kLookupTableFaultMap,
               {},
               {"entry"},
               "codes of element-wise functions, layer after layer"},
};
inline constexpr std::size_t kMemoryCount = kMemories.size();

constexpr std::size_t index_of(MemoryId memory) { return static_cast<std::size_t>(memory); }
constexpr const MemoryKind& memory_kind(MemoryId memory) { return kMemories[index_of(memory)]; }
inline const char* memory_name(MemoryId memory) { return memory_kind(memory).name; }
std::vector<std::string> memory_names();

}  // namespace lacuna::memory
