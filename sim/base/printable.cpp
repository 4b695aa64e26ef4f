#include "base/printable.hpp"

#include <algorithm>
#include <cstdint>

namespace lacuna::base {
namespace {

constexpr std::size_t kShownBytes = 60;

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

std::uint32_t code_point(std::string_view sequence) {
  constexpr unsigned kLeadBits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  constexpr unsigned kTailBits = 0x3F;
  std::uint32_t code = static_cast<unsigned char>(sequence[0]) & kLeadBits[sequence.size()];
  for (std::size_t i = 1; i < sequence.size(); ++i) {
    code = code << 6U | (static_cast<unsigned char>(sequence[i]) & kTailBits);
  }
  return code;
}

struct CodeRange {
  std::uint32_t first;
  std::uint32_t last;
};

constexpr CodeRange kEscaped[] = {
    {0xAD, 0xAD},        // soft hyphen
    {0x61C, 0x61C},      // Arabic letter mark
    {0x180E, 0x180E},    // vowel separator without width
    {0x200B, 0x200F},    // no width, joiners, marks of direction
    {0x2028, 0x202E},    // ends of line and paragraph, embeddings and overrides of direction
    {0x2060, 0x206F},    // no width, invisible operators, isolates of direction
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFF9, 0xFFFB},    // interlinear annotation
    {0xE0000, 0xE007F},  // tags
};

bool is_control(std::uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

bool is_escaped(std::uint32_t code) {
  if (is_control(code)) return true;
  return std::any_of(std::begin(kEscaped), std::end(kEscaped), [&](const CodeRange& range) {
    return code >= range.first && code <= range.last;
  });
}

// Always `digits` hexadecimal digits: a digit that follows is then no part of the escape.
std::string escape(char kind, std::uint32_t code, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = {'\\', kind};
  for (int i = digits - 1; i >= 0; --i) {
    text += kDigits[code >> (4U * static_cast<unsigned>(i)) & 0xFU];
  }
  return text;
}

/// Takes one character from the front of `text`.
std::string next(std::string_view& text) {
  const std::size_t length = utf8_length(text);
  const std::string_view own = text.substr(0, std::max<std::size_t>(length, 1));
  text.remove_prefix(own.size());
  const auto byte = static_cast<unsigned char>(own[0]);
  if (length == 0) return escape('x', byte, 2);
  const std::uint32_t code = code_point(own);
  if (!is_escaped(code)) return std::string(own);
  if (length == 1) return escape('x', byte, 2);
  constexpr std::uint32_t kFourDigits = 0xFFFF;
  return code > kFourDigits ? escape('U', code, 8) : escape('u', code, 4);
}

bool is_plain_ascii(char c) { return c >= ' ' && c <= '~'; }

std::string with_escapes(std::string_view text, bool lines) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto end = std::find_if_not(text.begin(), text.end(), [&](char c) {
      return is_plain_ascii(c) || (lines && c == '\n');
    });
    const auto plain = static_cast<std::size_t>(end - text.begin());
    result += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) result += next(text);
  }
  return result;
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

bool has_control(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view own = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(own.size());
    if (length > 0 && is_control(code_point(own))) return true;
  }
  return false;
}

std::string printable(std::string_view text) { return with_escapes(text, false); }

std::string printable_lines(std::string_view text) { return with_escapes(text, true); }

std::string shown(std::string_view text) {
  std::string result = "'";
  std::string_view rest = text;
  while (!rest.empty() && text.size() - rest.size() < kShownBytes) result += next(rest);
  return result + (rest.empty() ? "'" : "...'");
}

}  // namespace lacuna::base
