// What is measured at a point of a sweep. Each column is declared here once, with its unit and what
// is better; figures of a run record that say so are columns by themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "run/run_record.hpp"

namespace lacuna::explore {

/// Over maps.
struct FaultMean {
  double mean = 0;
  double deviation = 0;
  double lower = 0;
  double upper = 0;
};

/// What faults do, over maps. What there is not is not known: without labels, without classes, in
/// sweeps of 0.1.0, or where it is infinite.
struct FaultFigures {
  std::string measure;  ///< "rate" or "cells"
  double value = 0;
  std::int64_t maps = 0;
  std::optional<FaultMean> top1;
  std::optional<FaultMean> agreement;  ///< with the fault-free run
  std::optional<FaultMean> rmse;       ///< of the outputs' values, run::Deviation::rmse
  std::optional<double> sqnr_db;       ///< of the mean over maps of the squared error
};

struct FaultMeanName {
  const char* key;
  bool share;  ///< from 0 to 1
  std::optional<FaultMean> FaultFigures::*member;
};
inline constexpr FaultMeanName kFaultMeans[] = {
    {"top1", true, &FaultFigures::top1},
    {"agreement", true, &FaultFigures::agreement},
    {"rmse", false, &FaultFigures::rmse},
};

/// What a point's figures are made of.
struct PointFigures {
  run::RunRecord record;      ///< without faults, with its dense run
  double weights_a_cell = 0;  ///< weights that pass through a cell that is used: touched by one
                              ///< stuck cell; mean
  double most_weights_a_cell = 0;
  double sram_bits = 0;    ///< weight, activation (with bitmap) and accumulator SRAM
  double pe_bits = 0;      ///< storage of all PEs
  double transistors = 0;  ///< area proxy, see docs/sweeps.md
  std::vector<FaultFigures> faults;
};

struct Column {
  std::string key;     ///< in stores, JSON and plans
  std::string header;  ///< in CSV files, with its unit; plans may name it so, too
  std::string unit;
  std::string meaning;  ///< cycles and counts are an image's mean
  bool less_is_better = true;
  std::function<std::optional<double>(const PointFigures&)> value;
};

/// Every column, in the order of tables and exports.
const std::vector<Column>& columns();

/// The column of this key or header; null where there is none.
const Column* find_column(const std::string& name);
/// Keys of these columns, which a Pareto set is over. Throws base::InputError at `place` for a name
/// that is no column.
std::vector<std::string> column_keys(const std::vector<std::string>& names,
                                     const base::Place& place);

}  // namespace lacuna::explore
