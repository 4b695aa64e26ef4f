// The faults of the array's registers, as the walk over a batch asks them. The PEs are the banks of
// these memories (memory/memories.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "memory/fault_overlay.hpp"

namespace lacuna::fast {

/// One of the three memories: registers [place][row][col], of rows from `first_row` on.
class Registers {
 public:
  Registers(const arch::ArraySpec& array, int first_row, int places, int bits);

  memory::FaultOverlay& faults() { return faults_; }
  bool armed() const { return faults_.armed(); }
  std::int64_t lane(int place, int row, std::int64_t column) const {
    return (std::int64_t{place} * rows_ + row - first_row_) * cols_ + column;
  }
  /// Columns below `columns` with faults in a register; valid until a fault is armed.
  const std::vector<int>& columns(int place, int row);

 private:
  int first_row_;
  int rows_;
  int cols_;
  int places_;
  memory::FaultOverlay faults_;
  std::vector<std::vector<int>> columns_;  ///< [place][row]; empty until asked for
};

struct RegisterFaults {
  RegisterFaults(const arch::ArraySpec& array, int weight_bits);

  Registers weights;       ///< place: set * D + slot
  Registers accumulators;  ///< place: pixel mod L
  Registers fifos;         ///< place: pixel mod F; of rows from 1 on
};

}  // namespace lacuna::fast
