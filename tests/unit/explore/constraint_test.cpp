#include "explore/constraint.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace lacuna::explore {
namespace {

double value(const std::string& key) {
  if (key == "array.rows") return 32;
  if (key == "array.cols") return 16;
  throw base::InputError({"s.yaml", 3, "where"}, "'" + key + "' is not a key");
}

std::string message(const std::string& constraint) {
  try {
    holds(constraint, value, {"s.yaml", 3, "where"});
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Constraint, ComparesKeysAndNumbers) {
  const auto true_ = [](const char* text) { return holds(text, value, {}); };
  EXPECT_TRUE(true_("array.rows * array.cols <= 512"));
  EXPECT_FALSE(true_("array.rows * array.cols < 512"));
  EXPECT_TRUE(true_("array.rows == 2 * array.cols && array.cols > 8"));
  EXPECT_TRUE(true_("array.rows != 32 || array.cols == 16"));
  EXPECT_TRUE(true_("(array.rows + array.cols) / 2 == 24"));
}

TEST(Constraint, SaysWhatCannotBeEvaluated) {
  EXPECT_EQ(message("array.rosw > 3"), "s.yaml:3: where: 'array.rosw' is not a key");
  EXPECT_NE(message("array.rows >").find("s.yaml:3: where: 'array.rows >'"), std::string::npos);
  EXPECT_NE(message("array.rows ) 3"), "");
  EXPECT_NE(message(""), "");
}

}  // namespace
}  // namespace lacuna::explore
