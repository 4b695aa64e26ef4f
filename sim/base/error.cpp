#include "base/error.hpp"

#include <algorithm>
#include <numeric>

#include "base/printable.hpp"

namespace lacuna::base {
namespace {

std::string message(const Place& place, const std::string& wrong, const std::string& allowed,
                    const std::string& suggestion) {
  std::string text;
  if (!place.file.empty()) {
    text += place.file;
    if (place.line > 0) text += ":" + std::to_string(place.line);
    text += ": ";
  }
  if (!place.key.empty()) text += place.key + ": ";
  text += wrong;
  if (!allowed.empty()) text += "; " + allowed;
  if (!suggestion.empty()) text += "; did you mean '" + suggestion + "'?";
  return printable(text);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

InputError::InputError(const Place& place, const std::string& wrong, const std::string& allowed,
                       const std::string& suggestion)
    : std::runtime_error(message(place, wrong, allowed, suggestion)) {}

InternalError::InternalError(std::string_view module, std::int64_t cycle, const std::string& what)
    : std::logic_error(std::string(module) +
                       (cycle >= 0 ? " at cycle " + std::to_string(cycle) : std::string()) + ": " +
                       what) {}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace lacuna::base
