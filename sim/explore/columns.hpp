// What is measured at a point of a sweep. Each column is declared here once, with its unit and what
// is better.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "run/energy.hpp"

namespace lacuna::explore {

/// Mean over maps.
struct FaultFigures {
  std::string measure;  ///< "rate" or "cells"
  double value = 0;
  std::int64_t maps = 0;
  double mean = 0;  ///< top-1
  double deviation = 0;
  double lower = 0;
  double upper = 0;
};

/// A point's figures; cycles and counts are an image's mean.
struct PointFigures {
  double cycles = 0;
  double dense_cycles = 0;  ///< of the same machine without skipping
  double stream_cycles = 0;
  double dense_stream_cycles = 0;
  double weight_load = 0;
  double memory_wait = 0;
  double post_wait = 0;
  double setup_cycles = 0;
  double dram_bytes = 0;
  double macs = 0;
  double macs_issued = 0;
  double density = 0;         ///< non-zero inputs of the layers after the first; of all if there is
                              ///< one
  double weights_a_cell = 0;  ///< weights that pass through a cell that is used: touched by one
                              ///< stuck cell; mean
  double most_weights_a_cell = 0;
  double sram_bits = 0;                   ///< weight, activation (with bitmap) and accumulator SRAM
  double pe_bits = 0;                     ///< storage of all PEs
  double transistors = 0;                 ///< area proxy, see docs/sweeps.md
  double activation_bits = 0;             ///< of all layers' inputs, as they are
  double activation_bits_compressed = 0;  ///< as non-zero values and a bitmap
  double activation_traffic = 0;          ///< bits to and from activation SRAM and bitmap
  std::optional<run::Energy> energy;      ///< pJ
  std::optional<double> top1;
  std::vector<FaultFigures> faults;
};

struct Column {
  const char* name;
  const char* unit;
  bool less_is_better;
  std::function<std::optional<double>(const PointFigures&)> value;
};

/// Every column, in the order of tables and exports.
const std::vector<Column>& columns();

/// Names that a Pareto set may be over.
std::vector<std::string> pareto_columns();
const Column* find_column(const std::string& name);

}  // namespace lacuna::explore
