// Sizes at which the fast engine's narrow types would wrap: it must leave them in time.
#include <gtest/gtest.h>

#include "fast/stream_time.hpp"
#include "network/workload.hpp"
#include "run/simulate.hpp"

namespace lacuna {
namespace {

TEST(FastLimits, GivenAPassBeyond32BitsThenItsTimeIsExact) {
  // One row of 1,000 indices, 3,000,000 pixels: S M + (R-1) = 3 * 10^9.
  fast::PassRows pass;
  pass.rows.resize(1);
  pass.rows[0].indices = 1'000;
  EXPECT_FALSE(fast::fits_lanes(pass, 3'000'000));
  EXPECT_TRUE(fast::fits_lanes(pass, 1'000'000));
  const auto times = fast::dense_stream_times(pass, 3'000'000, {});
  EXPECT_EQ(times.commit[0], 3'000'000'000);
  EXPECT_EQ(times.work[fast::kLanes - 1], 3'000'000'000);
}

TEST(FastLimits, GivenSpansAround65536ThenNothingIsTakenForSkipped) {
  auto spec = arch::load_spec(std::string(LACUNA_SOURCE_DIR) + "/hw_configs/scalesim_ws.yaml",
                              {{"array.rows", "1024"},
                               {"array.cols", "1"},
                               {"array.weights_per_pe", "65"},
                               {"array.whole_folds", "false"},
                               {"weight_sram.banks", "1"},
                               {"zero_skipping", "skip"}});
  for (const std::int64_t k : {65'535, 65'536, 65'538}) {
    // The reader's limit is one side of 65,536: three window positions side by side make more.
    const std::int64_t side = k % 3 == 0 ? 3 : 1;
    network::WorkloadLayer layer;
    layer.layer.name = "a";
    layer.layer.in = {1, side, k / side};
    layer.layer.out = {1, 1, 1};
    layer.layer.window.kernel_w = static_cast<int>(side);
    network::Workload workload;
    workload.name = "w";
    workload.layers.push_back(layer);
    const auto job = run::workload_job(spec, workload, 1, 1);
    for (const auto kind : {run::EngineKind::kFast, run::EngineKind::kSystemc}) {
      const auto measured = run::simulate(job, kind);
      EXPECT_EQ(measured.layers[0].macs.issued, k) << k;
      EXPECT_EQ(measured.layers[0].macs.skipped, 0) << k;
      // Each activation once, and the output once more when it is stored to DRAM.
      EXPECT_EQ(measured.layers[0].activation_sram.reads, k + 1) << k;
    }
  }
}

}  // namespace
}  // namespace lacuna
