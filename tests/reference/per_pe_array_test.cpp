// The register-level array against states written down by hand, against the recurrence, and against
// plain sums.
#include "reference/per_pe_array.hpp"

#include <gtest/gtest.h>

#include <random>

#include "reference/pass_recurrence.hpp"
#include "reference/random_pass.hpp"

namespace lacuna::reference {
namespace {

using Sums = std::vector<std::int32_t>;

TEST(PerPeArray, TwoByTwoStepByStep) {
  // D = 1, one accumulator. Weights: row 0: 2, 3; row 1: 5, 7. Pixels: (10, 1), (20, 2).
  PassInput pass;
  pass.rows = 2;
  pass.cols = 2;
  pass.weights = {{{2, 3}}, {{5, 7}}};
  pass.pixels = {{{{{0, 10}}, 0}, {{{0, 1}}, 0}}, {{{{0, 20}}, 0}, {{{0, 2}}, 0}}};
  const PassTrace trace = run_per_pe_array(pass);
  // commit(1, 1) + C - 1 = 3 + 1
  ASSERT_EQ(trace.cycles, 4);
  ASSERT_EQ(trace.edges.size(), 5U);

  // Edge 0: both rows have pixel 0 in column 0, nothing in column 1.
  EXPECT_EQ(trace.edges[0][0][0].token.activation, 10);
  EXPECT_EQ(trace.edges[0][1][0].token.activation, 1);
  EXPECT_TRUE(trace.edges[0][0][0].token.last);
  EXPECT_FALSE(trace.edges[0][0][1].token.present);

  // Edge 1: row 0 commits 20 into the FIFO of row 1; row 1 is done with 5, but had no psum yet, so
  // it waits with a bubble.
  const ArrayState& one = trace.edges[1];
  EXPECT_EQ(one[1][0].fifo, Sums{20});
  EXPECT_EQ(one[1][0].accumulators, Sums{5});
  EXPECT_FALSE(one[1][0].token.present);
  EXPECT_EQ(one[0][0].token.activation, 20);
  EXPECT_EQ(one[0][1].token.activation, 10);
  EXPECT_TRUE(one[0][1].commits);
  EXPECT_EQ(one[0][0].accumulators, Sums{0});

  // Edge 2: row 1 commits 5 + 20 (leaves lane 0), starts pixel 1; row 0 commits 40. Column 1 does
  // what column 0 did at edge 1.
  const ArrayState& two = trace.edges[2];
  EXPECT_EQ(two[1][0].fifo, Sums{40});
  EXPECT_EQ(two[1][0].accumulators, Sums{0});
  EXPECT_EQ(two[1][0].token.activation, 2);
  EXPECT_EQ(two[1][1].fifo, Sums{30});
  EXPECT_EQ(two[1][1].accumulators, Sums{7});

  // Edge 3: 10 + 40 leaves lane 0, 7 + 30 lane 1. Edge 4: 14 + 60 leaves lane 1.
  ASSERT_EQ(trace.psums.size(), 4U);
  const std::int64_t expected[4][4] = {{2, 0, 0, 25}, {3, 0, 1, 50}, {3, 1, 0, 37}, {4, 1, 1, 74}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(trace.psums[i].edge, expected[i][0]);
    EXPECT_EQ(trace.psums[i].lane, expected[i][1]);
    EXPECT_EQ(trace.psums[i].pixel, expected[i][2]);
    EXPECT_EQ(trace.psums[i].value, expected[i][3]);
  }
}

TEST(PerPeArray, AnEmptyPixelSendsOneEmptyToken) {
  PassInput pass;
  pass.weights = {{{9}}};
  pass.pixels = {{{{}, 0}}, {{{{0, 3}}, 0}}};
  const PassTrace trace = run_per_pe_array(pass);
  EXPECT_TRUE(trace.edges[0][0][0].token.present);
  EXPECT_FALSE(trace.edges[0][0][0].token.valid);
  EXPECT_TRUE(trace.edges[0][0][0].token.last);
  ASSERT_EQ(trace.psums.size(), 2U);
  EXPECT_EQ(trace.psums[0].value, 0);
  EXPECT_EQ(trace.psums[1].value, 27);
  EXPECT_EQ(trace.cycles, 2);
}

TEST(PerPeArray, BitmapWordsPadAPixelWithEmptySlots) {
  // One activation, three bitmap words: the activation, then two empty slots, the last one marked.
  PassInput pass;
  pass.weights = {{{9}}};
  pass.pixels = {{{{{0, 3}}, 3}}};
  const PassTrace trace = run_per_pe_array(pass);
  EXPECT_EQ(trace.cycles, 3);
  EXPECT_TRUE(trace.edges[0][0][0].token.valid);
  EXPECT_FALSE(trace.edges[0][0][0].token.last);
  EXPECT_FALSE(trace.edges[2][0][0].token.valid);
  EXPECT_TRUE(trace.edges[2][0][0].token.last);
  EXPECT_EQ(trace.psums[0].value, 27);
}

TEST(PerPeArray, SumsWrapLikeThirtyTwoBitHardware) {
  // 2^31 / (255 * 127) = 66311.7...: one row, one pixel that issues its only weight 66312 times.
  PassInput pass;
  pass.weights = {{{127}}};
  pass.pixels = {{{std::vector<IssueSlot>(66312, IssueSlot{0, 255}), 0}}};
  const std::int64_t sum = std::int64_t{66312} * 255 * 127;
  ASSERT_GT(sum, std::int64_t{INT32_MAX});
  EXPECT_EQ(run_per_pe_array(pass).psums[0].value,
            static_cast<std::int32_t>(sum - (std::int64_t{1} << 32)));
}

TEST(PerPeArray, KeepsTheRecurrenceAndTheSumsOnRandomPasses) {
  std::mt19937 random(20240521);
  for (int trial = 0; trial < 3000; ++trial) {
    const RandomMachine machine = random_machine(random);
    const PassInput pass = random_pass(machine, random);
    const PassTrace trace = run_per_pe_array(pass);
    const PassTimes times =
        pass_times(slots_of_pass(pass), {pass.cols, pass.psum_fifo_depth, pass.local_accumulators});
    ASSERT_EQ(trace.cycles, times.cycles) << "trial " << trial;
    ASSERT_EQ(trace.psums.size(), pass.pixels.size() * static_cast<std::size_t>(pass.cols));
    for (const BottomPsum& psum : trace.psums) {
      const auto pixel = static_cast<std::size_t>(psum.pixel);
      ASSERT_EQ(psum.edge, times.commit[pixel].back() + psum.lane) << "trial " << trial;
      ASSERT_EQ(psum.value, pixel_sum(pass, pixel, static_cast<std::size_t>(psum.lane)))
          << "trial " << trial;
    }
    // The cut of the stream cycles never has a negative part.
    EXPECT_GE(
        pass_split(slots_of_pass(pass), {pass.cols, pass.psum_fifo_depth, pass.local_accumulators})
            .imbalance,
        0);
  }
}

}  // namespace
}  // namespace lacuna::reference
