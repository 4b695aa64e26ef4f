// An SRAM as what it is: bits in words in banks. Values are packed into words, and faults live in
// the cells; a read answers with what the cells give, whatever was written.
//
// Geometry: word w lies in bank w % banks at row w / banks. A value of b bits takes b cells, a word
// holds floor(word_bits / b) values, none straddles two words: slot s is value s % values_per_word
// of word s / values_per_word, at bits [value * b, value * b + b). Left-over cells hold nothing.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "measure/counters.hpp"

namespace lacuna::memory {

enum class FaultKind : std::uint8_t { kStuckAt0, kStuckAt1, kFlip };
/// All of them: readers, samplers and tests go through this list.
inline constexpr std::array kFaultKinds{FaultKind::kStuckAt0, FaultKind::kStuckAt1,
                                        FaultKind::kFlip};
const char* fault_kind_name(FaultKind kind);

/// Stands for "from power-up and for ever" where a step is asked for.
inline constexpr std::int64_t kPermanent = -1;

struct CellPosition {
  std::int64_t bank = 0;
  std::int64_t row = 0;
  std::int64_t bit = 0;
};

class CellArray {
 public:
  /// `words` words of `word_bits` bits over `banks` banks, all cells zero, read as values of
  /// `value_bits` (1..8) bits.
  CellArray(std::int64_t words, int word_bits, int banks, int value_bits);

  std::int64_t slots() const { return words_ * values_per_word_; }
  int values_per_word() const { return values_per_word_; }

  /// Reads the value in `slot`, faults applied. `step` is the list index of the schedule's step
  /// that reads: time is program order.
  std::uint8_t read(std::int64_t slot, std::int64_t step) {
    return faulty_ ? read_faulty(slot, step) : read_stored(slot);
  }

  /// Writes a code of value_bits bits.
  void write(std::int64_t slot, std::uint8_t code, std::int64_t step) {
    if (faulty_) note_write(slot, step);
    store(slot, code);
  }

  /// Arms one fault of a plan. `step` is kPermanent, or the step from which on the cell's first
  /// access finds the stored bit flipped once (kFlip only). `outcome` outlives this array.
  void arm(const CellPosition& cell, FaultKind kind, std::int64_t step,
           measure::FaultOutcome* outcome);

  /// How often a fault has changed what a read answered, over all armed faults.
  std::int64_t reads_changed() const { return reads_changed_; }

  /// Undoes upsets that still lie in cells and arms those at a step again: every batch starts from
  /// the same stored state.
  void restore_upsets();

 private:
  struct Upset {
    std::int64_t step;
    measure::FaultOutcome* outcome;
    bool struck = false;  ///< the stored bit is flipped now
    bool pending = true;  ///< not yet applied in this batch
  };

  std::int64_t bit_offset(std::int64_t slot) const {
    return slot / values_per_word_ * word_stride_ + slot % values_per_word_ * value_bits_;
  }
  // A value of up to 8 bits at any bit offset lies inside two bytes.
  std::uint8_t field(const std::vector<std::uint8_t>& bits, std::int64_t offset) const {
    std::uint16_t pair = 0;
    std::memcpy(&pair, bits.data() + offset / 8, sizeof pair);
    return static_cast<std::uint8_t>((pair >> (offset % 8)) & value_mask_);
  }
  std::uint8_t read_stored(std::int64_t slot) const { return field(cells_, bit_offset(slot)); }
  void store(std::int64_t slot, std::uint8_t code);
  std::uint8_t read_faulty(std::int64_t slot, std::int64_t step);
  void note_write(std::int64_t slot, std::int64_t step);

  std::int64_t words_;
  int word_bits_;
  int banks_;
  int value_bits_;
  int values_per_word_;
  std::int64_t word_stride_;  ///< bits from one word to the next in cells_
  std::uint8_t value_mask_;
  std::vector<std::uint8_t> cells_;

  // The fault overlay, in the packing of cells_; empty until a fault is armed.
  bool faulty_ = false;
  std::int64_t reads_changed_ = 0;
  std::vector<std::uint8_t> stuck_at_0_;
  std::vector<std::uint8_t> stuck_at_1_;
  std::vector<std::uint8_t> flipped_;
  std::unordered_map<std::int64_t, measure::FaultOutcome*> permanent_;  ///< by bit offset
  std::unordered_map<std::int64_t, std::vector<Upset>> upsets_;         ///< by bit offset
};

}  // namespace lacuna::memory
