#include "config/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace lacuna::config {
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

TEST(Shown, IsOneShortLineInQuotes) {
  EXPECT_EQ(shown("rows"), "'rows'");
  EXPECT_EQ(shown("a\nb\x1b[1m\x7f\xff"),
            "'a?b?[1m?"
            "?'");
  EXPECT_EQ(shown(std::string(60, 'x')), "'" + std::string(60, 'x') + "'");
  EXPECT_EQ(shown(std::string(61, 'x')), "'" + std::string(60, 'x') + "...'");
}

TEST(ParseInteger, TakesDecimalDigitsOnly) {
  std::int64_t value = 0;
  const auto parse = [&](const char* text) { return parse_integer(text, &value); };
  EXPECT_EQ(parse("0"), Number::kOk);
  EXPECT_EQ(value, 0);
  EXPECT_EQ(parse("-17"), Number::kOk);
  EXPECT_EQ(value, -17);
  EXPECT_EQ(parse("9223372036854775807"), Number::kOk);
  EXPECT_EQ(value, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse("9223372036854775808"), Number::kTooLarge);
  for (const char* bad : {"", "-", "1e3", "0x10", "16.0", "007", "-0", "+1", " 1", "1 ", "1_000"}) {
    EXPECT_EQ(parse(bad), Number::kMalformed) << bad;
  }
}

TEST(ParseReal, TakesFiniteDecimalsOnly) {
  double value = 0;
  const auto parse = [&](const char* text) { return parse_real(text, &value); };
  struct Good {
    const char* text;
    double value;
  };
  for (const Good& test : {Good{"0", 0.0}, Good{"-2.5", -2.5}, Good{"1e-3", 0.001},
                           Good{"1.25E+2", 125.0}, Good{"1e-999", 0.0}}) {
    EXPECT_EQ(parse(test.text), Number::kOk) << test.text;
    EXPECT_EQ(value, test.value);
  }
  EXPECT_EQ(parse("1e999"), Number::kTooLarge);
  for (const char* bad :
       {"", "-", ".5", "5.", "1.e3", "inf", "nan", "-inf", "0x1p3", "1e", "1 2", "+1"}) {
    EXPECT_EQ(parse(bad), Number::kMalformed) << bad;
  }
}

}  // namespace
}  // namespace lacuna::config
