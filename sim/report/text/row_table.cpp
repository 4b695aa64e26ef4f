#include "report/text/row_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "report/text/share_text.hpp"

namespace lacuna::report {
namespace {

constexpr std::int64_t kMostLines =
    16;  ///< of groups; a shifted beginning and two ends come on top
constexpr std::int64_t kMostColumns = 8;
constexpr std::size_t kWorstRows = 5;
constexpr std::size_t kLineWidth = 100;

/// Power of two of which `most` groups cover `count`.
std::int64_t group_size(std::int64_t count, std::int64_t most) {
  std::int64_t size = 1;
  while (size * most < count) size *= 2;
  return size;
}

std::string range_text(std::int64_t first, std::int64_t last) {
  return first == last ? std::to_string(first) : fmt::format("{}-{}", first, last);
}

/// Which rows each line of the table stands for.
class Lines {
 public:
  Lines(std::int64_t last, std::int64_t first_used, std::int64_t last_used)
      : last_(last),
        size_(group_size(last_used - first_used + 1, kMostLines)),
        begin_(first_used / size_ * size_),
        end_(std::min(last + 1, (last_used / size_ + 1) * size_)) {}

  std::int64_t size() const { return size_; }
  /// Numbers lines from top to bottom, not without gaps.
  std::int64_t of(std::int64_t row) const {
    if (row < begin_) return -1;
    return std::min(row, end_) / size_;
  }
  std::string name(std::int64_t line) const {
    if (line < 0) return range_text(0, begin_ - 1);
    const std::int64_t first = line * size_;
    if (first >= end_) return range_text(end_, last_);
    return range_text(first, std::min(first + size_, end_) - 1);
  }

 private:
  std::int64_t last_;
  std::int64_t size_;
  std::int64_t begin_;  ///< first row of the first group
  std::int64_t end_;    ///< after the last group: the first of another, or after all rows
};

}  // namespace

RowSums& RowSums::operator+=(const RowSums& other) {
  tally.done += other.tally.done;
  tally.failed += other.tally.failed;
  tally.critical += other.tally.critical;
  tally.correct += other.tally.correct;
  tally.correct_squared += other.tally.correct_squared;
  masked += other.masked;
  sdc += other.sdc;
  correct_lost += other.correct_lost;
  cycles_added += other.cycles_added;
  return *this;
}

std::string RowTable::worst_text() const {
  std::vector<const std::pair<const Place, RowSums>*> worst;
  for (const auto& entry : rows_) {
    if (entry.second.tally.critical > 0) worst.push_back(&entry);
  }
  const auto before = [](const auto* a, const auto* b) {
    // Shares as products: counts stay below 2^26.
    const std::int64_t left = a->second.tally.critical * b->second.tally.done;
    const std::int64_t right = b->second.tally.critical * a->second.tally.done;
    return std::make_tuple(-left, -a->second.sdc, a->first) <
           std::make_tuple(-right, -b->second.sdc, b->first);
  };
  std::sort(worst.begin(), worst.end(), before);
  if (worst.size() > kWorstRows) worst.resize(kWorstRows);
  if (worst.empty()) return "";
  const std::string head = "  worst rows  ";
  std::string text;
  std::string line = head;
  for (const auto* row : worst) {
    const std::string item = fmt::format(" bank {} row {} ({} of {}){}", row->first.first,
                                         row->first.second, row->second.tally.critical,
                                         row->second.tally.done, row == worst.back() ? "" : ",");
    if (line.size() + item.size() > kLineWidth) {
      text += line + '\n';
      line.assign(head.size(), ' ');
    }
    line += item;
  }
  return text + line + '\n';
}

std::string RowTable::text(double confidence, bool complete) const {
  if (rows_.empty()) return "";
  std::int64_t last_bank = 0;
  std::int64_t last_row = 0;
  std::int64_t first_used = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_used = -1;
  for (const auto& [place, sums] : rows_) {
    last_bank = std::max(last_bank, place.first);
    last_row = std::max(last_row, place.second);
    if (sums.masked == sums.tally.done) continue;
    first_used = std::min(first_used, place.second);
    last_used = std::max(last_used, place.second);
  }
  if (last_used < 0) return "  rows         no fault in any of them changes an output\n";
  const Lines lines(last_row, first_used, last_used);
  const std::int64_t banks = group_size(last_bank + 1, kMostColumns);

  std::map<std::pair<std::int64_t, std::int64_t>, RowSums> groups;  // [line, column]
  for (const auto& [place, sums] : rows_) {
    groups[{lines.of(place.second), place.first / banks}] += sums;
  }
  std::vector<std::string> names;
  std::vector<std::string> columns;
  for (std::int64_t bank = 0; bank <= last_bank; bank += banks) {
    const std::int64_t last = std::min(bank + banks - 1, last_bank);
    columns.push_back((bank == last ? "bank " : "banks ") + range_text(bank, last));
  }
  Matrix cells;
  for (const auto& [group, sums] : groups) {
    const std::string name = lines.name(group.first);
    if (names.empty() || names.back() != name) names.push_back(name);
    cells[{name, columns[static_cast<std::size_t>(group.second)]}] =
        share_text(sums.tally, complete ? sums.tally.done : 0, confidence);
  }
  std::string text = matrix_text("rows", names, columns, cells);
  if (lines.size() > 1 || banks > 1) text += worst_text();
  return text;
}

void RowTables::add(const campaign::TrialRow& row) {
  const campaign::Population& own = store_.populations()[row.trial.population];
  const campaign::Plan& plan = store_.plan();
  const memory::CellPosition& cell = row.faults.site.cell;
  if (own.source != campaign::Population::Source::kSites || !plan.sites ||
      plan.sites->sites != campaign::SitePlan::Sites::kCells || own.with_replacement() ||
      cell.bank < 0 || cell.row < 0) {
    return;
  }
  RowSums& sums = tables_[site_key(own)].at(cell.bank, cell.row);
  sums.tally.add(row.outcome, store_.critical_images());
  if (row.outcome.status != campaign::TrialStatus::kDone) return;
  const campaign::TrialOutcome& golden = store_.golden_of(own).outcome;
  sums.masked += row.outcome.masked == plan.images ? 1 : 0;
  sums.sdc += row.outcome.sdc;
  sums.correct_lost += golden.correct - row.outcome.correct;
  sums.cycles_added += row.outcome.cycles - golden.cycles;
}

}  // namespace lacuna::report
