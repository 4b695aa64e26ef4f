// Strikes: one upset of a cell at a cycle of one batch, in any memory. They are drawn uniformly
// over cells x cycles, strata are counted exactly, and running the struck batch alone is running
// all of them.
#include "campaign/strikes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "campaign/outcome_counts.hpp"
#include "campaign/strikes_case.hpp"
#include "campaign/trial.hpp"
#include "campaign/vulnerability.hpp"
#include "fault/sampler.hpp"
#include "program/program.hpp"
#include "run/load.hpp"
#include "statistics/proportion.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna::campaign {
namespace {

TEST(StrikeTimes, GivenSpansThenTheirCyclesAreNumberedThrough) {
  StrikeTimes times;
  times.add(0, 3, 5);
  times.add(1, 4, 4);
  times.add(2, 0, 3);
  StrikeTimes again;
  again.add(7, 9, 10);
  again.add(times);
  ASSERT_EQ(times.count(), 5);
  ASSERT_EQ(again.count(), 6);
  const std::vector<std::pair<std::int64_t, std::int64_t>> expected = {
      {0, 3}, {0, 4}, {2, 0}, {2, 1}, {2, 2}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto number = static_cast<std::int64_t>(i);
    EXPECT_EQ(times.at(number).batch, expected[i].first) << i;
    EXPECT_EQ(times.at(number).cycle, expected[i].second) << i;
    EXPECT_EQ(again.at(number + 1).cycle, expected[i].second) << i;
  }
  EXPECT_EQ(again.at(0).batch, 7);
}

/// Sum over the cells of (seen - expected)^2 / expected.
double chi_squared(const std::map<std::int64_t, double>& expected,
                   std::map<std::int64_t, std::int64_t> seen) {
  double sum = 0;
  for (const auto& [value, mean] : expected) {
    const double difference = static_cast<double>(seen[value]) - mean;
    sum += difference * difference / mean;
  }
  return sum;
}

TEST(StrikeDraw, IsUniformAndAPureFunctionOfItsFourKeys) {
  constexpr std::int64_t kDraws = 7000;
  std::map<std::int64_t, std::int64_t> seen;
  std::map<std::int64_t, double> expected;
  for (std::int64_t i = 0; i < 7; ++i) expected[i] = kDraws / 7.0;
  std::int64_t same = 0;
  for (std::int64_t draw = 0; draw < kDraws; ++draw) {
    const std::int64_t value = draw_below(7, 5, 2, draw, DrawOf::kSite);
    ++seen[value];
    EXPECT_EQ(draw_below(7, 5, 2, draw, DrawOf::kSite), value);
    same += draw_below(7, 5, 2, draw, DrawOf::kTime) == value ? 1 : 0;
    same += draw_below(7, 5, 3, draw, DrawOf::kSite) == value ? 1 : 0;
    same += draw_below(7, 6, 2, draw, DrawOf::kSite) == value ? 1 : 0;
  }
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_LT(chi_squared(expected, seen), 27.9);  // 6 degrees, 0.9999
  // Unrelated ones meet in a seventh: 3,000 of 21,000, standard deviation 51; five of them.
  EXPECT_LT(std::abs(same - 3000), 255);
  // Of 3 x 2^61 numbers some stand for three of 2^64 and some for two, by turns, if none is drawn
  // again: 3/8, 3/8 and 2/8 by their remainder.
  const std::int64_t large = std::int64_t{3} << 61;
  std::map<std::int64_t, std::int64_t> remainders;
  for (std::int64_t draw = 0; draw < 3000; ++draw) {
    ++remainders[draw_below(large, 1, 1, draw, DrawOf::kSite) % 3];
  }
  EXPECT_LT(chi_squared({{0, 1000.}, {1, 1000.}, {2, 1000.}}, remainders),
            18.4);  // 2 degrees, 0.9999
  EXPECT_EQ(draw_below(1, 1, 1, 1, DrawOf::kTime), 0);
}

TEST_F(Strikes, GivenStrataThenTheirSizesAreTheSumsOverCellsAndCycles) {
  const Plan asked = load_plan(plan("single_faults:\n  memories: " + kAllMemories +
                                    "\n  when: uniform_cycle\n  strata: [layer, bit]\n"
                                    "  samples: 40\n"));
  const TrialRunner runner(asked);
  // The layer of each cycle, one after the other, from when the streams of the SystemC engine end.
  const run::Model model = run::load_models(asked.models, asked.data, asked.images).front();
  const run::Job job = run::model_job(arch::load_spec(asked.machines[0]), model, asked.batch);
  std::map<std::string, std::int64_t> cycles_of;
  std::map<std::pair<std::int64_t, std::int64_t>, std::string> layer_at;
  std::vector<std::int64_t> lengths;
  for (std::int64_t batch = 0; batch < 3; ++batch) {
    run::Timeline timeline;
    timeline.batch = batch;
    const auto measured = run::simulate(job, run::EngineKind::kSystemc, {}, {}, &timeline);
    lengths = measured.batch_cycles;
    const run::Timeline::PartTimes& part = timeline.parts.at(0);
    for (std::int64_t cycle = 0; cycle < lengths[static_cast<std::size_t>(batch)]; ++cycle) {
      std::string layer = "none";
      for (std::size_t i = part.schedule->steps.size(); i-- > 0;) {
        const schedule::Step& step = part.schedule->steps[i];
        if (step.kind == schedule::StepKind::kStream && part.batch.steps[i].end > cycle) {
          layer = job.parts[0].network.layers[static_cast<std::size_t>(step.layer)].name;
        }
      }
      ++cycles_of[layer];
      layer_at[{batch, cycle}] = layer;
    }
  }
  ASSERT_EQ(cycles_of.size(), 3U) << "first, second, none";
  const fault::Memories memories = run::memories(job);
  std::map<std::string, std::map<memory::MemoryId, std::int64_t>> sites;
  for (std::size_t p = 0; p < runner.populations().size(); ++p) {
    const Population& own = runner.populations()[p];
    sites[own.label.layer][own.memory] += own.sites;
    for (std::int64_t draw = 0; draw < own.most; ++draw) {
      const TrialFaults faults = runner.faults(runner.trial(own.first_trial + draw));
      EXPECT_EQ(layer_at.at({faults.batch, faults.cycle}), own.label.layer);
      EXPECT_EQ(faults.phase, own.label.layer);
      const bool streams = own.memory == memory::MemoryId::kPsumFifos;
      if (streams && faults.holds != "none") {
        // At the cycle at which a stream ends its last sums are still read.
        EXPECT_TRUE(faults.holds == faults.phase ||
                    faults.holds == layer_at.at({faults.batch, faults.cycle - 1}));
      }
      EXPECT_FALSE(faults.holds.empty());
      EXPECT_EQ(faults.batch_cycles, lengths[static_cast<std::size_t>(faults.batch)]);
      EXPECT_TRUE(memories[own.memory].contains(faults.site.cell));
      const fault::FaultPlan plan = runner.fault_plan(runner.trial(own.first_trial + draw));
      ASSERT_EQ(plan.faults.size(), 1U);
      EXPECT_EQ(plan.faults[0].memory, own.memory);
      EXPECT_EQ(plan.faults[0].cell, faults.site.cell);
      EXPECT_EQ(plan.faults[0].cycle, faults.cycle);
      EXPECT_EQ(plan.faults[0].batch, faults.batch);
      EXPECT_TRUE(plan.faults[0].is_upset());
    }
  }
  ASSERT_EQ(sites.size(), 3U);
  for (const auto& [layer, by_memory] : sites) {
    ASSERT_EQ(by_memory.size(), 7U) << layer;
    for (const auto& [memory, count] : by_memory) {
      EXPECT_EQ(count, memories[memory].cells() * cycles_of.at(layer))
          << layer << " " << memory::memory_name(memory);
    }
  }
}

TEST_F(Strikes, GivenOneStratumThenCellsBatchesAndCyclesAreStruckAsOftenAsTheyAreThere) {
  constexpr int kStrikes = 20000;
  const TrialRunner runner(
      load_plan(plan("single_faults:\n  memories: [psum_fifos]\n"
                     "  when: uniform_cycle\n  samples: 20000\n")));
  ASSERT_EQ(runner.populations().size(), 1U);
  const Population& own = runner.populations()[0];
  std::map<std::int64_t, std::int64_t> batches;
  std::map<std::int64_t, std::int64_t> bits;
  std::map<std::int64_t, std::int64_t> halves;
  std::map<std::int64_t, std::int64_t> lengths;
  for (std::int64_t draw = 0; draw < kStrikes; ++draw) {
    const TrialFaults faults = runner.faults(runner.trial(draw));
    ++batches[faults.batch];
    ++bits[faults.site.cell.bit];
    lengths[faults.batch] = faults.batch_cycles;
    EXPECT_LT(faults.cycle, faults.batch_cycles);
    ++halves[2 * faults.cycle < faults.batch_cycles ? 0 : 1];
  }
  ASSERT_EQ(lengths.size(), 3U);
  std::int64_t cycles = 0;
  for (const auto& [batch, length] : lengths) cycles += length;
  EXPECT_LT(lengths[2], lengths[0]) << "one image, not two";
  // 2 columns x 4 places x 32 bits of the one row that has a FIFO.
  EXPECT_EQ(own.sites, cycles * 2 * 4 * 32);
  std::map<std::int64_t, double> expected;
  for (const auto& [batch, length] : lengths) {
    expected[batch] =
        static_cast<double>(kStrikes) * static_cast<double>(length) / static_cast<double>(cycles);
  }
  EXPECT_LT(chi_squared(expected, batches), 18.4);  // 2 degrees, 0.9999
  std::map<std::int64_t, double> of_bits;
  for (std::int64_t bit = 0; bit < 32; ++bit) of_bits[bit] = kStrikes / 32.0;
  EXPECT_LT(chi_squared(of_bits, bits), 72.0);          // 31 degrees, 0.9999
  EXPECT_LT(std::abs(halves[0] - halves[1]), 5 * 142);  // standard deviation sqrt(20,000) = 141
}

TEST_F(Strikes, GivenAnyMemoryThenTheStruckBatchAloneIsTheWholeRunOnBothEngines) {
  for (const std::string skipping : {"skip", "gate"}) {
    std::string memories = kAllMemories;
    if (skipping != "skip") memories.replace(memories.find("activation_bitmap, "), 19, "");
    const TrialRunner runner(
        load_plan(plan("deadline_cycles: 700\nsingle_faults:\n  memories: " + memories +
                           "\n  when: uniform_cycle\n  samples: 60\n",
                       skipping)));
    std::map<memory::MemoryId, int> fired;
    std::map<memory::MemoryId, int> changed;
    int slower = 0;
    int idle = 0;  // strikes that nothing follows from
    for (std::int64_t k = 0; k < runner.trial_count(); ++k) {
      const Trial trial = runner.trial(k);
      const memory::MemoryId memory = runner.populations()[trial.population].memory;
      const TrialOutcome batch = runner.run(trial);
      const TrialOutcome whole = runner.run_whole(trial, run::EngineKind::kFast);
      const TrialOutcome systemc = runner.run_whole(trial, run::EngineKind::kSystemc);
      ASSERT_TRUE(same_result(batch, whole)) << k;
      idle += batch.savings.residency == batch.savings.total() ? 1 : 0;
      ASSERT_TRUE(same_result(batch, systemc)) << k;
      fired[memory] += batch.fired > 0 ? 1 : 0;
      changed[memory] += batch.masked < 5 ? 1 : 0;
      slower += batch.cycles != runner.golden(0, 0).cycles ? 1 : 0;
      EXPECT_GE(batch.masked, 3) << "at most the two images of a batch change";
    }
    for (const char* name : {"weight_sram", "activation_sram", "pe_weights", "pe_accumulators"}) {
      const auto kind =
          std::find_if(memory::kMemories.begin(), memory::kMemories.end(),
                       [&](const auto& own) { return own.name == std::string(name); });
      EXPECT_GT(fired[kind->id], 0) << skipping << " " << name;
    }
    EXPECT_GT(idle, 0) << skipping;
    EXPECT_LT(idle, runner.trial_count() * 9 / 10) << skipping;
    EXPECT_GT(changed[memory::MemoryId::kWeightSram], 0) << skipping;
    if (skipping == "skip") {
      EXPECT_GT(slower, 0);
    }
  }
}

TEST_F(Strikes, GivenAStrikeThenItIsSaidWhereItEnded) {
  const std::string faults =
      "single_faults:\n  memories: " + kAllMemories + "\n  when: uniform_cycle\n  samples: 150\n";
  const TrialRunner runner(load_plan(plan(faults)));
  using measure::FateStage;
  std::map<FateStage, int> seen;
  for (std::int64_t k = 0; k < runner.trial_count(); ++k) {
    const Trial trial = runner.trial(k);
    const TrialOutcome outcome = runner.run(trial);
    ASSERT_TRUE(outcome.ended.has_value()) << k;
    const FateStage stage = *outcome.ended;
    ++seen[stage];
    EXPECT_EQ(stage <= FateStage::kOverwritten, outcome.fired == 0) << k;
    EXPECT_EQ(stage <= FateStage::kOverwritten, outcome.ended_in.empty()) << k;
    EXPECT_EQ(stage >= FateStage::kTop1Equal, outcome.masked < 5) << k;
    EXPECT_EQ(stage == FateStage::kTop1Changed, outcome.sdc > 0) << k;
    if (stage == FateStage::kCodesEqual) {
      EXPECT_EQ(outcome.ended_in, "first") << "the other has outputs";
    }
    if (stage >= FateStage::kLaterMapEqual) {
      EXPECT_EQ(outcome.ended_in, "second") << k;
    }
    const std::vector<ImageOutcome> images = runner.run_images(trial);
    std::int64_t batch = 0;
    bool farthest = false;
    for (std::size_t image = 0; image < images.size(); ++image) {
      const ImageOutcome& own = images[image];
      const bool struck = static_cast<std::int64_t>(image) / 2 == runner.faults(trial).batch;
      EXPECT_EQ(own.ended.has_value(), struck) << k << " " << image;
      if (!own.ended) continue;
      ++batch;
      EXPECT_LE(*own.ended, stage);
      farthest = farthest || (*own.ended == stage && own.ended_in == outcome.ended_in);
      EXPECT_EQ(*own.ended < FateStage::kTop1Equal, own.change == run::ImageChange::kMasked);
      EXPECT_EQ(*own.ended == FateStage::kTop1Changed, own.change == run::ImageChange::kSdc);
    }
    EXPECT_EQ(batch, runner.faults(trial).batch < 2 ? 2 : 1);
    EXPECT_TRUE(farthest) << k;
  }
  for (const FateStage stage :
       {FateStage::kNeverRead, FateStage::kOverwritten, FateStage::kNoSumDiffers,
        FateStage::kCodesEqual, FateStage::kTop1Changed}) {
    EXPECT_GT(seen[stage], 5) << measure::fate_stage(stage).key;
  }
}

TEST_F(Strikes, GivenAStoreOfBeforeTheirEndingsThenItIsReadAndGoneOnWithWithoutThem) {
  const std::string file =
      plan("single_faults:\n  memories: [pe_weights]\n  when: uniform_cycle\n  samples: 40\n");
  const std::string store = path("s.sqlite");
  ASSERT_EQ(lacuna("campaign run " + file + " --out " + store).code, 0);
  const Output status = lacuna("campaign status " + store);
  EXPECT_NE(status.out.find("where strikes ended"), std::string::npos);
  const Output changed =
      shell("sqlite3 " + store +
            " 'ALTER TABLE trials DROP COLUMN ended; ALTER TABLE trials DROP COLUMN ended_in; "
            "ALTER TABLE trials DROP COLUMN holds; ALTER TABLE trials DROP COLUMN phase; "
            "ALTER TABLE populations DROP COLUMN outside; "
            "ALTER TABLE populations DROP COLUMN cells; "
            "ALTER TABLE trials DROP COLUMN sdc5; DELETE FROM trials WHERE trial > 20'");
  if (changed.code == 127) GTEST_SKIP() << "no sqlite3";
  ASSERT_EQ(changed.code, 0) << changed.out << changed.error;
  EXPECT_EQ(lacuna("replay " + store + " --trial 3").code, 0);
  const Output resumed = lacuna("campaign resume " + store);
  ASSERT_EQ(resumed.code, 0) << resumed.error;
  EXPECT_EQ(resumed.out.find("where strikes ended"), std::string::npos) << resumed.out;
  EXPECT_NE(resumed.out.find("vulnerability: percent"), std::string::npos) << resumed.out;
  ASSERT_EQ(
      lacuna("campaign export " + store + " --csv " + path("t.csv") + " --summary " + path("m.csv"))
          .code,
      0);
  EXPECT_EQ(read(path("m.csv")).find("ended_never"), std::string::npos);
  EXPECT_EQ(lacuna("report " + store + " --out " + path("r.html")).code, 0);
}

TEST_F(Strikes, GivenATrialWhoseEndingIsNoneThenTheFileIsNamed) {
  const std::string file =
      plan("single_faults:\n  memories: [pe_weights]\n  when: uniform_cycle\n  samples: 40\n");
  const std::string store = path("s.sqlite");
  for (const std::string change : {"ended = \"burnt\"", "ended = \"\"", "ended_in = \"\"",
                                   "ended = \"top1_changed\"", "sdc5 = 6"}) {
    std::filesystem::remove(store);
    ASSERT_EQ(lacuna("campaign run " + file + " --out " + store).code, 0);
    const Output changed = shell("sqlite3 " + store + " 'UPDATE trials SET " + change +
                                 " WHERE ended = \"codes_equal\"; SELECT changes()'");
    if (changed.code == 127) GTEST_SKIP() << "no sqlite3";
    ASSERT_NE(changed.out, "0\n");
    const Output status = lacuna("campaign status " + store);
    EXPECT_EQ(status.code, 2) << change;
    EXPECT_NE(status.error.find(store), std::string::npos) << status.error;
  }
}

TEST_F(Strikes, GivenAnyNumberOfWorkersThenTheSameBytesAreExportedAndReplayed) {
  const std::string file =
      plan("single_faults:\n  memories: " + kAllMemories +
           "\n  when: uniform_cycle\n  strata: [layer]\n  samples: 100\n  half_width: 0.08\n"
           "  at_most: 160\n");
  std::string first;
  const std::string store = path("s.sqlite");
  for (const std::string workers : {"1", "3"}) {
    std::filesystem::remove(store);
    const Output run = lacuna("campaign run " + file + " --out " + store + " --audit 0.01" +
                              " --workers " + workers);
    ASSERT_EQ(run.code, 0) << run.error;
    EXPECT_NE(run.out.find("trials audited: both engines equal"), std::string::npos) << run.out;
    ASSERT_EQ(lacuna("campaign export " + store + " --csv " + path("t.csv") + " --json " +
                     path("t.json") + " --summary " + path("m.csv"))
                  .code,
              0);
    const std::string bytes = read(path("t.csv")) + read(path("t.json")) + read(path("m.csv"));
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first);
  }
  // 7 memories x 3 phases of at least 100 strikes.
  const std::string csv = read(path("t.csv"));
  EXPECT_GT(std::count(csv.begin(), csv.end(), '\n'), 2100);
  for (const std::string trial : {"0", "350", "1999"}) {
    const Output replay = lacuna("replay " + store + " --trial " + trial + " --engine systemc");
    EXPECT_EQ(replay.code, 0) << replay.error;
    EXPECT_NE(replay.out.find("equal to the store, to the bit and to the cycle"),
              std::string::npos);
    EXPECT_NE(replay.out.find("strike"), std::string::npos) << replay.out;
  }
  EXPECT_EQ(lacuna("report " + store + " --out " + path("r.html")).code, 0);
}

/// Fields of the lines of a CSV without quotes, by column.
std::vector<std::map<std::string, std::string>> csv_rows(const std::string& text) {
  std::stringstream lines(text);
  std::vector<std::string> names;
  std::vector<std::map<std::string, std::string>> rows;
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == ',') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    if (names.empty()) {
      names = fields;
      continue;
    }
    EXPECT_EQ(fields.size(), names.size()) << line;
    rows.emplace_back();
    for (std::size_t i = 0; i < names.size() && i < fields.size(); ++i) {
      rows.back()[names[i]] = fields[i];
    }
  }
  return rows;
}

TEST_F(Strikes, GivenTrialsThenTheSummaryHasWhatTheyComeTo) {
  const std::string faults =
      "single_faults:\n  memories: [pe_accumulators, pe_weights]\n  when: uniform_cycle\n"
      "  samples: 400\n";
  // Of the three batches the longest misses it without a fault, too.
  std::int64_t longest = 0;
  const TrialRunner runner(load_plan(plan(faults)));
  for (std::int64_t draw = 0; draw < 50; ++draw) {
    longest = std::max(longest, runner.faults(runner.trial(draw)).batch_cycles);
  }
  const auto deadline = static_cast<double>(longest - 1);
  const std::string file = plan("deadline_cycles: " + std::to_string(longest - 1) + "\n" + faults);
  const std::string store = path("s.sqlite");
  const Output run = lacuna("campaign run " + file + " --out " + store);
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_NE(run.out.find("vulnerability: percent of the faults"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("the faults that cost most cycles"), std::string::npos) << run.out;
  ASSERT_EQ(
      lacuna("campaign export " + store + " --csv " + path("t.csv") + " --summary " + path("m.csv"))
          .code,
      0);
  std::map<std::string, std::map<std::string, double>> expected;
  std::map<std::string, std::vector<double>> times;
  std::map<std::string, double> ended;
  std::map<std::string, double> held;
  std::set<std::pair<int, double>> costs;
  std::vector<double> costly;
  for (const auto& row : csv_rows(read(path("t.csv")))) {
    std::map<std::string, double>& own = expected[row.at("memory")];
    const double added = std::stod(row.at("cycles")) - std::stod(row.at("golden_cycles"));
    const double before = std::stod(row.at("batch_cycles"));
    const double share = 1.0 / 400;
    own["sdc_any"] += row.at("sdc") != "0" ? share : 0;
    own["avf"] += row.at("sdc") != "0" ? share : 0;
    own["outputs_changed"] += row.at("masked") != "5" ? share : 0;
    own["cycles_changed"] += added != 0 ? share : 0;
    own["slower"] += added > 0 ? share : 0;
    own["faster"] += added < 0 ? share : 0;
    own["late"] += before + added > deadline ? share : 0;
    own["late_before"] += before > deadline ? share : 0;
    times[row.at("memory")].push_back((before + added) / before);
    const auto hold = [&](const char* figure, bool hit) {
      held[row.at("memory") + " held_" + figure + " " + row.at("holds")] += hit ? share : 0;
    };
    hold("strikes", true);
    hold("sdc_any", row.at("sdc") != "0");
    hold("outputs_changed", row.at("masked") != "5");
    hold("cycles_changed", added != 0);
    costs.insert({std::stoi(row.at("trial")), added});
    ended[row.at("memory") + " ended_" + row.at("ended") + " " + row.at("ended_in")] += share;
    ended[row.at("memory") + " ended_" + row.at("ended") + " "] +=
        row.at("ended_in").empty() ? 0 : share;
  }
  ASSERT_EQ(expected.size(), 2U);
  for (auto& [memory, list] : times) {
    ASSERT_EQ(list.size(), 400U);
    std::sort(list.begin(), list.end());
    expected[memory]["time_median"] = list[199];
    expected[memory]["time_p99"] = list[395];
    expected[memory]["time_p999"] = list[399];
    expected[memory]["time_most"] = list[399];
  }
  const std::map<std::string, double>& sums = expected.at("pe_accumulators");
  EXPECT_GT(sums.at("outputs_changed"), 0);
  EXPECT_GT(sums.at("slower"), 0);
  EXPECT_GT(sums.at("faster"), 0);
  EXPECT_GT(sums.at("late_before"), 0);
  EXPECT_LT(sums.at("late_before"), 1);
  int found = 0;
  for (const auto& row : csv_rows(read(path("m.csv")))) {
    if (row.at("unit") == "trial") {
      costly.push_back(std::stod(row.at("mean")));
      EXPECT_EQ(row.at("figure"), "cycles_added");
      EXPECT_EQ(costs.count({std::stoi(row.at("trial")), costly.back()}), 1U);
      EXPECT_NE(row.at("fault").find("strike of " + row.at("memory")), std::string::npos);
    }
    if (row.at("unit") != "fault" || row.at("figure") == "mbit") continue;
    EXPECT_EQ(row.at("kind"), "strike");
    if (!row.at("n").empty()) {
      EXPECT_EQ(row.at("n"), "400");
    }
    EXPECT_EQ(row.at("layer") + row.at("bit"), "");
    const double mean = std::stod(row.at("mean"));
    if (row.at("figure").rfind("held_", 0) == 0) {
      const std::string key = row.at("memory") + " " + row.at("figure") + " " + row.at("holds");
      EXPECT_NEAR(mean, held[key], 6e-6) << key;
      held.erase(key);
      continue;
    }
    ++found;
    if (row.at("figure").rfind("ended_", 0) == 0) {
      const std::string key = row.at("memory") + " " + row.at("figure") + " " + row.at("ended_in");
      EXPECT_NEAR(mean, ended[key], 6e-6) << key;
      const auto interval = statistics::wilson_interval(std::llround(400 * mean), 400, 0.95);
      EXPECT_NEAR(std::stod(row.at("upper")), interval.upper, 1e-6);
      ended.erase(key);
      --found;
      continue;
    }
    EXPECT_NEAR(mean, expected.at(row.at("memory")).at(row.at("figure")), 6e-6)
        << row.at("memory") << " " << row.at("figure");
    if (row.at("figure") == "outputs_changed") {
      const auto interval = statistics::wilson_interval(std::llround(400 * mean), 400, 0.95);
      EXPECT_NEAR(std::stod(row.at("lower")), interval.lower, 1e-6);
      EXPECT_NEAR(std::stod(row.at("upper")), interval.upper, 1e-6);
    }
  }
  EXPECT_EQ(found, 2 * 12);
  EXPECT_TRUE(held.empty()) << held.begin()->first << " is not in the summary";
  EXPECT_NE(run.out.find("strikes by what the cell held"), std::string::npos) << run.out;
  ASSERT_EQ(costly.size(), Vulnerability::kMostCostly);
  EXPECT_TRUE(std::is_sorted(costly.rbegin(), costly.rend()));
  EXPECT_EQ(costly.front(), std::max_element(costs.begin(), costs.end(), [](auto& a, auto& b) {
                              return a.second < b.second;
                            })->second);
  EXPECT_TRUE(ended.empty()) << ended.begin()->first << " is not in the summary";
  EXPECT_NE(run.out.find("where strikes ended: percent of them"), std::string::npos) << run.out;
}

}  // namespace
}  // namespace lacuna::campaign
