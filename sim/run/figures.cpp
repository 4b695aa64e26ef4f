#include "run/figures.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace lacuna::run {
namespace {

using measure::Counter;
using measure::CycleClass;

using Row = FigureRow;
using Value = FigureValue;

Value ratio(double part, double whole) { return whole == 0 ? Value() : Value(part / whole); }
Value ratio(std::int64_t part, std::int64_t whole) {
  return ratio(static_cast<double>(part), static_cast<double>(whole));
}

Value count(std::int64_t value) { return value; }

std::int64_t access_count(const measure::AccessCounts& counts) {
  return counts.reads + counts.writes;
}

std::int64_t dram_bytes(const Row& row) {
  return row.counters.dram_read.value + row.counters.dram_written.value;
}

/// How many bits an access of a memory has; stands beside its counters.
struct AccessBits {
  const char* memory;
  int (*bits)(const RunRecord& record);
};
constexpr int kAccumulatorBits = 32;
constexpr AccessBits kAccessBits[] = {
    {"memory.weight_sram", [](const RunRecord& r) { return r.weight_bits; }},
    {"memory.activation_sram", [](const RunRecord& r) { return r.activation_bits; }},
    {"memory.activation_bitmap", [](const RunRecord& r) { return r.bitmap_word_bits; }},
    {"memory.accumulator_sram", [](const RunRecord&) { return kAccumulatorBits; }},
};

/// Of what parts are parts, beside those of a group's total.
constexpr std::pair<const char*, const char*> kWholes[] = {
    {"macs.", "macs.total"}, {"stream.", "cycles.stream"}, {"cycles.", "cycles.total"}};

bool begins_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

/// Puts the list together.
class List {
 public:
  Figure& add(std::string key, std::string column, std::string unit, std::string meaning,
              FigureKind kind, FigureScope scope, std::function<Value(const Row&)> value) {
    Figure figure;
    figure.key = std::move(key);
    figure.column = std::move(column);
    figure.unit = std::move(unit);
    figure.meaning = std::move(meaning);
    figure.kind = kind;
    figure.scope = scope;
    figure.value = std::move(value);
    list_.push_back(std::move(figure));
    return list_.back();
  }

  /// The counters below a path that are not there yet.
  void counters(const std::string& path) {
    for (const Counter& own : measure::kCounters) {
      if (!begins_with(own.key, path) || has(own.key)) continue;
      const bool input = begins_with(own.key, "input_");
      Figure& figure = add(own.key, own.column, own.unit, own.meaning, FigureKind::kCount,
                           input ? FigureScope::kLayers : FigureScope::kRunAndLayers,
                           [&own](const Row& row) -> Value { return own.of(row.counters); });
      figure.sums = true;
      for (const auto& [group, whole] : kWholes) {
        if (begins_with(own.key, group) && own.key != std::string(whole)) figure.part_of = whole;
      }
    }
  }

  std::vector<Figure> take() { return std::move(list_); }

 private:
  bool has(const std::string& key) const {
    return std::any_of(list_.begin(), list_.end(),
                       [&](const Figure& figure) { return figure.key == key; });
  }

  std::vector<Figure> list_;
};

constexpr auto kCount = FigureKind::kCount;
constexpr auto kRatio = FigureKind::kRatio;
constexpr auto kFraction = FigureKind::kFraction;
constexpr auto kLevel = FigureKind::kLevel;
constexpr auto kRun = FigureScope::kRun;
constexpr auto kLayers = FigureScope::kLayers;
constexpr auto kBoth = FigureScope::kRunAndLayers;

/// Against the fault-free run.
void add_output_change(List& list) {
  const auto add = [&](const char* key, const char* unit, const char* meaning, FigureKind kind,
                       std::function<Value(const OutputChange&)> value) {
    Figure& figure =
        list.add(key, key, unit, meaning, kind, kRun, [value = std::move(value)](const Row& row) {
          return row.record.change ? value(*row.record.change) : Value();
        });
    figure.may_be_null = true;
    figure.added = true;
  };
  add("agreement", "",
      "images whose top-1 is that of the fault-free run; null without faults or classes", kFraction,
      [](const OutputChange& change) {
        return change.classes
                   ? Value(agreement(change.sdc, static_cast<std::int64_t>(change.images.size())))
                   : Value();
      });
  for (const DeviationFigure& own : deviation_figures()) {
    add(own.key, own.unit, own.meaning, own.kind,
        [&own](const OutputChange& change) { return own.value(change.all()); });
  }
}

void add_top1(List& list) {
  list.add("top1", "", "", "images whose top-1 is their label; null without labels", kFraction,
           kRun,
           [](const Row& row) {
             return row.record.labels.empty() ? Value()
                                              : ratio(row.record.correct(), row.record.images);
           })
      .may_be_null = true;
}

void add_cycles(List& list) {
  list.add("density", "density", "", "input values that are not zero", kFraction, kLayers,
           [](const Row& row) {
             return ratio(row.counters.input_nonzeros, row.counters.input_values);
           })
      .may_be_null = true;
  list.counters("input_");
  list.add("cycles.total", "cycles", "cycles", "all classes", kCount, kBoth,
           [](const Row& row) { return count(row.counters.cycles.total().value); })
      .sums = true;
  list.counters("cycles.");
  list.add("setup_cycles", "", "cycles", "loading the weights that stay, counted apart", kCount,
           kRun, [](const Row& row) { return count(row.record.setup.value); });
}

void add_dense(List& list) {
  Figure& cycles = list.add(
      "dense_cycles", "dense_cycles", "cycles", "of the same machine without skipping", kCount,
      kBoth, [](const Row& row) { return row.dense ? count(row.dense->total().value) : Value(); });
  cycles.sums = true;
  cycles.may_be_null = true;
  list.add("speedup", "speedup", "x", "dense_cycles / cycles.total", kRatio, kBoth,
           [](const Row& row) {
             return row.dense ? ratio(row.dense->total().value, row.counters.cycles.total().value)
                              : Value();
           })
      .may_be_null = true;
  list.add("stream_speedup", "stream_speedup", "x", "the same of the stream cycles", kRatio, kBoth,
           [](const Row& row) {
             return row.dense ? ratio(row.dense->stream.value, row.counters.cycles.stream.value)
                              : Value();
           })
      .may_be_null = true;
  list.add("dense.total", "", "cycles", "all classes without skipping", kCount, kRun,
           [](const Row& row) { return row.dense ? count(row.dense->total().value) : Value(); })
      .may_be_absent = true;
  // In the order of the classes under `cycles`.
  for (const Counter& own : measure::kCounters) {
    for (const CycleClass& one : measure::kCycleClasses) {
      if (own.key != std::string("cycles.") + one.key) continue;
      Figure& figure = list.add(
          std::string("dense.") + one.key, "", own.unit,
          std::string(own.meaning) + ", without skipping", kCount, kRun, [&one](const Row& row) {
            return row.dense ? count(((*row.dense).*one.member).value) : Value();
          });
      figure.part_of = "dense.total";
      figure.may_be_absent = true;
    }
  }
}

void add_memories(List& list) {
  for (const AccessBits& own : kAccessBits) {
    const std::string path = own.memory;
    list.counters(path + ".");
    list.add(path + ".bits", "", "bits", "of an access", kCount, kBoth,
             [&own](const Row& row) { return count(own.bits(row.record)); })
        .measured = false;
  }
}

/// Made of several counters.
void add_derived(List& list) {
  Figure& utilisation = list.add(
      "array_utilisation", "array_utilisation", "", "issued MACs / (cycles x PEs)", kFraction,
      kBoth, [](const Row& row) {
        return ratio(row.counters.macs.issued, row.counters.cycles.total().value * row.record.pes);
      });
  utilisation.may_be_null = true;
  utilisation.added = true;
  Figure& bandwidth = list.add("dram_bytes_per_cycle", "dram_bytes_per_cycle", "bytes/cycle",
                               "DRAM bytes both ways / cycles", kRatio, kBoth, [](const Row& row) {
                                 return ratio(dram_bytes(row), row.counters.cycles.total().value);
                               });
  bandwidth.may_be_null = true;
  bandwidth.added = true;
  Figure& intensity =
      list.add("macs_per_dram_byte", "macs_per_dram_byte", "MACs/byte",
               "MACs / DRAM bytes both ways (operational intensity of a roofline)", kRatio, kBoth,
               [](const Row& row) { return ratio(row.counters.macs.total, dram_bytes(row)); });
  intensity.may_be_null = true;
  intensity.added = true;
  intensity.in_sweeps = Better::kMore;
  Figure& traffic = list.add(
      "activation_traffic_bits", "", "bits",
      "to and from the activation SRAM and, where the machine skips, its bitmap", kCount, kBoth,
      [](const Row& row) {
        return count(access_count(row.counters.activation_sram) * row.record.activation_bits +
                     access_count(row.counters.bitmap) * row.record.bitmap_word_bits);
      });
  traffic.sums = true;
  traffic.added = true;
}

void add_storage(List& list) {
  const auto add = [&](const char* key, const char* meaning,
                       std::int64_t ActivationStorage::*member) {
    Figure& figure = list.add(key, "", "bits", meaning, kCount, kLayers, [member](const Row& row) {
      return count(activation_storage(row.counters, row.record.activation_bits).*member);
    });
    figure.sums = true;
    figure.may_be_absent = true;
  };
  add("activation_storage.plain_bits", "of the input map as it is", &ActivationStorage::plain_bits);
  add("activation_storage.compressed_bits",
      "of its non-zero values and the bitmap that says where they are",
      &ActivationStorage::compressed_bits);
}

void add_energy_components(List& list) {
  Figure& total = list.add(
      "energy.total_pj", "", "pJ", "all components; none of energy.* without --energy", kRatio,
      kBoth, [](const Row& row) { return row.energy ? Value(row.energy->total()) : Value(); });
  total.sums = true;
  total.may_be_absent = true;
  for (const EnergyComponent& own : kEnergyComponents) {
    Figure& figure = list.add(
        std::string("energy.") + own.key + "_pj", "", "pJ",
        std::string(own.name) + ": " + own.meaning, kRatio, kBoth,
        [&own](const Row& row) { return row.energy ? Value((*row.energy).*own.member) : Value(); });
    figure.sums = true;
    figure.may_be_absent = true;
    figure.part_of = total.key;
  }
}

void add_faults(List& list) {
  list.add("faults.armed", "", "faults", "in the machine", kCount, kRun,
           [](const Row& row) { return count(row.record.faults_armed); });
  list.add("faults.fired", "", "faults", "that changed at least one read", kCount, kRun,
           [](const Row& row) { return count(row.record.faults_fired); })
      .part_of = "faults.armed";
  list.add("faults.masked", "", "faults", "that changed none", kCount, kRun,
           [](const Row& row) { return count(row.record.faults_masked); })
      .part_of = "faults.armed";
}

std::vector<Figure> make_figures() {
  List list;
  add_top1(list);
  add_output_change(list);
  add_cycles(list);
  add_dense(list);
  list.counters("macs.");
  list.counters("stream.");
  add_memories(list);
  list.counters("");  // DRAM, and whatever else is counted
  add_derived(list);
  add_storage(list);
  add_energy_components(list);
  add_faults(list);
  return list.take();
}

}  // namespace

FigureRow whole_run(const RunRecord& record) {
  return {record, record.total, record.dense, record.energy};
}

FigureRow of_layer(const RunRecord& record, const LayerRecord& layer) {
  return {record, layer.counters, layer.dense, layer.energy};
}

std::string Figure::group() const {
  const std::size_t dot = key.find('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

const std::vector<DeviationFigure>& deviation_figures() {
  static const std::vector<DeviationFigure> kFigures = {
      {"rmse", "",
       "root of the mean squared difference of the outputs' values from the fault-free ones, in "
       "their unit; null without faults",
       kRatio,
       [](const Deviation& deviation) {
         const double rmse = deviation.rmse();
         return std::isfinite(rmse) ? Value(rmse) : Value();
       }},
      {"sqnr_db", "dB",
       "20 log10(root mean square of the fault-free values / rmse); null where that is infinite, "
       "as with an rmse of 0",
       kLevel,
       [](const Deviation& deviation) {
         const std::optional<double> decibels = sqnr_db(deviation.rms(), deviation.rmse());
         return decibels ? Value(*decibels) : Value();
       }},
  };
  return kFigures;
}

const std::vector<Figure>& figures() {
  static const std::vector<Figure> kFigures = make_figures();
  return kFigures;
}

const Figure& figure_of(const std::string& key) {
  const auto found = std::find_if(figures().begin(), figures().end(),
                                  [&](const Figure& figure) { return figure.key == key; });
  SIM_CHECK(found != figures().end(), "figures", -1, "there is no figure " + key);
  return *found;
}

}  // namespace lacuna::run
