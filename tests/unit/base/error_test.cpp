#include "base/error.hpp"

#include <gtest/gtest.h>

#include "unit/base/temp_folder.hpp"

namespace lacuna::base {
namespace {

struct MessageCase {
  Place place;
  const char* wrong;
  const char* allowed;
  const char* suggestion;
  const char* message;
};

TEST(InputError, LeavesOutWhatIsUnknown) {
  const MessageCase cases[] = {
      {{"hw.yaml", 3, "array.rows"},
       "'0' is out of range",
       "an integer from 1 to 1024",
       "",
       "hw.yaml:3: array.rows: '0' is out of range; an integer from 1 to 1024"},
      {{"hw.yaml", 0, "row"},
       "unknown key",
       "known here: rows",
       "rows",
       "hw.yaml: row: unknown key; known here: rows; did you mean 'rows'?"},
      {{"--set array.rows", 0, ""}, "has no value", "", "", "--set array.rows: has no value"},
      {{"", 0, "rate"}, "is missing", "", "", "rate: is missing"},
      {{"", 7, ""}, "is wrong", "", "", "is wrong"},
  };
  for (const MessageCase& test : cases) {
    const InputError error(test.place, test.wrong, test.allowed, test.suggestion);
    EXPECT_STREQ(error.what(), test.message);
  }
}

TEST(InternalError, NamesModuleAndCycleWhereThereIsOne) {
  EXPECT_STREQ(InternalError("dma", 12, "queue is empty").what(),
               "dma at cycle 12: queue is empty");
  EXPECT_STREQ(InternalError("mapper", -1, "no step").what(), "mapper: no step");
}

TEST(SimCheck, ThrowsOnlyWhenTheConditionFails) {
  EXPECT_NO_THROW(SIM_CHECK(1 + 1 == 2, "test", 0, "sums"));
  const auto broken = [] { SIM_CHECK(1 + 1 == 3, "test", 4, "sums"); };
  EXPECT_EQ(test::message_of<InternalError>(broken), "test at cycle 4: sums");
}

TEST(NearestName, FindsTheNearestByEditDistanceAndNothingFarAway) {
  const std::vector<std::string> names{"rows", "cols", "weights_per_pe", "psum_fifo_depth"};
  EXPECT_EQ(nearest_name("row", names), "rows");   // one insertion
  EXPECT_EQ(nearest_name("clos", names), "cols");  // two substitutions, rows needs three
  EXPECT_EQ(nearest_name("weight_per_pes", names), "weights_per_pe");
  EXPECT_EQ(nearest_name("psum_fifo", names), "");  // six away, nine letters allow three
  EXPECT_EQ(nearest_name("clock_mhz", names), "");
  EXPECT_EQ(nearest_name("x", {}), "");
}

TEST(Join, SeparatesByCommas) {
  EXPECT_EQ(join({}), "");
  EXPECT_EQ(join({"a"}), "a");
  EXPECT_EQ(join({"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(join(std::vector<std::string>(61, "k")).substr(55 * 3), "k, k, k, k, k and 1 more");
  EXPECT_EQ(join({"a", std::string(2000, 'b'), "c"}), "a and 2 more");
  EXPECT_EQ(join({std::string(2000, 'b'), "c"}), "2 of them");
}

TEST(NearestName, WhenNamesAreManyOrLongThenTheWorkIsBounded) {
  const std::vector<std::string> many(200'000, std::string(100, 'a'));
  EXPECT_EQ(nearest_name(std::string(99, 'a'), many), many[0]);
  EXPECT_EQ(nearest_name(std::string(300'000, 'a'), {std::string(300'000, 'b')}), "");
  EXPECT_EQ(nearest_name("rows", {std::string(300'000, 'r'), "row"}), "row");
}

}  // namespace
}  // namespace lacuna::base
