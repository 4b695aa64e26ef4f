#include "run/energy.hpp"

namespace lacuna::run {
namespace {

/// Capacities in bytes.
struct Sizes {
  double weights = 0;
  double activations = 0;
  double bitmap = 0;
  double lane = 0;  ///< of the accumulator SRAM
  int lanes = 0;
};

Sizes sizes_of(const Job& job) {
  const arch::AcceleratorSpec& spec = job.spec;
  const MemoryUse use = memory_use(job);
  constexpr double kByte = 8;
  Sizes sizes;
  sizes.weights = spec.weight_sram.capacity_bytes
                      ? static_cast<double>(*spec.weight_sram.capacity_bytes)
                      : static_cast<double>(use.weight_words) * spec.weight_sram.word_bits / kByte;
  const int bits = spec.precision.activation_bits;
  sizes.activations = spec.activation_sram.capacity_bytes
                          ? static_cast<double>(*spec.activation_sram.capacity_bytes)
                          : static_cast<double>(use.activation_values) * bits / kByte;
  sizes.bitmap = sizes.activations / bits;
  sizes.lane =
      static_cast<double>(spec.accumulators.entries_per_lane.value_or(use.accumulator_entries)) *
      spec.precision.accumulator_bits / kByte;
  sizes.lanes = spec.array.cols;
  return sizes;
}

double accesses(const measure::AccessCounts& counts) {
  return static_cast<double>(counts.reads + counts.writes);
}

}  // namespace

double Energy::total() const {
  double sum = 0;
  for (const EnergyComponent& own : kEnergyComponents) sum += this->*own.member;
  return sum;
}

Energy& Energy::operator+=(const Energy& other) {
  for (const EnergyComponent& own : kEnergyComponents) this->*own.member += other.*own.member;
  return *this;
}

Energy& Energy::operator/=(double count) {
  for (const EnergyComponent& own : kEnergyComponents) this->*own.member /= count;
  return *this;
}

Energy energy_of(const measure::LayerCounters& counters, const Job& job,
                 const arch::EnergyTable& table) {
  const arch::AcceleratorSpec& spec = job.spec;
  const Sizes sizes = sizes_of(job);
  const int weight_bits = spec.precision.weight_bits;
  const int activation_bits = spec.precision.activation_bits;
  const int sum_bits = spec.precision.accumulator_bits;
  const double mac = table.mac(weight_bits, activation_bits, sum_bits);
  // A product takes a weight and an activation from registers, and a local sum out and in.
  constexpr double kByte = 8;
  const int sets = spec.array.weight_load == arch::WeightLoad::kShadowed ? 2 : 1;
  const double weight_bit =
      table.register_access(sets * spec.array.weights_per_pe * weight_bits / kByte);
  const double mac_registers =
      weight_bits * weight_bit + activation_bits * table.register_access(activation_bits / kByte) +
      2 * sum_bits * table.register_access(spec.array.local_accumulators * sum_bits / kByte);
  const auto issued = static_cast<double>(counters.macs.issued);
  const auto gated = static_cast<double>(counters.macs.gated);

  Energy energy;
  energy.mac = issued * mac;
  energy.gated_mac = gated * table.gated_share * (mac + mac_registers);
  energy.registers = issued * mac_registers +
                     static_cast<double>(counters.weight_sram.reads) * weight_bits * weight_bit;
  // A word serves all the values it holds: they are read and written side by side.
  energy.weight_sram =
      accesses(counters.weight_sram) *
      table.sram_access(sizes.weights / spec.weight_sram.banks, spec.weight_sram.word_bits) *
      weight_bits / spec.weight_sram.word_bits;
  energy.activation_sram = accesses(counters.activation_sram) *
                           table.sram_access(sizes.activations / spec.activation_sram.banks,
                                             spec.activation_sram.word_bits) *
                           activation_bits / spec.activation_sram.word_bits;
  energy.bitmap =
      accesses(counters.bitmap) *
      table.sram_access(sizes.bitmap / spec.activation_sram.banks, spec.bitmap_word_bits());
  energy.accumulator_sram =
      accesses(counters.accumulators) * table.sram_access(sizes.lane, sum_bits);
  energy.dram =
      static_cast<double>(counters.dram_read.value + counters.dram_written.value) * table.dram_byte;
  // Power x time: nanowatts x microseconds are thousandths of a picojoule.
  constexpr double kPicojoules = 1e-3;
  const double microseconds =
      static_cast<double>(counters.cycles.total().value) / static_cast<double>(spec.clock_mhz);
  const double bytes = sizes.weights + sizes.activations + sizes.bitmap + sizes.lane * sizes.lanes;
  energy.leakage = kPicojoules * table.leakage_bit * kByte * bytes * microseconds;
  return energy;
}

ActivationStorage activation_storage(const measure::LayerCounters& counters, int activation_bits) {
  return {counters.input_values * activation_bits,
          counters.input_nonzeros * activation_bits + counters.input_values};
}

}  // namespace lacuna::run
