// Pareto sets.
#pragma once

#include <cstddef>
#include <vector>

namespace lacuna::explore {

/// Indices, ascending, of the rows that no other row dominates: none is as good in every column and
/// better in one. Less is better in every column. Rows that are equal keep each other in the set.
std::vector<std::size_t> pareto_set(const std::vector<std::vector<double>>& rows);

}  // namespace lacuna::explore
