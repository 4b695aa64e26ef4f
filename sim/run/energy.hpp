// Energy of what was counted: counts x energy of an event, by component.
#pragma once

#include "arch/energy_table.hpp"
#include "measure/counters.hpp"
#include "run/run.hpp"

namespace lacuna::run {

/// Picojoules. Source of the components' model: docs/energy.md.
struct Energy {
  double mac = 0;        ///< issued multiply-accumulates
  double gated_mac = 0;  ///< those whose zero was seen at the PE
  double registers = 0;  ///< of the PEs: weights in and out, activations, local sums
  double weight_sram = 0;
  double activation_sram = 0;
  double bitmap = 0;
  double accumulator_sram = 0;
  double dram = 0;
  double leakage = 0;

  double total() const {
    return mac + gated_mac + registers + weight_sram + activation_sram + bitmap + accumulator_sram +
           dram + leakage;
  }
  Energy& operator+=(const Energy& other);
  Energy& operator/=(double count);
};

/// Of a layer, or of a whole run. Memories that are unlimited have the size that the job uses.
Energy energy_of(const measure::LayerCounters& counters, const Job& job,
                 const arch::EnergyTable& table);

/// Bits of a layer's input map in the activation SRAM, all images: as it is, and as its non-zero
/// values with the bitmap that says where they are. The machine stores the first and the bitmap.
struct ActivationStorage {
  std::int64_t plain_bits = 0;
  std::int64_t compressed_bits = 0;
};
ActivationStorage activation_storage(const measure::LayerCounters& counters, int activation_bits);

/// Bits read from and written to the activation SRAM and, where the machine skips, its bitmap.
std::int64_t activation_traffic(const measure::LayerCounters& counters,
                                const arch::AcceleratorSpec& spec);

}  // namespace lacuna::run
