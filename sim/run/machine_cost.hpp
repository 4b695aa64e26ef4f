// What a machine is made of: a proxy for its area.
#pragma once

#include "run/job.hpp"

namespace lacuna::run {

/// Memories that are unlimited have the size that the job uses.
struct MachineCost {
  double sram_bits = 0;    ///< weight, activation (with bitmap) and accumulator SRAM
  double pe_bits = 0;      ///< of storage in all PEs
  double transistors = 0;  ///< of cells, registers, multipliers and adders
};
MachineCost machine_cost(const Job& job);

}  // namespace lacuna::run
