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

TEST(ParseDecimal, TakesUpToSixPlacesInMillionths) {
  std::int64_t value = 0;
  const auto parse = [&](const char* text) { return parse_decimal(text, &value); };
  struct Good {
    const char* text;
    std::int64_t millionths;
  };
  for (const Good& test :
       {Good{"0", 0}, Good{"8", 8'000'000}, Good{"12.8", 12'800'000}, Good{"12.80", 12'800'000},
        Good{"0.000001", 1}, Good{"-0.5", -500'000}, Good{"65536.999999", 65'536'999'999},
        Good{"1000000000", 1'000'000'000'000'000}}) {
    EXPECT_EQ(parse(test.text), Number::kOk) << test.text;
    EXPECT_EQ(value, test.millionths) << test.text;
  }
  EXPECT_EQ(parse("1000000001"), Number::kTooLarge);
  EXPECT_EQ(parse("99999999999999999999.5"), Number::kTooLarge);
  for (const char* bad : {"", "-", ".5", "5.", "0.0000001", "1.5e3", "1e3", "0x1", "01.5", "1.5.5",
                          "1.-5", "--1", "+1", "1 2", "inf", "1,5", "99999999999999999999.x"}) {
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
