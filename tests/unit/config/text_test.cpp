#include "config/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace lacuna::config {
namespace {

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
