#include "explore/pareto.hpp"

#include <algorithm>

namespace lacuna::explore {
namespace {

bool dominates(const std::vector<double>& a, const std::vector<double>& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

}  // namespace

// In lexicographic order a row can be dominated only by rows before it, and if it is, then by one
// that is in the set.
std::vector<std::size_t> pareto_set(const std::vector<std::vector<double>>& rows) {
  std::vector<std::size_t> order(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return rows[a] < rows[b]; });
  std::vector<std::size_t> set;
  for (const std::size_t i : order) {
    if (std::none_of(set.begin(), set.end(),
                     [&](std::size_t other) { return dominates(rows[other], rows[i]); })) {
      set.push_back(i);
    }
  }
  std::sort(set.begin(), set.end());
  return set;
}

}  // namespace lacuna::explore
