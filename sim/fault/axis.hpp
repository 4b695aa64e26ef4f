// Positions along one axis, as people write them: what selectors are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/document.hpp"

namespace lacuna::fault {

/// Positions along one axis; nullopt is all of them.
struct Axis {
  std::optional<std::vector<config::IntegerRange>> ranges;
  base::Place place;  ///< for errors
};

/// One, a range, a list of both, or all, the default.
Axis read_axis(const config::Section& section, const std::string& key);

/// A list of `size` numbers. Throws base::InputError, which says their `meaning`, where it has
/// another size.
std::vector<std::int64_t> read_tuple(const config::Section& section, const std::string& key,
                                     std::size_t size, std::int64_t min, std::int64_t max,
                                     const std::string& meaning);

/// Sorted and disjoint.
using Ranges = std::vector<config::IntegerRange>;

/// Those of [first, first + count) that are asked for, counted from `first`. Throws
/// base::InputError: `what` 7 does not exist, and the limits, which are the `owner`'s.
Ranges resolve(const Axis& axis, const char* what, std::int64_t count, const std::string& owner,
               std::int64_t first = 0);

std::int64_t length(const Ranges& ranges);

template <class Use>
void for_each(const Ranges& ranges, const Use& use) {
  for (const config::IntegerRange& range : ranges) {
    for (std::int64_t i = range.first; i <= range.last; ++i) use(i);
  }
}

/// Throws base::InputError for more cells than a plan holds.
void check_count(std::int64_t cells, const base::Place& place);

}  // namespace lacuna::fault
