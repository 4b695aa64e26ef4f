// Runs for timing leave values out, and every cycle and access is as with them.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/error.hpp"
#include "exactness/fault_case.hpp"
#include "network/workload.hpp"
#include "run/simulate.hpp"
#include "share.hpp"

namespace lacuna {
namespace {

using arch::ZeroSkipping;
using run::EngineKind;

constexpr ZeroSkipping kPolicies[] = {ZeroSkipping::kNone, ZeroSkipping::kGate,
                                      ZeroSkipping::kSkip};

bool same(const measure::AccessCounts& a, const measure::AccessCounts& b) {
  return a.reads == b.reads && a.writes == b.writes;
}

/// What does not depend on which values are zero.
std::string what_differs(const run::Measurement& a, const run::Measurement& b) {
  if (a.batch_cycles != b.batch_cycles) return "cycles";
  if (a.setup != b.setup) return "set-up";
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    const measure::LayerCounters& x = a.layers[i];
    const measure::LayerCounters& y = b.layers.at(i);
    for (const measure::CycleClass& own : measure::kCycleClasses) {
      if (x.cycles.*own.member != y.cycles.*own.member) return own.name;
    }
    if (x.stream.work != y.stream.work || x.stream.imbalance != y.stream.imbalance) return "split";
    if (x.macs.total != y.macs.total) return "MACs";
    if (y.macs.issued + y.macs.gated + y.macs.skipped != y.macs.total) return "sum of MACs";
    if (!same(x.weight_sram, y.weight_sram) || !same(x.activation_sram, y.activation_sram) ||
        !same(x.bitmap, y.bitmap) || !same(x.accumulators, y.accumulators)) {
      return "accesses";
    }
    if (x.dram_read != y.dram_read || x.dram_written != y.dram_written) return "DRAM";
  }
  return "";
}

TEST(CyclesOnly, GivenAWorkloadThenAllButItsValuesIsAsWithThem) {
  const std::uint32_t seeds = test::case_count(3'000, 200, 30);
  std::uint32_t mapped = 0;
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    std::optional<run::Job> job;
    try {
      job = test::make_workload_case(seed);
    } catch (const base::InputError&) {
      continue;
    }
    ++mapped;
    for (const ZeroSkipping policy : kPolicies) {
      job->spec.zero_skipping = policy;
      job->timing = false;
      const run::Measurement full = run::simulate(*job, EngineKind::kFast);
      job->timing = true;
      const run::Measurement timing = run::simulate(*job, EngineKind::kFast);
      ASSERT_EQ(what_differs(full, timing), "")
          << "seed " << seed << " policy " << static_cast<int>(policy);
      ASSERT_EQ(timing.logits_sha256, "");
      for (std::size_t i = 0; i < full.layers.size(); ++i) {
        const measure::LayerCounters& own = timing.layers[i];
        if (policy == ZeroSkipping::kSkip) {  // the same operands
          ASSERT_EQ(own.macs.issued, full.layers[i].macs.issued) << "seed " << seed;
          ASSERT_EQ(own.input_nonzeros, full.layers[i].input_nonzeros) << "seed " << seed;
        } else if (policy == ZeroSkipping::kNone) {
          ASSERT_EQ(own.macs.issued, own.macs.total);
        }
      }
    }
  }
  EXPECT_GT(mapped, seeds / 2);
}

TEST(CyclesOnly, GivenANetworkThatSkipsNothingThenItsValuesAreLeftOut) {
  const std::uint32_t seeds = test::case_count(3'000, 200, 30);
  int mapped = 0;
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    auto c = test::make_fault_case(seed, 2, false);
    if (!c) continue;
    ++mapped;
    c->job.spec.zero_skipping = ZeroSkipping::kNone;
    const run::Measurement full = run::simulate(c->job, EngineKind::kFast);
    c->job.timing = true;
    const run::Measurement timing = run::simulate(c->job, EngineKind::kFast);
    ASSERT_EQ(what_differs(full, timing), "") << "seed " << seed;
    ASSERT_TRUE(timing.logits.empty());
    // Nothing is said of values that nobody looked at.
    ASSERT_EQ(timing.layers.front().input_values, 0);
  }
  EXPECT_GT(mapped, static_cast<int>(seeds / 2));
}

// One image of 10 x 10 x 1 with one pixel of padding around, 3 x 3 windows, 2 channels, all on an
// array of 16 x 16. Of the 9 x 100 x 2 products those with padding are 0 for certain: a window
// position off the centre misses 10 of the 100 pixels in each direction in which it is off, so
// 100 + 4 x 90 + 4 x 81 = 784 are inside, and of these a half is not 0.
TEST(CyclesOnly, GivenAMachineThatGatesThenMacsAreThoseExpected) {
  network::Workload workload = network::workload_from_bytes(
      "layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride,padding,density\n"
      "a,10,10,3,3,1,2,1,1,0.5\n",
      "w.csv");
  const auto spec = arch::load_spec(std::string(LACUNA_SOURCE_DIR) + "/hw_configs/edge_16x16.yaml",
                                    {{"zero_skipping", "gate"}});
  const run::Measurement timing =
      run::simulate(run::workload_job(spec, workload, 1, 1, {true}), EngineKind::kFast);
  EXPECT_EQ(timing.layers[0].macs.total, 1'800);
  EXPECT_EQ(timing.layers[0].macs.issued, 784);
  EXPECT_EQ(timing.layers[0].macs.gated, 1'800 - 784);
  EXPECT_EQ(timing.layers[0].input_values, 100);
  EXPECT_EQ(timing.layers[0].input_nonzeros, 50);
}

// Layer b reads what a writes, 9 x 4 values of 8 bits; c, whose input has another shape, does not.
// Alone, a moves 180 bytes of input, 80 of weights and 36 of output, b 36, 24 and 54, c 8, 12
// and 6.
TEST(CyclesOnly, GivenAChainThenWhatALayerHandsOnStaysOnChip) {
  const network::Workload workload = network::workload_from_bytes(
      "layer,M,N,K,density\na,9,4,20,0.5\nb,9,6,4,0.3\nc,2,3,4,0.7\n", "w.csv");
  for (const char* policy : {"none", "gate", "skip"}) {
    const auto spec =
        arch::load_spec(std::string(LACUNA_SOURCE_DIR) + "/hw_configs/edge_16x16.yaml",
                        {{"zero_skipping", policy},
                         {"precision.weight_bits", "8"},
                         {"precision.activation_bits", "8"},
                         {"weight_sram.capacity_bytes", "64"}});
    const run::Job alone = run::workload_job(spec, workload, 1, 1, {true, false});
    const run::Job chained = run::workload_job(spec, workload, 1, 1, {true, true});
    ASSERT_EQ(alone.parts.size(), 3U);
    ASSERT_EQ(chained.parts.size(), 2U);
    const run::Measurement a = run::simulate(alone, EngineKind::kFast);
    const run::Measurement b = run::simulate(chained, EngineKind::kFast);
    const auto moved = [](const run::Measurement& measured, std::size_t layer) {
      return (measured.layers[layer].dram_read + measured.layers[layer].dram_written).value;
    };
    EXPECT_EQ(moved(a, 0), 180 + 80 + 36);
    EXPECT_EQ(moved(a, 1), 36 + 24 + 54);
    EXPECT_EQ(moved(b, 0), 180 + 80);
    EXPECT_EQ(moved(b, 1), 24 + 54);
    EXPECT_EQ(moved(b, 2), 8 + 12 + 6);
    for (std::size_t layer = 0; layer < 3; ++layer) {
      EXPECT_EQ(a.layers[layer].macs.issued, b.layers[layer].macs.issued) << policy << layer;
      EXPECT_EQ(a.layers[layer].input_nonzeros, b.layers[layer].input_nonzeros) << policy << layer;
    }
    EXPECT_LT(b.batch_cycles[0], a.batch_cycles[0] + a.batch_cycles[1]) << policy;
    EXPECT_EQ(b.batch_cycles[1], a.batch_cycles[2]) << policy;
  }
}

// A fold of SCALE-Sim's machine takes 2R + C + M - 2 cycles (docs/timing.md): here one fold of
// 4,186,116 pixels, and 4,096 x 2 folds of one. No values of these fit a run.
TEST(CyclesOnly, GivenLayersOfRealSizeThenTheyRun) {
  const auto spec =
      arch::load_spec(std::string(LACUNA_SOURCE_DIR) + "/hw_configs/scalesim_ws.yaml");
  const network::Workload workload =
      network::workload_from_bytes("layer,M,N,K\npixels,4186116,32,9\nhead,1,131072,64\n", "w.csv");
  const run::Measurement timing =
      run::simulate(run::workload_job(spec, workload, 1, 1, {true}), EngineKind::kFast);
  EXPECT_EQ(timing.batch_cycles, (std::vector<std::int64_t>{2 * 32 + 32 + 4'186'116 - 2,
                                                            4'096 * 2 * (2 * 32 + 32 + 1 - 2)}));
  EXPECT_THROW(run::workload_job(spec, workload, 1, 1), base::InputError);
}

}  // namespace
}  // namespace lacuna
