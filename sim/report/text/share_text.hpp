// Shares of critical faults as text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "campaign/store.hpp"

namespace lacuna::report {

/// Share of critical faults with the half-width of its Wilson interval; without where all of
/// `sites` were struck. sites = 0: their number is not known. Both are multiplied by `of_all`.
std::string share_text(const campaign::Tally& tally, std::int64_t sites, double confidence,
                       double of_all = 1);

using Matrix = std::map<std::pair<std::string, std::string>, std::string>;  ///< [row, column]

/// Cells in the order of `rows` and `columns`; one that `cells` lacks stays blank.
std::string matrix_text(const std::string& corner, const std::vector<std::string>& rows,
                        const std::vector<std::string>& columns, const Matrix& cells);

}  // namespace lacuna::report
