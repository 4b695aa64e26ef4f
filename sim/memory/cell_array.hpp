// An SRAM as what it is: bits in words in banks. Values are packed into words, and faults live in
// the cells; a read answers with what the cells give, whatever was written.
//
// Geometry: word w lies in bank w % banks at row w / banks. A value of b bits takes b cells, a word
// holds floor(word_bits / b) values, none straddles two words: slot s is value s % values_per_word
// of word s / values_per_word, at bits [value * b, value * b + b). Left-over cells hold nothing.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "memory/fault_overlay.hpp"

namespace lacuna::memory {

class CellArray {
 public:
  /// `words` words of `word_bits` bits over `banks` banks, all cells zero, read as values of
  /// `value_bits` (1..8) bits.
  CellArray(std::int64_t words, int word_bits, int banks, int value_bits);

  std::int64_t slots() const { return words_ * values_per_word_; }
  int values_per_word() const { return values_per_word_; }

  /// Reads the value in `slot`, faults applied.
  std::uint8_t read(std::int64_t slot, const Access& access) {
    const std::uint8_t stored = field(bit_offset(slot));
    if (!faults_.armed() || !faults_.marks(slot)) return stored;
    return static_cast<std::uint8_t>(faults_.read(slot, stored, access));
  }

  /// Writes a code of value_bits bits.
  void write(std::int64_t slot, std::uint8_t code, const Access& access) {
    if (faults_.armed() && faults_.marks(slot)) faults_.write(slot, access);
    store(slot, code);
  }

  FaultOverlay& faults() { return faults_; }
  /// Arms one fault that strikes in every batch. `step` is kPermanent, or that of an upset.
  void arm(const CellPosition& cell, FaultKind kind, std::int64_t step,
           measure::FaultOutcome* outcome) {
    Fault fault;
    fault.cell = cell;
    fault.kind = kind;
    fault.step = step;
    faults_.arm(fault, 0, outcome);
  }

 private:
  std::int64_t bit_offset(std::int64_t slot) const {
    return slot / values_per_word_ * word_stride_ + slot % values_per_word_ * value_bits_;
  }
  // A value of up to 8 bits at any bit offset lies inside two bytes.
  std::uint8_t field(std::int64_t offset) const {
    std::uint16_t pair = 0;
    std::memcpy(&pair, cells_.data() + offset / 8, sizeof pair);
    return static_cast<std::uint8_t>((pair >> (offset % 8)) & value_mask_);
  }
  void store(std::int64_t slot, std::uint8_t code);

  std::int64_t words_;
  int value_bits_;
  int values_per_word_;
  std::int64_t word_stride_;  ///< bits from one word to the next in cells_
  std::uint8_t value_mask_;
  std::vector<std::uint8_t> cells_;
  FaultOverlay faults_;
};

}  // namespace lacuna::memory
