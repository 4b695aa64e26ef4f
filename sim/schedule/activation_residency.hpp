// The residency map of the activation SRAM and of the bitmap beside it, both ways: which value of
// which map lies in a cell from which step to which step and which steps read it, and the cells in
// which a value lies. It follows from the schedule alone.
//
// Built from accesses to whole rows, not to values: what a step reads or writes of them is worked
// out for the cells that are asked for.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "memory/cell_array.hpp"
#include "network/network.hpp"
#include "schedule/accesses.hpp"
#include "schedule/rows.hpp"
#include "schedule/run_index.hpp"
#include "schedule/schedule.hpp"
#include "schedule/stay.hpp"

namespace lacuna::schedule {

/// A cell with a value in it.
struct ValueStay {
  MapValue value;
  /// Of the value's code; of a sum counted through its slots, where those from 32 on are of no sum.
  /// In the bitmap, which has one bit a slot, number of that slot.
  std::int64_t bit = 0;
  Stay stay;
};

/// A value in its cells: bit b of its code lies in the cell first_cell with bit + b; in the bitmap
/// it has that cell alone. The parts of a sum lie in the slots that follow.
struct ValueHome {
  std::int64_t slot = 0;  ///< the first
  memory::CellPosition first_cell;
  Stay stay;
};

class ActivationResidency {
 public:
  /// Of MemoryId::kActivationSram or kActivationBitmap. The schedule must be valid (see
  /// verify_schedule.hpp). Keeps references to all three.
  ActivationResidency(const Schedule& schedule, const network::Network& network,
                      const arch::AcceleratorSpec& spec, MemoryId memory);

  /// What lies in a cell over time, by step. Empty for a cell that no value ever enters: one that
  /// is left over in its word, or outside what the schedule uses. With `skip` a stream is among the
  /// reads of a value though it reads it only where its bit in the bitmap reads 1.
  std::vector<ValueStay> stays(const memory::CellPosition& cell) const;

  /// Where a value lies over time, by step. Empty for one that never comes to the activation SRAM.
  std::vector<ValueHome> homes(const MapValue& value) const;

 private:
  /// Of whole rows.
  struct RowAccess {
    std::int64_t begin = 0;  ///< slots
    std::int64_t end = 0;
    std::size_t number = 0;  ///< in the order in which they are made
    Access access;
  };

  std::vector<ValueStay> stays_in(std::int64_t slot) const;
  bool touches(const Access& access, const MapValue& value) const;
  bool windows_cover(const Access& access, const MapValue& value) const;
  const Region& region(std::int32_t index) const {
    return schedule_.regions[static_cast<std::size_t>(index)];
  }

  const Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  int banks_;
  std::int64_t slot_bits_;  ///< cells of a slot
  std::int64_t slots_per_word_;
  RunIndex<RowAccess> accesses_;
  std::vector<std::vector<std::size_t>> regions_;  ///< [map]
};

}  // namespace lacuna::schedule
