// Energy of each event of a machine, as read from a file in hw_configs/energy/. Every entry names
// its source and technology node.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/document.hpp"

namespace lacuna::arch {

/// Picojoules, where nothing else is said.
struct EnergyTable {
  std::string name;
  double multiply = 0;  ///< of multiply_weight_bits x multiply_activation_bits
  int multiply_weight_bits = 8;
  int multiply_activation_bits = 8;
  double add = 0;  ///< of add_bits
  int add_bits = 32;
  double gated_share = 0;   ///< of an issued multiply-accumulate, registers included
  double register_bit = 0;  ///< one bit, read or written, of a file of register_bytes
  double register_bytes = 512;
  int sram_word_bits = 64;
  std::vector<std::int64_t> sram_bytes;  ///< ascending
  std::vector<double> sram;              ///< one access to an SRAM of sram_bytes
  double dram_byte = 0;
  double leakage_bit = 0;  ///< nanowatts of a bit of SRAM, whatever it does

  std::string file;
  std::string sha256;

  /// One access of `bits` bits to an SRAM (one bank) of `bytes`: interpolated in log-log scale
  /// between the table's neighbours, beyond its ends along the last two, in proportion to the bits.
  double sram_access(double bytes, int bits) const;
  /// One bit of a register file of `bytes`, read or written: with the square root of its size.
  double register_access(double bytes) const;
  /// A multiply-accumulate of these widths: the multiplier in proportion to its cells, the adder to
  /// its bits.
  double mac(int weight_bits, int activation_bits, int accumulator_bits) const;
};

/// Throws base::InputError with file, line and key; for an entry without source or node, too.
EnergyTable load_energy_table(const std::string& path);
EnergyTable read_energy_table(const config::Document& document);

}  // namespace lacuna::arch
