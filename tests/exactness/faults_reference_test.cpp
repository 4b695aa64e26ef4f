// Faults of every memory, kind and time: the fast engine, which equals the SystemC engine
// (memories_test.cpp), against an evaluation access by access that shares neither what a cell
// answers nor when it is asked. LACUNA_FULL=1 runs 2,000 cases a memory; a failure prints its seed
// and the faults that are needed.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "base/error.hpp"
#include "exactness/fault_case.hpp"
#include "exactness/naive_run.hpp"
#include "share.hpp"

namespace lacuna {
namespace {

/// Of fewer cases nothing is asked of their shares.
constexpr int kFew = 40;

std::string differs_from_naive(const run::Job& job) {
  return test::difference_from_naive(test::run_naively(job),
                                     run::simulate(job, run::EngineKind::kFast));
}

class FaultsReference : public ::testing::TestWithParam<std::size_t> {};

TEST_P(FaultsReference, GivenFaultsOfAnyKindAtAnyTimeThenValuesCyclesAndOutcomesAreEqual) {
  const memory::MemoryKind& kind = memory::kMemories[GetParam()];
  const auto cases = static_cast<int>(test::case_count(2000, 100, 15));
  test::MemoryCoverage seen;
  for (std::uint32_t seed = 900'000; seen.run < cases; ++seed) {
    ASSERT_LT(seed, 900'000U + 20U * static_cast<std::uint32_t>(cases));
    auto c = test::make_fault_case(seed, seed % 4 == 0 ? 3 : 1, false);
    if (!c || !run::memories(c->job).has(kind.id)) continue;
    const int by_cycle = test::add_memory_faults(c->job, kind.id, seed);
    const run::Measurement naive = test::run_naively(c->job);
    const run::Measurement fast = run::simulate(c->job, run::EngineKind::kFast);
    ASSERT_EQ(test::difference_from_naive(naive, fast), "")
        << "seed " << seed << " " << test::fewest_faults(c->job, differs_from_naive);
    seen.count(c->job, naive, by_cycle);
  }
  EXPECT_GT(seen.fired, 0);
  if (cases < kFew) return;
  seen.expect_floors(kind.id);
  // Nothing writes lookup tables, and most writes of a weight SRAM that holds all are before time
  // 0.
  const bool written = kind.id != memory::MemoryId::kLookupTables;
  EXPECT_GE(seen.overwritten, written ? seen.run / 50 : 0);
}

INSTANTIATE_TEST_SUITE_P(Each, FaultsReference,
                         ::testing::Range<std::size_t>(0, memory::kMemoryCount),
                         [](const auto& own) { return memory::kMemories[own.param].name; });

// Each layer of a workload, which has no lookup tables, begins at cycle 0 as after set-up; steps
// are numbered through all of them.
class WorkloadFaultsReference : public FaultsReference {};

TEST_P(WorkloadFaultsReference, GivenAWorkloadThenEachLayerHasItsOwnTime) {
  const memory::MemoryKind& kind = memory::kMemories[GetParam()];
  const auto cases = static_cast<int>(test::case_count(600, 40, 10));
  int run = 0;
  int fired = 0;
  for (std::uint32_t seed = 950'000; run < cases; ++seed) {
    ASSERT_LT(seed, 950'000U + 20U * static_cast<std::uint32_t>(cases));
    std::optional<run::Job> job;
    try {
      job = test::make_workload_case(seed);
    } catch (const base::InputError&) {
      continue;
    }
    if (!run::memories(*job).has(kind.id)) continue;
    ++run;
    test::add_memory_faults(*job, kind.id, seed);
    const run::Measurement naive = test::run_naively(*job);
    ASSERT_EQ(test::difference_from_naive(naive, run::simulate(*job, run::EngineKind::kFast)), "")
        << "seed " << seed << " " << test::fewest_faults(*job, differs_from_naive);
    fired += std::any_of(naive.faults.begin(), naive.faults.end(),
                         [](const auto& outcome) { return outcome.reads_changed > 0; })
                 ? 1
                 : 0;
  }
  EXPECT_GT(fired, 0);
  if (cases < kFew) return;
  EXPECT_GT(fired, run / 2);
}

// Lookup tables are the last.
static_assert(memory::kMemories.back().id == memory::MemoryId::kLookupTables);
INSTANTIATE_TEST_SUITE_P(Each, WorkloadFaultsReference,
                         ::testing::Range<std::size_t>(0, memory::kMemoryCount - 1),
                         [](const auto& own) { return memory::kMemories[own.param].name; });

}  // namespace
}  // namespace lacuna
