// Vulnerability by site: tables of a campaign of single faults.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "campaign/store.hpp"
#include "report/text/row_table.hpp"
#include "report/text/site_key.hpp"

namespace lacuna::report {

/// Gathers rows one at a time, so that a campaign need not fit into memory.
class SiteTables {
 public:
  explicit SiteTables(const campaign::Store& store);

  void add(const campaign::TrialRow& row);
  /// "" where the campaign has no sites.
  std::string text() const;

 private:
  /// Over faults, each counted once.
  struct Sums {
    campaign::Tally tally;
    std::int64_t masked = 0;     ///< faults that change no output of any image
    std::int64_t sdc = 0;        ///< images that are SDC, of all faults
    std::int64_t lost_top1 = 0;  ///< correct images lost, of all faults
    std::int64_t slower = 0;     ///< faults under which the images take more cycles
    std::int64_t faster = 0;
    double cycles = 0;  ///< sum of the relative changes
    double least_cycles = 0;
    double most_cycles = 0;
    double rmse = 0;          ///< sum over the faults
    double squared_rmse = 0;  ///< the same of squares
    double most_rmse = 0;
    bool knows_rmse = true;  ///< else the store was made before it was measured
  };
  using Cell = std::pair<std::string, std::string>;  ///< row and column of a matrix
  struct Worst {
    std::int64_t lost_top1;
    std::int64_t sdc;
    double rmse;  ///< 0 where it is not known
    campaign::TrialRow row;
  };

  void note_worst(const campaign::TrialRow& row);
  std::string worst_text() const;
  std::string table_text(const SiteKey& key, const Sums& all) const;
  std::string outputs_text(const Sums& all, const campaign::GoldenRow& golden) const;
  std::string matrix_text(const std::vector<std::size_t>& populations) const;
  std::string weight_matrix_text(const SiteKey& key, bool complete) const;

  const campaign::Store& store_;
  std::vector<Sums> sums_;  ///< [population]
  std::map<SiteKey, Sums> totals_;
  RowTables rows_;
  std::map<SiteKey, std::map<Cell, Sums>> by_weight_;  ///< exhaustive: by layer and bit
  std::vector<Worst> worst_;                           ///< worst first
};

}  // namespace lacuna::report
