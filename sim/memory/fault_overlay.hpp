// The faults of one memory, beside what it stores. A lane is what is read at once and has bits: a
// value of an SRAM, a bit of the bitmap, a sum. Each access of a lane is asked of it at its time,
// so that the order of the asking does not matter where the machine leaves it open.
//
// A read answers ((stored ^ upsets that lie in it) & ~stuck at 0 | stuck at 1) ^ flips. An upset at
// time t lies in its cell for the reads at times >= t and before the cell's first write at a time
// >= t. Source: docs/faults.md.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "measure/counters.hpp"
#include "memory/access.hpp"
#include "memory/fault.hpp"

namespace lacuna::memory {

/// The cells of a memory: word w lies in bank w % banks at row w / banks.
struct CellGrid {
  std::int64_t words = 0;
  int word_bits = 0;
  int banks = 1;
};

class FaultOverlay {
 public:
  /// Lanes of `lane_bits` (1..32) bits: lane l is number l % lanes of word l / lanes, where a word
  /// has word_bits / lane_bits of them; left-over bits are in none.
  FaultOverlay(const CellGrid& grid, int lane_bits);

  /// Whether the cell is one of them.
  bool has(const CellPosition& cell) const;
  /// Arms a fault of a plan, in a cell that is there. `outcome` outlives this. `seed` is that of
  /// draws by chance.
  void arm(const Fault& fault, std::uint64_t seed, measure::FaultOutcome* outcome);

  bool armed() const { return !lanes_.empty(); }
  /// Whether any fault lies in a lane.
  bool marks(std::int64_t lane) const {
    return ((marks_[static_cast<std::size_t>(lane >> 6)] >> (lane & 63)) & 1) != 0;
  }
  /// The lanes with faults, rising.
  std::vector<std::int64_t> marked() const;

  /// Every batch, and every part of a job, begins as after set-up.
  void begin_batch(const BatchPlace& place);

  /// What a read of a marked lane answers that stores `stored`.
  std::uint32_t read(std::int64_t lane, std::uint32_t stored, const Access& access);
  /// A marked lane is written.
  void write(std::int64_t lane, const Access& access);

  /// How often a fault has changed what a read answered, over all armed faults.
  std::int64_t reads_changed() const { return reads_changed_; }

 private:
  struct Armed {
    Fault fault;
    const FaultKindInfo* kind = nullptr;
    int bit = 0;  ///< of the lane
    std::uint64_t seed = 0;
    measure::FaultOutcome* outcome = nullptr;
    bool in_batch = true;
    bool was_read = false;  ///< an upset, in this batch
  };
  struct Lane {
    std::vector<Armed> faults;  ///< by bit; upsets first, then by kind
    Access last_write = setup_access();
  };

  bool lies_in(const Armed& upset, const Access& last_write, const Access& now) const;
  bool answers(const Armed& own, const Access& access) const;
  bool is_hidden(const Lane& lane, const CellRead& read, const Access& access) const;
  void note(Armed& own);

  CellGrid grid_;
  int lane_bits_;
  std::int64_t lanes_per_word_;
  std::int64_t reads_changed_ = 0;
  std::int64_t first_image_ = 0;
  std::vector<std::uint64_t> marks_;  ///< a bit a lane; empty until a fault is armed
  std::unordered_map<std::int64_t, Lane> lanes_;
};

}  // namespace lacuna::memory
