// A sweep's results as people and programs read them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "explore/sweep_store.hpp"

namespace lacuna::report {

/// A row a point with its main figures, points that cannot be mapped with the reason, and the
/// Pareto set over `pareto` (names of columns; empty: none) for each network.
std::string sweep_tables(const explore::SweepStore& store, const std::vector<std::string>& pareto);

/// CSV, a row a point, with every column and whether it is in the Pareto set.
std::string sweep_csv(const explore::SweepStore& store, const std::vector<std::string>& pareto);

/// JSON, schema "lacuna.sweep/2".
std::string sweep_json(const explore::SweepStore& store, const std::vector<std::string>& pareto);

}  // namespace lacuna::report
