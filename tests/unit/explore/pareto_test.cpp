#include "explore/pareto.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lacuna::explore {
namespace {

using Rows = std::vector<std::vector<double>>;
using Set = std::vector<std::size_t>;

TEST(ParetoSet, KeepsWhatNothingIsBetterThan) {
  EXPECT_EQ(pareto_set({}), Set{});
  EXPECT_EQ(pareto_set({{3, 1}, {2, 2}, {1, 3}, {3, 3}, {2, 3}}), (Set{0, 1, 2}));
  EXPECT_EQ(pareto_set({{1, 2}, {1, 2}, {1, 3}}), (Set{0, 1})) << "equal rows keep each other";
  EXPECT_EQ(pareto_set({{5}, {4}, {6}, {4}}), (Set{1, 3}));
}

TEST(ParetoSet, IsThatOfEveryPairComparedByHand) {
  std::mt19937 draw(1);
  for (int repeat = 0; repeat < 200; ++repeat) {
    Rows rows(1 + draw() % 40, std::vector<double>(1 + draw() % 4));
    for (auto& row : rows) {
      row.resize(rows[0].size());
      for (double& value : row) value = static_cast<double>(draw() % 6);
    }
    Set expected;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      bool dominated = false;
      for (const auto& other : rows) {
        bool as_good = true;
        bool better = false;
        for (std::size_t c = 0; c < other.size(); ++c) {
          as_good = as_good && other[c] <= rows[i][c];
          better = better || other[c] < rows[i][c];
        }
        dominated = dominated || (as_good && better);
      }
      if (!dominated) expected.push_back(i);
    }
    EXPECT_EQ(pareto_set(rows), expected);
  }
}

}  // namespace
}  // namespace lacuna::explore
