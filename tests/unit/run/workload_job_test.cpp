// Layers of a workload: which share a schedule, and what they are run on.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "network/workload.hpp"
#include "run/job.hpp"
#include "run/simulate.hpp"

namespace lacuna::run {
namespace {

network::Workload rows(const std::string& text) {
  return network::workload_from_bytes(
      "layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride,padding,density\n" + text,
      "w.csv");
}

arch::AcceleratorSpec machine() {
  return arch::load_spec(LACUNA_SOURCE_DIR "/hw_configs/edge_16x16.yaml",
                         {{"weight_sram.capacity_bytes", "512"}, {"zero_skipping", "gate"}});
}

const std::string kPoint = "a,8,8,1,1,16,16,1,0,0.5\n";
const std::string kWindow = "b,8,8,3,3,16,16,1,1,0.5\n";

TEST(WorkloadJob, GivenLayersThatAreAlikeThenTheyShareASchedule) {
  const Job job = workload_job(machine(), rows(kPoint + kWindow + kPoint), 1, 1, {true});
  ASSERT_EQ(job.parts.size(), 3U);
  EXPECT_EQ(job.parts[0].schedule, job.parts[2].schedule);
  // Its maps have the same shapes, and its windows have not.
  EXPECT_NE(job.parts[0].schedule, job.parts[1].schedule);
  EXPECT_EQ(job.parts[1].step_offset,
            static_cast<std::int64_t>(job.parts[0].schedule->steps.size()));

  const auto cycles = [](const Job& own) { return simulate(own, EngineKind::kFast).batch_cycles; };
  const std::vector<std::int64_t> together = cycles(job);
  EXPECT_EQ(together[1], cycles(workload_job(machine(), rows(kWindow), 1, 1, {true}))[0]);
}

// Image b is the one that a batch of one has with seed + b.
TEST(WorkloadJob, GivenABatchThenEachImageIsAnotherDraw) {
  const Job pair = workload_job(machine(), rows(kPoint), 5, 2);
  const Part both = with_operands(pair.parts[0]);
  ASSERT_EQ(both.images.size(), 2U);
  EXPECT_NE(both.images[0], both.images[1]);
  for (std::size_t image = 0; image < 2; ++image) {
    const Job one = workload_job(machine(), rows(kPoint), 5 + image, 1);
    EXPECT_EQ(with_operands(one.parts[0]).images[0], both.images[image]);
  }
}

}  // namespace
}  // namespace lacuna::run
