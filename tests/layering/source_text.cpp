#include "layering/source_text.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace lacuna::layering {
namespace {

/// Where the comment or literal that begins at `at` ends, or `at` when none begins there.
std::size_t skip_from(const std::string& text, std::size_t at) {
  const auto after = [&](const std::string& end, std::size_t from) {
    const std::size_t found = text.find(end, from);
    return found == std::string::npos ? text.size() : found + end.size();
  };
  if (text.compare(at, 2, "//") == 0) return std::min(text.find('\n', at), text.size());
  if (text.compare(at, 2, "/*") == 0) return after("*/", at + 2);
  if (text.compare(at, 2, "R\"") == 0) {
    const std::size_t open = text.find('(', at);
    if (open == std::string::npos) return text.size();
    return after(")" + text.substr(at + 2, open - at - 2) + "\"", open);
  }
  const char quote = text[at];
  // A quote after a digit separates thousands: 1'000.
  const bool separator = quote == '\'' && at > 0 && std::isxdigit(text[at - 1]) != 0;
  if ((quote != '"' && quote != '\'') || separator) return at;
  std::size_t end = at + 1;
  while (end < text.size() && text[end] != quote && text[end] != '\n') {
    end += text[end] == '\\' ? 2 : 1;
  }
  return std::min(end + 1, text.size());
}

/// `# include` at the beginning of a line, whatever the blanks.
bool is_include(const std::string& line) {
  const std::size_t hash = line.find_first_not_of(" \t");
  if (hash == std::string::npos || line[hash] != '#') return false;
  const std::size_t word = line.find_first_not_of(" \t", hash + 1);
  return word != std::string::npos && line.compare(word, 7, "include") == 0;
}

}  // namespace

std::string code_only(const std::string& text) {
  std::string code = text;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = skip_from(text, at);
    for (std::size_t i = at; i < end; ++i) {
      if (text[i] != '\n') code[i] = ' ';
    }
    at = std::max(end, at + 1);
  }
  return code;
}

std::vector<Include> includes_of(const std::string& text) {
  const std::string code = code_only(text);
  std::vector<Include> includes;
  std::istringstream lines(text);
  std::istringstream code_lines(code);
  std::string line;
  std::string code_line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::getline(code_lines, code_line);
    if (!is_include(code_line)) continue;
    const std::size_t open = line.find_first_of("<\"");
    if (open == std::string::npos) continue;
    const bool angle = line[open] == '<';
    const std::size_t close = line.find(angle ? '>' : '"', open + 1);
    if (close == std::string::npos) continue;
    includes.push_back({number, angle, line.substr(open + 1, close - open - 1)});
  }
  return includes;
}

}  // namespace lacuna::layering
