// Every memory, every kind of fault and every time on both engines: they share what a cell answers,
// and nothing of when it is asked. LACUNA_FULL=1 runs 2,000 cases a memory.
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "base/error.hpp"
#include "exactness/fault_case.hpp"
#include "mapping/timeline.hpp"
#include "run/simulate.hpp"
#include "share.hpp"

namespace lacuna {
namespace {

using fault::Fault;
using fault::MemoryGeometry;
using memory::MemoryId;

/// Words of a memory that the job's schedule uses.
std::int64_t used_words(const run::Job& job, const MemoryGeometry& memory) {
  const schedule::Schedule& schedule = job.parts.front().schedule;
  switch (memory.memory) {
    case MemoryId::kWeightSram:
      return schedule.weight_words;
    case MemoryId::kActivationSram:
      return base::ceil_div(schedule.activation_slots, job.spec.activations_per_word());
    case MemoryId::kActivationBitmap:
      return base::ceil_div(schedule.activation_slots, std::int64_t{memory.word_bits});
    case MemoryId::kAccumulatorSram:
      return schedule.accumulator_entries * memory.banks;
    default:
      return memory.words;
  }
}

class Draw {
 public:
  explicit Draw(std::uint32_t seed) : random_(seed) {}
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }

 private:
  std::mt19937 random_;
};

/// Some faults of one memory; how many of them are upsets at a cycle.
int add_memory_faults(run::Job& job, MemoryId id, std::uint32_t seed) {
  const MemoryGeometry memory = run::memories(job)[id];
  Draw draw(seed * 7 + 3);
  const run::Part& part = job.parts.front();
  const std::int64_t cycles =
      mapping::estimate_dense(part.schedule, part.network, job.spec).cycles.value;
  const std::int64_t words = std::min(memory.words, used_words(job, memory) + 1);
  const bool registers = id == MemoryId::kPeAccumulators || id == MemoryId::kPsumFifos;
  std::set<std::int64_t> permanent;
  int by_cycle = 0;
  for (std::int64_t left = 1 + draw.below(24); left > 0; --left) {
    const std::int64_t word = draw.below(words);
    Fault fault;
    fault.memory = id;
    fault.cell = {word % memory.banks, word / memory.banks, draw.below(memory.word_bits)};
    const std::int64_t time = draw.below(10);
    if (time < 4) {
      fault.cycle = draw.below(cycles + 1);
      if (draw.below(4) == 0) fault.batch = static_cast<std::int32_t>(draw.below(2));
      ++by_cycle;
    } else if (time < 5 && !registers && !part.remainder) {
      fault.step = draw.below(job.steps());
    } else {
      const auto kinds = memory::fault_kinds(memory::kPermanently | memory::kInWindow, true);
      fault.kind =
          kinds[static_cast<std::size_t>(draw.below(static_cast<std::int64_t>(kinds.size())))];
      fault.probability = 0.4F;
      if (time < 7) {
        fault.cycle = draw.below(cycles + 1);
        fault.until = fault.cycle + 1 + draw.below(cycles);
      } else if (!permanent.insert(word * memory.word_bits + fault.cell.bit).second) {
        continue;
      }
    }
    job.plan.faults.push_back(fault);
  }
  job.plan.seed = seed;
  return by_cycle;
}

/// Fewer faults, as long as the engines differ.
std::string fewest_faults(const run::Job& whole) {
  run::Job job = whole;
  const auto differ = [](const run::Job& own) {
    return test::difference(run::simulate(own, run::EngineKind::kSystemc),
                            run::simulate(own, run::EngineKind::kFast));
  };
  for (std::size_t f = job.plan.faults.size(); f-- > 0;) {
    run::Job fewer = job;
    fewer.plan.faults.erase(fewer.plan.faults.begin() + static_cast<std::ptrdiff_t>(f));
    if (!differ(fewer).empty()) job = fewer;
  }
  std::string text = differ(job) + ":";
  for (const Fault& fault : job.plan.faults) {
    text += std::string(" [") + memory::fault_kind_name(fault.kind) + " bank " +
            std::to_string(fault.cell.bank) + " row " + std::to_string(fault.cell.row) + " bit " +
            std::to_string(fault.cell.bit) + " step " + std::to_string(fault.step) + " cycle " +
            std::to_string(fault.cycle) + " until " + std::to_string(fault.until) + " batch " +
            std::to_string(fault.batch) + "]";
  }
  return text;
}

class Memories : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Memories, GivenFaultsOfAnyKindAtAnyTimeThenBothEnginesAgree) {
  const memory::MemoryKind& kind = memory::kMemories[GetParam()];
  const auto cases = static_cast<int>(test::case_count(2000, 130, 25));
  int run = 0;
  int fired = 0;
  int changed = 0;
  int by_cycle = 0;
  int refetching = 0;
  int structured = 0;
  std::set<arch::ZeroSkipping> policies;
  // A third of the machines have a bitmap, one network in ten has tables.
  for (std::uint32_t seed = 500'000; run < cases; ++seed) {
    ASSERT_LT(seed, 500'000U + 20U * static_cast<std::uint32_t>(cases));
    auto c = test::make_fault_case(seed, seed % 4 == 0 ? 3 : 1, false);
    if (!c || !run::memories(c->job).has(kind.id)) continue;
    ++run;
    by_cycle += add_memory_faults(c->job, kind.id, seed) > 0 ? 1 : 0;
    const run::Measurement systemc = run::simulate(c->job, run::EngineKind::kSystemc);
    const run::Measurement fast = run::simulate(c->job, run::EngineKind::kFast);
    ASSERT_EQ(test::difference(systemc, fast), "")
        << "seed " << seed << " " << fewest_faults(c->job);
    bool any = false;
    for (const measure::FaultOutcome& outcome : fast.faults) any = any || outcome.reads_changed > 0;
    fired += any ? 1 : 0;
    const run::Measurement golden =
        run::simulate(c->job, fault::FaultPlan{}, run::EngineKind::kFast);
    changed +=
        golden.logits_sha256 != fast.logits_sha256 || golden.batch_cycles != fast.batch_cycles ? 1
                                                                                               : 0;
    const run::Part& part = c->job.parts.front();
    refetching += part.schedule.weights_resident ? 0 : 1;
    bool halo = false;
    for (const network::Layer& layer : part.network.layers) {
      halo = halo || layer.groups > 1 ||
             (layer.is_gemm() && layer.window.kernel_h > layer.window.stride_h);
    }
    structured += halo ? 1 : 0;
    policies.insert(c->job.spec.zero_skipping);
  }
  EXPECT_GT(fired, run / 2);
  EXPECT_GT(changed, run / 4);
  EXPECT_GT(by_cycle, run / 3);
  EXPECT_GT(refetching, run / 3);
  EXPECT_GT(structured, run / 3);
  EXPECT_EQ(policies.size(), kind.id == MemoryId::kActivationBitmap ? 1U : 3U);
}

INSTANTIATE_TEST_SUITE_P(Each, Memories, ::testing::Range<std::size_t>(0, memory::kMemoryCount),
                         [](const auto& own) { return memory::kMemories[own.param].name; });

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
