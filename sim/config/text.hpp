// Checks and conversions of text that comes from a user: for YAML here, for CSV elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lacuna::config {

/// Byte offset of the first sequence that is not UTF-8, or npos.
std::size_t find_bad_utf8(std::string_view text);

/// `text` for an error message: in single quotes, one line, without control characters, shortened.
std::string shown(std::string_view text);

enum class Number : std::uint8_t { kOk, kMalformed, kTooLarge };

/// Decimal digits with an optional minus; nothing else, no leading zeros.
Number parse_integer(std::string_view text, std::int64_t* value);

/// A finite decimal number, with an optional exponent.
Number parse_real(std::string_view text, double* value);

}  // namespace lacuna::config
