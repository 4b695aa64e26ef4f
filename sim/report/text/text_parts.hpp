// Pieces of text that several reports are made of.
#pragma once

#include <optional>
#include <string>

namespace lacuna::report {

/// "12.34%" of a share of 0.1234.
std::string percent(double share);

/// "31.20 dB"; a level that there is not is "inf dB" where `rmse` is 0, else "-".
std::string decibels(const std::optional<double>& level, double rmse);

/// A field of a CSV file, quoted where it must be (RFC 4180): names come from the user's files.
std::string csv_field(const std::string& text);

}  // namespace lacuna::report
