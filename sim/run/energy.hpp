// Energy of what was counted: counts x energy of an event, by component.
#pragma once

#include <cstdint>
#include <iterator>

#include "arch/energy_table.hpp"
#include "measure/counters.hpp"
#include "run/job.hpp"

namespace lacuna::run {

/// Picojoules. Source of the components' model: docs/energy.md. Each is a member here, a line of
/// kEnergyComponents and its sum in energy_of().
struct Energy {
  double mac = 0;
  double gated_mac = 0;
  double registers = 0;
  double weight_sram = 0;
  double activation_sram = 0;
  double bitmap = 0;
  double accumulator_sram = 0;
  double dram = 0;
  double leakage = 0;

  double total() const;
  Energy& operator+=(const Energy& other);
  Energy& operator/=(double count);
};

struct EnergyComponent {
  const char* key;   ///< in records, with "_pj" behind it
  const char* name;  ///< for people
  const char* head;  ///< of a narrow table's column
  const char* meaning;
  double Energy::*member;
};

inline constexpr EnergyComponent kEnergyComponents[] = {
    {"mac", "MACs", "MACs", "issued multiply-accumulates", &Energy::mac},
    {"gated_mac", "gated MACs", "gated", "those whose zero was seen at the PE", &Energy::gated_mac},
    {"registers", "PE registers", "registers", "weights in and out, activations, local sums",
     &Energy::registers},
    {"weight_sram", "weight SRAM", "weights", "reads and writes", &Energy::weight_sram},
    {"activation_sram", "activation SRAM", "activat.", "reads and writes",
     &Energy::activation_sram},
    {"bitmap", "bitmap", "bitmap", "reads and writes", &Energy::bitmap},
    {"accumulator_sram", "accumulator SRAM", "sums", "reads and writes", &Energy::accumulator_sram},
    {"dram", "DRAM", "DRAM", "bytes both ways", &Energy::dram},
    {"leakage", "leakage", "leakage", "of all SRAM, over the cycles", &Energy::leakage},
};
static_assert(sizeof(Energy) == std::size(kEnergyComponents) * sizeof(double));

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

}  // namespace lacuna::run
