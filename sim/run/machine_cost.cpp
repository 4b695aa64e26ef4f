#include "run/machine_cost.hpp"

#include <cmath>

namespace lacuna::run {
namespace {

/// Bits of storage in one PE: weights (two sets where they are loaded ahead), partial sums, the
/// activation and its token. A rigid array (one weight, nothing skipped) needs one partial sum; an
/// elastic one local accumulators and a FIFO.
double pe_bits(const arch::AcceleratorSpec& spec) {
  const arch::ArraySpec& array = spec.array;
  const int sets = array.weight_load == arch::WeightLoad::kShadowed ? 2 : 1;
  const bool rigid = array.weights_per_pe == 1 && spec.zero_skipping != arch::ZeroSkipping::kSkip;
  const int sums = rigid ? 1 : array.local_accumulators + array.psum_fifo_depth;
  constexpr int kTokenBits = 4;  // valid, last, accumulator select, commit
  return sets * array.weights_per_pe * spec.precision.weight_bits +
         sums * spec.precision.accumulator_bits + spec.precision.activation_bits + kTokenBits +
         std::ceil(std::log2(array.weights_per_pe));
}

double sram_bits(const Job& job) {
  const arch::AcceleratorSpec& spec = job.spec;
  const MemoryUse use = memory_use(job);
  const double weights = spec.weight_sram.capacity_bytes
                             ? static_cast<double>(*spec.weight_sram.capacity_bytes) * 8
                             : static_cast<double>(use.weight_words * spec.weight_sram.word_bits);
  const int activation_bits = spec.precision.activation_bits;
  double values = static_cast<double>(use.activation_values);
  double activations = values * activation_bits;
  if (spec.activation_sram.capacity_bytes) {
    activations = static_cast<double>(*spec.activation_sram.capacity_bytes) * 8;
    values = activations / spec.activation_sram.word_bits * spec.activations_per_word();
  }
  const double bitmap = spec.zero_skipping == arch::ZeroSkipping::kSkip ? values : 0;
  const double sums =
      static_cast<double>(spec.accumulators.entries_per_lane.value_or(use.accumulator_entries)) *
      spec.array.cols * spec.precision.accumulator_bits;
  return weights + activations + bitmap + sums;
}

/// Transistors of cells, registers, multipliers and adders: a proxy for area that leaves out wires,
/// control and periphery. 6 a SRAM cell, 24 a flip-flop, 28 a full adder (Weste, Harris, "CMOS VLSI
/// Design", 4th ed., 2011, sections 10.3 and 11.2); an array multiplier has weight bits x
/// activation bits full adders.
double transistors(const arch::AcceleratorSpec& spec, double sram, double pe) {
  constexpr double kCell = 6;
  constexpr double kFlipFlop = 24;
  constexpr double kFullAdder = 28;
  const double pes = static_cast<double>(spec.array.rows) * spec.array.cols;
  const double adders =
      spec.precision.weight_bits * spec.precision.activation_bits + spec.precision.accumulator_bits;
  return kCell * sram + pes * (kFlipFlop * pe + kFullAdder * adders);
}

}  // namespace

MachineCost machine_cost(const Job& job) {
  MachineCost cost;
  cost.sram_bits = sram_bits(job);
  const double pe = pe_bits(job.spec);
  cost.pe_bits = pe * job.spec.array.rows * job.spec.array.cols;
  cost.transistors = transistors(job.spec, cost.sram_bits, pe);
  return cost;
}

}  // namespace lacuna::run
