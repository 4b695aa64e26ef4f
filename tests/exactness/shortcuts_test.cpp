// The exact shortcuts: with any of them left out, results are those of a whole run, over random
// networks, machines, images and fault plans. LACUNA_FULL=1 runs many more cases.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "exactness/fault_case.hpp"
#include "network/data_set.hpp"
#include "run/load.hpp"
#include "run/repeated_run.hpp"
#include "share.hpp"
#include "unit/network/stack.hpp"

namespace lacuna {
namespace {

std::uint32_t shortcut_cases() { return test::case_count(20'000, 1'000, 150); }

fast::Shortcuts combination(unsigned bits) {
  return {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
}

struct Used {
  int run = 0;
  int refetching = 0;
  int changed = 0;
  int residency = 0;
  int prefix = 0;
  int channel = 0;
  int early_stop = 0;
  mapping::testing::LayerKinds kinds{};
};

void expect_same(const run::Job& job, std::uint32_t seed, Used& used) {
  const run::RepeatedRun repeated(job);
  ASSERT_TRUE(repeated.keeps_values()) << "seed " << seed;
  // Twice, other faults first: nothing of a plan may stay behind.
  const run::Measurement whole = run::simulate(job, run::EngineKind::kFast);
  std::int64_t macs = 0;
  for (const measure::LayerCounters& layer : whole.layers) macs += layer.macs.total;
  for (unsigned bits = 0; bits < 16; ++bits) {
    const run::PlanOutcome outcome = repeated.run(job.plan, combination(bits));
    ASSERT_EQ(outcome.logits, whole.logits) << "seed " << seed << ", shortcuts " << bits;
    ASSERT_EQ(outcome.cycles, whole.batch_cycles) << "seed " << seed << ", shortcuts " << bits;
    for (std::size_t f = 0; f < whole.faults.size(); ++f) {
      ASSERT_EQ(outcome.faults[f].reads_changed, whole.faults[f].reads_changed)
          << "seed " << seed << ", shortcuts " << bits << ", fault " << f;
      ASSERT_EQ(outcome.faults[f].overwritten, whole.faults[f].overwritten)
          << "seed " << seed << ", shortcuts " << bits << ", fault " << f;
    }
    // Nothing of the work is lost or counted twice, and what is left out saves nothing.
    const fast::Savings& saved = outcome.savings;
    ASSERT_EQ(saved.total(), macs) << "seed " << seed << ", shortcuts " << bits;
    ASSERT_TRUE((bits & 1) != 0 || saved.residency == 0);
    ASSERT_TRUE((bits & 2) != 0 || saved.prefix == 0);
    ASSERT_TRUE((bits & 4) != 0 || saved.channel == 0);
    ASSERT_TRUE((bits & 8) != 0 || saved.early_stop == 0);
    if (bits != 15) continue;
    used.residency += saved.residency > 0 ? 1 : 0;
    used.prefix += saved.prefix > 0 ? 1 : 0;
    used.channel += saved.channel > 0 ? 1 : 0;
    used.early_stop += saved.early_stop > 0 ? 1 : 0;
  }
  used.changed += whole.logits != repeated.golden().logits ? 1 : 0;
}

TEST(Shortcuts, GivenAnyOfThemThenResultsAreThoseOfAWholeRun) {
  Used used;
  for (std::uint32_t seed = 500'000; seed < 500'000 + shortcut_cases(); ++seed) {
    auto c = test::make_fault_case(seed, seed % 8 == 0 ? 17 : 1 + seed % 3, true);
    if (!c) continue;
    c->job.parts.front().network.layers.back().report_sums = false;
    // Few faults, so that the engine does not choose to run the plan in full.
    const std::size_t most = seed % 4 == 0 ? 16 : 1 + seed % 2;
    if (c->job.plan.faults.size() > most) c->job.plan.faults.resize(most);
    ++used.run;
    used.kinds.count(c->job.parts.front().network);
    used.refetching += c->job.parts.front().schedule->weights_resident ? 0 : 1;
    expect_same(c->job, seed, used);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(used.run, static_cast<int>(shortcut_cases()) / 4);
  std::printf("%d cases: %d fetch again, %d change logits, %d/%d/%d/%d used each shortcut\n",
              used.run, used.refetching, used.changed, used.residency, used.prefix, used.channel,
              used.early_stop);
  if (shortcut_cases() < test::kEnoughForShares) return;
  EXPECT_GT(used.refetching, used.run / 3);
  EXPECT_GT(used.changed, used.run / 5);
  EXPECT_GT(used.residency, used.run / 10);
  EXPECT_GT(used.prefix, used.run / 10);
  EXPECT_GT(used.channel, used.run / 5);
  EXPECT_GT(used.early_stop, used.run / 20);
  EXPECT_GT(used.kinds.average_pools, used.run / 6);
  EXPECT_GT(used.kinds.residuals, used.run / 5);
  EXPECT_GT(used.kinds.thresholds, used.run / 5);
  EXPECT_GT(used.kinds.slices, used.run / 20);
  EXPECT_GT(used.kinds.kept_sums, used.run / 20);
}

/// What random strikes have had.
struct Strikes {
  int run = 0;
  int evaluated = 0;  ///< without a walk over the batch
  int fired = 0;
  int overwritten = 0;
  int logits = 0;  ///< that change
  int cycles = 0;
};

class RandomStrikes : public ::testing::TestWithParam<std::size_t> {};

TEST_P(RandomStrikes, GivenAStrikeThenResultsAreThoseOfAWalkOverItsBatch) {
  const memory::MemoryKind& kind = memory::kMemories[GetParam()];
  const auto jobs = static_cast<int>(test::case_count(1'000, 60, 8));
  constexpr std::uint32_t kStrikesAJob = 24;
  Strikes seen;
  int done = 0;
  for (std::uint32_t seed = 900'000; done < jobs; ++seed) {
    ASSERT_LT(seed, 900'000U + 20U * static_cast<std::uint32_t>(jobs));
    auto c = test::make_fault_case(seed, seed % 3 == 0 ? 3 : 1, false);
    if (!c || !run::memories(c->job).has(kind.id)) continue;
    c->job.parts.front().network.layers.back().report_sums = false;
    const run::RepeatedRun repeated(c->job);
    ASSERT_TRUE(repeated.keeps_values()) << "seed " << seed;
    ++done;
    for (std::uint32_t strike = 0; strike < kStrikesAJob; ++strike) {
      fault::FaultPlan plan;
      plan.faults = test::draw_strike(c->job, kind.id, seed * kStrikesAJob + strike);
      c->job.plan = plan;
      const std::string what =
          "seed " + std::to_string(seed) +
          test::fewest_faults(c->job, [](const run::Job&) { return std::string(); });
      const run::PlanOutcome walked = repeated.run(plan, {false, true, true, true});
      const run::PlanOutcome struck = repeated.run(plan);
      ASSERT_EQ(struck.logits, walked.logits) << what;
      ASSERT_EQ(struck.cycles, walked.cycles) << what;
      ASSERT_EQ(struck.fates, walked.fates) << what;
      for (std::size_t f = 0; f < plan.faults.size(); ++f) {
        ASSERT_EQ(struck.faults[f].reads_changed, walked.faults[f].reads_changed) << what << f;
        ASSERT_EQ(struck.faults[f].overwritten, walked.faults[f].overwritten) << what << f;
      }
      ASSERT_EQ(struck.savings.total(), walked.savings.total()) << what;
      ++seen.run;
      seen.evaluated += struck.savings.computed < walked.savings.computed ? 1 : 0;
      seen.fired += struck.faults.front().reads_changed > 0 ? 1 : 0;
      seen.overwritten += struck.faults.front().overwritten ? 1 : 0;
      seen.logits += struck.logits != repeated.golden().logits ? 1 : 0;
      seen.cycles += struck.cycles != repeated.golden().cycles ? 1 : 0;
    }
  }
  std::printf(
      "%d strikes: %d without a walk, %d fire, %d overwritten, %d change outputs, %d cycles\n",
      seen.run, seen.evaluated, seen.fired, seen.overwritten, seen.logits, seen.cycles);
  if (jobs < 60 || kind.id == memory::MemoryId::kLookupTables) return;
  EXPECT_GT(seen.evaluated, seen.run / 2);
  EXPECT_GT(seen.fired, seen.run / 20);
  EXPECT_GT(seen.overwritten, seen.run / 20);
  EXPECT_GT(seen.logits + seen.cycles, seen.run / 50);
}

INSTANTIATE_TEST_SUITE_P(Each, RandomStrikes,
                         ::testing::Range<std::size_t>(0, memory::kMemoryCount),
                         [](const auto& own) { return memory::kMemories[own.param].name; });

// High bits of sums in the PEs reach outputs, and so the zeros of later layers and their streams.
TEST(StrikeShortcuts, GivenAShippedNetworkThenStreamsOfLaterLayersTakeTheTimeOfTheWalk) {
  constexpr std::int64_t kImages = 4;
  const std::string root = LACUNA_SOURCE_DIR;
  const std::vector<run::Model> models =
      run::load_models({root + "/models/lenet5_as"}, network::kDefaultDataDir, kImages);
  const run::Job job =
      run::model_job(arch::load_spec(root + "/hw_configs/edge_16x16.yaml"), models.front(), 1);
  const run::RepeatedRun repeated(job);
  const fault::MemoryGeometry memory = run::memories(job)[memory::MemoryId::kPeAccumulators];
  std::mt19937 random(7);
  const auto draw = [&](std::int64_t below) {
    return std::uniform_int_distribution<std::int64_t>(0, below - 1)(random);
  };
  int changed = 0;
  for (int strike = 0; strike < 500; ++strike) {
    fault::Fault fault;
    fault.memory = memory::MemoryId::kPeAccumulators;
    const std::int64_t word = draw(memory.words);
    fault.cell = {word % memory.banks, word / memory.banks, 8 + draw(24)};
    fault.batch = static_cast<std::int32_t>(draw(kImages));
    fault.cycle = draw(repeated.golden().cycles[static_cast<std::size_t>(fault.batch)] / 2);
    fault::FaultPlan plan;
    plan.faults.push_back(fault);
    const run::PlanOutcome walked = repeated.run(plan, {false, true, true, true});
    const run::PlanOutcome struck = repeated.run(plan);
    ASSERT_EQ(struck.logits, walked.logits) << strike;
    ASSERT_EQ(struck.cycles, walked.cycles) << strike;
    ASSERT_EQ(struck.fates, walked.fates) << strike;
    changed += struck.cycles != repeated.golden().cycles ? 1 : 0;
  }
  EXPECT_GT(changed, 5);
}

/// Three layers of 1 x 1 kernels over maps of 3 x 3 x 2, the last of which gives logits; layers 0
/// and 1 read the image.
network::Network three_layers() {
  network::Network network;
  network.name = "three";
  const network::MapShape shape{3, 3, 2};
  for (int i = 0; i < 3; ++i) {
    network::Layer layer;
    layer.name = "l" + std::to_string(i);
    layer.inputs = {i == 1 ? 0 : i};
    layer.in = layer.out = shape;
    layer.weights = {3, -1, 1, 2};
    layer.bias = {0, 1};
    layer.scale = {0.25F, 0.25F};
    network.layers.push_back(layer);
  }
  network.layers[2].logits = true;
  return network;
}

/// Flips each bit of the first `words` words of a weight SRAM of 16-bit words, one after the other.
/// Two groups of batches, so that what one leaves behind would show in the other.
Used flip_each_bit(const network::Network& network, std::int64_t words) {
  arch::AcceleratorSpec spec;
  spec.array.rows = spec.array.cols = 2;
  spec.zero_skipping = arch::ZeroSkipping::kSkip;
  spec.weight_sram.word_bits = spec.activation_sram.word_bits = 16;
  spec.weight_sram.banks = spec.activation_sram.banks = 1;
  std::vector<std::vector<std::uint8_t>> images(20, std::vector<std::uint8_t>(18));
  for (std::size_t v = 0; v < images.size() * 18; ++v) {
    images[v / 18][v % 18] = static_cast<std::uint8_t>(v * v % 11 * (v % 3));
  }
  run::Job job = run::model_job(spec, network, images, 1);
  Used used;
  for (std::int64_t cell = 0; cell < words * 16; ++cell) {
    fault::Fault fault;
    fault.kind = memory::FaultKind::kFlip;
    fault.cell = {0, cell / 16, cell % 16};
    job.plan.faults = {fault};
    expect_same(job, static_cast<std::uint32_t>(cell), used);
    if (::testing::Test::HasFatalFailure()) break;
  }
  return used;
}

// A projection whose weights are faulty: the layer that adds its output reads a map that is as it
// was, so all its sums are fault-free and yet its outputs change.
TEST(Shortcuts, GivenAFaultThatReachesALayerOnlyByItsResidualOperandThenResultsAreTheSame) {
  network::Network network = three_layers();
  network.layers[1].inputs.push_back(1);
  network.layers[1].combine = network::Combine::kAdd;
  network.layers[1].operand_scale = {0.5F};
  network::test::give_maps(network, network.layers[0].in);
  EXPECT_GT(flip_each_bit(network, 2).changed, 16);
  // The same of its sums.
  network.maps[1].sums = true;
  network.layers[1].operand_scale = {0.125F, -0.0625F};
  EXPECT_GT(flip_each_bit(network, 2).changed, 16);
}

// A faulty layer computes its slice again; the slice that another one has written stays.
TEST(Shortcuts, GivenAFaultInOneOfTwoLayersThatWriteAMapThenResultsAreTheSame) {
  network::Network network = three_layers();
  network.layers[2].inputs = {1};
  network.layers[2].in.channels = 4;
  network.layers[2].weights = {3, -1, 1, 2, -2, 1, 4, -3};
  network::test::give_maps(network, network.layers[0].in);
  network.maps.resize(2);
  network.maps[1].shape.channels = 4;
  network.layers[1].output = 1;
  network.layers[1].output_channel = 2;
  EXPECT_GT(flip_each_bit(network, 4).changed, 32);
}

}  // namespace
}  // namespace lacuna
