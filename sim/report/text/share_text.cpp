#include "report/text/share_text.hpp"

#include <fmt/format.h>

#include <optional>

#include "report/text/text_parts.hpp"
#include "statistics/proportion.hpp"

namespace lacuna::report {

std::string share_text(const campaign::Tally& tally, std::int64_t sites, double confidence,
                       double of_all) {
  if (of_all == 0) return percent(0);
  if (tally.done == 0) return "-";
  const double share =
      of_all * static_cast<double>(tally.critical) / static_cast<double>(tally.done);
  if (tally.done == sites) return percent(share);
  const auto interval =
      statistics::wilson_interval(tally.critical, tally.done, confidence,
                                  sites > 0 ? std::optional<std::int64_t>(sites) : std::nullopt);
  return fmt::format("{} +- {:.2f}", percent(share), 100 * of_all * interval.half_width());
}

std::string matrix_text(const std::string& corner, const std::vector<std::string>& rows,
                        const std::vector<std::string>& columns, const Matrix& cells) {
  std::string text = fmt::format("  {:<12}", corner);
  for (const std::string& column : columns) text += fmt::format(" {:>15}", column);
  text += '\n';
  for (const std::string& row : rows) {
    text += fmt::format("  {:<12}", row.substr(0, 12));
    for (const std::string& column : columns) {
      const auto cell = cells.find({row, column});
      text += fmt::format(" {:>15}", cell == cells.end() ? "" : cell->second);
    }
    text += '\n';
  }
  return text;
}

}  // namespace lacuna::report
