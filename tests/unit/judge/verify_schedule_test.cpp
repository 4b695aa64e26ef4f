// The judge accepts valid schedules, in a time that does not matter.
#include <gtest/gtest.h>

#include <string>

#include "base/error.hpp"
#include "unit/judge/judged.hpp"

namespace lacuna::judge {
namespace {

using schedule::testing::Case;

TEST(VerifySchedule, AcceptsResidentScheduleWithFusedPoolAndBatch) {
  EXPECT_EQ(all_of(judge(schedule::testing::resident_case())), "");
}

TEST(VerifySchedule, AcceptsSpillingScheduleWithHaloAndShadowedLoads) {
  EXPECT_EQ(all_of(judge(schedule::testing::spilling_case())), "");
}

TEST(VerifySchedule, ThrowsTheFirstViolationAsOurBug) {
  Case c = schedule::testing::resident_case();
  EXPECT_NO_THROW(verify_schedule(c.schedule, c.network, c.spec));
  c.step(12).first_pass = false;
  try {
    verify_schedule(c.schedule, c.network, c.spec);
    FAIL() << "a broken schedule was accepted";
  } catch (const base::InternalError& error) {
    EXPECT_EQ(std::string(error.what()), "schedule: " + judge(c).front());
  }
}

TEST(VerifySchedule, ReportsABoundedNumberOfViolations) {
  Case c = schedule::testing::resident_case();
  for (schedule::Step& step : c.schedule.steps) step.waits = {90, 90, 90, 90};
  EXPECT_EQ(judge(c).size(), static_cast<std::size_t>(kMaxViolations));
}

TEST(VerifySchedule, AcceptsTrailingRowsThatFillNoWindow) {
  // Height 5 under a 2 x 2 pool: rows 0..3 give two rows, row 4 is streamed and dropped. The range
  // of row 4 alone posts nothing, wherever its region lies.
  Case c = schedule::testing::resident_case();
  c.network.maps[0].shape = c.network.layers[0].in = {5, 4, 2};
  c.network.maps[1].shape = c.network.layers[0].out = {5, 4, 3};
  c.network.layers[1].in = {5, 4, 3};
  c.region(0) = {0, 0, 2, 0, 5, 0, 80, 0, 2};
  c.region(1).base = 80;
  c.schedule.activation_slots = 104;
  c.spec.activation_sram.capacity_bytes = 52;
  c.step(0).rows.row_count = 5;
  c.range(1).row_count = 8;  // rows 2..9: 32 pixels, entries 32..63
  c.schedule.accumulator_entries = 64;
  c.spec.accumulators.entries_per_lane = 64;
  EXPECT_EQ(all_of(judge(c)), "");
  c.range(0).row_count = 5;  // image 0
  c.range(1) = {0, 5, 5};    // image 1
  EXPECT_EQ(all_of(judge(c)), "");
  c.range(0).row_count = 3;
  c.range(1) = {0, 3, 7};
  EXPECT_NE(all_of(judge(c)).find("step 5 (post of conv): range 0 cuts a window of pool"),
            std::string::npos);
}

TEST(VerifySchedule, FollowsOrderThroughOtherSteps) {
  // DMA transfers start in list order: step 21 starts after step 20, which waits for the store 16.
  Case c = schedule::testing::spilling_case();
  c.step(21).waits[0] = schedule::kNoStep;
  // The start of stream 4, which waits for DMA step 2, comes before PE load 5: step 1 has ended.
  c.step(5).waits[0] = schedule::kNoStep;
  // Load 20 waits for the array through store 16, post 15 and stream 14.
  c.step(20).waits[2] = schedule::kNoStep;
  EXPECT_EQ(all_of(judge(c)), "");
}

// One row a range, thirty thousand ranges: 1 load + 6 steps a range.
Case long_case(std::int64_t height) {
  Case c = schedule::testing::spilling_case();
  c.spec.array.weight_load = arch::WeightLoad::kSerial;
  c.spec.activation_sram.capacity_bytes.reset();
  c.network.layers.resize(1);
  c.network.maps.resize(2);
  c.network.outputs.clear();
  c.network.maps[0].shape = c.network.layers[0].in = {height, 1, 2};
  c.network.maps[1].shape = c.network.layers[0].out = {height, 1, 3};
  c.network.outputs.clear();
  schedule::Schedule& s = c.schedule;
  s.layers.resize(1);
  s.blocks.resize(2);
  s.regions = {{0, 0, 1, 0, height, 0, height * 2, 0, 2},
               {1, 0, 1, 0, height, height * 2, height * 3, 0, 3}};
  s.activation_slots = height * 5;
  const std::vector<schedule::Step> model(s.steps.begin(), s.steps.begin() + 9);
  s.steps.assign(model.begin(), model.begin() + 3);
  s.steps[2].rows.row_count = height;
  s.ranges.clear();
  for (std::int64_t row = 0; row < height; ++row) {
    s.ranges.push_back({0, row, 1});
    const auto base = static_cast<schedule::StepId>(s.steps.size());
    for (const int source : {3, 4, 6, 3, 4, 6}) {
      schedule::Step step = model[static_cast<std::size_t>(source)];
      const auto id = static_cast<schedule::StepId>(s.steps.size());
      const int tile = id - base < 3 ? 0 : 1;
      step.block = tile;
      step.range = static_cast<std::int32_t>(row);
      step.waits.fill(schedule::kNoStep);
      if (step.kind == schedule::StepKind::kLoadPe) {
        step.address = 2 * tile;
        step.waits[0] = 1;
      } else {
        step.address = 8 * tile;
      }
      if (step.kind == schedule::StepKind::kStream) {
        step.waits[0] = 2;
        if (row > 0) step.waits[3] = id - 5;  // the post of the same half, a range ago
      }
      if (step.kind == schedule::StepKind::kPost) step.waits[2] = id - 1;
      s.steps.push_back(step);
    }
  }
  return c;
}

TEST(VerifySchedule, JudgesAHundredThousandSteps) {
  const Case c = long_case(17000);
  ASSERT_GT(c.schedule.steps.size(), 100000U);
  EXPECT_EQ(all_of(judge(c)), "");
}

}  // namespace
}  // namespace lacuna::judge
