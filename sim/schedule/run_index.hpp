// Finds which of many runs of cells, that may overlap, contain a cell.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lacuna::schedule {

/// Run has `begin` and `end`: cells [begin, end).
template <class Run>
class RunIndex {
 public:
  /// Sorts them by their first cell; where it is the same they stay in order.
  void build(std::vector<Run> runs) {
    runs_ = std::move(runs);
    std::stable_sort(runs_.begin(), runs_.end(),
                     [](const Run& a, const Run& b) { return a.begin < b.begin; });
    reach_.resize(runs_.size());
    fill_reach(0, runs_.size());
  }

  std::size_t size() const { return runs_.size(); }
  const Run& operator[](std::size_t i) const { return runs_[i]; }

  /// Those with the cell in them, sorted by before(a, b).
  template <class Before>
  std::vector<const Run*> at(std::int64_t cell, Before before) const {
    std::vector<const Run*> found;
    find(0, runs_.size(), cell, found);
    std::sort(found.begin(), found.end(),
              [&](const Run* a, const Run* b) { return before(*a, *b); });
    return found;
  }

 private:
  // The sorted runs are a balanced tree: the root of [first, last) is its middle, and reach_ there
  // is the greatest end of all of them.
  std::int64_t fill_reach(std::size_t first, std::size_t last) {
    if (first == last) return 0;
    const std::size_t middle = first + (last - first) / 2;
    reach_[middle] =
        std::max({runs_[middle].end, fill_reach(first, middle), fill_reach(middle + 1, last)});
    return reach_[middle];
  }

  void find(std::size_t first, std::size_t last, std::int64_t cell,
            std::vector<const Run*>& found) const {
    if (first == last) return;
    const std::size_t middle = first + (last - first) / 2;
    if (reach_[middle] <= cell) return;
    find(first, middle, cell, found);
    if (runs_[middle].begin > cell) return;
    if (runs_[middle].end > cell) found.push_back(&runs_[middle]);
    find(middle + 1, last, cell, found);
  }

  std::vector<Run> runs_;
  std::vector<std::int64_t> reach_;  ///< greatest end in the subtree
};

}  // namespace lacuna::schedule
