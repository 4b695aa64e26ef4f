// A sweep's plan, read from a YAML file: a grid over hardware keys x networks or workloads. Point k
// is a pure function of the plan and k. docs/sweeps.md has the format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "config/document.hpp"
#include "memory/cell_array.hpp"

namespace lacuna::explore {

/// One key of the grid and its values, as they would stand in the hardware file. Two keys are not
/// the machine's: `batch`, images at a time, and `density`, of every layer's input (workloads).
struct Axis {
  std::string key;
  std::vector<std::string> values;
};

/// Faults at every point: accuracy under maps at rates, and with a number of faulty cells.
struct SweepFaults {
  memory::FaultKind kind = memory::FaultKind::kFlip;
  std::vector<double> rates;
  std::vector<std::int64_t> cells;
  std::int64_t maps = 0;
};

struct SweepPlan {
  std::string name;
  std::string machine;                ///< hardware file
  std::vector<config::Override> set;  ///< of all points
  std::vector<std::string> models;
  std::vector<std::string> workloads;
  std::string data;
  std::int64_t images = 0;
  std::uint64_t seed = 1;
  double confidence = 0.95;
  std::vector<Axis> axes;
  std::vector<std::string> where;  ///< constraints, as "array.rows * array.cols <= 1024"
  std::optional<SweepFaults> faults;
  bool timing = false;              ///< see run::WorkloadOptions, of all workloads
  bool chain = false;               ///< the same
  std::string energy;               ///< energy table; empty: no energy
  std::vector<std::string> pareto;  ///< columns; empty: none

  std::string text;    ///< the file, as read
  std::string sha256;  ///< of it
};

/// A machine and what runs on it.
struct SweepPoint {
  std::int64_t number = 0;
  std::string input;  ///< model folder or workload file
  bool workload = false;
  std::vector<std::string> values;  ///< [axis]
};

/// Throws base::InputError with file, line and key. The files that the plan names are noted as
/// inputs (base::note_input).
SweepPlan load_sweep(const std::string& path);
SweepPlan parse_sweep(const std::string& name, const std::string& text);
SweepPlan read_sweep(const config::Document& document);
/// Notes the files that a plan names as inputs, relative to `folder`, or with "" to where the
/// program runs.
void note_named(const SweepPlan& plan, const std::string& folder);

/// Points of the grid, before constraints. Order: models, workloads, then the axes as they stand
/// in the file; the last runs fastest.
std::int64_t point_count(const SweepPlan& plan);
SweepPoint point_of(const SweepPlan& plan, std::int64_t number);

/// Overrides of the machine at a point: the plan's and the axes'.
std::vector<config::Override> overrides_of(const SweepPlan& plan, const SweepPoint& point);

}  // namespace lacuna::explore
