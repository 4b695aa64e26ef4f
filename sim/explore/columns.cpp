#include "explore/columns.hpp"

namespace lacuna::explore {
namespace {

double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

/// Accuracy at the first fault setting: what an architect trades against.
std::optional<double> accuracy_under_faults(const PointFigures& f) {
  if (f.faults.empty()) return std::nullopt;
  return f.faults.front().mean;
}

Column energy_part(const char* name, double run::Energy::*part) {
  return {name, "pJ", true, [part](const PointFigures& f) -> std::optional<double> {
            if (!f.energy) return std::nullopt;
            return *f.energy.*part;
          }};
}

std::optional<double> energy_total(const PointFigures& f) {
  if (!f.energy) return std::nullopt;
  return f.energy->total();
}

}  // namespace

const std::vector<Column>& columns() {
  using F = PointFigures;
  static const std::vector<Column> kColumns = {
      {"cycles", "cycles", true, [](const F& f) { return f.cycles; }},
      {"dense_cycles", "cycles", true, [](const F& f) { return f.dense_cycles; }},
      {"speedup", "x", false, [](const F& f) { return ratio(f.dense_cycles, f.cycles); }},
      {"stream_cycles", "cycles", true, [](const F& f) { return f.stream_cycles; }},
      {"stream_speedup", "x", false,
       [](const F& f) { return ratio(f.dense_stream_cycles, f.stream_cycles); }},
      {"weight_load", "cycles", true, [](const F& f) { return f.weight_load; }},
      {"memory_wait", "cycles", true, [](const F& f) { return f.memory_wait; }},
      {"post_wait", "cycles", true, [](const F& f) { return f.post_wait; }},
      {"setup_cycles", "cycles", true, [](const F& f) { return f.setup_cycles; }},
      {"dram_bytes", "bytes", true, [](const F& f) { return f.dram_bytes; }},
      {"macs", "MACs", true, [](const F& f) { return f.macs; }},
      {"macs_issued", "MACs", true, [](const F& f) { return f.macs_issued; }},
      {"measured_density", "", true, [](const F& f) { return f.density; }},
      {"weights_a_cell", "weights", true, [](const F& f) { return f.weights_a_cell; }},
      {"most_weights_a_cell", "weights", true, [](const F& f) { return f.most_weights_a_cell; }},
      {"sram_bits", "bits", true, [](const F& f) { return f.sram_bits; }},
      {"pe_bits", "bits", true, [](const F& f) { return f.pe_bits; }},
      {"transistors", "", true, [](const F& f) { return f.transistors; }},
      {"activation_bits", "bits", true, [](const F& f) { return f.activation_bits; }},
      {"activation_bits_compressed", "bits", true,
       [](const F& f) { return f.activation_bits_compressed; }},
      {"activation_traffic", "bits", true, [](const F& f) { return f.activation_traffic; }},
      {"energy", "pJ", true, energy_total},
      energy_part("energy_mac", &run::Energy::mac),
      energy_part("energy_gated_mac", &run::Energy::gated_mac),
      energy_part("energy_registers", &run::Energy::registers),
      energy_part("energy_weight_sram", &run::Energy::weight_sram),
      energy_part("energy_activation_sram", &run::Energy::activation_sram),
      energy_part("energy_bitmap", &run::Energy::bitmap),
      energy_part("energy_accumulator_sram", &run::Energy::accumulator_sram),
      energy_part("energy_dram", &run::Energy::dram),
      energy_part("energy_leakage", &run::Energy::leakage),
      {"top1", "", false, [](const F& f) { return f.top1; }},
      {"top1_under_faults", "", false, accuracy_under_faults},
  };
  return kColumns;
}

std::vector<std::string> pareto_columns() {
  std::vector<std::string> names;
  for (const Column& column : columns()) names.emplace_back(column.name);
  return names;
}

const Column* find_column(const std::string& name) {
  for (const Column& column : columns()) {
    if (name == column.name) return &column;
  }
  return nullptr;
}

}  // namespace lacuna::explore
