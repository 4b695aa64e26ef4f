// Campaigns by the built program: the same trials whoever runs them, nothing lost and nothing twice
// whatever kills them, and clear errors. LACUNA_FULL=1 kills at 50 moments.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "program/program.hpp"
#include "share.hpp"

namespace lacuna {
namespace {

class Campaign : public Program {
 protected:
  std::string write_plan(int images, int maps, const std::string& more = "") const {
    std::ofstream(path("plan.yaml")) << "name: test\n"
                                     << "machines: [hw_configs/tiny_8x8.yaml]\n"
                                     << "models: [models/lenet5_qdnn, models/lenet5_as]\n"
                                     << "images: " << images << "\n"
                                     << more << "random_maps:\n"
                                     << "  kinds: [flip]\n"
                                     << "  rates: [0.001, 0.02]\n"
                                     << "  maps: " << maps << "\n";
    return path("plan.yaml");
  }

  /// Single faults, sampled in rounds until a stop rule is content.
  std::string write_site_plan(int images, const std::string& rule) const {
    std::ofstream(path("sites.yaml")) << "name: sites\n"
                                      << "machines: [hw_configs/tiny_8x8.yaml]\n"
                                      << "models: [models/lenet5_qdnn]\n"
                                      << "images: " << images << "\n"
                                      << "single_faults:\n"
                                      << "  kinds: [flip, stuck_at_1]\n"
                                      << "  sites: weights\n"
                                      << "  strata: [layer]\n"
                                      << rule;
    return path("sites.yaml");
  }

  std::string exported(const std::string& store) const {
    const Output run = lacuna("campaign export " + store + " --csv " + path("x.csv") + " --json " +
                              path("x.json"));
    EXPECT_EQ(run.code, 0) << run.error;
    return read(path("x.csv")) + read(path("x.json"));
  }

  /// Runs a campaign whole, then again and again with kills at uniformly random moments.
  void kill_and_resume(const std::string& plan) const;
};

void Campaign::kill_and_resume(const std::string& plan) const {
  const std::string whole = path("whole.sqlite");
  const auto began = std::chrono::steady_clock::now();
  ASSERT_EQ(lacuna("campaign run " + plan + " --out " + whole + " --workers 2").code, 0);
  const auto span = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began);
  const std::string expected = exported(whole);

  std::mt19937 draw(7);
  const int kills = static_cast<int>(test::case_count(50, 6, 2));
  int finished_early = 0;
  for (int i = 0; i < kills; ++i) {
    const std::string store = path("k" + std::to_string(i) + ".sqlite");
    // Killed, then resumed and killed once more, then left alone.
    for (int life = 0; life < 2; ++life) {
      const std::vector<std::string> command =
          std::filesystem::exists(store)
              ? std::vector<std::string>{"campaign", "resume", store, "--workers", "2"}
              : std::vector<std::string>{"campaign", "run", plan, "--out", store, "--workers", "2"};
      Running victim(command);
      std::this_thread::sleep_for(std::chrono::microseconds(
          static_cast<std::int64_t>(draw() % static_cast<std::uint64_t>(span.count()))));
      victim.kill(SIGKILL);
      finished_early += victim.wait().code >= 0 ? 1 : 0;
    }
    const Output last = std::filesystem::exists(store)
                            ? lacuna("campaign resume " + store)
                            : lacuna("campaign run " + plan + " --out " + store);
    ASSERT_EQ(last.code, 0) << last.error;
    EXPECT_EQ(exported(store), expected) << "kill " << i;
  }
  EXPECT_LT(finished_early, 2 * kills) << "no kill ever struck";
}

TEST_F(Campaign, GivenAMachineFileThatHasChangedThenATrialIsReplayedIfItIsStillTheSame) {
  const std::string machine = read(LACUNA_SOURCE_DIR "/hw_configs/tiny_8x8.yaml");
  const std::string plan = write("plan.yaml", "name: p\nmachines: [" + write("hw.yaml", machine) +
                                                  "]\nmodels: [models/lenet5_as]\nimages: 3\n"
                                                  "random_maps: {kinds: [flip], rates: [0.02], "
                                                  "maps: 2}\n");
  const std::string store = path("s.sqlite");
  ASSERT_EQ(lacuna("campaign run " + plan + " --out " + store).code, 0);

  write("hw.yaml", "# another comment\n" + machine);
  const Output same = lacuna("replay " + store + " --trial 1");
  EXPECT_EQ(same.code, 0) << same.error;
  EXPECT_NE(
      same.out.find("equal to the store, to the bit and to the cycle, though an input file has "
                    "changed since the campaign began\n"),
      std::string::npos)
      << same.out;
  const Output resume = lacuna("campaign resume " + store);
  EXPECT_EQ(resume.code, 2);
  EXPECT_NE(resume.error.find("has changed since the campaign began"), std::string::npos);

  std::string other = machine;
  other.replace(other.find("k_order: blocked"), 16, "k_order: interleaved");
  write("hw.yaml", other);
  const Output changed = lacuna("replay " + store + " --trial 1");
  EXPECT_EQ(changed.code, 2);
  EXPECT_EQ(changed.error,
            "lacuna: " + store +
                ": inputs_sha256: the trial is another: a machine, network, fault or data file has "
                "changed since the campaign began; the files it began with\n");
}

TEST_F(Campaign, GivenAnyNumberOfWorkersThenTheSameBytesAreExported) {
  const std::string plan = write_plan(20, 4);
  std::string first;
  for (const std::string workers : {"1", "2", "5"}) {
    const std::string store = path("w" + workers + ".sqlite");
    const Output run = lacuna("campaign run " + plan + " --out " + store + " --workers " + workers);
    ASSERT_EQ(run.code, 0) << run.error;
    EXPECT_NE(run.out.find("16 of 16 trials"), std::string::npos) << run.out;
    const std::string bytes = exported(store);
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first);
  }
}

TEST_F(Campaign, GivenAnAuditOfAllTrialsThenBothEnginesAgree) {
  const Output run =
      lacuna("campaign run " + write_plan(4, 2) + " --out " + path("a.sqlite") + " --audit 1");
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_NE(run.out.find("8 trials audited: both engines equal"), std::string::npos) << run.out;
}

TEST_F(Campaign, GivenRoundsOfAStopRuleThenWorkersAndShortcutsChangeNothing) {
  const std::string plan =
      write_site_plan(6, "  samples: 100\n  half_width: 0.05\n  at_most: 180\n");
  std::string first;
  for (const std::string how :
       {"--workers 1", "--workers 3", "--without residency", "--without prefix",
        "--without channel", "--without early_stop",
        "--without residency --without prefix --without channel --without early_stop"}) {
    const std::string store = path("w.sqlite");
    const Output run = lacuna("campaign run " + plan + " --out " + store + " " + how);
    ASSERT_EQ(run.code, 0) << run.error;
    const std::string bytes = exported(store);
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first) << how;
    std::filesystem::remove(store);
  }
  // 10 strata of 100 faults, and more for some of them: the rule was asked. A line each in two
  // files.
  const auto rows = std::count(first.begin(), first.end(), '\n');
  EXPECT_GT(rows, 2 * (10 * 100 + 50));
  EXPECT_EQ(lacuna("campaign run " + plan + " --out " + path("x.sqlite") + " --without luck").error,
            "lacuna: --without: 'luck' is not a shortcut; residency, prefix, channel, early_stop "
            "are known\n");
}

TEST_F(Campaign, GivenShapesUpsetsAndFilesThenBothEnginesAgree) {
  std::ofstream(path("chip.csv")) << "memory,bank,row,bit,kind\nweight_sram,0,3,1,stuck_at_1\n";
  std::ofstream(path("plan.yaml"))
      << "name: shapes\nmachines: [hw_configs/edge_16x16.yaml, hw_configs/tiny_8x8.yaml]\n"
      << "models: [models/lenet5_as]\nimages: 3\n"
      << "fault_files: [" << path("chip.csv") << "]\n"
      << "single_faults:\n  kinds: [flip, upset, stuck_at_0]\n"
      << "  shapes: [cell, 2x3, row, column, bank]\n  samples: 1\n";
  const Output run =
      lacuna("campaign run " + path("plan.yaml") + " --out " + path("s.sqlite") + " --audit 1");
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_NE(run.out.find("32 trials audited: both engines equal"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("of a bank"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(path("chip.csv")), std::string::npos) << run.out;
}

TEST_F(Campaign, GivenTheStoredCommandLineThenItReplaysTheTrial) {
  const std::string store = path("c.sqlite");
  ASSERT_EQ(lacuna("campaign run " + write_site_plan(4, "  samples: 2\n") + " --out " + store).code,
            0);
  const Output row =
      shell("sqlite3 " + store +
            " \"SELECT value FROM header WHERE key IN ('folder', 'replay') ORDER BY key\"");
  if (row.code == 127) GTEST_SKIP() << "no sqlite3";
  std::stringstream lines(row.out);
  std::string folder;
  std::string command;
  std::getline(lines, folder);
  std::getline(lines, command);
  ASSERT_EQ(command.substr(0, 7), "lacuna ") << row.out;
  const Output replay = shell("cd '" + folder + "' && " + command + " 7 --engine systemc");
  EXPECT_EQ(replay.code, 0) << replay.error;
  EXPECT_NE(replay.out.find("equal to the store, to the bit and to the cycle"), std::string::npos)
      << replay.out;
}

// Two networks on the same chips: the mean difference is the difference of the means, since every
// map has both.
TEST_F(Campaign, GivenAContrastThenItsMeanIsTheDifferenceOfTheMeans) {
  const std::string store = path("c.sqlite");
  const std::string plan = write_plan(50, 6,
                                      "contrasts:\n  - name: sparse - standard\n"
                                      "    first: [models/lenet5_as, models/lenet5_qdnn]\n"
                                      "    second: [models/lenet5_qdnn, models/lenet5_as]\n");
  ASSERT_EQ(lacuna("campaign run " + plan + " --out " + store).code, 0);
  ASSERT_EQ(lacuna("campaign export " + store + " --summary " + path("s.csv")).code, 0);
  std::ifstream rows(path("s.csv"));
  std::map<std::string, double> mean;
  std::map<std::string, double> spread;
  for (std::string line; std::getline(rows, line);) {
    std::vector<std::string> f;
    std::stringstream stream(line);
    for (std::string field; std::getline(stream, field, ',');) f.push_back(field);
    if (f[2] != "0.02" || f[8].empty()) continue;
    mean[f[3] + " " + f[4] + " " + f[6]] = std::stod(f[8]);
    if (!f[9].empty()) spread[f[3] + " " + f[4] + " " + f[6]] = std::stod(f[9]);
  }
  const double difference = mean.at("lenet5_as  top1") - mean.at("lenet5_qdnn  top1");
  EXPECT_NEAR(mean.at("sparse - standard 1 top1_difference"), difference, 2e-6);
  EXPECT_NEAR(mean.at("sparse - standard 2 top1_difference"), -difference, 2e-6);
  EXPECT_NEAR(mean.at("sparse - standard  top1_difference"), 0, 2e-6);
  // The pairs are each other's opposite on every map, so their mean has no spread, either.
  EXPECT_NEAR(mean.at("sparse - standard mean top1_difference"), 0, 2e-6);
  EXPECT_NEAR(spread.at("sparse - standard mean top1_difference"), 0, 2e-6);
  EXPECT_GT(spread.at("sparse - standard 1 top1_difference"), 1e-3);
  EXPECT_NEAR(mean.at("sparse - standard 1 lost_top1_difference"),
              mean.at("lenet5_as  lost_top1") - mean.at("lenet5_qdnn  lost_top1"), 2e-6);
}

TEST_F(Campaign, GivenImagesThenEachOnesOutcomeAddsUpToItsTrial) {
  const std::string store = path("i.sqlite");
  ASSERT_EQ(lacuna("campaign run " + write_site_plan(7, "  samples: 2\n") + " --out " + store).code,
            0);
  ASSERT_EQ(lacuna("campaign export " + store + " --csv " + path("t.csv") + " --images " +
                   path("i.csv") + " --trials 5-7")
                .code,
            0);
  std::ifstream images(path("i.csv"));
  std::string line;
  std::getline(images, line);
  EXPECT_EQ(line,
            "trial,image,label,golden_top1,top1,outcome,golden_batch_cycles,batch_cycles,rmse,"
            "ended,ended_in,outside_top5");
  int rows = 0;
  std::map<std::string, int> outcomes;
  long cycles = 0;
  while (std::getline(images, line)) {
    ++rows;
    if (line.substr(0, 2) != "6,") continue;
    std::vector<std::string> fields;
    std::stringstream stream(line);
    for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
    ++outcomes[fields[5]];
    cycles += std::stol(fields[7]);
  }
  EXPECT_EQ(rows, 3 * 7);
  std::ifstream trials(path("t.csv"));
  for (int i = 0; i <= 7; ++i) std::getline(trials, line);
  EXPECT_EQ(line.substr(0, 2), "6,");
  // The weight's name is quoted and has commas; the counts come after "done,7,".
  const std::string counts = line.substr(line.find(",done,7,") + 8);
  const std::string expected = std::to_string(outcomes["masked"]) + "," +
                               std::to_string(outcomes["benign"]) + "," +
                               std::to_string(outcomes["sdc"]) + "," + std::to_string(cycles) + ",";
  EXPECT_NE(counts.find(expected), std::string::npos) << line;
}

// Every cell of the memory: rows of the SRAM are sums over the trials that struck them, exactly.
TEST_F(Campaign, GivenEveryCellStruckThenEachRowOfEachBankIsCounted) {
  const std::string machine = read(LACUNA_SOURCE_DIR "/hw_configs/tiny_8x8.yaml");
  const std::size_t banks = machine.find("banks: 1 ");
  ASSERT_NE(banks, std::string::npos);
  std::ofstream(path("hw.yaml")) << std::string(machine).replace(banks, 8, "banks: 2");
  std::ofstream(path("plan.yaml")) << "name: all\nmachines: [" << path("hw.yaml") << "]\n"
                                   << "models: [models/lenet5_as]\nimages: 30\n"
                                   << "single_faults:\n  kinds: [flip]\n  exhaustive: true\n"
                                   << "  critical_share: 0.04\n";
  const std::string store = path("r.sqlite");
  const Output run = lacuna("campaign run " + path("plan.yaml") + " --out " + store);
  ASSERT_EQ(run.code, 0) << run.error;
  ASSERT_EQ(lacuna("campaign export " + store + " --csv " + path("t.csv") + " --rows " +
                   path("r.csv") + " --json " + path("r.json"))
                .code,
            0);
  using Sums = std::vector<std::int64_t>;
  std::map<std::pair<int, int>, Sums> expected;
  std::ifstream trials(path("t.csv"));
  std::string line;
  std::getline(trials, line);
  while (std::getline(trials, line)) {
    // Names of weights are quoted and have commas.
    for (std::size_t quote = line.find('"'); quote != std::string::npos; quote = line.find('"')) {
      line.erase(quote, line.find('"', quote + 1) - quote + 1);
    }
    std::vector<std::string> f;
    std::stringstream stream(line);
    for (std::string field; std::getline(stream, field, ',');) f.push_back(field);
    const auto number = [&](std::size_t column) { return std::stol(f[column]); };
    Sums& sums = expected[{number(10), number(11)}];
    sums.resize(7);
    const std::int64_t sdc = number(24);
    const Sums own{1,
                   0,
                   sdc >= 2 ? 1 : 0,
                   number(22) == 30 ? 1 : 0,
                   sdc,
                   number(26) - number(21),
                   number(25) - number(27)};
    for (std::size_t i = 0; i < own.size(); ++i) sums[i] += own[i];
  }
  ASSERT_EQ(expected.size(), 1024U);  // 4 KiB of words of 32 bits
  std::string json = read(path("r.json"));
  ASSERT_NE(json.find("\"rows\": ["), std::string::npos);
  json.erase(0, json.find("\"rows\": ["));
  std::ifstream rows(path("r.csv"));
  std::getline(rows, line);
  EXPECT_EQ(line,
            "machine,network,kind,shape,bank,row,faults,lost,critical,masked,sdc,correct_lost,"
            "cycles_added,memory");
  std::int64_t critical = 0;
  for (const auto& [place, sums] : expected) {
    ASSERT_EQ(sums[0], 32);
    std::string text = std::to_string(place.first) + "," + std::to_string(place.second);
    for (const std::int64_t sum : sums) text += "," + std::to_string(sum);
    std::getline(rows, line);
    EXPECT_EQ(line.substr(line.find("cell,") + 5), text + ",weight_sram");
    std::string entry = "\"shape\":\"cell\",\"bank\":" + std::to_string(place.first) +
                        ",\"row\":" + std::to_string(place.second);
    const char* const names[] = {"faults", "lost", "critical", "masked", "sdc", "correct_lost"};
    for (std::size_t i = 0; i < 6; ++i) {
      entry += ",\"" + std::string(names[i]) + "\":" + std::to_string(sums[i]);
    }
    EXPECT_NE(json.find(entry), std::string::npos) << entry;
    critical += sums[2];
  }
  EXPECT_GT(critical, 0);
  EXPECT_NE(run.out.find("rows                  bank 0          bank 1\n"), std::string::npos)
      << run.out;
  EXPECT_NE(run.out.find("worst rows   bank "), std::string::npos) << run.out;
}

// 8 x 8 PEs, each a bank of two registers of 32 bits, the sums of a lane: every fault is in one
// row.
TEST_F(Campaign, GivenFaultsInSeveralMemoriesThenEachHasItsRows) {
  std::ofstream(path("plan.yaml"))
      << "name: several\nmachines: [hw_configs/tiny_8x8.yaml]\nmodels: [models/lenet5_as]\n"
      << "images: 1\nsingle_faults:\n  kinds: [flip]\n  samples: 50\n"
      << "  memories: [pe_accumulators, activation_sram]\n";
  const std::string store = path("r.sqlite");
  ASSERT_EQ(lacuna("campaign run " + path("plan.yaml") + " --out " + store).code, 0);
  ASSERT_EQ(lacuna("campaign export " + store + " --rows " + path("r.csv")).code, 0);
  std::ifstream rows(path("r.csv"));
  std::string line;
  std::getline(rows, line);
  std::map<std::string, std::int64_t> faults;
  while (std::getline(rows, line)) {
    std::vector<std::string> f;
    std::stringstream stream(line);
    for (std::string field; std::getline(stream, field, ',');) f.push_back(field);
    ASSERT_EQ(f.size(), 14U) << line;
    if (f[13] == "pe_accumulators") {
      EXPECT_LT(std::stol(f[4]), 64) << line;
      EXPECT_LT(std::stol(f[5]), 2) << line;
    }
    faults[f[13]] += std::stol(f[6]);
  }
  EXPECT_EQ(faults, (std::map<std::string, std::int64_t>{{"activation_sram", 50},
                                                         {"pe_accumulators", 50}}));
}

// Peak memory of a campaign and its workers, in KiB.
TEST_F(Campaign, GivenAHundredThousandTrialsThenMemoryIsThatOfAFew) {
#ifdef LACUNA_SANITIZED
  GTEST_SKIP() << "the sanitizer keeps what is freed";
#endif
  const auto peak = [&](int samples) {
    const std::string store = path("m" + std::to_string(samples) + ".sqlite");
    std::ofstream(path("m.yaml")) << "name: flat\nmachines: [hw_configs/edge_16x16.yaml]\n"
                                  << "models: [models/lenet5_qdnn]\nimages: 1\nsingle_faults:\n"
                                  << "  kinds: [flip]\n  samples: " << samples << "\n";
    const Output run =
        lacuna({"campaign", "run", path("m.yaml"), "--out", store, "--workers", "2"});
    EXPECT_EQ(run.code, 0) << run.error;
    return run.peak_kib;
  };
  const long few = peak(1'000);
  const long many = peak(100'000);
  EXPECT_LT(many, few + few / 10 + 4096) << few << " KiB for 1,000 trials";
}

TEST_F(Campaign, GivenATrialThenEitherEngineReplaysIt) {
  const std::string store = path("p.sqlite");
  ASSERT_EQ(lacuna("campaign run " + write_plan(4, 2) + " --out " + store).code, 0);
  for (const std::string engine : {"fast", "systemc"}) {
    const Output replay = lacuna("replay " + store + " --trial 5 --engine " + engine);
    EXPECT_EQ(replay.code, 0) << replay.error;
    EXPECT_NE(replay.out.find("equal to the store, to the bit and to the cycle"), std::string::npos)
        << replay.out;
  }
  const Output waves =
      lacuna("replay " + store + " --trial 5 --engine systemc --vcd " + path("w.vcd"));
  EXPECT_EQ(waves.code, 0) << waves.error;
  EXPECT_NE(read(path("w.vcd")).find("$enddefinitions"), std::string::npos);
  EXPECT_EQ(lacuna("replay " + store + " --trial 5 --vcd " + path("w.vcd")).code, 2);
  EXPECT_EQ(lacuna("replay " + store + " --trial 8").error,
            "lacuna: --trial: '8' cannot be used; an integer from 0 to 7 is allowed\n");
}

TEST_F(Campaign, GivenKillsAtRandomMomentsThenNothingIsLostAndNothingTwice) {
  kill_and_resume(write_plan(60, 15));  // 60 trials
}

TEST_F(Campaign, GivenKillsBetweenRoundsOfAStopRuleThenTheSameTrialsAreDrawn) {
  kill_and_resume(write_site_plan(32, "  samples: 100\n  half_width: 0.06\n  at_most: 200\n"));
}

TEST_F(Campaign, GivenATrialThatTakesTooLongThenThatIsItsOutcome) {
  // 4,000 images on the SystemC engine take longer than the second that a trial has.
  const Output run = lacuna("campaign run " + write_plan(4000, 1, "seconds_a_trial: 1\n") +
                            " --out " + path("t.sqlite") + " --audit 1");
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_NE(run.out.find("4 of 4 trials"), std::string::npos) << run.out;
  EXPECT_NE(exported(path("t.sqlite")).find(",timed_out,"), std::string::npos);
}

TEST_F(Campaign, GivenAMistakeThenNothingIsLost) {
  const std::string plan = write_plan(5, 1);
  const std::string store = path("s.sqlite");
  ASSERT_EQ(lacuna("campaign run " + plan + " --out " + store).code, 0);
  const std::string before = exported(store);

  const Output again = lacuna("campaign run " + plan + " --out " + store);
  EXPECT_EQ(again.code, 2);
  EXPECT_EQ(again.error,
            "lacuna: " + store +
                ": exists already; 'resume' goes on with it; a new one needs a new name\n");
  EXPECT_EQ(lacuna("campaign resume " + path("none.sqlite")).code, 2);
  EXPECT_EQ(lacuna("campaign status " + plan).code, 2);
  EXPECT_EQ(lacuna("campaign rum " + plan).error,
            "lacuna: campaign: 'rum' is not a verb; run, resume, merge, status, export are known; "
            "did you "
            "mean 'run'?\n");
  EXPECT_EQ(lacuna("campaign run " + plan + " --out /no/such/folder/s.sqlite").code, 2);
  EXPECT_EQ(exported(store), before);
  EXPECT_EQ(lacuna("campaign resume " + store).code, 0);  // nothing to do
  EXPECT_EQ(exported(store), before);
}

TEST_F(Campaign, GivenAFullDiskThenWhatWasWrittenStaysAndResumeFinishes) {
  const std::string plan =
      write_plan(5, 100);  // 400 rows are more than 40 KiB in any number of transactions
  const std::string store = path("d.sqlite");
  // A limit on the size of files stands in for a full disk: writes fail, the program goes on.
  const Output full = shell("trap '' XFSZ; ulimit -f 40; lacuna campaign run " + plan + " --out " +
                            store + " --workers 2");
  EXPECT_EQ(full.code, 2);
  EXPECT_NE(full.error.find(store + ": cannot be"), std::string::npos) << full.error;
  const Output resumed = lacuna("campaign resume " + store);
  ASSERT_EQ(resumed.code, 0) << resumed.error;
  ASSERT_EQ(lacuna("campaign run " + plan + " --out " + path("e.sqlite")).code, 0);
  EXPECT_EQ(exported(store), exported(path("e.sqlite")));
}

TEST_F(Campaign, GivenARunningWriterThenASecondIsRefusedAndStatusIsNot) {
  const std::string plan = write_plan(400, 400);
  const std::string store = path("r.sqlite");
  Running first({"campaign", "run", plan, "--out", store, "--workers", "1"});
  for (int i = 0; i < 600 && !std::filesystem::exists(store); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const Output second = lacuna("campaign resume " + store);
  const Output status = lacuna("campaign status " + store);
  first.kill(SIGKILL);
  first.wait();
  EXPECT_EQ(second.code, 2);
  EXPECT_EQ(second.error,
            "lacuna: " + store + ": another process is writing it; one writer at a time\n");
  EXPECT_EQ(status.code, 0) << status.error;
  EXPECT_NE(status.out.find("of 1600 trials"), std::string::npos) << status.out;
}

}  // namespace
}  // namespace lacuna
