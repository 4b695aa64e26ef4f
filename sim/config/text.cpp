#include "config/text.hpp"

#include <charconv>
#include <cmath>

namespace lacuna::config {
namespace {

constexpr std::size_t kShownBytes = 60;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Length of the UTF-8 sequence that begins `text`, or 0 when there is none: the table of
// well-formed sequences in The Unicode Standard, section 3.9 (no surrogates, nothing overlong).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2, 0x80, 0xBF) && tail(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::size_t find_bad_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::string shown(std::string_view text) {
  std::string result = "'";
  std::size_t i = 0;
  while (i < text.size() && i < kShownBytes) {
    const std::size_t length = utf8_length(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      result += '?';
      ++i;
    } else {
      result += text.substr(i, length);
      i += length;
    }
  }
  if (i < text.size()) result += "...";
  return result + "'";
}

Number parse_integer(std::string_view text, std::int64_t* value) {
  const std::string_view digits = !text.empty() && text[0] == '-' ? text.substr(1) : text;
  if (digits.empty() || (digits[0] == '0' && text.size() > 1)) return Number::kMalformed;
  for (const char c : digits) {
    if (!is_digit(c)) return Number::kMalformed;
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *value);
  return result.ec == std::errc() ? Number::kOk : Number::kTooLarge;
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
