#include "errors/config/mutator.hpp"

#include <algorithm>
#include <cstdint>

namespace lacuna::test {
namespace {

// What YAML, CSV and number readers trip over.
const std::vector<std::string> kWords{"\n",
                                      "\t",
                                      " ",
                                      "-",
                                      ":",
                                      ": ",
                                      "#",
                                      ",",
                                      "[",
                                      "]",
                                      "{",
                                      "}",
                                      "&a ",
                                      "*a",
                                      "!",
                                      "!!int ",
                                      "|\n",
                                      ">\n",
                                      "? ",
                                      "---\n",
                                      "...\n",
                                      "%YAML 1.2\n",
                                      "'",
                                      "\"",
                                      "\\x00",
                                      "\\u263a",
                                      "<<: ",
                                      "~",
                                      "null",
                                      "all",
                                      "unlimited",
                                      "0",
                                      "-1",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "1e999",
                                      "0-9",
                                      "4-2",
                                      "nan",
                                      "\xEF\xBB\xBF",
                                      "\xC3\xA9",
                                      "\xFF",
                                      "\r\n",
                                      std::string(1, '\0'),
                                      std::string(300, 'x'),
                                      std::string(40, '['),
                                      std::string(100, ' '),
                                      "weight_sram",
                                      "flip",
                                      "step",
                                      "layer: conv"};

std::size_t draw(std::size_t below, std::mt19937& random) {
  return below == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
}

/// Damage: what a broken editor or a hostile user does to a file.
void break_at(std::string& text, std::mt19937& random) {
  const std::size_t at = draw(text.size() + 1, random);
  const std::size_t length = draw(std::min<std::size_t>(text.size() - at + 1, 40), random);
  switch (draw(6, random)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(draw(256, random));
      break;
    case 1:
      text.erase(at, length);
      break;
    case 2:
      text.insert(at, text.substr(at, length));
      break;
    case 3: {
      const std::string piece = text.substr(at, length);
      text.erase(at, length);
      text.insert(draw(text.size() + 1, random), piece);
      break;
    }
    case 4:
      text.insert(at, kWords[draw(kWords.size(), random)]);
      break;
    default:
      text.replace(at, length, kWords[draw(kWords.size(), random)]);
      break;
  }
}

// Words of the formats that stand where another of the same line can.
const std::vector<std::vector<std::string>> kAlternatives{
    {"serial", "shadowed"},
    {"blocked", "interleaved"},
    {"true", "false"},
    {"none", "gate", "skip"},
    {"twos_complement", "offset_binary", "sign_magnitude"},
    {"stuck_at_0", "stuck_at_1", "flip"}};

/// Another number of about the same size; halves and doubles often keep relations between keys.
std::string other_number(const std::string& number, std::mt19937& random) {
  if (number.size() > 9) return number;
  const std::int64_t value = std::stoll(number);
  switch (draw(4, random)) {
    case 0:
      return std::to_string(value + 1);
    case 1:
      return std::to_string(value * 2);
    case 2:
      return std::to_string(value / 2);
    default:
      return std::to_string(draw(4, random));
  }
}

std::string other_word(const std::string& word, std::mt19937& random) {
  if (std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return other_number(word, random);
  }
  for (const std::vector<std::string>& words : kAlternatives) {
    if (std::find(words.begin(), words.end(), word) != words.end()) {
      return words[draw(words.size(), random)];
    }
  }
  return word;
}

/// Change: what a careful user does to a file. Most often it stays a good one.
void change_word(std::string& text, std::mt19937& random) {
  const auto in_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::size_t begin = draw(text.size() + 1, random);
  while (begin < text.size() && !in_word(text[begin])) ++begin;
  while (begin > 0 && in_word(text[begin - 1])) --begin;
  std::size_t end = begin;
  while (end < text.size() && in_word(text[end])) ++end;
  if (begin < end)
    text.replace(begin, end - begin, other_word(text.substr(begin, end - begin), random));
}

}  // namespace

std::string mutate(const std::string& text, std::mt19937& random) {
  std::string result = text;
  for (std::size_t edits = 1 + draw(3, random); edits > 0; --edits) change_word(result, random);
  if (draw(2, random) == 0) {
    for (std::size_t edits = 1 + draw(4, random); edits > 0; --edits) break_at(result, random);
  }
  return result;
}

}  // namespace lacuna::test
