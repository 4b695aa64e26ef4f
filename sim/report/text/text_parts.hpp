// Pieces of text that several reports are made of.
#pragma once

#include <optional>
#include <string>

namespace lacuna::report {

/// "12.34%" of a share of 0.1234.
std::string percent(double share);

/// "31.20 dB"; a level that there is not is "inf dB" where `rmse` is 0, else "-".
std::string decibels(const std::optional<double>& level, double rmse);

/// "0.18 +- 0.021" of a mean of values that are never below 0 and its interval; "0.18 (0 to 0.45)"
/// where that is cut at 0.
std::string non_negative(double mean, double lower, double upper);

/// A field of a CSV file, quoted where it must be (RFC 4180): names come from the user's files.
std::string csv_field(const std::string& text);

}  // namespace lacuna::report
