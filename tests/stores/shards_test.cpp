// A campaign in shards: whatever the split, the order of the merge, what was killed and what was
// run again, the merged store exports the bytes of a campaign run whole; what cannot be merged is
// said, and nothing is written.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <random>
#include <thread>

#include "share.hpp"
#include "stores/stores.hpp"

namespace lacuna {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class Shards : public Stores {
 protected:
  std::string plan(const std::string& faults, int images = 5) const {
    return write("plan.yaml",
                 "name: split\nmachines: [hw_configs/tiny_8x8.yaml]\n"
                 "models: [models/lenet5_qdnn]\nimages: " +
                     std::to_string(images) + "\n" + faults);
  }
  std::string whole(const std::string& of) const {
    const std::string store = path("whole.sqlite");
    fs::remove(store);
    const Output run = lacuna({"campaign", "run", of, "--out", store});
    EXPECT_EQ(run.code, 0) << run.error;
    return exported(store);
  }
  std::string shard_path(int index, int count, int round = 1) const {
    return path("r" + std::to_string(round) + "." + std::to_string(index) + "of" +
                std::to_string(count));
  }
  Output run_shard(const std::string& of, int index, int count, int round = 1,
                   const std::string& from = "") const {
    Names command{"campaign",
                  "run",
                  of,
                  "--shard",
                  std::to_string(index) + "/" + std::to_string(count),
                  "--out",
                  shard_path(index, count, round),
                  "--workers",
                  "1"};
    if (!from.empty()) command.insert(command.end(), {"--from", from});
    return lacuna(command);
  }
  /// All shards of a round, in a drawn order.
  Names run_shards(const std::string& of, int count, int round = 1,
                   const std::string& from = "") const {
    Names stores;
    for (int i = 0; i < count; ++i) {
      const Output run = run_shard(of, i, count, round, from);
      EXPECT_EQ(run.code, 0) << run.error;
      stores.push_back(shard_path(i, count, round));
    }
    std::mt19937 draw(static_cast<unsigned>(count + round));
    std::shuffle(stores.begin(), stores.end(), draw);
    return stores;
  }
  Output merge(const Names& stores, const std::string& out) const {
    return Stores::merge("campaign", stores, out);
  }
  void expect_refused(const Names& stores, const std::string& error) const {
    expect_merge_refused("campaign", stores, error);
  }
};

constexpr const char* kMaps =
    "random_maps: {kinds: [flip, stuck_at_1], rates: [0.001, 0.02], maps: 6}\n";
constexpr const char* kOneCampaign =
    "stores of one campaign, one version of the program and the same files";

TEST_F(Shards, GivenAnySplitThenTheExportIsThatOfAWholeRun) {
  const std::string faults[] = {
      kMaps,
      "seed: 9\nrandom_maps: {kinds: [flip], rates: [0.01], maps: 5}\n"
      "fault_files: [" +
          write("chip.csv", "memory,bank,row,bit,kind\nweight_sram,0,3,1,stuck_at_1\n") + "]\n",
      "single_faults: {kinds: [flip, upset], sites: cells, shapes: [cell, row], samples: 7}\n",
      "single_faults: {kinds: [stuck_at_0], sites: weights, strata: [layer, bit], samples: 2}\n",
      "single_faults: {memories: [weight_sram, accumulator_sram], when: uniform_cycle, "
      "strata: [layer], samples: 3}\n"};
  const auto cases = test::case_count(5, 5, 2);
  std::vector<int> counts{3, 1, 2, 7};
  counts.resize(test::case_count(4, 4, 1));
  for (std::uint32_t i = 0; i < cases; ++i) {
    const std::string of = plan(faults[i]);
    const std::string expected = whole(of);
    for (const int count : counts) {
      const Output run = merge(run_shards(of, count), "merged");
      ASSERT_EQ(run.code, 0) << run.error;
      EXPECT_EQ(run.out.find(" next"), std::string::npos) << run.out;
      EXPECT_EQ(exported(path("merged")), expected) << faults[i] << count;
      for (const std::string& name : names("r1.")) fs::remove(path(name));
      fs::remove(path("merged"));
    }
  }
}

TEST_F(Shards, GivenMoreShardsThanTrialsThenSomeAreEmpty) {
  const std::string of = plan("random_maps: {kinds: [flip], rates: [0.01], maps: 3}\n");
  const Names stores = run_shards(of, 5);
  EXPECT_EQ(lacuna({"campaign", "status", shard_path(4, 5)})
                .out.rfind("split, shard 4/5: 0 of 0 trials", 0),
            0U);
  ASSERT_EQ(merge(stores, "merged").code, 0);
  EXPECT_EQ(exported(path("merged")), whole(of));
}

TEST_F(Shards, GivenAFolderOfThemThenItsStoresAreMerged) {
  const std::string of = plan(kMaps);
  Names stores = run_shards(of, 4);
  fs::create_directory(path("some"));
  for (int i = 1; i < 4; ++i) {
    fs::rename(shard_path(i, 4), path("some/" + std::to_string(i) + ".sqlite"));
  }
  write("some/1.err", "no store");
  ASSERT_EQ(merge({path("some"), shard_path(0, 4)}, "merged").code, 0);
  EXPECT_EQ(exported(path("merged")), whole(of));
  const Output out = lacuna({"campaign", "merge", path("some"), "--out", path("some/1.sqlite")});
  EXPECT_EQ(out.error, "lacuna: " + path("some/1.sqlite") +
                           ": --out: is an input, too; each output has a file of its own\n");
}

// Whatever the trial, its shard is its number modulo N, and a merge may be gone on with as ever.
TEST_F(Shards, GivenAShardThenItHoldsItsOwnTrialsAndSaysThatItIsOne) {
  const std::string of = plan(kMaps);
  const std::string store = shard_path(1, 3);
  const Output run = run_shard(of, 1, 3);
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_EQ(run.out.rfind("split, shard 1/3: 8 of 8 trials, 5 images each\n", 0), 0U) << run.out;
  EXPECT_EQ(lacuna({"campaign", "status", store}).out, run.out);
  EXPECT_EQ(lacuna({"campaign", "resume", store}).out, run.out);
  const Output table = shell("sqlite3 " + store + " 'SELECT trial FROM trials'");
  if (table.code != 127) {
    EXPECT_EQ(table.out, "1\n4\n7\n10\n13\n16\n19\n22\n");
  }
  EXPECT_NE(lacuna({"replay", store, "--trial", "4"}).out.find("equal to the store"),
            std::string::npos);
  EXPECT_NE(
      lacuna({"replay", store, "--trial", "5"}).out.find("the store does not hold this trial"),
      std::string::npos);
  const std::string refused = "lacuna: " + store +
                              ": shard: is shard 1/3 of a campaign, not all of it; what 'lacuna "
                              "campaign merge' makes of its shards\n";
  const Output csv = lacuna({"campaign", "export", store, "--csv", path("x.csv")});
  EXPECT_EQ(csv.code, 2);
  EXPECT_EQ(csv.error, refused);
  EXPECT_FALSE(fs::exists(path("x.csv")));
  EXPECT_EQ(lacuna({"report", store, "--out", path("x.html")}).error, refused);
}

// 12 trials of some 60 ms: three of each shard.
TEST_F(Shards, GivenAKilledShardThenItIsMissedAndGoesOn) {
  const std::string of = plan("random_maps: {kinds: [flip], rates: [0.02], maps: 12}\n", 1500);
  const Names stores = run_shards(of, 4);
  const std::string store = shard_path(2, 4);
  fs::remove(store);
  {
    Running run({"campaign", "run", of, "--shard", "2/4", "--out", store, "--workers", "1"});
    while (!fs::exists(store)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    run.kill(SIGSTOP);
    expect_refused(stores, store + ": another process is writing it; one writer at a time");
    run.kill(SIGKILL);
  }
  const std::string held = lacuna({"campaign", "status", store}).out;
  ASSERT_EQ(held.rfind("split, shard 2/4: ", 0), 0U) << held;
  if (held.rfind("split, shard 2/4: 3 of 3", 0) != 0) {
    const Output run = merge(stores, "refused");
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(run.error.rfind("lacuna: merge: trials are missing, so nothing is written:\n"
                              "  shard 2/4 (" +
                                  store + "): trials ",
                              0),
              0U)
        << run.error;
    EXPECT_EQ(names("refused"), Names{});
  }
  ASSERT_EQ(lacuna({"campaign", "resume", store}).code, 0);
  ASSERT_EQ(merge(stores, "merged").code, 0);
  EXPECT_EQ(exported(path("merged")), whole(of));
}

TEST_F(Shards, GivenALostShardThenItIsNamedAndRunAgain) {
  const std::string of = plan(kMaps);
  Names stores = run_shards(of, 3);
  const auto lose = [&](int index) {
    fs::remove(shard_path(index, 3));
    stores.erase(std::find(stores.begin(), stores.end(), shard_path(index, 3)));
  };
  lose(1);
  const std::string again =
      "\n  'lacuna campaign resume' goes on with a shard, 'lacuna campaign run --shard' runs a "
      "lost one again";
  const std::string first = "\n  shard 1/3: trials 1, 4, 7, 10, 13, 16, 19, 22";
  expect_refused(stores,
                 "merge: 1 of 3 shards are missing, so nothing is written:" + first + again);
  lose(0);
  expect_refused(stores,
                 "merge: 2 of 3 shards are missing, so nothing is written:"
                 "\n  shard 0/3: trials 0, 3, 6, 9, 12, 15, 18, 21" +
                     first + again);
  for (const int index : {0, 1}) {
    ASSERT_EQ(run_shard(of, index, 3).code, 0);
    stores.push_back(shard_path(index, 3));
  }
  ASSERT_EQ(merge(stores, "merged").code, 0);
  EXPECT_EQ(exported(path("merged")), whole(of));
}

// Each round in another number of shards.
TEST_F(Shards, GivenAStopRuleThenAMergeEndsARound) {
  const std::string of = plan(
      "random_maps:\n  kinds: [flip, stuck_at_1]\n  rates: [0.001, 0.02]\n  maps: 10\n"
      "  half_width: 0.02\n  at_most: 60\n"
      "single_faults:\n  kinds: [flip]\n  sites: weights\n  strata: [layer]\n"
      "  scope: {layers: [conv1, conv2]}\n  samples: 100\n  half_width: 0.05\n  at_most: 400\n",
      30);
  const std::string expected = whole(of);
  std::string from;
  int round = 1;
  for (bool more = true; more; ++round) {
    ASSERT_LT(round, 10);
    Names stores = run_shards(of, 1 + round % 3, round, from);
    if (round == 3) {
      fs::rename(from, path("elsewhere"));
      expect_refused(stores, stores[0] + ": from: is shard " +
                                 (stores[0] == shard_path(0, 1, 3) ? "0/1" : "?") +
                                 " of round 3, which goes on from " + from +
                                 ", and there is no such file; that store, named with the shards "
                                 "where it lies now");
      stores.insert(stores.begin(), path("elsewhere"));
    }
    const std::string out = "m" + std::to_string(round);
    const Output run = merge(stores, out);
    ASSERT_EQ(run.code, 0) << run.error;
    more = run.out.find("\nround " + std::to_string(round + 1) + " of split next: ") !=
           std::string::npos;
    EXPECT_NE(more, exported(path(out)) == expected);
    from = path(out);
  }
  EXPECT_GT(round, 3) << "the rule asked for nothing";
  EXPECT_EQ(exported(from), expected);

  // What is between rounds can also be gone on with by one machine.
  ASSERT_EQ(lacuna({"campaign", "resume", path("m1")}).code, 0);
  EXPECT_EQ(exported(path("m1")), expected);

  const Output none =
      lacuna({"campaign", "run", of, "--shard", "0/2", "--from", from, "--out", path("refused")});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(none.error, "lacuna: " + from +
                            ": --from: is whole: no rule asks for another round; a store after "
                            "which 'lacuna campaign merge' names a next round\n");
  // Their own round 1 is over: what they went on from is another store by now.
  expect_refused({shard_path(0, 3, 2), shard_path(1, 3, 2), shard_path(2, 3, 2)},
                 path("m1") + ": round: is not what " + shard_path(0, 3, 2) +
                     ", shard 0/3 of round 2, goes on from; the store of the rounds before");
}

TEST_F(Shards, GivenALostTrialThenTheMergeHasItLost) {
#ifdef LACUNA_SANITIZED
  constexpr int kImages = 600;
#else
  constexpr int kImages = 2500;
#endif
  const std::string of = plan("random_maps: {kinds: [flip], rates: [0.02], maps: 3}\n", kImages);
  const Names stores = run_shards(of, 3);
  const std::string store = shard_path(1, 3);
  fs::remove(store);
  Running run({"campaign", "run", of, "--shard", "1/3", "--out", store, "--workers", "1"},
              [] { leave_to_the_system("handle_segv=0"); });
  std::vector<pid_t> known;
  for (int i = 0; i < 3; ++i) {
    known.push_back(run.wait_for_child(known));
    ASSERT_GT(known.back(), 0);
    ::kill(known.back(), SIGKILL);
  }
  EXPECT_EQ(run.wait().code, 3);
  const Output merged = merge(stores, "merged");
  EXPECT_EQ(merged.code, 3);
  EXPECT_EQ(merged.error, "lacuna: " + path("merged") +
                              ": lost trials, without an outcome: 1\n"
                              "  trial 1        SIGKILL, 3 times\n"
                              "'lacuna campaign resume " +
                              path("merged") + " --retry-lost' runs them again\n");
  EXPECT_EQ(lacuna({"campaign", "resume", path("merged"), "--retry-lost"}).code, 0);
  const std::string expected = whole(of);
  EXPECT_EQ(exported(path("merged")), expected);
  // Or in the shard.
  EXPECT_EQ(lacuna({"campaign", "resume", store, "--retry-lost"}).code, 0);
  EXPECT_EQ(merge(stores, "again").code, 0);
  EXPECT_EQ(exported(path("again")), expected);
}

TEST_F(Shards, GivenStoresThatAreNoShardsOfOneRoundThenThatIsSaid) {
  const std::string of = plan(kMaps);
  const Names stores = run_shards(of, 2);
  const std::string a = shard_path(0, 2);
  const std::string b = shard_path(1, 2);
  ASSERT_EQ(run_shard(of, 1, 3).code, 0);
  const std::string third = shard_path(1, 3);
  whole(of);
  const std::string plain = path("whole.sqlite");

  expect_refused({a, b, a}, a + ": shard: is 0/2 as " + a + " is; each shard once");
  fs::copy_file(a, path("copy"));
  expect_refused({a, path("copy"), b},
                 path("copy") + ": shard: is 0/2 as " + a + " is; each shard once");
  expect_refused({a, third, b},
                 third + ": shard: is 1/3, and " + a + " is one of 2; shards of one number");
  expect_refused({plain}, plain +
                              ": merge: is no shard of a campaign; stores that 'lacuna campaign "
                              "run --shard' makes");
  expect_refused({a, plain, b}, plain +
                                    ": merge: is no shard of a campaign; of a first round only "
                                    "shards are merged");
  expect_refused({plain, plain}, plain + ": merge: is no shard of a campaign, as " + plain +
                                     " is; shards, and of a later round the one store that it "
                                     "goes on from");
  const std::string old = LACUNA_SOURCE_DIR "/tests/stores/0_1_0/campaign.sqlite";
  expect_refused({a, old, b}, old +
                                  ": merge: is no shard of a campaign; of a first round only "
                                  "shards are merged");
  ASSERT_EQ(lacuna({"sweep", sweep(1), "--out", path("w.sqlite")}).code, 0);
  expect_refused({a, path("w.sqlite")},
                 path("w.sqlite") + ": schema: is 'lacuna.sweep/2'; lacuna.campaign/2 is read");
  expect_refused({a, path("none")}, path("none") + ": cannot be read: No such file or directory");
  expect_refused({of, a}, of + ": is not a store of this program: file is not a database");
  fs::create_directory(path("empty"));
  expect_refused({path("empty")}, path("empty") +
                                      ": is a folder without stores; one with files whose names "
                                      "end in .sqlite, or stores");
  expect_refused({}, "campaign merge: no store is named; one at least is required");

  // Of other trials, and of the same ones of other files.
  const std::string other = plan("seed: 2\n" + std::string(kMaps));
  fs::rename(b, path("b"));
  ASSERT_EQ(run_shard(other, 1, 2).code, 0);
  expect_refused({a, b}, b + ": plan: is not that of " + a + "; " + kOneCampaign);
  fs::remove(b);
  const std::string machine = read(LACUNA_SOURCE_DIR "/hw_configs/tiny_8x8.yaml");
  const std::string own =
      write("own.yaml", "name: own\nmachines: [" + write("hw.yaml", machine) +
                            "]\nmodels: [models/lenet5_qdnn]\nimages: 2\n" + kMaps);
  ASSERT_EQ(run_shard(own, 0, 4).code, 0);
  write("hw.yaml", "# changed\n" + machine);
  ASSERT_EQ(run_shard(own, 1, 4).code, 0);
  expect_refused({shard_path(0, 4), shard_path(1, 4)},
                 shard_path(1, 4) +
                     ": inputs_sha256: machines, networks, fault or data files are not those of " +
                     shard_path(0, 4) + "; " + kOneCampaign);
}

TEST_F(Shards, GivenAForgedShardThenItIsRefused) {
  const std::string of = plan(kMaps);
  const Names stores = run_shards(of, 2);
  const std::string a = shard_path(0, 2);
  const std::string b = shard_path(1, 2);
  if (shell("sqlite3 -version").code == 127) GTEST_SKIP() << "no sqlite3";
  const std::string good = read(b);
  const auto forge = [&](const std::string& sql, const std::string& error) {
    std::ofstream(b, std::ios::binary) << good;
    const Output change = shell("sqlite3 " + b + " \"" + sql + "\"");
    ASSERT_EQ(change.code, 0) << change.error;
    expect_refused({a, b}, b + ": " + error);
  };
  const std::string as_written = "; a store as the program wrote it";
  const auto header = [](const std::string& key, const std::string& value) {
    return "UPDATE header SET value = '" + value + "' WHERE key = '" + key + "'";
  };
  forge(header("version", "0.0.9"), "version: is 0.0.9, and " +
                                        shell("lacuna --version | tr -d '\\n'").out.substr(7) +
                                        " is that of " + a + "; " + kOneCampaign);
  forge("UPDATE golden SET cycles = cycles + 1",
        "golden: fault-free runs are not those of " + a + "; " + kOneCampaign);
  forge("UPDATE populations SET rate = rate / 2",
        "populations: are not those of " + a + "; " + kOneCampaign);
  forge(header("shard", "2/2"), "shard: is none" + as_written);
  forge(header("shard", "01/2"), "shard: is none" + as_written);
  forge(header("round", "0"), "round: is none" + as_written);
  forge(header("round", "2"), "round: is none" + as_written);
  forge("UPDATE draws SET end_draw = 7 WHERE population = 1",
        "draws: are none of its populations" + as_written);
  forge("DELETE FROM draws WHERE population = 3", "draws: are not of each population" + as_written);
  forge("UPDATE draws SET end_draw = 5 WHERE population = 1",
        "round: is shard 1/2, and " + a +
            " is shard 0/2; shards of one round, which went on from the same trials");
  forge("UPDATE trials SET map_seed = 77 WHERE trial = 3", "trials: trial 3 is no outcome");
  forge(
      "INSERT INTO trials SELECT 4, 0, 4, 5, bank, row, bit, code_bit, weight, step, status, "
      "armed, fired, correct, masked, benign, sdc, cycles, logits_sha256, macs_computed, "
      "macs_residency, macs_prefix, macs_channel, macs_early_stop, rmse, cycle, batch, "
      "batch_cycles, late, ended, ended_in, holds, phase, sdc5 FROM trials WHERE trial = 3",
      "trials: trial 4 is no outcome");
  forge("INSERT INTO lost VALUES (2, 'by hand')", "lost: trial 2 is not of this campaign");
}

// Also one that a killed merge has left half of is cleared by the next.
TEST_F(Shards, GivenKilledMergesThenThereIsAWholeStoreOrNone) {
  const std::string of = plan(kMaps, 2);
  const Names stores = run_shards(of, 12);
  Names command{"campaign", "merge"};
  command.insert(command.end(), stores.begin(), stores.end());
  command.insert(command.end(), {"--out", path("merged")});
  const std::string expected = whole(of);
  const auto began = std::chrono::steady_clock::now();
  ASSERT_EQ(lacuna(command).code, 0);
  const auto span = std::chrono::steady_clock::now() - began;
  fs::remove(path("merged"));
  const int kills = static_cast<int>(test::case_count(60, 15, 6));
  int killed = 0;
  for (int i = 0; i < kills; ++i) {
    Running run(command);
    std::this_thread::sleep_for(span * i / kills);
    run.kill(SIGKILL);
    killed += run.wait().signal == SIGKILL ? 1 : 0;
    if (!fs::exists(path("merged"))) continue;
    EXPECT_EQ(exported(path("merged")), expected);
    for (const std::string& name : names("merged")) fs::remove(path(name));
  }
  EXPECT_GT(killed, kills / 2);
  ASSERT_EQ(lacuna(command).code, 0);
  EXPECT_EQ(names("merged"), Names{"merged"});
  EXPECT_EQ(exported(path("merged")), expected);
  for (const std::string& name : names("r1.")) {
    EXPECT_EQ(std::count(stores.begin(), stores.end(), path(name)), 1) << name;
  }
}

TEST_F(Shards, GivenFewOpenFilesThenManyShardsAreMergedAllTheSame) {
  const std::string of = plan("random_maps: {kinds: [flip], rates: [0.01], maps: 6}\n", 1);
  const Names stores = run_shards(of, 40);
  Names command{"campaign", "merge"};
  command.insert(command.end(), stores.begin(), stores.end());
  command.insert(command.end(), {"--out", path("merged")});
  const Output run = lacuna(command, [] {
    leave_to_the_system("detect_leaks=0");
    const struct rlimit few { 24, 24 };
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) ::_exit(97);
  });
  EXPECT_EQ(run.code, 0) << run.error;
  EXPECT_EQ(exported(path("merged")), whole(of));
}

TEST_F(Shards, GivenOutputsThatAreTakenThenNothingIsWritten) {
  const std::string of = plan(kMaps);
  const Names stores = run_shards(of, 2);
  const std::string a = shard_path(0, 2);
  const std::string before = read(a);
  fs::create_symlink(a, path("link"));
  for (const std::string& out : {a, path("link"), a + "-wal"}) {
    const Output run = lacuna({"campaign", "merge", a, shard_path(1, 2), "--out", out});
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(run.error,
              "lacuna: " + out + ": --out: is an input, too; each output has a file of its own\n");
  }
  EXPECT_EQ(read(a), before);
  const std::string taken = write("taken", "mine");
  EXPECT_EQ(merge(stores, "taken").error, "lacuna: " + taken +
                                              ": exists already; 'resume' goes on with it; a new "
                                              "one needs a new name\n");
  EXPECT_EQ(read(taken), "mine");
  EXPECT_EQ(run_shard(of, 0, 2).error, "lacuna: " + a +
                                           ": exists already; 'resume' goes on with it; a new "
                                           "one needs a new name\n");
  const Output from = lacuna({"campaign", "run", of, "--shard", "0/2", "--from", a, "--out", a});
  EXPECT_EQ(from.error,
            "lacuna: " + a + ": --out: is an input, too; each output has a file of its own\n");
}

TEST_F(Shards, GivenOptionsThatAreNoneThenTheyAreNamed) {
  const std::string of = plan(kMaps);
  for (const std::string text : {"", "3", "3/3", "-1/3", "0/0", "0/65537", "01/3", "1/03", "+1/3",
                                 "1/3 ", " 1/3", "1/3/5", "a/b", "1/", "/3", "1//3", "0x1/3"}) {
    const Output run = lacuna({"campaign", "run", of, "--shard", text, "--out", path("refused")});
    EXPECT_EQ(run.code, 2) << text;
    EXPECT_EQ(run.error,
              "lacuna: --shard: '" + text +
                  "' cannot be used; I/N is allowed, N from 1 to 65536 and I from 0 to N - 1\n");
  }
  EXPECT_EQ(lacuna({"campaign", "run", of, "--from", path("s"), "--out", path("refused")}).error,
            "lacuna: --from: there is no --shard; --from goes with it\n");
  EXPECT_EQ(names("refused"), Names{});
  const Output last =
      lacuna({"campaign", "run", of, "--shard", "65535/65536", "--out", path("last")});
  EXPECT_EQ(last.code, 0) << last.error;
}

// With a Slurm: tests/slurm/run.
TEST_F(Shards, GivenNoSlurmThenThatIsSaid) {
  const std::string of = plan(kMaps);
  const std::string out = path("refused");
  const auto refused = [&](const Names& options, const std::string& error) {
    for (Names command : {Names{"campaign", "run", of}, Names{"sweep", sweep(1)}}) {
      command.insert(command.end(), {"--out", out});
      command.insert(command.end(), options.begin(), options.end());
      const Output run = lacuna(command, [] { ::setenv("PATH", "/nowhere", 1); });
      EXPECT_EQ(run.code, 2);
      EXPECT_EQ(run.error, "lacuna: " + error + "\n");
      EXPECT_FALSE(fs::exists(out));
    }
  };
  refused({"--executor", "slrm"},
          "--executor: 'slrm' is not known; local, slurm are allowed; did you mean 'slurm'?");
  refused({"--executor", "slurm"}, "--shards: is missing; it is required");
  refused({"--executor", "slurm", "--shards", "0"},
          "--shards: '0' cannot be used; an integer from 1 to 65536 is allowed");
  refused({"--shards", "3"},
          "--shards: this machine runs all itself; --shards goes with --executor slurm");
  refused({"--executor", "slurm", "--shard", "0/3"},
          "--shard: slurm runs all shards; --shards says how many");
  refused({"--executor", "slurm", "--shards", "3"},
          "squeue: cannot be run: No such file or directory; a program of that name on PATH");
  fs::remove_all(out + ".shards");
  fs::create_directory(out + ".shards");
  write("refused.shards/mine", "mine");
  refused({"--executor", "slurm", "--shards", "3"},
          out +
              ".shards: is there already, and was not made for shards; a name of --out beside "
              "which nothing of that name lies");
  EXPECT_EQ(names("refused.shards"), Names{"refused.shards"});
  EXPECT_EQ(read(out + ".shards/mine"), "mine");
}

}  // namespace
}  // namespace lacuna
