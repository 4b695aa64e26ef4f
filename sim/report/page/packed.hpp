// Long columns as a page carries them: compressed, in base64.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace lacuna::report {

/// What a column is stored as.
enum class Coding : std::uint8_t {
  kPlain,
  kDifferences,  ///< each value less the one before it: small where values follow one another
};

/// {"type", "differences", "count", "zlib"}: little-endian values of the narrowest of u8, u16, i32
/// and f64 that holds them all, through zlib and base64. Above 2^53 values are rounded.
nlohmann::ordered_json packed_column(const std::vector<std::int64_t>& values,
                                     Coding coding = Coding::kPlain);

/// The same of doubles, always f64; NaN where there is none.
nlohmann::ordered_json packed_reals(const std::vector<std::optional<double>>& values);

/// {"type": "json", "zlib"}: any JSON value.
nlohmann::ordered_json packed_json(const nlohmann::ordered_json& value);

/// RFC 4648.
std::string base64(const std::string& bytes);

/// JSON as it may stand inside an HTML script element: without '<', and with U+FFFD for what is not
/// UTF-8.
std::string json_for_html(const nlohmann::ordered_json& value);

}  // namespace lacuna::report
