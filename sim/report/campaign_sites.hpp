// Vulnerability by site: tables of a campaign of single faults.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "campaign/store.hpp"

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
    std::int64_t masked = 0;     ///< faults that change no logit of any image
    std::int64_t sdc = 0;        ///< images whose top-1 changes, of all faults
    std::int64_t lost_top1 = 0;  ///< correct images lost, of all faults
    std::int64_t slower = 0;     ///< faults under which the images take more cycles
    std::int64_t faster = 0;
    double cycles = 0;  ///< sum of the relative changes
    double least_cycles = 0;
    double most_cycles = 0;
  };
  /// Machine, network, kind and shape: what one table is about.
  using TableKey = std::tuple<std::size_t, std::size_t, campaign::FaultType, std::string>;
  using Cell = std::pair<std::string, std::string>;  ///< row and column of a matrix
  struct Worst {
    std::int64_t lost_top1;
    std::int64_t sdc;
    campaign::TrialRow row;
  };

  TableKey key_of(const campaign::Population& population) const;
  std::string worst_text() const;
  std::string table_text(const TableKey& key, const Sums& all) const;
  std::string matrix_text(const std::vector<std::size_t>& populations) const;
  std::string site_matrix_text(const TableKey& key, bool by_weight, bool complete) const;

  const campaign::Store& store_;
  std::vector<Sums> sums_;  ///< [population]
  std::map<TableKey, Sums> totals_;
  /// Of an exhaustive campaign: by layer and bit, and by bank and rows.
  std::map<TableKey, std::array<std::map<Cell, Sums>, 2>> by_site_;
  std::vector<Worst> worst_;  ///< worst first
};

}  // namespace lacuna::report
