// docs/extending.md at its word: the kind of fault and the selector that it shows, each its file
// and its line, linked before the tree's own lists. What they must give is worked out by hand.
#include <gtest/gtest.h>

#include "config/document.hpp"
#include "fault/plan_file.hpp"
#include "memory/cell_array.hpp"
#include "program/program.hpp"
#include "run/load.hpp"
#include "run/simulate.hpp"
#include "unit/fault/hand_weights.hpp"
#include "unit/network/stack.hpp"

namespace lacuna {
namespace {

using fault::test::Site;

const char* const kPlan = R"(schema: lacuna.fault_plan/1
faults:
  - where: {memory: weight_sram, address_line: 1, bit: [1, 9]}
    what: wired_and
)";

memory::FaultKind kind_named(const std::string& name) {
  for (const memory::FaultKind kind : memory::fault_kinds(memory::kPermanently)) {
    if (name == memory::fault_kind_name(kind)) return kind;
  }
  ADD_FAILURE() << "no kind " << name;
  return {};
}

// A value of 4 bits: bit 2 is shorted to bit 1. Of bit 0, which has none below it, nothing changes.
TEST(ExtendingByHand, TheKindAnswersFromTwoCells) {
  memory::CellArray cells(1, 4, 1, 4);
  measure::FaultOutcome shorted;
  measure::FaultOutcome lowest;
  cells.arm({0, 0, 2}, kind_named("wired_and"), memory::kPermanent, &shorted);
  cells.arm({0, 0, 0}, kind_named("wired_and"), memory::kPermanent, &lowest);
  const auto answer = [&](std::uint8_t code) {
    cells.write(0, code, 0);
    return int{cells.read(0, 0)};
  };
  EXPECT_EQ(answer(0b0111), 0b0111);
  EXPECT_EQ(answer(0b0101), 0b0001);
  EXPECT_EQ(answer(0b0011), 0b0011);
  EXPECT_EQ(answer(0b1100), 0b1000);
  EXPECT_EQ(shorted.reads_changed, 2);
  EXPECT_EQ(lowest.reads_changed, 0);
}

// Of the code 0110 bit 2 is shorted to bit 1, which an upset at step 5 makes 0: then both read 0.
TEST(ExtendingByHand, TheKindSeesUpsetsInTheCellsBesideIt) {
  memory::CellArray cells(1, 4, 1, 4);
  measure::FaultOutcome shorted;
  measure::FaultOutcome upset;
  cells.arm({0, 0, 2}, kind_named("wired_and"), memory::kPermanent, &shorted);
  cells.arm({0, 0, 1}, memory::FaultKind::kFlip, 5, &upset);
  cells.write(0, 0b0110, 0);
  EXPECT_EQ(cells.read(0, 4), 0b0110);
  EXPECT_EQ(cells.read(0, 5), 0b0000);
  EXPECT_EQ(shorted.reads_changed, 1);
  EXPECT_EQ(upset.reads_changed, 1);
}

// Two banks of four rows, of which the last row of bank 1 is missing: address bit 1 is set in rows
// 2 and 3.
TEST(ExtendingByHand, TheSelectorPicksTheRowsBehindALine) {
  const auto select = [](const std::string& keys) {
    const auto document =
        config::Document::parse("f.yaml", "where: {memory: weight_sram, " + keys + "}");
    return fault::test::sites(fault::select_cells(fault::read_where(document.section("where")),
                                                  fault::test::small_memory(), nullptr,
                                                  memory::kPermanent));
  };
  EXPECT_EQ(select("address_line: 1, bit: 5"),
            (std::vector<Site>{{0, 2, 5}, {0, 3, 5}, {1, 2, 5}}));
  EXPECT_EQ(select("address_line: 0, bank: 0, bit: 0-1"),
            (std::vector<Site>{{0, 1, 0}, {0, 1, 1}, {0, 3, 0}, {0, 3, 1}}));
  EXPECT_THROW(select("address_line: 2"), base::InputError) << "four rows have no bit 2";
  EXPECT_THROW(select("address_line: 1, layer: conv"), base::InputError);
}

/// 2 x 2 PEs of two 8-bit weights: a 1 x 1 convolution of four channels is one pass, and a word of
/// the weight SRAM, of which row k is index k, holds the weights of both outputs: 2 (10) and 3
/// (11).
run::Job hand_job() {
  arch::AcceleratorSpec spec;
  spec.array.rows = spec.array.cols = spec.array.weights_per_pe = 2;
  spec.weight_sram.word_bits = 16;
  spec.weight_sram.banks = 1;
  spec.activation_sram.word_bits = 64;
  spec.activation_sram.banks = 2;
  network::Layer layer;
  layer.name = "dot";
  layer.inputs = {0};
  layer.in = {1, 1, 4};
  layer.out = {1, 1, 2};
  layer.weights = {2, 2, 2, 2, 3, 3, 3, 3};
  layer.bias = {0, 0};
  layer.scale = {1.0F, 1.0F};
  layer.logits = true;
  network::Network network;
  network.name = "by hand";
  network.layers = {layer};
  network::test::give_maps(network, layer.in);
  return run::model_job(spec, network, {{1, 1, 1, 1}}, 1);
}

using Extending = Program;

// Rows 2 and 3 are behind address line 1. Bit 1 of a 2 is shorted to a 0, so it reads 0; bit 9 is
// bit 1 of a 3, whose bit 0 is 1: nothing changes. Four inputs of 1: 2 + 2 + 0 + 0, and 4 x 3.
TEST_F(Extending, APlanOfBothRunsOnBothEngines) {
  run::Job job = hand_job();
  EXPECT_EQ(run::simulate(job, run::EngineKind::kFast).logits, (std::vector<std::int32_t>{8, 12}));
  job.plan = run::load_faults(write("plan.yaml", kPlan), job);
  EXPECT_EQ(fault::test::sites(job.plan),
            (std::vector<Site>{{0, 2, 1}, {0, 2, 9}, {0, 3, 1}, {0, 3, 9}}));
  for (const run::EngineKind engine : {run::EngineKind::kFast, run::EngineKind::kSystemc}) {
    const run::Measurement measured = run::simulate(job, engine);
    EXPECT_EQ(measured.logits, (std::vector<std::int32_t>{4, 12}));
    std::vector<std::int64_t> changed;
    for (const measure::FaultOutcome& fault : measured.faults)
      changed.push_back(fault.reads_changed);
    EXPECT_EQ(changed, (std::vector<std::int64_t>{1, 0, 1, 0}));
  }
}

class ExtendedProgram : public Program {
 protected:
  static Output extended(const std::string& arguments) {
    return shell("'" LACUNA_EXTENDED "' " + arguments);
  }
};

TEST_F(ExtendedProgram, ExtendingPlansAndErrorsKnowBothByTheirLines) {
  const std::string plan = write("plan.yaml", kPlan);
  EXPECT_EQ(extended("check '" + plan + "'").code, 0);
  EXPECT_EQ(lacuna({"check", plan}).code, 2) << "the tree has neither";
  std::string sweep = read(LACUNA_SOURCE_DIR "/experiments/sweeps/weight_buffer.yaml");
  sweep.replace(sweep.find("kind: flip"), 10, "kind: wired_and");
  sweep = write("sweep.yaml", sweep);
  EXPECT_EQ(extended("check '" + sweep + "'").code, 0);
  EXPECT_EQ(lacuna({"check", sweep}).code, 2);
  std::string text = kPlan;
  text.replace(text.find("wired_and"), 9, "wired_or");
  const Output mistyped = extended("check '" + write("typo.yaml", text) + "'");
  EXPECT_EQ(mistyped.code, 2);
  EXPECT_NE(mistyped.error.find("one of stuck_at_0, stuck_at_1, flip, read_disturb, wired_and"),
            std::string::npos)
      << mistyped.error;
  text = kPlan;
  text.replace(text.find("weight_sram"), 11, "psum_fifos");
  const Output misplaced = extended("check '" + write("fifos.yaml", text) + "'");
  EXPECT_EQ(misplaced.code, 2);
  EXPECT_NE(misplaced.error.find("psum_fifos holds no rows behind an address; cells by position; "
                                 "address_line goes with weight_sram and activation_sram"),
            std::string::npos)
      << misplaced.error;
}

// Every trial runs on the other engine, too: maps in full, faults of single weights by the
// shortcuts.
TEST_F(ExtendedProgram, ExtendingCampaignsMapsAndRatesKnowTheKind) {
  const std::string campaign = write("campaign.yaml", R"(schema: lacuna.campaign_plan/1
name: extended
machines: [)" LACUNA_SOURCE_DIR R"(/hw_configs/tiny_8x8.yaml]
models: [)" LACUNA_SOURCE_DIR R"(/models/lenet5_as]
images: 2
seed: 1
random_maps:
  kinds: [flip, wired_and]
  rates: [0.01]
  maps: 2
single_faults:
  memories: [weight_sram, activation_sram, activation_bitmap, accumulator_sram, pe_weights,
             pe_accumulators, psum_fifos]
  kinds: [wired_and]
  samples: 20
)");
  EXPECT_EQ(lacuna({"check", campaign}).code, 2);
  const Output run =
      extended("campaign run '" + campaign + "' --out '" + path("c.sqlite") + "' --audit 1");
  EXPECT_EQ(run.code, 0) << run.error;
  EXPECT_NE(run.out.find("wired_and of a cell of psum_fifos: 20 faults"), std::string::npos)
      << run.out;

  EXPECT_EQ(
      extended("campaign export '" + path("c.sqlite") + "' --json '" + path("c.json") + "'").code,
      0);
  const std::string json = read(path("c.json"));
  int fired = 0;
  for (std::size_t at = 0; (at = json.find("\"fired\":1,", at)) != std::string::npos; ++at) ++fired;
  EXPECT_GE(fired, 20) << "of the 140 single faults; 29 when this was written";

  const std::string job = "run --hw hw_configs/tiny_8x8.yaml --model models/lenet5_as --images 2 ";
  const Output drawn =
      extended(job + "--ber 0.01 --fault-kind wired_and --save-faults '" + path("map.csv") + "'");
  EXPECT_EQ(drawn.code, 0) << drawn.error;
  EXPECT_NE(read(path("map.csv")).find(",wired_and\n"), std::string::npos);
  const Output again = extended(job + "--faults '" + path("map.csv") + "'");
  EXPECT_EQ(again.code, 0) << again.error;
}

}  // namespace
}  // namespace lacuna
