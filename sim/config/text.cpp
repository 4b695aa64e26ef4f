#include "config/text.hpp"

#include <charconv>
#include <cmath>

namespace lacuna::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Number parse_integer(std::string_view text, std::int64_t* value) {
  const std::string_view digits = !text.empty() && text[0] == '-' ? text.substr(1) : text;
  if (digits.empty() || (digits[0] == '0' && text.size() > 1)) return Number::kMalformed;
  for (const char c : digits) {
    if (!is_digit(c)) return Number::kMalformed;
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *value);
  return result.ec == std::errc() ? Number::kOk : Number::kTooLarge;
}

Number parse_decimal(std::string_view text, std::int64_t* millionths) {
  constexpr std::size_t kPlaces = 6;
  constexpr std::int64_t kMillion = 1'000'000;
  constexpr std::int64_t kMost = 1'000'000'000;
  const bool minus = !text.empty() && text[0] == '-';
  const std::string_view digits = minus ? text.substr(1) : text;
  const std::size_t point = digits.find('.');
  std::int64_t whole = 0;
  const std::string_view before = digits.substr(0, point);
  if (before.empty() || !is_digit(before[0])) return Number::kMalformed;
  const Number result = parse_integer(before, &whole);
  if (result == Number::kMalformed) return result;
  std::int64_t part = 0;
  if (point != std::string_view::npos) {
    const std::string_view behind = digits.substr(point + 1);
    if (behind.empty() || behind.size() > kPlaces) return Number::kMalformed;
    for (std::size_t i = 0; i < kPlaces; ++i) {
      if (i < behind.size() && !is_digit(behind[i])) return Number::kMalformed;
      part = part * 10 + (i < behind.size() ? behind[i] - '0' : 0);
    }
  }
  if (result == Number::kTooLarge || whole > kMost) return Number::kTooLarge;
  *millionths = (minus ? -1 : 1) * (whole * kMillion + part);
  return Number::kOk;
}

Number parse_real(std::string_view text, double* value) {
  const std::string_view digits = !text.empty() && text[0] == '-' ? text.substr(1) : text;
  // from_chars also takes inf, nan and a leading or trailing point.
  if (digits.empty() || !is_digit(digits[0])) return Number::kMalformed;
  const std::size_t point = digits.find('.');
  if (point != std::string_view::npos &&
      (point + 1 == digits.size() || !is_digit(digits[point + 1]))) {
    return Number::kMalformed;
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (result.ptr != text.data() + text.size()) return Number::kMalformed;
  if (result.ec == std::errc::result_out_of_range) {
    // Also told of numbers too small for a double: those are zero.
    const std::size_t exponent = digits.find_first_of("eE");
    if (exponent == std::string_view::npos || digits[exponent + 1] != '-') {
      return Number::kTooLarge;
    }
    *value = 0.0;
    return Number::kOk;
  }
  return result.ec == std::errc() ? Number::kOk : Number::kMalformed;
}

}  // namespace lacuna::config
