#include "explore/columns.hpp"

#include <utility>

#include "base/error.hpp"
#include "run/figures.hpp"

namespace lacuna::explore {
namespace {

using F = PointFigures;
using Value = std::optional<double>;

double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

/// An image's mean: of each layer, then the sum.
template <class Count>
double image_mean(const run::RunRecord& record, const Count& count) {
  const auto images = static_cast<double>(record.images);
  double mean = 0;
  for (const run::LayerRecord& layer : record.layers) {
    mean += static_cast<double>(count(layer)) / images;
  }
  return mean;
}

Value number(const run::FigureValue& value) {
  if (const auto* count = std::get_if<std::int64_t>(&value)) return static_cast<double>(*count);
  const auto* ratio = std::get_if<double>(&value);
  return ratio != nullptr ? Value(*ratio) : std::nullopt;
}

std::int64_t count_of(const run::Figure& figure, const run::RunRecord& record,
                      const run::LayerRecord& layer) {
  return std::get<std::int64_t>(figure.value(run::of_layer(record, layer)));
}

/// A figure of the record; of one that adds up, the image's mean.
Column of_record(const char* key, const char* header, const run::Figure& figure, bool less) {
  return {key, header, figure.unit, figure.meaning, less, [&figure](const F& f) -> Value {
            if (!figure.sums) return number(figure.value(run::whole_run(f.record)));
            return image_mean(f.record, [&](const run::LayerRecord& layer) {
              return count_of(figure, f.record, layer);
            });
          }};
}
Column of_record(const char* key, const char* header, const char* figure) {
  return of_record(key, header, run::figure_of(figure), true);
}

/// A figure of its own.
Column own(const char* key, const char* unit, const char* meaning, bool less,
           std::function<Value(const F&)> value) {
  return {key, key, unit, meaning, less, std::move(value)};
}

Column energy_part(const run::EnergyComponent& part) {
  const std::string key = std::string("energy_") + part.key;
  return {key,
          key + "_pj",
          "pJ",
          std::string(part.name) + ": " + part.meaning,
          true,
          [&part](const F& f) -> Value {
            if (!f.record.energy) return std::nullopt;
            return (*f.record.energy).*part.member / static_cast<double>(f.record.images);
          }};
}

Value energy_total(const F& f) {
  if (!f.record.energy) return std::nullopt;
  run::Energy mean = *f.record.energy;
  mean /= static_cast<double>(f.record.images);
  return mean.total();
}

double dense_cycles(const F& f) {
  return image_mean(f.record, [](const auto& layer) { return layer.dense->total().value; });
}
double cycles(const F& f) {
  return image_mean(f.record,
                    [](const auto& layer) { return layer.counters.cycles.total().value; });
}
double dense_streams(const F& f) {
  return image_mean(f.record, [](const auto& layer) { return layer.dense->stream.value; });
}
double streams(const F& f) {
  return image_mean(f.record, [](const auto& layer) { return layer.counters.cycles.stream.value; });
}

double dram_bytes(const F& f) {
  return image_mean(f.record, [](const auto& layer) {
    return layer.counters.dram_read.value + layer.counters.dram_written.value;
  });
}

/// Of a network, the first layer's input is the image.
double measured_density(const F& f) {
  std::int64_t values = 0;
  std::int64_t nonzeros = 0;
  const std::size_t first = f.record.layers.size() > 1 && !f.record.workload ? 1 : 0;
  for (std::size_t i = first; i < f.record.layers.size(); ++i) {
    values += f.record.layers[i].counters.input_values;
    nonzeros += f.record.layers[i].counters.input_nonzeros;
  }
  return ratio(static_cast<double>(nonzeros), static_cast<double>(values));
}

/// At the first fault setting: what an architect trades against.
Value mean_under_faults(const F& f, std::optional<FaultMean> FaultFigures::*member) {
  if (f.faults.empty() || !(f.faults.front().*member)) return std::nullopt;
  return (f.faults.front().*member)->mean;
}

std::vector<Column> make_columns() {
  std::vector<Column> list = {
      of_record("cycles", "cycles", "cycles.total"),
      of_record("dense_cycles", "dense_cycles", "dense_cycles"),
      own("speedup", "x", "dense_cycles / cycles", false,
          [](const F& f) { return ratio(dense_cycles(f), cycles(f)); }),
      of_record("stream_cycles", "stream_cycles", "cycles.stream"),
      own("stream_speedup", "x", "the same of the stream cycles", false,
          [](const F& f) { return ratio(dense_streams(f), streams(f)); }),
      of_record("weight_load", "weight_load_cycles", "cycles.weight_load"),
      of_record("memory_wait", "memory_wait_cycles", "cycles.memory_wait"),
      of_record("post_wait", "post_wait_cycles", "cycles.post_wait"),
      of_record("setup_cycles", "setup_cycles", "setup_cycles"),
      own("dram_bytes", "bytes", "read from and written to DRAM", true, dram_bytes),
      of_record("macs", "macs", "macs.total"),
      of_record("macs_issued", "macs_issued", "macs.issued"),
      own("measured_density", "", "non-zero inputs; of models, of the layers after the first", true,
          measured_density),
      own("weights_a_cell", "weights",
          "that pass through a used cell of the weight SRAM in one batch: what one stuck cell "
          "touches; mean over up to 4,096 values of the memory",
          true, [](const F& f) { return f.weights_a_cell; }),
      own("most_weights_a_cell", "weights", "the same, most", true,
          [](const F& f) { return f.most_weights_a_cell; }),
      own("sram_bits", "bits", "weight, activation (with bitmap) and accumulator SRAM", true,
          [](const F& f) { return f.sram_bits; }),
      own("pe_bits", "bits",
          "storage of all PEs: weights (twice when loaded ahead), partial sums (one in a rigid "
          "array; local accumulators and FIFO in an elastic one), activation and token",
          true, [](const F& f) { return f.pe_bits; }),
      own("transistors", "transistors",
          "a proxy for area: 6 a SRAM cell, 24 a flip-flop, 28 a full adder; no wires, control or "
          "periphery",
          true, [](const F& f) { return f.transistors; }),
      of_record("activation_bits", "activation_bits", "activation_storage.plain_bits"),
      of_record("activation_bits_compressed", "activation_bits_compressed",
                "activation_storage.compressed_bits"),
      of_record("activation_traffic", "activation_traffic_bits", "activation_traffic_bits"),
      {"energy", "energy_pj", "pJ", "all components, where the plan names a table", true,
       energy_total},
  };
  for (const run::EnergyComponent& part : run::kEnergyComponents) {
    list.push_back(energy_part(part));
  }
  list.push_back(of_record("top1", "top1", run::figure_of("top1"), false));
  list.push_back(own("top1_under_faults", "", "at the first fault setting: mean over maps", false,
                     [](const F& f) { return mean_under_faults(f, &FaultFigures::top1); }));
  for (const run::Figure& figure : run::figures()) {
    if (!figure.in_sweeps) continue;
    list.push_back(of_record(figure.column.c_str(), figure.column.c_str(), figure,
                             *figure.in_sweeps == run::Better::kLess));
  }
  list.push_back(own("agreement_under_faults", "",
                     "at the first fault setting, of the agreement: images whose top-1 is that of "
                     "the fault-free run",
                     false,
                     [](const F& f) { return mean_under_faults(f, &FaultFigures::agreement); }));
  list.push_back(
      own("rmse_under_faults", "",
          "at the first fault setting: root of the mean squared difference of the outputs' values "
          "from the fault-free ones, in their unit",
          true, [](const F& f) { return mean_under_faults(f, &FaultFigures::rmse); }));
  list.push_back(
      own("sqnr_under_faults_db", "dB",
          "at the first fault setting, of the mean over maps of the squared error; "
          "empty where that is 0",
          false, [](const F& f) { return f.faults.empty() ? Value() : f.faults.front().sqnr_db; }));
  return list;
}

}  // namespace

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns = make_columns();
  return kColumns;
}

const Column* find_column(const std::string& name) {
  for (const Column& column : columns()) {
    if (name == column.key || name == column.header) return &column;
  }
  return nullptr;
}

std::vector<std::string> column_keys(const std::vector<std::string>& names,
                                     const base::Place& place) {
  std::vector<std::string> keys;
  for (const std::string& name : names) {
    const Column* column = find_column(name);
    if (column == nullptr) {
      std::vector<std::string> all;
      for (const Column& known : columns()) all.push_back(known.header);
      throw base::InputError(place, "'" + name + "' is not a column", base::join(all) + " are",
                             base::nearest_name(name, all));
    }
    keys.push_back(column->key);
  }
  return keys;
}

}  // namespace lacuna::explore
