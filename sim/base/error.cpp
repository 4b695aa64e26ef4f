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

std::string one_line(const std::string& wrong, const std::vector<std::string>& lines) {
  std::string text = wrong + ":";
  for (const std::string& line : lines) text += " " + line;
  return text;
}

std::string listed(const Place& place, const std::string& wrong,
                   const std::vector<std::string>& lines, const std::string& last) {
  std::string text = message(place, wrong, "", "") + ":";
  for (const std::string& line : lines) text += "\n  " + printable(line);
  return last.empty() ? text : text + "\n  " + printable(last);
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

InputError::InputError(const Place& place, const std::string& wrong,
                       const std::vector<std::string>& lines, const std::string& last)
    : std::runtime_error(message(place, one_line(wrong, lines), last, "")),
      lines_(std::make_shared<const std::string>(listed(place, wrong, lines, last))) {}

InternalError::InternalError(std::string_view module, std::int64_t cycle, const std::string& what)
    : std::logic_error(std::string(module) +
                       (cycle >= 0 ? " at cycle " + std::to_string(cycle) : std::string()) + ": " +
                       what) {}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  // Work is bounded: what is longer is no slip of the hand, and no list of names is.
  constexpr std::size_t kLongest = 200;
  constexpr std::size_t kMostCells = 4'000'000;
  if (name.size() > kLongest) return "";
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  std::size_t cells = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t longer = std::max(name.size(), candidate.size());
    const std::size_t shorter = std::min(name.size(), candidate.size());
    if (longer - shorter >= best_distance) continue;  // the distance is at least that
    cells += (name.size() + 1) * (candidate.size() + 1);
    if (cells > kMostCells) break;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string join(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 60;
  constexpr std::size_t kMostBytes = 1500;
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == kMost || text.size() + names[i].size() > kMostBytes) {
      return text + (i > 0 ? " and " : "") + std::to_string(names.size() - i) +
             (i > 0 ? " more" : " of them");
    }
    if (!text.empty()) text += ", ";
    text += names[i];
  }
  return text;
}

}  // namespace lacuna::base
