#include "report/text/text_parts.hpp"

#include <fmt/format.h>

namespace lacuna::report {

std::string percent(double share) { return fmt::format("{:.2f}%", 100 * share); }

std::string decibels(const std::optional<double>& level, double rmse) {
  if (level) return fmt::format("{:.2f} dB", *level);
  return rmse == 0 ? "inf dB" : "-";
}

std::string non_negative(double mean, double lower, double upper) {
  if (lower == 0 && upper > 0) return fmt::format("{:.4g} (0 to {:.2g})", mean, upper);
  return fmt::format("{:.4g} +- {:.2g}", mean, (upper - lower) / 2);
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace lacuna::report
