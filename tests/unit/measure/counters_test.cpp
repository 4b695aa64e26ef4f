#include "measure/counters.hpp"

#include <gtest/gtest.h>

namespace lacuna::measure {
namespace {

TEST(LayerCounters, WhenTwoAreAddedThenEveryFieldIsTheSum) {
  LayerCounters a;
  std::int64_t next = 1;
  for (base::Cycles* cycles :
       {&a.cycles.stream, &a.cycles.weight_load, &a.cycles.memory_wait, &a.cycles.post_wait,
        &a.cycles.idle, &a.stream.work, &a.stream.imbalance, &a.stream.fill_drain}) {
    *cycles = base::Cycles{next++};
  }
  a.macs = {10, 11, 12, 13};
  a.weight_sram = {14, 15};
  a.activation_sram = {16, 17};
  a.bitmap = {18, 19};
  a.accumulators = {20, 21};
  a.dram_read = base::Bytes{22};
  a.dram_written = base::Bytes{23};
  a.input_values = 24;
  a.input_nonzeros = 25;
  const LayerCounters b = a;
  a += b;

  // 1 + 2 + 3 + 4 + 5, twice
  EXPECT_EQ(a.cycles.total(), base::Cycles{30});
  EXPECT_EQ(a.cycles.stream, base::Cycles{2});
  EXPECT_EQ(a.cycles.weight_load, base::Cycles{4});
  EXPECT_EQ(a.cycles.memory_wait, base::Cycles{6});
  EXPECT_EQ(a.cycles.post_wait, base::Cycles{8});
  EXPECT_EQ(a.cycles.idle, base::Cycles{10});
  EXPECT_EQ(a.stream.work, base::Cycles{12});
  EXPECT_EQ(a.stream.imbalance, base::Cycles{14});
  EXPECT_EQ(a.stream.fill_drain, base::Cycles{16});
  EXPECT_EQ(a.macs.total, 20);
  EXPECT_EQ(a.macs.issued, 22);
  EXPECT_EQ(a.macs.gated, 24);
  EXPECT_EQ(a.macs.skipped, 26);
  EXPECT_EQ(a.weight_sram.reads, 28);
  EXPECT_EQ(a.weight_sram.writes, 30);
  EXPECT_EQ(a.activation_sram.reads, 32);
  EXPECT_EQ(a.activation_sram.writes, 34);
  EXPECT_EQ(a.bitmap.reads, 36);
  EXPECT_EQ(a.bitmap.writes, 38);
  EXPECT_EQ(a.accumulators.reads, 40);
  EXPECT_EQ(a.accumulators.writes, 42);
  EXPECT_EQ(a.dram_read, base::Bytes{44});
  EXPECT_EQ(a.dram_written, base::Bytes{46});
  EXPECT_EQ(a.input_values, 48);
  EXPECT_EQ(a.input_nonzeros, 50);
}

}  // namespace
}  // namespace lacuna::measure
