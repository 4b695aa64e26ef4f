#include "base/printable.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace lacuna::base {
namespace {

TEST(FindBadUtf8, AcceptsTheUnicodeTableAndNothingElse) {
  // One of each length, and the edges of the table in The Unicode Standard 3.9.
  for (const char* good : {"", "plain", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(find_bad_utf8(good), std::string_view::npos) << good;
  }
  struct Bad {
    const char* text;
    std::size_t at;
  };
  const Bad cases[] = {
      {"\x80", 0},              // a tail without a lead
      {"a\xC2", 1},             // cut short
      {"\xC1\xBF", 0},          // overlong
      {"\xE0\x9F\xBF", 0},      // overlong
      {"ab\xED\xA0\x80", 2},    // a surrogate
      {"\xF4\x90\x80\x80", 0},  // beyond U+10FFFF
      {"\xFF", 0},
  };
  for (const Bad& test : cases) EXPECT_EQ(find_bad_utf8(test.text), test.at);
}

TEST(Printable, LeavesTextAsItIs) {
  for (const std::string text : {"", "plain ~", "C:\\x \\u202e", "\u00e9\u4e2d\u6587 \U0001f600",
                                 "\u00a0\u061b\u202f\u2070"}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_FALSE(has_control(text)) << text;
  }
}

TEST(Printable, EscapesWhatSteersATerminalOrHides) {
  struct Case {
    std::string text;
    std::string escaped;
    bool control;
  };
  const Case cases[] = {
      {"a\x1b[31m", "a\\x1b[31m", true},
      {std::string("\0\t\n\r", 4), "\\x00\\x09\\x0a\\x0d", true},
      {"\x7f", "\\x7f", true},
      {"\u0080\u009b2J\u009f", "\\u0080\\u009b2J\\u009f", true},
      {"\xff\xfe", "\\xff\\xfe", false},
      {"\x9b", "\\x9b", false},             // C1 as a byte is no UTF-8
      {"\xe4\xb8z", "\\xe4\\xb8z", false},  // cut short
      {"\xed\xa0\x80", "\\xed\\xa0\\x80", false},
      {"\u061c\u200e\u200f", "\\u061c\\u200e\\u200f", false},
      {"gnp.\u202eexe\u202c", "gnp.\\u202eexe\\u202c", false},
      {"\u202a\u202b\u202d", "\\u202a\\u202b\\u202d", false},
      {"\u2066\u2067\u2068\u2069", "\\u2066\\u2067\\u2068\\u2069", false},
      {"\u2028\u2029", "\\u2028\\u2029", false},
      {"a\u200bb\ufeff\u00ad", "a\\u200bb\\ufeff\\u00ad", false},
      {"\U000e0041", "\\U000e0041", false},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(printable(test.text), test.escaped);
    EXPECT_EQ(has_control(test.text), test.control) << test.escaped;
    EXPECT_EQ(find_bad_utf8(printable(test.text)), std::string_view::npos);
    EXPECT_EQ(printable(printable(test.text)), printable(test.text));
  }
  EXPECT_EQ(printable_lines("a\nb\r\x1b\n"), "a\nb\\x0d\\x1b\n");
}

TEST(Shown, IsOneShortLineInQuotes) {
  EXPECT_EQ(shown("rows"), "'rows'");
  EXPECT_EQ(shown("a\nb\x1b[1m\x7f\xff"), "'a\\x0ab\\x1b[1m\\x7f\\xff'");
  EXPECT_EQ(shown(std::string(60, 'x')), "'" + std::string(60, 'x') + "'");
  EXPECT_EQ(shown(std::string(61, 'x')), "'" + std::string(60, 'x') + "...'");
  EXPECT_EQ(shown(std::string(59, 'x') + "\u00e9"), "'" + std::string(59, 'x') + "\u00e9'");
}

TEST(InputError, IsPrintableWhateverItsPartsHold) {
  const InputError error({"a\x1b]0;b\x07", 3, "k\xff"}, "is '\u202e'", "\u009b", "c\r");
  EXPECT_STREQ(error.what(),
               "a\\x1b]0;b\\x07:3: k\\xff: is '\\u202e'; \\u009b; did you mean 'c\\x0d'?");
}

}  // namespace
}  // namespace lacuna::base
