// The judge's book of a memory: shares of a run by several writers, runs cut by later writes.
#include "judge/contents.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace lacuna::judge {
namespace {

/// Forty posts, each after the end of the last.
schedule::Schedule chain_of_posts() {
  schedule::Schedule schedule;
  for (schedule::StepId id = 0; id < 40; ++id) {
    schedule::Step step;
    step.kind = schedule::StepKind::kPost;
    if (id > 0) step.waits[static_cast<std::size_t>(schedule::Resource::kPost)] = id - 1;
    schedule.steps.push_back(step);
  }
  return schedule;
}

class ContentsTest : public ::testing::Test {
 protected:
  Contents contents() {
    Contents::Names names;
    names.memory = "cell";
    names.step = [](schedule::StepId id) { return "step " + std::to_string(id); };
    names.data = [](std::int64_t key, std::int64_t value) {
      return std::to_string(key) + "[" + std::to_string(value) + "]";
    };
    return {std::move(names), clocks_, violations_};
  }
  std::string first_violation() {
    const std::vector<std::string> found = violations_.take();
    violations_ = Violations(20);
    return found.empty() ? "" : found.front();
  }

 private:
  Violations violations_{20};
  EndClocks clocks_{chain_of_posts(), {}};
};

TEST_F(ContentsTest, SharesInAnyOrderMakeARunComplete) {
  std::vector<int> order{0, 1, 2, 3};
  do {
    Contents memory = contents();
    schedule::StepId step = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::int64_t share = order[i];
      memory.write({10, 4, 7, 100}, {share * 2, share * 2 + 2, 8}, step++,
                   schedule::Resource::kPost);
      if (i + 1 == order.size()) break;
      Contents copy = memory;
      copy.read({10, 4, 7, 100}, Share{0, 8, 8}, step, schedule::Resource::kPost);
      EXPECT_NE(first_violation().find("which is not written in all channels"), std::string::npos);
    }
    memory.read({10, 4, 7, 100}, Share{0, 8, 8}, step, schedule::Resource::kPost);
    EXPECT_EQ(first_violation(), "");
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(ContentsTest, AShareIsReadWhereItIsThereWithoutTheOthers) {
  Contents memory = contents();
  memory.write({0, 2, 7, 0}, {2, 4, 8}, 0, schedule::Resource::kPost);
  memory.write({0, 2, 7, 0}, {4, 6, 8}, 1, schedule::Resource::kPost);
  memory.read({0, 2, 7, 0}, {2, 4, 8}, 2, schedule::Resource::kPost);
  memory.read({0, 2, 7, 0}, {3, 6, 8}, 3, schedule::Resource::kPost);
  EXPECT_EQ(first_violation(), "");
  memory.read({0, 2, 7, 0}, {4, 7, 8}, 4, schedule::Resource::kPost);
  EXPECT_EQ(first_violation(), "step 4 reads 7[0] at cell 0, which is not written in all channels");
}

TEST_F(ContentsTest, SharesThatOverlapStartTheRunAgain) {
  Contents memory = contents();
  memory.write({0, 2, 7, 0}, {0, 5, 8}, 0, schedule::Resource::kPost);
  memory.write({0, 2, 7, 0}, {4, 8, 8}, 1,
               schedule::Resource::kPost);  // replaces what step 0 wrote
  memory.read({0, 2, 7, 0}, Share{0, 8, 8}, 2, schedule::Resource::kPost);
  EXPECT_EQ(first_violation(), "step 2 reads 7[0] at cell 0, which is not written in all channels");
}

TEST_F(ContentsTest, SharesOfOneRunDoNotCompleteAnother) {
  Contents memory = contents();
  memory.write({0, 2, 7, 0}, {0, 4, 8}, 0, schedule::Resource::kPost);
  memory.write({0, 2, 8, 0}, {4, 8, 8}, 1, schedule::Resource::kPost);  // another map
  memory.write({0, 2, 8, 5}, {0, 4, 8}, 2, schedule::Resource::kPost);  // another place of it
  memory.read({0, 2, 8, 0}, Share{0, 8, 8}, 3, schedule::Resource::kPost);
  EXPECT_EQ(first_violation(), "step 3 reads 8[0] at cell 0, which holds 8[5]");
}

TEST_F(ContentsTest, ALaterWriteCutsARunInTwo) {
  Contents memory = contents();
  memory.write({0, 10, 1, 0}, {}, 0, schedule::Resource::kPost);
  memory.write({4, 2, 2, 0}, {}, 1, schedule::Resource::kPost);
  memory.read({0, 4, 1, 0}, Share{}, 2, schedule::Resource::kPost);
  memory.read({6, 4, 1, 6}, Share{}, 3, schedule::Resource::kPost);
  memory.read({4, 2, 2, 0}, Share{}, 4, schedule::Resource::kPost);
  EXPECT_EQ(first_violation(), "");
  memory.read({0, 10, 1, 0}, Share{}, 5, schedule::Resource::kPost);
  EXPECT_EQ(first_violation(), "step 5 reads 1[4] at cell 4, which holds 2[0]");
}

TEST_F(ContentsTest, AShareFillsTheHolesAroundAnother) {
  Contents memory = contents();
  memory.write({4, 2, 1, 4}, {0, 4, 8}, 0, schedule::Resource::kPost);
  memory.write({0, 10, 1, 0}, {4, 8, 8}, 1, schedule::Resource::kPost);
  memory.read({4, 2, 1, 4}, Share{0, 8, 8}, 2, schedule::Resource::kPost);
  EXPECT_EQ(first_violation(), "");
  for (const std::int64_t cell : {0, 3, 6, 9}) {
    memory.read({cell, 1, 1, cell}, Share{0, 8, 8}, 3, schedule::Resource::kPost);
    EXPECT_NE(first_violation().find("which is not written in all channels"), std::string::npos)
        << cell;
  }
  memory.write({0, 10, 1, 0}, {0, 4, 8}, 4,
               schedule::Resource::kPost);  // again for cells 4 and 5: replaced
  memory.read({0, 4, 1, 0}, Share{0, 8, 8}, 5, schedule::Resource::kPost);
  EXPECT_EQ(first_violation(), "");
  memory.read({4, 1, 1, 4}, Share{0, 8, 8}, 6, schedule::Resource::kPost);
  EXPECT_NE(first_violation().find("which is not written in all channels"), std::string::npos);
}

TEST_F(ContentsTest, PreloadedDataStays) {
  Contents memory = contents();
  memory.preload({0, 4, 1, 0}, true);
  memory.read({1, 2, 1, 1}, Share{0, 8, 8}, 0, schedule::Resource::kPost);
  EXPECT_EQ(first_violation(), "");
  memory.write({3, 2, 2, 0}, {}, 1, schedule::Resource::kPost);
  EXPECT_EQ(first_violation(), "step 1 overwrites 1[3] at cell 3, which every batch needs");
}

}  // namespace
}  // namespace lacuna::judge
