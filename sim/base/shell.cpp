#include "base/shell.hpp"

#include <algorithm>
#include <string_view>

namespace lacuna::base {
namespace {

constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,%@";

bool is_printable_ascii(char c) { return c >= ' ' && c <= '~'; }

// Always two hexadecimal digits: a digit that follows is then no part of the escape.
std::string escaped(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'\\', 'x', kDigits[byte / 16U], kDigits[byte % 16U]};
}

}  // namespace

std::string shell_word(const std::string& text) {
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  const bool ansi = !std::all_of(text.begin(), text.end(), is_printable_ascii);
  std::string word = ansi ? "$'" : "'";
  for (const char c : text) {
    if (!is_printable_ascii(c)) {
      word += escaped(c);
    } else if (ansi && (c == '\'' || c == '\\')) {
      word += '\\';
      word += c;
    } else if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

std::string shell_command(const std::string& program, const std::vector<std::string>& arguments) {
  std::string command = program;
  for (const std::string& argument : arguments) command += " " + shell_word(argument);
  return command;
}

}  // namespace lacuna::base
