// The recurrence gives the numbers that one works out by hand.
#include "reference/pass_recurrence.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace lacuna::reference {
namespace {

using Slots = std::vector<std::vector<std::int64_t>>;

Slots uniform(std::size_t pixels, std::size_t rows, std::int64_t slots) {
  return Slots(pixels, std::vector<std::int64_t>(rows, slots));
}

TEST(PassRecurrence, SlotsAreAtLeastOneAndCoverTheBitmapWords) {
  EXPECT_EQ(slots_of({0, 0}), 1);  // an empty token
  EXPECT_EQ(slots_of({5, 0}), 5);
  EXPECT_EQ(slots_of({5, 3}), 5);
  EXPECT_EQ(slots_of({2, 3}), 3);
  EXPECT_EQ(slots_of({0, 4}), 4);
}

TEST(PassRecurrence, OnePixelFillsDownwards) {
  // All rows start at 0 and are done at 1; the psum takes one edge a row: commits at 1, 2, 3, 4.
  // Then C - 1 = 2 cycles until the last column has it.
  const PassTimes t = pass_times(uniform(1, 4, 1), {3, 2, 1});
  EXPECT_EQ(t.start[0], (std::vector<std::int64_t>{0, 0, 0, 0}));
  EXPECT_EQ(t.done[0], (std::vector<std::int64_t>{1, 1, 1, 1}));
  EXPECT_EQ(t.commit[0], (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(t.cycles, 6);
}

TEST(PassRecurrence, DenseWithOneWeightAPeIsTheTextbookFold) {
  // Load R, fill R, M - 1 further pixels, drain C - 1: 2R + C + M - 2.
  for (const std::int64_t rows : {1, 2, 4, 16}) {
    for (const std::int64_t pixels : {1, 2, 9, 50}) {
      for (const int cols : {1, 4, 7}) {
        const PassTimes t =
            pass_times(uniform(static_cast<std::size_t>(pixels), static_cast<std::size_t>(rows), 1),
                       {cols, 2, 1});
        EXPECT_EQ(rows + t.cycles, 2 * rows + cols + pixels - 2);
      }
    }
  }
}

TEST(PassRecurrence, DenseWithManyWeightsAPeIssuesOnePixelInDSlots) {
  // Row 0 commits pixel m at D (m + 1), row r at D (m + 1) + r: M D + R - 1 + C - 1, here
  // 5 * 4 + 2 + 1. With one accumulator row r starts pixel m at its commit of m - 1, r edges late;
  // with two it does not wait: row 2 is done with pixel 0 at 4 and starts pixel 1 there, while the
  // psum from above comes at 6. Done with pixel 1 at 8. The end is the same.
  const PassTimes one = pass_times(uniform(5, 3, 4), {2, 2, 1});
  EXPECT_EQ(one.start[1], (std::vector<std::int64_t>{4, 5, 6}));
  EXPECT_EQ(one.cycles, 23);
  const PassTimes two = pass_times(uniform(5, 3, 4), {2, 2, 2});
  EXPECT_EQ(two.start[1], (std::vector<std::int64_t>{4, 4, 4}));
  EXPECT_EQ(two.commit[1], (std::vector<std::int64_t>{8, 9, 10}));
  EXPECT_EQ(two.cycles, 23);
}

TEST(PassRecurrence, AFullFifoStopsTheRowAbove) {
  // Row 1 takes 5 slots a pixel, row 0 one; F = 2, one accumulator. Row 1 commits at 5, 10, 15, 20.
  // Row 0 commits pixels 0 and 1 at 1 and 2 and fills the FIFO. Pixel 2 is done at 3 and waits for
  // the place of pixel 0, popped at 5: 6. Pixel 3: popped at 10: 11.
  Slots slots(4, {1, 5});
  const PassTimes t = pass_times(slots, {1, 2, 1});
  const auto commits = [](const PassTimes& times, std::size_t row) {
    std::vector<std::int64_t> list;
    for (const auto& pixel : times.commit) list.push_back(pixel[row]);
    return list;
  };
  EXPECT_EQ(commits(t, 0), (std::vector<std::int64_t>{1, 2, 6, 11}));
  EXPECT_EQ(commits(t, 1), (std::vector<std::int64_t>{5, 10, 15, 20}));
  EXPECT_EQ(t.cycles, 20);
  // F = 3: pixel 2 finds a place at once, pixel 3 waits for that of pixel 0.
  EXPECT_EQ(commits(pass_times(slots, {1, 3, 1}), 0), (std::vector<std::int64_t>{1, 2, 3, 6}));
  // F = 4: never full.
  EXPECT_EQ(commits(pass_times(slots, {1, 4, 1}), 0), (std::vector<std::int64_t>{1, 2, 3, 4}));
}

TEST(PassRecurrence, AFifoAbsorbsWhatAlternates) {
  // Row 0: 3, 1, 3, 1; row 1: 1, 3, 1, 3; one accumulator, F = 2, C = 1.
  //   commit(0, 0) = 3,  commit(0, 1) = max(1, 3 + 1) = 4
  //   commit(1, 0) = 4,  commit(1, 1) = max(4 + 3, 4 + 1) = 7
  //   commit(2, 0) = max(4 + 3, commit(0, 1) + 1) = 7,  commit(2, 1) = max(7 + 1, 7 + 1) = 8
  //   commit(3, 0) = max(7 + 1, commit(1, 1) + 1) = 8,  commit(3, 1) = max(8 + 3, 8 + 1) = 11
  const Slots slots{{3, 1}, {1, 3}, {3, 1}, {1, 3}};
  const PassTimes t = pass_times(slots, {1, 2, 1});
  EXPECT_EQ(t.commit, (Slots{{3, 4}, {4, 7}, {7, 8}, {8, 11}}));
  EXPECT_EQ(t.cycles, 11);
  // Two accumulators: row 1 is done with pixel 0 at 1, with pixel 1 at 4, while it waits for the
  // psum of pixel 0, which it gets at 4.
  //   start(2, 1) = max(done(1, 1), commit(0, 1)) = 4, done 5;  start(3, 1) = max(5, commit(1, 1))
  //   commit(1, 1) = max(4, 4 + 1) = 5;  commit(2, 1) = max(5, 7 + 1) = 8
  //   done(3, 1) = 5 + 3 = 8;  commit(3, 1) = max(8, 8 + 1) = 9
  const PassTimes two = pass_times(slots, {1, 2, 2});
  EXPECT_EQ(two.commit, (Slots{{3, 4}, {4, 5}, {7, 8}, {8, 9}}));
  EXPECT_EQ(two.cycles, 9);
}

TEST(PassRecurrence, StreamCyclesSplitWithoutRemainder) {
  // The case above with one accumulator: both rows have 8 slots, so r* = 0, fill_drain =
  // (2 - 1 - 0) + 0 = 1; 11 - 8 - 1 = 2 cycles of imbalance.
  const PassSplit split = pass_split({{3, 1}, {1, 3}, {3, 1}, {1, 3}}, {1, 2, 1});
  EXPECT_EQ(split.work, 8);
  EXPECT_EQ(split.fill_drain, 1);
  EXPECT_EQ(split.imbalance, 2);
  // A longest row at the bottom hides the fill: (R - 1 - 2) + (C - 1) = 3. Row 2 commits pixel 0 at
  // 5 and pixel 1 at 10 (the psums from above wait): 10 + 3, no imbalance.
  const PassSplit bottom = pass_split({{1, 1, 5}, {1, 1, 5}}, {4, 2, 1});
  EXPECT_EQ(bottom.work, 10);
  EXPECT_EQ(bottom.fill_drain, 3);
  EXPECT_EQ(bottom.imbalance, 0);
}

TEST(PassRecurrence, SerialLoadsAndStreamsAlternate) {
  // Loads 3, 3, 3; streams 10, 2, 10: 0-3, 3-13, 13-16, 16-18, 18-21, 21-31.
  const ChainTimes t = chain_times({{0, 3, 10}, {0, 3, 2}, {0, 3, 10}}, false);
  EXPECT_EQ(t.load_start, (std::vector<std::int64_t>{0, 13, 18}));
  EXPECT_EQ(t.stream_start, (std::vector<std::int64_t>{3, 16, 21}));
  EXPECT_EQ(t.stream_end, (std::vector<std::int64_t>{13, 18, 31}));
}

TEST(PassRecurrence, ShadowedLoadsHideBehindTheStreamBefore) {
  // Load 1 starts with stream 0 at 3 and hides. Stream 1 at 13; load 2 starts with it, takes 3, one
  // more than stream 1: stream 2 starts at 16 instead of 15.
  const ChainTimes t = chain_times({{0, 3, 10}, {0, 3, 2}, {0, 3, 10}}, true);
  EXPECT_EQ(t.load_start, (std::vector<std::int64_t>{0, 3, 13}));
  EXPECT_EQ(t.stream_start, (std::vector<std::int64_t>{3, 13, 16}));
  EXPECT_EQ(t.stream_end, (std::vector<std::int64_t>{13, 15, 26}));
}

TEST(PassRecurrence, ALoadWaitsForItsWeights) {
  // Weights of pass 1 come at 20: stream 0 has ended at 13, load 20-23, stream 23-25.
  for (const bool shadowed : {false, true}) {
    const ChainTimes t = chain_times({{0, 3, 10}, {20, 3, 2}}, shadowed);
    EXPECT_EQ(t.load_start[1], 20);
    EXPECT_EQ(t.stream_start[1], 23);
    EXPECT_EQ(t.stream_end[1], 25);
  }
}

}  // namespace
}  // namespace lacuna::reference
