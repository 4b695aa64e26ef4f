#include "errors/config/mutator.hpp"

#include <algorithm>

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

void edit(std::string& text, std::mt19937& random) {
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

}  // namespace

std::string mutate(const std::string& text, std::mt19937& random) {
  std::string result = text;
  for (std::size_t edits = 1 + draw(8, random); edits > 0; --edits) edit(result, random);
  return result;
}

}  // namespace lacuna::test
