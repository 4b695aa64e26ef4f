// Vulnerability by bank and row of a memory: each row by itself for programs, groups of rows
// that fit a terminal for people.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "campaign/store.hpp"
#include "report/text/site_key.hpp"

namespace lacuna::report {

/// Sums over the faults that struck one row of one bank, or several such rows.
struct RowSums {
  campaign::Tally tally;
  std::int64_t masked = 0;        ///< faults that change no output of any image
  std::int64_t sdc = 0;           ///< images whose top-1 changes, of all faults
  std::int64_t correct_lost = 0;  ///< right images lost, of all faults; may be negative
  std::int64_t cycles_added = 0;  ///< of all faults; may be negative

  RowSums& operator+=(const RowSums& other);
};

/// Faults of one machine, network, kind, shape and memory.
class RowTable {
 public:
  using Place = std::pair<std::int64_t, std::int64_t>;  ///< bank, row

  RowSums& at(std::int64_t bank, std::int64_t row) { return rows_[{bank, row}]; }
  /// Those that were struck, by bank, then row.
  const std::map<Place, RowSums>& rows() const { return rows_; }

  /// Share of critical faults, at most 19 lines of at most 8 columns, then the worst single rows
  /// where lines or columns stand for several. Rows before the first and after the last that can
  /// change an output are one line each. Groups are powers of two, so that they begin at round
  /// addresses. Shares have intervals of `confidence` unless `complete`: every site was struck.
  std::string text(double confidence, bool complete) const;

 private:
  std::string worst_text() const;

  std::map<Place, RowSums> rows_;
};

/// The tables of a campaign of single faults, gathered one trial at a time. Only sites that lie in
/// one row have a part in them: not weights, which may be held by many cells, nor columns and
/// banks, nor strikes, of which a row's share would be one of cells x cycles.
class RowTables {
 public:
  explicit RowTables(const campaign::Store& store) : store_(store) {}

  void add(const campaign::TrialRow& row);
  const std::map<SiteKey, RowTable>& tables() const { return tables_; }

 private:
  const campaign::Store& store_;
  std::map<SiteKey, RowTable> tables_;
};

}  // namespace lacuna::report
