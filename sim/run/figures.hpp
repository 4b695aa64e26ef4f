// Every figure of a run record, declared once: what it is called, what it means, in which unit, and
// how it is made of what was counted. JSON, CSV, the reader of records, comparisons, pages, the
// columns of sweeps and the tables of docs/formats.md walk this list.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "run/run_record.hpp"

namespace lacuna::run {

/// Null, a count or a ratio.
using FigureValue = std::variant<std::monostate, std::int64_t, double>;

/// What a figure is made of: a layer, or the whole run. Refers to the record.
struct FigureRow {
  const RunRecord& record;
  const measure::LayerCounters& counters;
  const std::optional<measure::CycleClasses>& dense;
  const std::optional<Energy>& energy;
};
FigureRow whole_run(const RunRecord& record);
FigureRow of_layer(const RunRecord& record, const LayerRecord& layer);

/// A ratio is from 0, a fraction from 0 to 1, a level any number.
enum class FigureKind : std::uint8_t { kCount, kRatio, kFraction, kLevel };
enum class FigureScope : std::uint8_t { kRunAndLayers, kRun, kLayers };
enum class Better : std::uint8_t { kLess, kMore };

struct Figure {
  std::string key;      ///< dotted path in the record
  std::string column;   ///< in a CSV file, with its unit; empty: it is no column
  std::string unit;     ///< empty: it has none; x: a ratio of two figures of one unit
  std::string meaning;  ///< a piece of a sentence
  FigureKind kind = FigureKind::kCount;
  FigureScope scope = FigureScope::kRunAndLayers;
  std::function<FigureValue(const FigureRow&)> value;

  bool sums = false;     ///< the layers' add up, to the run's where the run has it
  std::string part_of;   ///< key of the whole that this is a part of; parts add up
  bool measured = true;  ///< by how much it changes means something
  bool may_be_null = false;
  bool may_be_absent = false;  ///< with all of its group: there was no dense run, no energy table
  bool added = false;          ///< since 0.1.0, whose records have no such key
  std::optional<Better> in_sweeps;  ///< sweeps have it as a column; what is better

  /// The first name of the path; empty where the path has one name.
  std::string group() const;
};

/// In the order of a record.
const std::vector<Figure>& figures();

/// What faults do to the values of one output, and as figures of the run, to those of all.
struct DeviationFigure {
  const char* key;
  const char* unit;
  const char* meaning;
  FigureKind kind;
  FigureValue (*value)(const Deviation& deviation);
};
const std::vector<DeviationFigure>& deviation_figures();

/// Throws base::InternalError for a key that no figure has.
const Figure& figure_of(const std::string& key);

}  // namespace lacuna::run
