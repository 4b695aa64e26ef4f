// Random small networks on random small machines: the SystemC engine against the independent
// evaluation of reference_run.hpp, to the bit and to the cycle, with and without faults and stalls.
// LACUNA_FULL=1 runs 20,000 cases, else a share of them; a failure prints its seed.
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <set>

#include "base/error.hpp"
#include "exactness/reference_run.hpp"
#include "mapping/mapper.hpp"
#include "run/simulate.hpp"
#include "share.hpp"
#include "unit/mapping/random_case.hpp"

namespace lacuna {
namespace {

constexpr auto kUnderTest = run::EngineKind::kSystemc;

std::uint32_t network_cases() { return test::case_count(20'000, 1'500, 100); }

struct Case {
  mapping::testing::RandomCase random;
  std::vector<reference::Codes> images;
  run::Job job;
};

/// nullopt where the mapper refuses the machine.
std::optional<Case> make_case(std::uint32_t seed, int zero_percent) {
  Case c;
  c.random = mapping::testing::random_case(seed);
  // The last layer's sums are what is compared.
  network::Layer& last = c.random.network.layers.back();
  if (!last.is_gemm()) return std::nullopt;
  last.report_sums = !last.logits;
  std::mt19937 draw(seed + 1);
  for (std::int64_t image = 0; image < c.random.batch; ++image) {
    reference::Codes codes(static_cast<std::size_t>(c.random.network.input().shape.values()));
    for (std::uint8_t& code : codes) {
      const bool zero = static_cast<int>(draw() % 100) < zero_percent;
      code = mapping::testing::random_byte(c.random.network.input().code, zero, draw());
    }
    c.images.push_back(std::move(codes));
  }
  try {
    c.job = run::model_job(c.random.spec, c.random.network, c.images, c.random.batch);
  } catch (const base::InputError&) {
    return std::nullopt;
  }
  return c;
}

/// What an engine made of the outputs, and the hash of them and of the last layer's sums.
void expect_values(const run::Measurement& measured, const Case& c,
                   const reference::Values& values) {
  const network::Network& network = c.random.network;
  std::vector<std::int32_t> wanted;
  for (std::size_t image = 0; image < c.images.size(); ++image) {
    for (const network::Output& output : network.outputs) {
      if (output.layer >= 0) {
        const auto& sums = values.sums[static_cast<std::size_t>(output.layer)][image];
        wanted.insert(wanted.end(), sums.begin(), sums.end());
      } else {
        const auto& operands = values.maps[static_cast<std::size_t>(output.map)][image];
        wanted.insert(wanted.end(), operands.begin(), operands.end());
      }
    }
  }
  EXPECT_EQ(measured.logits, wanted);
  if (network.layers.back().report_sums) {
    wanted.insert(wanted.end(), values.last.begin(), values.last.end());
  }
  EXPECT_EQ(measured.logits_sha256, run::sums_sha256(wanted));
}

void expect_times(const run::Measurement& measured, const Case& c,
                  const reference::Values& values) {
  const run::Part& part = c.job.parts.front();
  const reference::Times times =
      reference::times_of(*part.schedule, part.network, c.job.spec, values);
  for (std::size_t i = 0; i < times.layers.size(); ++i) {
    const measure::LayerCounters& layer = measured.layers[i];
    EXPECT_EQ(layer.cycles.stream, times.layers[i].stream) << "layer " << i;
    EXPECT_EQ(layer.cycles.weight_load, times.layers[i].weight_load) << "layer " << i;
    EXPECT_EQ(layer.cycles.memory_wait, times.layers[i].memory_wait) << "layer " << i;
    EXPECT_EQ(layer.cycles.post_wait, times.layers[i].post_wait) << "layer " << i;
    EXPECT_EQ(layer.cycles.idle.value, 0) << "layer " << i;
    EXPECT_EQ(layer.stream.work, times.splits[i].work) << "layer " << i;
    EXPECT_EQ(layer.stream.imbalance, times.splits[i].imbalance) << "layer " << i;
    EXPECT_EQ(layer.stream.fill_drain, times.splits[i].fill_drain) << "layer " << i;
    EXPECT_EQ(layer.macs.issued + layer.macs.gated + layer.macs.skipped, layer.macs.total);
  }
}

measure::CycleClasses sum(const std::vector<measure::LayerCounters>& layers) {
  measure::CycleClasses all;
  for (const measure::LayerCounters& layer : layers) all += layer.cycles;
  return all;
}

TEST(RandomNetworks, GivenNoFaultsThenValuesAndEveryCycleClassAreThoseOfTheReference) {
  int run = 0;
  int refetching = 0;
  int grouped = 0;
  int skipping = 0;
  mapping::testing::LayerKinds kinds;
  for (std::uint32_t seed = 0; seed < network_cases(); ++seed) {
    const auto c = make_case(seed, 60);
    if (!c) continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    ++run;
    const run::Part& part = c->job.parts.front();
    refetching += part.schedule->weights_resident ? 0 : 1;
    for (const network::Layer& layer : part.network.layers) grouped += layer.groups > 1 ? 1 : 0;
    kinds.count(part.network);
    skipping += c->job.spec.zero_skipping == arch::ZeroSkipping::kSkip ? 1 : 0;
    const reference::Values values = reference::evaluate(part.network, c->images);
    const run::Measurement measured = run::simulate(c->job, kUnderTest);
    expect_values(measured, *c, values);
    expect_times(measured, *c, values);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(run, static_cast<int>(network_cases()) / 2);
  if (network_cases() < test::kEnoughForShares) return;
  EXPECT_GT(refetching, run / 8);
  EXPECT_GT(grouped, run / 4);
  EXPECT_GT(skipping, run / 4);
  EXPECT_GT(kinds.average_pools, run / 5);
  EXPECT_GT(kinds.residuals, run / 5);
  EXPECT_GT(kinds.thresholds, run / 5);
  EXPECT_GT(kinds.zero_points, run / 3);
  EXPECT_GT(kinds.signed_maps, run / 3);
  EXPECT_GT(kinds.weight_zero_points, run / 3);
  EXPECT_GT(kinds.unsigned_weights, run / 5);
  EXPECT_GT(kinds.dilated, run / 20);
  EXPECT_GT(kinds.transposed, run / 20);
  EXPECT_GT(kinds.grouped, run / 20);
  EXPECT_GT(kinds.depthwise, run / 20);
  EXPECT_GT(kinds.outputs, run / 20);
  EXPECT_GT(kinds.map_outputs, run / 20);
  EXPECT_GT(kinds.elementwise, run / 20);
  EXPECT_GT(kinds.tables, run / 20);
  EXPECT_GT(kinds.resizes, run / 20);
  EXPECT_GT(kinds.products, run / 20);
  EXPECT_GT(kinds.functions, run / 20);
  EXPECT_GT(kinds.slices, run / 20);
  EXPECT_GT(kinds.kept_sums, run / 20);
}

TEST(RandomNetworks, GivenFaultsInTheWeightSramThenValuesTimesAndOutcomesAreThoseOfTheReference) {
  int run = 0;
  int fired = 0;
  int overwritten = 0;
  for (std::uint32_t seed = 0; seed < network_cases(); ++seed) {
    auto c = make_case(seed, 60);
    if (!c) continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    ++run;
    const run::Part& part = c->job.parts.front();
    const fault::MemoryGeometry memory = run::weight_sram(c->job);
    std::mt19937 draw(seed + 2);
    const auto below = [&](std::int64_t n) {
      return static_cast<std::int64_t>(draw() % static_cast<std::uint64_t>(n));
    };
    std::set<std::int64_t> taken;
    const std::int64_t faults = 1 + below(12);
    for (std::int64_t i = 0; i < faults; ++i) {
      // Most in words that the schedule uses.
      const std::int64_t word = below(std::min(memory.words, part.schedule->weight_words + 1));
      fault::Fault fault;
      fault.cell = {word % memory.banks, word / memory.banks, below(memory.word_bits)};
      if (!taken.insert(word * memory.word_bits + fault.cell.bit).second) continue;
      if (below(3) == 0) {
        fault.step = below(static_cast<std::int64_t>(part.schedule->steps.size()));
      } else {
        const auto kinds = memory::fault_kinds(memory::kPermanently);
        fault.kind =
            kinds[static_cast<std::size_t>(below(static_cast<std::int64_t>(kinds.size())))];
      }
      c->job.plan.faults.push_back(fault);
    }
    const auto loads =
        reference::read_with_faults(*part.schedule, part.network, c->job.spec, c->job.plan);
    const reference::Values values =
        reference::evaluate_faulty(part.network, c->images, *part.schedule, loads);
    const run::Measurement measured = run::simulate(c->job, kUnderTest);
    expect_values(measured, *c, values);
    expect_times(measured, *c, values);
    for (std::size_t f = 0; f < measured.faults.size(); ++f) {
      EXPECT_EQ(measured.faults[f].reads_changed, loads.outcomes[f].reads_changed) << "fault " << f;
      EXPECT_EQ(measured.faults[f].overwritten, loads.outcomes[f].overwritten) << "fault " << f;
      fired += measured.faults[f].reads_changed > 0 ? 1 : 0;
      overwritten += measured.faults[f].overwritten ? 1 : 0;
    }
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(fired, run);
  EXPECT_GT(overwritten, run / 50);
}

TEST(RandomNetworks, GivenInjectedStallsThenCyclesChangeAndValuesDoNot) {
  int slower = 0;
  int idle = 0;
  for (std::uint32_t seed = 0; seed < network_cases() / 3; ++seed) {
    auto c = make_case(seed, 60);
    if (!c) continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    const run::Measurement free = run::simulate(c->job, kUnderTest);
    c->job.commit_stall_probability = 0.3;
    c->job.max_start_delay = 7;
    c->job.stall_seed = seed;
    const run::Measurement stalled = run::simulate(c->job, kUnderTest);
    EXPECT_EQ(stalled.logits_sha256, free.logits_sha256);
    EXPECT_GE(sum(stalled.layers).total(), sum(free.layers).total());
    slower += sum(stalled.layers).total() > sum(free.layers).total() ? 1 : 0;
    idle += sum(stalled.layers).idle.value > 0 ? 1 : 0;
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(slower, static_cast<int>(network_cases()) / 8);
  EXPECT_GT(idle, static_cast<int>(network_cases()) / 8);
}

TEST(RandomNetworks, GivenSkippingThenItIsNeverSlowerThanDenseAndEqualWhereNothingIsZero) {
  int faster = 0;
  for (std::uint32_t seed = 0; seed < network_cases() / 3; ++seed) {
    auto c = make_case(seed, 70);
    if (!c) continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    c->job.spec.zero_skipping = arch::ZeroSkipping::kSkip;
    const auto skip = sum(run::simulate(c->job, kUnderTest).layers);
    const auto dense = sum(run::simulate_dense(c->job, kUnderTest));
    EXPECT_LE(skip.total(), dense.total());
    EXPECT_LE(skip.stream, dense.stream);
    faster += skip.stream < dense.stream ? 1 : 0;
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(faster, static_cast<int>(network_cases()) / 20);

  // Density 1 of what the layer reads: one layer, no zero codes, no padding. Few cases are so.
  std::uint32_t dense_cases = 0;
  const std::uint32_t wanted = network_cases() / 100;
  for (std::uint32_t seed = 0; dense_cases < wanted && seed < 100 * wanted; ++seed) {
    auto c = make_case(seed, 0);
    if (!c || c->random.network.layers.size() > 1) continue;
    const network::Window& w = c->random.network.layers.front().window;
    if (w.pad_top + w.pad_bottom + w.pad_left + w.pad_right > 0) continue;
    if (w.insert_h > 1 || w.insert_w > 1) continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    ++dense_cases;
    c->job.spec.zero_skipping = arch::ZeroSkipping::kSkip;
    const auto skip = sum(run::simulate(c->job, kUnderTest).layers);
    const auto dense = sum(run::simulate_dense(c->job, kUnderTest));
    EXPECT_EQ(skip.total(), dense.total());
    EXPECT_EQ(skip.stream, dense.stream);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_EQ(dense_cases, wanted);
}

}  // namespace
}  // namespace lacuna
