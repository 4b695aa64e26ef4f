// Campaigns over the memories of the machine beside strikes, and what a plan must not ask for.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "campaign/outcome_counts.hpp"
#include "campaign/strikes.hpp"
#include "campaign/strikes_case.hpp"
#include "campaign/trial.hpp"

namespace lacuna::campaign {
namespace {

TEST_F(Strikes, GivenMapsOfSeveralMemoriesThenEachHasItsOwnRateAndBothEnginesAgree) {
  const std::string file = plan(
      "random_maps:\n  kinds: [flip]\n  rates: [0.002, 0.01]\n  maps: 3\n"
      "  memories: [weight_sram, activation_sram: 0.004, accumulator_sram]\n");
  const TrialRunner runner(load_plan(file));
  const run::Model model =
      run::load_models(runner.plan().models, runner.plan().data, runner.plan().images).front();
  const run::Job job = run::model_job(arch::load_spec(runner.plan().machines[0]), model, 2);
  ASSERT_EQ(runner.trial_count(), 6);
  for (std::int64_t k = 0; k < 6; ++k) {
    using memory::MemoryId;
    const Trial trial = runner.trial(k);
    const double rate = runner.populations()[trial.population].rate;
    const fault::FaultPlan expected =
        fault::sample_maps(run::memories(job),
                           {{MemoryId::kWeightSram, rate},
                            {MemoryId::kActivationSram, 0.004},
                            {MemoryId::kAccumulatorSram, rate}},
                           1 + static_cast<std::uint64_t>(trial.draw), memory::FaultKind::kFlip);
    const fault::FaultPlan found = runner.fault_plan(trial);
    EXPECT_EQ(found.origin, expected.origin);
    ASSERT_EQ(found.faults.size(), expected.faults.size());
    EXPECT_TRUE(std::equal(found.faults.begin(), found.faults.end(), expected.faults.begin(),
                           [](const fault::Fault& a, const fault::Fault& b) {
                             return a.memory == b.memory && a.cell == b.cell;
                           }));
    EXPECT_TRUE(std::any_of(found.faults.begin(), found.faults.end(), [](const fault::Fault& own) {
      return own.memory == MemoryId::kActivationSram;
    }));
  }
  const Output run = lacuna("campaign run " + file + " --out " + path("s.sqlite") + " --audit 1");
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_NE(run.out.find("6 trials audited: both engines equal"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("faults in weight_sram activation_sram=0.004 accumulator_sram\n"),
            std::string::npos)
      << run.out;
}

TEST_F(Strikes, GivenPermanentFaultsAndUpsetsInOtherMemoriesThenBothEnginesAgree) {
  for (const std::string when : {"permanent\n  kinds: [flip, stuck_at_1]", "uniform_step"}) {
    const std::string memories =
        when == "uniform_step" ? "[activation_sram, activation_bitmap, pe_weights]" : kAllMemories;
    // Upsets at steps need batches of one size.
    std::string file = plan("single_faults:\n  memories: " + memories + "\n  when: " + when +
                            "\n  strata: [bit]\n  scope: {bits: [msb, 0-1]}\n  samples: 1\n");
    std::string text = read(file);
    text.replace(text.find("batch: 2"), 8, "batch: 1");
    file = write("plan.yaml", text);
    const TrialRunner runner(load_plan(file));
    for (const Population& own : runner.populations()) {
      const std::int64_t bit = own.label.bit;
      EXPECT_TRUE(bit <= 1 || bit == 3 || bit == 7 || bit == 31) << bit;
    }
    const std::string store = path("s.sqlite");
    std::filesystem::remove(store);
    const Output run = lacuna("campaign run " + file + " --out " + store + " --audit 1");
    ASSERT_EQ(run.code, 0) << run.error;
    EXPECT_NE(run.out.find("trials audited: both engines equal"), std::string::npos) << run.out;
  }
}

TEST_F(Strikes, GivenAFileOfFaultsInValuesOfMapsThenBothEnginesAgree) {
  const std::string faults =
      write("values.yaml",
            "faults:\n  - where: {memory: activation_sram, layer: second, index: [1, 0, 2]}\n"
            "    what: flip\n"
            "  - where: {memory: activation_bitmap, layer: second, index: [0, 1, 1]}\n"
            "    what: flip\n    when: {cycle: 300, batch: 1}\n");
  const Output run = lacuna("campaign run " + plan("fault_files: [" + faults + "]\n") + " --out " +
                            path("s.sqlite") + " --audit 1");
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_NE(run.out.find("1 trials audited: both engines equal"), std::string::npos) << run.out;
}

TEST_F(Strikes, GivenARangeOfCyclesAndALayerThenOnlyTheseAreStruck) {
  const TrialRunner all(
      load_plan(plan("single_faults:\n  memories: [pe_weights]\n"
                     "  when: uniform_cycle\n  strata: [layer]\n"
                     "  samples: 1\n")));
  const TrialRunner second(
      load_plan(plan("single_faults:\n  memories: [pe_weights]\n"
                     "  when: uniform_cycle\n  scope: {layers: [second]}\n"
                     "  samples: 1\n")));
  ASSERT_EQ(second.populations().size(), 1U);
  EXPECT_EQ(second.populations()[0].sites, all.populations().at(1).sites);
  EXPECT_EQ(all.populations().at(1).label.layer, "second");
  const TrialRunner some(
      load_plan(plan("single_faults:\n  memories: [pe_weights]\n"
                     "  when: {cycles: 10-19}\n  samples: 200\n")));
  // 4 PEs x 4 slots x 4 bits, in 10 cycles of 3 batches.
  EXPECT_EQ(some.populations().at(0).sites, 4 * 4 * 4 * 10 * 3);
  std::set<std::int64_t> cycles;
  for (std::int64_t k = 0; k < 200; ++k) cycles.insert(some.faults(some.trial(k)).cycle);
  EXPECT_EQ(*cycles.begin(), 10);
  EXPECT_EQ(*cycles.rbegin(), 19);
}

TEST_F(Strikes, GivenAMistakeThenItIsNamed) {
  const auto message = [&](const std::string& faults, const std::string& skipping = "skip") {
    try {
      const TrialRunner runner(
          load_plan(plan("single_faults:\n  samples: 1\n" + faults, skipping)));
    } catch (const base::InputError& error) {
      const std::string text = error.what();
      return text.substr(text.find(": ") + 2);
    }
    return std::string();
  };
  EXPECT_EQ(message("  when: uniform_cycle\n"), "");
  EXPECT_EQ(message("  memories: [activation_sram, weight_sramm]\n  when: uniform_cycle\n"),
            "single_faults.memories: 'weight_sramm' is not known; weight_sram, activation_sram, "
            "activation_bitmap, accumulator_sram, pe_weights, pe_accumulators, psum_fifos, "
            "lookup_tables are allowed; did you mean 'weight_sram'?");
  EXPECT_EQ(message("  memories: [lookup_tables]\n  when: uniform_cycle\n"),
            "single_faults: there is no lookup_tables; a network with element-wise layers of one "
            "map has them");
  EXPECT_EQ(
      message("  memories: [activation_bitmap]\n  when: uniform_cycle\n", "gate"),
      "single_faults: there is no activation_bitmap; a machine with zero_skipping: skip reads "
      "one, no other");
  EXPECT_EQ(message("  memories: [psum_fifos]\n  when: uniform_step\n"),
            "single_faults.memories: an upset at a step is always overwritten in psum_fifos; when: "
            "uniform_cycle");
  EXPECT_EQ(
      message("  when: uniform_cycle\n  kinds: [stuck_at_0]\n"),
      "single_faults.kinds: 'stuck_at_0' is a fault that stays, and strikes at no time; flip, "
      "or when: permanent");
  EXPECT_EQ(message("  memories: [psum_fifos]\n  kinds: [flip]\n  strata: [layer]\n"),
            "single_faults.strata: cells of such memories serve all layers; weight_sram alone, or "
            "when: uniform_cycle (the layer that runs then)");
  EXPECT_EQ(message("  memories: [pe_weights]\n  when: uniform_cycle\n  shapes: [2x1]\n"),
            "single_faults: shape 2x1 has neighbouring rows; pe_weights has 2 rows x 2 cols x 1 "
            "sets x 4 slots x 4 bits; in registers along bits only: 1xN");
  EXPECT_NE(message("  when: {cycles: 100000-200000}\n").find("no batch has such a cycle"),
            std::string::npos);
  EXPECT_NE(message("  when: uniform_cycle\n  scope: {layers: [third]}\n")
                .find("'third' is no layer of net"),
            std::string::npos);
}

}  // namespace
}  // namespace lacuna::campaign
