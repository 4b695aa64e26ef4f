#include "arch/energy_table.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "config/schema.hpp"

namespace lacuna::arch {
namespace {

constexpr double kMostPicojoules = 1e9;

/// An entry that says where its figures come from.
config::Section entry(const config::Section& root, const char* name) {
  config::Section section = root.section(name);
  section.required<std::string>("source");
  constexpr int kLeastNode = 1;
  constexpr int kMostNode = 10'000;
  section.required<int>("node_nm", kLeastNode, kMostNode);
  return section;
}

}  // namespace

double EnergyTable::sram_access(double bytes, int bits) const {
  const double width = static_cast<double>(bits) / sram_word_bits;
  if (sram.size() == 1) return sram[0] * width;
  const auto above = std::upper_bound(
      sram_bytes.begin() + 1, sram_bytes.end() - 1, bytes,
      [](double value, std::int64_t size) { return value < static_cast<double>(size); });
  const auto i = static_cast<std::size_t>(above - sram_bytes.begin());
  const double low = std::log(static_cast<double>(sram_bytes[i - 1]));
  const double high = std::log(static_cast<double>(sram_bytes[i]));
  const double place = (std::log(std::max(bytes, 1.0)) - low) / (high - low);
  return width *
         std::exp(std::log(sram[i - 1]) + place * (std::log(sram[i]) - std::log(sram[i - 1])));
}

double EnergyTable::register_access(double bytes) const {
  return register_bit * std::sqrt(bytes / register_bytes);
}

double EnergyTable::mac(int weight_bits, int activation_bits, int accumulator_bits) const {
  const double cells = static_cast<double>(weight_bits) * activation_bits /
                       (static_cast<double>(multiply_weight_bits) * multiply_activation_bits);
  return multiply * cells + add * accumulator_bits / add_bits;
}

EnergyTable load_energy_table(const std::string& path) {
  return read_energy_table(config::Document::load(path));
}

EnergyTable read_energy_table(const config::Document& document) {
  const config::Section root = document.root();
  config::read_schema(root, config::FileKind::kEnergyTable);
  EnergyTable table;
  table.name = base::printable(root.required<std::string>("name"));
  constexpr int kMostBits = 4096;
  const config::Section multiply = entry(root, "multiply");
  table.multiply = multiply.required<double>("pj", 0.0, kMostPicojoules);
  table.multiply_weight_bits = multiply.required<int>("weight_bits", 1, kMostBits);
  table.multiply_activation_bits = multiply.required<int>("activation_bits", 1, kMostBits);
  const config::Section add = entry(root, "add");
  table.add = add.required<double>("pj", 0.0, kMostPicojoules);
  table.add_bits = add.required<int>("bits", 1, kMostBits);
  table.gated_share = entry(root, "gated_mac").required<double>("share", 0.0, 1.0);
  const config::Section registers = entry(root, "register");
  table.register_bit = registers.required<double>("pj_a_bit", 0.0, kMostPicojoules);
  table.register_bytes = registers.required<double>("bytes", 1.0, kMostPicojoules);
  const config::Section sram = entry(root, "sram");
  table.sram_word_bits = sram.required<int>("word_bits", 1, kMostBits);
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 50;
  table.sram_bytes = sram.integers("bytes", 1, kMostBytes);
  table.sram = sram.reals("pj", 1e-9, kMostPicojoules);
  table.dram_byte = entry(root, "dram").required<double>("pj_a_byte", 0.0, kMostPicojoules);
  table.leakage_bit = entry(root, "leakage").required<double>("nw_a_bit", 0.0, kMostPicojoules);
  document.done();
  if (table.sram.empty() || table.sram.size() != table.sram_bytes.size()) {
    throw base::InputError(sram.place("pj"), "there are not as many as in bytes",
                           "one for each capacity, and at least one");
  }
  for (std::size_t i = 1; i < table.sram_bytes.size(); ++i) {
    if (table.sram_bytes[i] <= table.sram_bytes[i - 1]) {
      throw base::InputError(sram.place("bytes"), "capacities do not ascend",
                             "each larger than the one before");
    }
  }
  table.file = document.file();
  table.sha256 = document.sha256();
  return table;
}

}  // namespace lacuna::arch
