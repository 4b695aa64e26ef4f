#include "fault/axis.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fault/geometry.hpp"

namespace lacuna::fault {

using base::InputError;
using config::IntegerRange;

Axis read_axis(const config::Section& section, const std::string& key) {
  return {section.selection(key, 0, config::kAnyInteger), section.place(key)};
}

std::vector<std::int64_t> read_tuple(const config::Section& section, const std::string& key,
                                     std::size_t size, std::int64_t min, std::int64_t max,
                                     const std::string& meaning) {
  std::vector<std::int64_t> values = section.integers(key, min, max);
  if (values.size() != size) {
    throw InputError(section.place(key), fmt::format("has {} numbers", values.size()), meaning);
  }
  return values;
}

Ranges resolve(const Axis& axis, const char* what, std::int64_t count, const std::string& owner,
               std::int64_t first) {
  if (!axis.ranges) return {{0, count - 1}};
  Ranges sorted = *axis.ranges;
  std::sort(sorted.begin(), sorted.end(),
            [](const IntegerRange& a, const IntegerRange& b) { return a.first < b.first; });
  Ranges merged;
  for (const IntegerRange& range : sorted) {
    if (range.first < first || range.last >= first + count) {
      throw InputError(
          axis.place,
          fmt::format("{} {} does not exist", what, range.first < first ? range.first : range.last),
          fmt::format("{}: {} to {}", owner, first, first + count - 1));
    }
    const IntegerRange own{range.first - first, range.last - first};
    if (!merged.empty() && own.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, own.last);
    } else {
      merged.push_back(own);
    }
  }
  return merged;
}

std::int64_t length(const Ranges& ranges) {
  std::int64_t count = 0;
  for (const IntegerRange& range : ranges) count += range.last - range.first + 1;
  return count;
}

void check_count(std::int64_t cells, const base::Place& place) {
  if (cells > kMaxFaults) {
    throw InputError(place, fmt::format("selects {} cells", cells),
                     fmt::format("at most {} faults are run", kMaxFaults));
  }
}

}  // namespace lacuna::fault
