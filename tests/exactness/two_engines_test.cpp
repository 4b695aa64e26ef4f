// The two engines share nothing of time and no kernel, so that their equality means something:
// logits, every cycle class, every counter and every fault's outcome, over random networks,
// machines, images and fault plans. LACUNA_FULL=1 runs many more cases; a failure prints its seed
// after it has looked for the smallest case that still fails.
#include <gtest/gtest.h>

#include <string>

#include "base/error.hpp"
#include "exactness/fault_case.hpp"
#include "fast/weight_reads.hpp"
#include "run/simulate.hpp"
#include "share.hpp"

namespace lacuna {
namespace {

std::uint32_t engine_cases() { return test::case_count(40'000, 2'600, 200); }

using test::difference;

std::string run_both(const run::Job& job) {
  return difference(run::simulate(job, run::EngineKind::kSystemc),
                    run::simulate(job, run::EngineKind::kFast));
}

// Fewer images, then fewer faults, as long as it still fails.
std::string shrink(std::uint32_t seed, std::int64_t batches) {
  std::string text = "seed " + std::to_string(seed);
  if (batches > 1) {
    const auto one = test::make_fault_case(seed, 1, true);
    if (one && !run_both(one->job).empty()) {
      batches = 1;
      text += ", one batch is enough";
    }
  }
  auto c = test::make_fault_case(seed, batches, true);
  for (std::size_t f = c->job.plan.faults.size(); f-- > 0;) {
    run::Job fewer = c->job;
    fewer.plan.faults.erase(fewer.plan.faults.begin() + static_cast<std::ptrdiff_t>(f));
    if (!run_both(fewer).empty()) c->job = fewer;
  }
  text += ", " + std::to_string(c->job.plan.faults.size()) + " faults needed: " + run_both(c->job);
  return text;
}

TEST(TwoEngines, GivenAnyCaseThenEveryFigureIsEqual) {
  int run = 0;
  int refetching = 0;
  int fired = 0;
  int groups_or_halo = 0;
  int many_lanes = 0;
  mapping::testing::LayerKinds kinds;
  for (std::uint32_t seed = 100'000; seed < 100'000 + engine_cases(); ++seed) {
    // One batch takes one vector lane; two and more a group of lanes; 17 a second group.
    const std::int64_t batches = seed % 8 == 0 ? 17 : seed % 2 == 0 ? 1 : 3;
    const auto c = test::make_fault_case(seed, batches, true);
    if (!c) continue;
    ++run;
    const auto systemc = run::simulate(c->job, run::EngineKind::kSystemc);
    const auto fast = run::simulate(c->job, run::EngineKind::kFast);
    const std::string what = difference(systemc, fast);
    ASSERT_EQ(what, "") << shrink(seed, batches);

    const run::Part& part = c->job.parts.front();
    kinds.count(part.network);
    refetching += part.schedule->weights_resident ? 0 : 1;
    many_lanes += batches > 1 ? 1 : 0;
    bool structured = false;
    for (const network::Layer& layer : part.network.layers) {
      structured = structured || layer.groups > 1 ||
                   (layer.is_gemm() && layer.window.kernel_h > layer.window.stride_h);
    }
    groups_or_halo += structured ? 1 : 0;
    bool any = false;
    for (const measure::FaultOutcome& outcome : fast.faults) any = any || outcome.reads_changed > 0;
    fired += any ? 1 : 0;
  }
  EXPECT_GE(run, static_cast<int>(engine_cases()) * 2 / 3);
  EXPECT_GT(refetching, run / 3);
  EXPECT_GT(fired, run / 3);
  EXPECT_GT(groups_or_halo, run / 3);
  EXPECT_GT(many_lanes, run / 3);
  EXPECT_GT(kinds.average_pools, run / 5);
  EXPECT_GT(kinds.residuals, run / 5);
  EXPECT_GT(kinds.thresholds, run / 5);
  EXPECT_GT(kinds.slices, run / 20);
  EXPECT_GT(kinds.kept_sums, run / 20);
}

// Faults of another memory must not be armed in the weights.
TEST(TwoEngines, GivenAFaultInAnotherMemoryThenTheReplayOfWeightsRefusesIt) {
  auto c = test::make_fault_case(100'000, 1, false);
  ASSERT_TRUE(c);
  fault::Fault fault;
  fault.memory = fault::MemoryId::kActivationSram;
  c->job.plan.faults.push_back(fault);
  EXPECT_THROW(
      {
        const schedule::ResidencyMap residency(*c->job.parts.front().schedule,
                                               c->job.parts.front().network, c->job.spec);
        fast::replay_faulty_cells(residency, *c->job.parts.front().schedule,
                                  c->job.parts.front().network, c->job.spec, c->job.plan);
      },
      base::InternalError);
}

}  // namespace
}  // namespace lacuna
