// Streams whose pixels are all alike, whose times are not worked out pixel by pixel, against the
// plain recurrence, which is.
#include "fast/stream_time.hpp"

#include <gtest/gtest.h>

#include <random>

#include "reference/pass_recurrence.hpp"

namespace lacuna::fast {
namespace {

TEST(DenseStreams, GivenAnyRowsAndPixelsThenTheyTakeWhatTheRecurrenceSays) {
  std::mt19937 random(7);
  const auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  constexpr int kCases = 3'000;
  for (int i = 0; i < kCases; ++i) {
    PassRows pass;
    pass.rows.resize(static_cast<std::size_t>(draw(1, 12)));
    // Rows that differ by little fill their FIFOs late; a row may have nothing to do.
    const int most = draw(0, 2) == 0 ? draw(1, 3) : draw(4, 40);
    for (PassRow& row : pass.rows) row.indices = draw(draw(0, 1) * (most - 1), most);
    const PassTiming timing{draw(2, 9), draw(1, 2)};
    const int pixels = draw(0, 3) == 0 ? draw(1, 8) : draw(1, 600);
    std::vector<std::int64_t> slots;
    for (const PassRow& row : pass.rows) slots.push_back(reference::slots_of({row.indices, 0}));
    const reference::PassShape shape{1, timing.psum_fifo_depth, timing.local_accumulators};
    const std::vector<std::vector<std::int64_t>> all(static_cast<std::size_t>(pixels), slots);
    const StreamTimes times = dense_stream_times(pass, pixels, timing);
    const reference::PassSplit split = reference::pass_split(all, shape);
    for (const int lane : {0, kLanes - 1}) {
      ASSERT_EQ(times.commit[lane], reference::pass_times(all, shape).cycles) << i;
      ASSERT_EQ(times.work[lane], split.work) << i;
      ASSERT_EQ(times.longest[lane],
                static_cast<std::int64_t>(pass.rows.size()) - 1 - split.fill_drain)
          << i;
      ASSERT_EQ(times.nonzeros[lane], 0) << i;
    }
  }
}

}  // namespace
}  // namespace lacuna::fast
