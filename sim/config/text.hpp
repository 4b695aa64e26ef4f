// Numbers in text that comes from a user: for YAML here, for CSV elsewhere.
#pragma once

#include <cstdint>
#include <string_view>

namespace lacuna::config {

enum class Number : std::uint8_t { kOk, kMalformed, kTooLarge };

/// Decimal digits with an optional minus; nothing else, no leading zeros.
Number parse_integer(std::string_view text, std::int64_t* value);

/// The same with up to six digits more behind a point, in millionths; up to 10^9.
Number parse_decimal(std::string_view text, std::int64_t* millionths);

/// A finite decimal number, with an optional exponent.
Number parse_real(std::string_view text, double* value);

}  // namespace lacuna::config
