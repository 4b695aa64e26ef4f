// The analytic pre-pass: of all cells x cycles those at which a strike can be seen at all. Nothing
// that is seen lies outside, their number is exact, each is as likely as any other, and what comes
// of them says the same as strikes on all cells x cycles.
#include "campaign/candidates.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "campaign/rounds.hpp"
#include "campaign/store.hpp"
#include "campaign/strikes_case.hpp"
#include "campaign/trial.hpp"
#include "program/program.hpp"
#include "run/load.hpp"
#include "run/phases.hpp"
#include "run/repeated_run.hpp"
#include "schedule/activation_residency.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna::campaign {
namespace {

using memory::MemoryId;

class CandidateStrikes : public Program {
 protected:
  CandidateStrikes() { std::filesystem::current_path(LACUNA_SOURCE_DIR); }

  /// 2 x 2 PEs that fetch weights again. Three images, the last one in a batch of its own; every
  /// way of loading PE weights, pooling on the way, and a map that two layers read.
  std::string plan(const std::string& faults, const std::string& load = "serial") const {
    const std::vector<std::pair<std::string, std::string>> changes = {
        {"rows: 8 ", "rows: 2"},
        {"cols: 8 ", "cols: 2"},
        {"weight_load: serial ", "weight_load: " + load + " "},
        {"capacity_bytes: 4096 ", "capacity_bytes: 48 "},
        {"capacity_bytes: 8192 ", "capacity_bytes: 128 "},
        {"banks: 8 ", "banks: 2 "},
        {"entries_per_lane: 256", "entries_per_lane: 32"},
        {"lanes: 8 ", "lanes: 2 "},
        {"activation_bits: 4", "activation_bits: 8"}};
    const std::string machine =
        with_changes(read(LACUNA_SOURCE_DIR "/hw_configs/tiny_8x8.yaml"), changes);
    network::test::ModelBuilder builder(4, 8);
    network::test::ConvSpec conv;
    conv.out = 3;
    conv.kernel_h = conv.kernel_w = 2;
    builder.image(1, 4, 4, 1.0F / 255);
    builder.conv("first", conv).relu("relu").quantise("codes", 0.05F);
    const auto mark = builder.mark();
    conv.kernel_h = conv.kernel_w = 1;
    builder.conv("again", conv).add_residual("sum", mark).relu("relu2").quantise("codes2", 0.1F);
    builder.max_pool("pool", 2, 2, 2, 2);
    network::test::GemmSpec last;
    last.out = 6;
    builder.flatten("flat").gemm("last", last).output();
    return write("plan.yaml", "name: s\nmachines: [" + write("hw.yaml", machine) + "]\nmodels: [" +
                                  write("net.onnx", builder.bytes()) +
                                  "]\nimages: 3\nbatch: 2\ndata: random:1:0.6\n" + faults);
  }
};

/// Whose weights or values lie in a cell at a cycle, by the residency maps; of memories without one
/// nothing.
std::optional<std::set<std::int32_t>> layers_in(const run::Job& job, const run::BatchTimes& batch,
                                                const schedule::ResidencyMap& weights,
                                                const schedule::ActivationResidency& values,
                                                const memory::CellPosition& cell, MemoryId memory,
                                                std::int64_t cycle) {
  const network::Network& network = job.parts[0].network;
  std::set<std::int32_t> layers;
  const auto add = [&](const schedule::Stay& stay, std::int32_t layer) {
    const auto at = [](schedule::StepId step) { return static_cast<std::size_t>(step); };
    const bool written = stay.from == schedule::kSetup || batch.steps[at(stay.from)].start <= cycle;
    for (const schedule::StepId read : stay.reads) {
      if (written && cycle <= batch.steps[at(read)].end) layers.insert(layer);
    }
  };
  if (memory == MemoryId::kWeightSram) {
    for (const schedule::CellStay& held : weights.stays(cell)) add(held.stay, held.weight.layer);
  } else if (memory == MemoryId::kActivationSram) {
    for (const schedule::ValueStay& held : values.stays(cell)) {
      std::int32_t writer = schedule::UseSpan::kInput;
      for (std::size_t i = 0; i < network.layers.size(); ++i) {
        if (network.layers[i].output == held.value.map) writer = static_cast<std::int32_t>(i);
      }
      add(held.stay, writer);
    }
  }
  // The map of use takes whole words and rows to be in use.
  if (layers.empty()) return std::nullopt;
  return layers;
}

TEST_F(CandidateStrikes, GivenEveryCellAndCycleThenWhatIsSeenIsACandidate) {
  for (const std::string load : {"serial", "shadowed"}) {
    const Plan asked = load_plan(plan(
        "single_faults:\n  memories: " + kAllMemories + "\n  when: uniform_cycle\n  samples: 1\n",
        load));
    const run::Model model = run::load_models(asked.models, asked.data, asked.images).front();
    const run::Job job = run::model_job(arch::load_spec(asked.machines[0]), model, asked.batch);
    ASSERT_TRUE(job.parts[0].remainder.has_value());
    const run::JobWeightCells weights(job);
    const schedule::ResidencyMap residency(*job.parts[0].schedule, job.parts[0].network, job.spec);
    const schedule::ActivationResidency values(*job.parts[0].schedule, job.parts[0].network,
                                               job.spec, MemoryId::kActivationSram);
    const std::vector<run::BatchTimes> batches = run::batch_times(job);
    const run::RepeatedRun runs(job);
    for (const MemoryId memory : asked.sites->memories) {
      const SiteTable table(job, weights, residency, *asked.sites, memory, Shape());
      const Candidates candidates(job, batches, table);
      ASSERT_EQ(table.strata().size(), 1U);
      StrikeTimes all;
      for (std::size_t batch = 0; batch < batches.size(); ++batch) {
        all.add(static_cast<std::int64_t>(batch), 0, batches[batch].cycles);
      }
      std::int64_t counted = 0;
      std::int64_t seen = 0;
      std::int64_t tried = 0;
      std::set<std::uint32_t> used;
      for (const std::uint32_t site : table.strata()[0].sites) {
        for (std::int64_t number = 0; number < all.count(); ++number) {
          const StrikeTime time = all.at(number);
          const bool candidate = candidates.has(site, time);
          counted += candidate ? 1 : 0;
          if (candidate && time.batch == 0) {
            const auto at = [&](std::int64_t cycle) {
              return layers_in(job, batches[0], residency, values, table.site(site).cell, memory,
                               cycle);
            };
            // Where one stay ends as another begins, either is right.
            const auto layers = at(time.cycle);
            const bool inside = layers == at(time.cycle - 1) && layers == at(time.cycle + 1);
            if (layers && inside) {
              EXPECT_EQ(layers->count(*candidates.held(site, time)), 1U)
                  << memory::memory_name(memory) << " site " << site << " cycle " << time.cycle;
            }
          }
          if (candidate) used.insert(site);
          // Bits of a lane share its accesses: one of them is struck, in one of the batches of two.
          if (table.site(site).code_bit != 0 || time.batch == 1) continue;
          fault::FaultPlan struck;
          fault::Fault fault;
          fault.memory = memory;
          fault.cell = table.site(site).cell;
          fault.cycle = time.cycle;
          fault.batch = static_cast<std::int32_t>(time.batch);
          struck.faults.push_back(fault);
          struck.origin = "test";
          const bool fired = runs.run(struck).faults.front().reads_changed > 0;
          ++tried;
          seen += fired ? 1 : 0;
          ASSERT_TRUE(candidate || !fired)
              << load << " " << memory::memory_name(memory) << " site " << site << " batch "
              << time.batch << " cycle " << time.cycle;
        }
      }
      EXPECT_EQ(candidates.count(0, candidates.cycles(all)), counted)
          << memory::memory_name(memory);
      EXPECT_EQ(std::vector<std::uint32_t>(used.begin(), used.end()), candidates.sites(0));
      EXPECT_LT(counted, static_cast<std::int64_t>(table.strata()[0].sites.size()) * all.count());
      // Nor is much taken to be in use that is not.
      EXPECT_GT(seen, tried / 100) << memory::memory_name(memory);
    }
  }
}

TEST_F(CandidateStrikes, GivenStrataThenWithWhatLiesOutsideTheyAreAllCellsAndCycles) {
  const std::string faults = "single_faults:\n  memories: " + kAllMemories +
                             "\n  when: uniform_cycle\n  strata: [layer, bit]\n  scope: {bits: "
                             "[msb, 0-1]}\n  samples: 5\n";
  const TrialRunner all(load_plan(plan(faults)));
  const TrialRunner candidates(load_plan(plan(faults + "  candidates: true\n")));
  ASSERT_EQ(all.populations().size(), candidates.populations().size());
  int empty = 0;
  for (std::size_t i = 0; i < all.populations().size(); ++i) {
    const Population& own = candidates.populations()[i];
    EXPECT_EQ(own.sites + own.outside, all.populations()[i].sites);
    EXPECT_EQ(own.cells, all.populations()[i].cells);
    EXPECT_EQ(all.populations()[i].outside, 0);
    EXPECT_EQ(own.label.describe(), all.populations()[i].label.describe());
    EXPECT_EQ(own.most, own.sites > 0 ? 5 : 0);
    empty += own.sites == 0 ? 1 : 0;
  }
  EXPECT_GT(empty, 0);
  for (std::int64_t k = 0; k < candidates.trial_count(); ++k) {
    const Trial trial = candidates.trial(k);
    const TrialFaults faults = candidates.faults(trial);
    EXPECT_LT(faults.cycle, faults.batch_cycles);
    const fault::FaultPlan struck = candidates.fault_plan(trial);
    ASSERT_EQ(struck.faults.size(), 1U);
    EXPECT_EQ(struck.faults[0].cell, faults.site.cell);
    EXPECT_EQ(struck.faults[0].cycle, faults.cycle);
    EXPECT_EQ(struck.faults[0].batch, faults.batch);
  }
}

TEST_F(CandidateStrikes, GivenOneStratumThenEachCandidateIsAsLikelyAsAnyOther) {
  constexpr int kStrikes = 20000;
  const TrialRunner runner(
      load_plan(plan("single_faults:\n  memories: [activation_sram]\n  when: uniform_cycle\n"
                     "  candidates: true\n  samples: 20000\n")));
  const Plan& asked = runner.plan();
  const run::Model model = run::load_models(asked.models, asked.data, asked.images).front();
  const run::Job job = run::model_job(arch::load_spec(asked.machines[0]), model, asked.batch);
  const run::JobWeightCells weights(job);
  const schedule::ResidencyMap residency(*job.parts[0].schedule, job.parts[0].network, job.spec);
  const std::vector<run::BatchTimes> batches = run::batch_times(job);
  const SiteTable table(job, weights, residency, *asked.sites, MemoryId::kActivationSram, Shape());
  const Candidates candidates(job, batches, table);
  // Cells of the first words and the others, in thirds of both batches.
  std::map<std::int64_t, double> expected;
  std::int64_t count = 0;
  const auto group = [&](const memory::CellPosition& cell, const StrikeTime& time) {
    const std::int64_t third =
        3 * time.cycle / batches[static_cast<std::size_t>(time.batch)].cycles;
    return (time.batch * 3 + third) * 2 + (cell.row < 4 ? 0 : 1);
  };
  for (const std::uint32_t site : table.strata()[0].sites) {
    for (std::size_t batch = 0; batch < batches.size(); ++batch) {
      for (std::int64_t cycle = 0; cycle < batches[batch].cycles; ++cycle) {
        const StrikeTime time{static_cast<std::int64_t>(batch), cycle};
        if (!candidates.has(site, time)) continue;
        ++count;
        expected[group(table.site(site).cell, time)] += 1;
      }
    }
  }
  ASSERT_EQ(runner.populations().at(0).sites, count);
  std::map<std::int64_t, std::int64_t> drawn;
  for (std::int64_t k = 0; k < kStrikes; ++k) {
    const TrialFaults faults = runner.faults(runner.trial(k));
    ++drawn[group(faults.site.cell, {faults.batch, faults.cycle})];
  }
  double chi_squared = 0;
  for (const auto& [place, candidates_there] : expected) {
    const double mean = kStrikes * candidates_there / static_cast<double>(count);
    const double difference = static_cast<double>(drawn[place]) - mean;
    chi_squared += difference * difference / mean;
  }
  ASSERT_GT(expected.size(), 8U);
  EXPECT_LE(expected.size(), 12U);
  EXPECT_LT(chi_squared, 36.9);  // 11 degrees, 0.9999
}

/// [memory][figure], of all of a memory.
using Figures = std::map<std::string, std::map<std::string, std::array<double, 3>>>;

Figures figures_of(const std::string& csv) {
  Figures figures;
  std::stringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    std::stringstream stream(line);
    std::vector<std::string> fields;
    for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
    const bool whole =
        fields.size() > 14 && std::all_of(fields.begin() + 14, fields.end(),
                                          [](const std::string& own) { return own.empty(); });
    if (!whole || fields[5] != "fault") {
      continue;
    }
    const auto number = [&](std::size_t i) { return fields[i].empty() ? 0 : std::stod(fields[i]); };
    figures[fields[13]][fields[6]] = {number(8), number(10), number(11)};
  }
  return figures;
}

TEST_F(CandidateStrikes, GivenCandidatesThenTheySayWhatStrikesOnAllSay) {
  const std::string faults = "single_faults:\n  memories: " + kAllMemories +
                             "\n  when: uniform_cycle\n  samples: 1500\n  fit_per_mbit: 500\n";
  const auto run = [&](const std::string& more) {
    const std::string store = path("s.sqlite");
    std::filesystem::remove(store);
    const Output ran =
        lacuna("campaign run " + plan(faults + more) + " --out " + store + " --audit 0.01");
    EXPECT_EQ(ran.code, 0) << ran.error;
    EXPECT_NE(ran.out.find("soft errors: AVF"), std::string::npos) << ran.out;
    EXPECT_EQ(lacuna("campaign export " + store + " --summary " + path("m.csv")).code, 0);
    EXPECT_EQ(lacuna("report " + store + " --out " + path("r.html")).code, 0);
    return figures_of(read(path("m.csv")));
  };
  Figures all = run("");
  Figures candidates = run("  candidates: true\n");
  ASSERT_EQ(candidates.size(), 7U);
  int narrower = 0;
  for (auto& [memory, own] : candidates) {
    std::map<std::string, std::array<double, 3>>& others = all.at(memory);
    double ended = 0;
    for (auto& [figure, value] : own) {
      if (figure.rfind("ended_", 0) == 0) ended += value[0];
      if (figure == "candidates" || figure == "of_candidates" || figure.rfind("time_", 0) == 0) {
        continue;
      }
      // An upset outside is overwritten or never read: which one is not asked.
      if (figure == "ended_never_read" || figure == "ended_overwritten") continue;
      ASSERT_EQ(others.count(figure), 1U) << figure;
      const std::array<double, 3>& other = others.at(figure);
      const double widths = value[2] - value[1] + other[2] - other[1];
      EXPECT_LE(std::abs(value[0] - other[0]), widths) << memory << " " << figure;
    }
    const double unread = own.at("ended_never_read")[0] + own.at("ended_overwritten")[0];
    const double other = others.at("ended_never_read")[0] + others.at("ended_overwritten")[0];
    EXPECT_NEAR(unread, other, 0.05) << memory;
    EXPECT_NEAR(ended, 1, 1e-4) << memory;
    const double share = own.at("candidates")[0];
    EXPECT_GT(share, 0);
    EXPECT_LT(share, 1);
    EXPECT_NEAR(own.at("avf")[0], share * own.at("of_candidates")[0], 1e-6);
    EXPECT_EQ(own.at("avf"), own.at("sdc_any"));
    EXPECT_NEAR(own.at("fit")[0], 500 * own.at("mbit")[0] * own.at("avf")[0], 1e-5);
    const auto width = [](const std::array<double, 3>& value) { return value[2] - value[1]; };
    narrower += width(own.at("outputs_changed")) < width(others.at("outputs_changed")) ? 1 : 0;
  }
  EXPECT_GE(narrower, 6);
  // 2 rows x 2 columns of 4 weights of 4 bits.
  EXPECT_NEAR(candidates.at("pe_weights").at("mbit")[0], 2 * 2 * 4 * 4 / 1048576.0, 1e-9);
}

TEST_F(CandidateStrikes, GivenAStopRuleThenItAsksForTheWidthOfTheShareOfAll) {
  const std::string faults =
      "single_faults:\n  memories: [pe_accumulators, activation_sram]\n  when: uniform_cycle\n"
      "  samples: 100\n  half_width: 0.02\n  at_most: 4000\n";
  std::map<bool, std::int64_t> drawn;
  for (const bool candidates : {false, true}) {
    const std::string store = path(candidates ? "c.sqlite" : "a.sqlite");
    const Output run =
        lacuna("campaign run " + plan(faults + (candidates ? "  candidates: true\n" : "")) +
               " --out " + store);
    ASSERT_EQ(run.code, 0) << run.error;
    const Store found = Store::open_to_read(store);
    for (std::size_t i = 0; i < found.populations().size(); ++i) {
      const Population& own = found.populations()[i];
      const PopulationState state = state_of(found.plan(), own, found.tally(i, own.most));
      drawn[candidates] += state.tally.done;
      ASSERT_TRUE(state.interval.has_value());
      EXPECT_LE(state.interval->half_width(), 0.02);
      // Of those that are drawn alone it may be wider.
      EXPECT_GE(state.interval->half_width(), candidates ? 0.0005 : 0.01);
      EXPECT_LT(state.interval->upper, candidates ? own.candidate_share() : 1);
    }
  }
  EXPECT_LT(drawn[true], drawn[false]);
}

TEST_F(CandidateStrikes, GivenAMistakeThenItIsNamed) {
  const auto message = [&](const std::string& faults) {
    try {
      load_plan(plan("single_faults:\n  samples: 1\n" + faults));
    } catch (const base::InputError& error) {
      const std::string text = error.what();
      return text.substr(text.find(": ") + 2);
    }
    return std::string();
  };
  EXPECT_EQ(message("  candidates: true\n  kinds: [flip]\n"),
            "single_faults.candidates: candidates are of strikes; when: uniform_cycle");
  EXPECT_EQ(message("  candidates: true\n  when: uniform_cycle\n  shapes: [1x2]\n"),
            "single_faults.candidates: candidates are single cells; shapes: [cell]");
  EXPECT_EQ(message("  fit_per_mbit: 5\n  kinds: [flip]\n"),
            "single_faults.fit_per_mbit: soft errors are strikes; when: uniform_cycle");
}

}  // namespace
}  // namespace lacuna::campaign
