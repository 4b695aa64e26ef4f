// Every memory, every kind of fault and every time on both engines: they share what a cell answers,
// and nothing of when it is asked. LACUNA_FULL=1 runs 2,000 cases a memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/error.hpp"
#include "exactness/fault_case.hpp"
#include "run/simulate.hpp"
#include "share.hpp"

namespace lacuna {
namespace {

using fault::Fault;
using memory::MemoryId;

std::string engines_differ(const run::Job& job) {
  return test::difference(run::simulate(job, run::EngineKind::kSystemc),
                          run::simulate(job, run::EngineKind::kFast));
}

class Memories : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Memories, GivenFaultsOfAnyKindAtAnyTimeThenBothEnginesAgree) {
  const memory::MemoryKind& kind = memory::kMemories[GetParam()];
  const auto cases = static_cast<int>(test::case_count(2000, 130, 25));
  test::MemoryCoverage seen;
  // A third of the machines have a bitmap, one network in ten has tables.
  for (std::uint32_t seed = 500'000; seen.run < cases; ++seed) {
    ASSERT_LT(seed, 500'000U + 20U * static_cast<std::uint32_t>(cases));
    auto c = test::make_fault_case(seed, seed % 4 == 0 ? 3 : 1, false);
    if (!c || !run::memories(c->job).has(kind.id)) continue;
    const int by_cycle = test::add_memory_faults(c->job, kind.id, seed);
    const run::Measurement systemc = run::simulate(c->job, run::EngineKind::kSystemc);
    const run::Measurement fast = run::simulate(c->job, run::EngineKind::kFast);
    ASSERT_EQ(test::difference(systemc, fast), "")
        << "seed " << seed << " " << test::fewest_faults(c->job, engines_differ);
    seen.count(c->job, fast, by_cycle);
  }
  seen.expect_floors(kind.id);
}

INSTANTIATE_TEST_SUITE_P(Each, Memories, ::testing::Range<std::size_t>(0, memory::kMemoryCount),
                         [](const auto& own) { return memory::kMemories[own.param].name; });

// Lasting faults of values, alone and with those of weights: batches are computed side by side.
TEST(Memories, GivenLastingFaultsOfValuesThenBothEnginesAgree) {
  const std::uint32_t cases = test::case_count(6'000, 500, 60);
  int run = 0;
  int fired = 0;
  int changed = 0;
  // One layer of the last reads a map through its windows and beside its sums, from two regions.
  constexpr std::uint32_t kTwice = 800'820;
  for (std::uint32_t next = 0; next <= cases; ++next) {
    const std::uint32_t seed = next < cases ? 800'000 + next : kTwice;
    auto c = test::make_fault_case(seed, seed % 3 == 0 ? 19 : 1 + seed % 2, seed % 4 == 0);
    if (!c) continue;
    const run::Measurement golden = run::simulate(c->job, run::EngineKind::kFast);
    const std::size_t first = c->job.plan.faults.size();
    test::add_memory_faults(c->job, MemoryId::kActivationSram, seed);
    auto& faults = c->job.plan.faults;
    faults.erase(std::remove_if(faults.begin() + static_cast<std::ptrdiff_t>(first), faults.end(),
                                [](const Fault& fault) {
                                  return !fault.is_permanent() ||
                                         fault.kind == memory::FaultKind::kReadDisturb;
                                }),
                 faults.end());
    if (faults.size() == first) continue;
    ++run;
    const run::Measurement fast = run::simulate(c->job, run::EngineKind::kFast);
    ASSERT_EQ(test::difference(run::simulate(c->job, run::EngineKind::kSystemc), fast), "")
        << "seed " << seed << " " << test::fewest_faults(c->job, engines_differ);
    fired += fast.faults.back().reads_changed > 0 ? 1 : 0;
    changed += fast.logits_sha256 != golden.logits_sha256 ? 1 : 0;
  }
  if (cases < test::kEnoughForShares) return;
  EXPECT_GT(run, static_cast<int>(cases) / 4);
  EXPECT_GT(fired, run / 4);
  EXPECT_GT(changed, run / 4);
}

// Armed faults that no read meets change nothing, and the walk over all accesses gives what the
// kernels give.
TEST(Memories, GivenFaultsThatNobodyReadsThenNothingChanges) {
  const std::uint32_t cases = test::case_count(600, 120, 30);
  int run = 0;
  for (std::uint32_t seed = 700'000; seed < 700'000 + cases; ++seed) {
    auto c = test::make_fault_case(seed, seed % 3 == 0 ? 3 : 1, false);
    if (!c) continue;
    ++run;
    const run::Measurement golden = run::simulate(c->job, run::EngineKind::kFast);
    Fault fault;
    fault.memory = MemoryId::kPeAccumulators;
    fault.cycle = 0;
    fault.batch = 1'000'000;
    c->job.plan.faults.push_back(fault);
    for (const auto kind : {run::EngineKind::kFast, run::EngineKind::kSystemc}) {
      run::Measurement armed = run::simulate(c->job, kind);
      EXPECT_EQ(armed.faults.front().reads_changed, 0);
      armed.faults.clear();
      ASSERT_EQ(test::difference(golden, armed), "") << "seed " << seed;
    }
  }
  EXPECT_GT(run, static_cast<int>(cases) / 2);
}

}  // namespace
}  // namespace lacuna
