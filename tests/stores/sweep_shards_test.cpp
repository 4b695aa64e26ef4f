// A sweep in shards: as a campaign's (shards_test.cpp), with points for trials.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "share.hpp"
#include "stores/stores.hpp"

namespace lacuna {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class SweepShards : public Stores {
 protected:
  std::string shard_path(int index, int count) const {
    return path("w" + std::to_string(index) + "of" + std::to_string(count));
  }
  Names command_of(const std::string& of, int index, int count) const {
    return {"sweep",     of,
            "--shard",   std::to_string(index) + "/" + std::to_string(count),
            "--out",     shard_path(index, count),
            "--threads", "1"};
  }
  Names run_shards(const std::string& of, int count) const {
    Names stores;
    for (int i = 0; i < count; ++i) {
      const Output run = lacuna(command_of(of, i, count));
      EXPECT_EQ(run.code, 0) << run.error;
      stores.push_back(shard_path(i, count));
    }
    std::mt19937 draw(static_cast<unsigned>(count));
    std::shuffle(stores.begin(), stores.end(), draw);
    return stores;
  }
  Output merge(const Names& stores, const std::string& out) const {
    return Stores::merge("sweep", stores, out);
  }
  void expect_refused(const Names& stores, const std::string& error) const {
    expect_merge_refused("sweep", stores, error);
  }
  /// What a sweep's store says, in the bytes of both formats and of the terminal.
  std::string all_of(const std::string& store) const {
    const Output run =
        lacuna({"sweep", store, "--csv", path("all.csv"), "--json", path("all.json")});
    EXPECT_EQ(run.code, 0) << run.error;
    return run.out + read(path("all.csv")) + read(path("all.json"));
  }
  std::string whole(const std::string& of) const {
    fs::remove(path("whole"));
    EXPECT_EQ(lacuna({"sweep", of, "--out", path("whole")}).code, 0);
    return all_of(path("whole"));
  }
  /// Some of whose points the constraint leaves out, and some cannot be mapped.
  std::string constrained() const {
    return write("grid.yaml",
                 "name: grid\nmachine: hw_configs/edge_16x16.yaml\nmodels: [models/lenet5_as]\n"
                 "workloads: [traces/gemm_small.csv]\nimages: 3\ngrid:\n"
                 "  weight_sram.capacity_bytes: [16, 1024, 65536]\n  array.rows: [4, 8, 16]\n"
                 "where: [array.rows * weight_sram.capacity_bytes <= 524288]\n"
                 "faults: {rates: [0.01], maps: 3}\npareto: [cycles, sram_bits]\n");
  }
};

TEST_F(SweepShards, GivenAnySplitThenTheExportIsThatOfAWholeRun) {
  const bool light = test::case_count(1, 1, 0) == 0;
  for (const std::string& of : light ? Names{constrained()} : Names{constrained(), sweep(2)}) {
    const std::string expected = whole(of);
    for (const int count : light ? std::vector<int>{3} : std::vector<int>{1, 2, 5, 40}) {
      const Output run = merge(run_shards(of, count), "merged");
      ASSERT_EQ(run.code, 0) << run.error;
      EXPECT_EQ(all_of(path("merged")), expected) << count;
      EXPECT_EQ(expected.rfind(run.out, 0), 0U);
      for (int i = 0; i < count; ++i) fs::remove(shard_path(i, count));
      fs::remove(path("merged"));
    }
  }
}

TEST_F(SweepShards, GivenAShardThenItHoldsItsOwnPointsAndSaysThatItIsOne) {
  const std::string of = constrained();
  const std::string store = shard_path(1, 4);
  const Output run = lacuna(command_of(of, 1, 4));
  ASSERT_EQ(run.code, 0) << run.error;
  // Of 18 points numbers 8 and 17 are left out.
  EXPECT_EQ(run.out.rfind("grid, shard 1/4: 4 of 4 points of hw_configs/edge_16x16.yaml\n", 0), 0U)
      << run.out;
  EXPECT_EQ(run.out.find("Pareto"), std::string::npos);
  EXPECT_EQ(lacuna({"sweep", store}).out, run.out);
  const Output table = shell("sqlite3 " + store + " 'SELECT point FROM points'");
  if (table.code != 127) {
    EXPECT_EQ(table.out, "1\n5\n9\n13\n");
  }
  for (const Names& of_shard :
       {Names{"sweep", store, "--csv", path("x.csv")}, Names{"sweep", store, "--json", path("x")},
        Names{"sweep", store, "--pareto", "cycles"},
        Names{"sweep", of, "--shard", "1/4", "--out", path("x"), "--csv", path("x.csv")}}) {
    const Output refused = lacuna(of_shard);
    EXPECT_EQ(refused.code, 2);
    EXPECT_NE(refused.error.find(": shard 1/4 is not all of a sweep; it goes with what 'lacuna "
                                 "sweep merge' makes of all shards\n"),
              std::string::npos)
        << refused.error;
  }
  EXPECT_EQ(lacuna({"report", store, "--out", path("x.html")}).error,
            "lacuna: " + store +
                ": shard: is shard 1/4 of a sweep, not all of it; what 'lacuna sweep merge' makes "
                "of its shards\n");
  EXPECT_EQ(names("x"), Names{});
  EXPECT_EQ(lacuna({"sweep", of, "--shard", "2/4", "--out", store}).error,
            "lacuna: " + store +
                ": shard: is shard 1/4, not shard 2/4; the --shard it began with, or a new name\n");
  EXPECT_EQ(lacuna({"sweep", of, "--out", store}).error,
            "lacuna: " + store +
                ": shard: is shard 1/4, not of all points; the --shard it began with, or a new "
                "name\n");
  EXPECT_EQ(lacuna({"sweep", store, "--shard", "1/4"}).error,
            "lacuna: --shard: " + store +
                " is shown, not run; it goes with the sweep's "
                ".yaml\n");
  EXPECT_EQ(lacuna({"sweep", of, "--shard", "4/4", "--out", path("x")}).error,
            "lacuna: --shard: '4/4' cannot be used; I/N is allowed, N from 1 to 65536 and I from 0 "
            "to N - 1\n");
}

TEST_F(SweepShards, GivenAKilledShardThenItIsMissedAndGoesOn) {
  const std::string of = sweep(300);
  const std::string store = shard_path(1, 2);
  ASSERT_EQ(lacuna(command_of(of, 0, 2)).code, 0);
  {
    Running run(command_of(of, 1, 2));
    while (!fs::exists(store)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    run.kill(SIGSTOP);
    expect_refused({store, shard_path(0, 2)},
                   store + ": another process is writing it; one writer at a time");
    run.kill(SIGKILL);
  }
  const Output lacking = merge({shard_path(0, 2), store}, "refused");
  EXPECT_EQ(lacking.code, 2);
  EXPECT_EQ(lacking.error.rfind("lacuna: merge: points are missing, so nothing is written:\n"
                                "  shard 1/2 (" +
                                    store + "): points ",
                                0),
            0U)
      << lacking.error;
  EXPECT_EQ(names("refused"), Names{});
  ASSERT_EQ(lacuna(command_of(of, 1, 2)).code, 0);
  ASSERT_EQ(merge({shard_path(0, 2), store}, "merged").code, 0);
  EXPECT_EQ(all_of(path("merged")), whole(of));
}

TEST_F(SweepShards, GivenStoresThatAreNotItsShardsThenThatIsSaid) {
  const std::string of = constrained();
  const Names stores = run_shards(of, 3);
  const std::string a = shard_path(0, 3);
  const std::string b = shard_path(1, 3);
  const std::string again =
      "\n  'lacuna sweep --shard' runs a lost shard again, and goes on with one";
  expect_refused({a},
                 "merge: 2 of 3 shards are missing, so nothing is written:"
                 "\n  shard 1/3: all of its points\n  shard 2/3: all of its points" +
                     again);
  expect_refused({a, b, a}, a + ": shard: is 0/3 as " + a + " is; each shard once");
  ASSERT_EQ(lacuna(command_of(of, 1, 2)).code, 0);
  const std::string half = shard_path(1, 2);
  expect_refused({a, half},
                 half + ": shard: is 1/2, and " + a + " is one of 3; shards of one number");
  whole(of);
  expect_refused({a, path("whole")}, path("whole") +
                                         ": merge: is no shard of a sweep; stores that 'lacuna "
                                         "sweep --shard' makes");
  ASSERT_EQ(lacuna({"campaign", "run", chips(2, 2), "--shard", "1/3", "--out", path("c")}).code, 0);
  expect_refused({a, path("c")},
                 path("c") + ": schema: is 'lacuna.campaign/2'; lacuna.sweep/2 is read");
  expect_refused({}, "sweep merge: no store is named; one at least is required");
  const std::string one = "; stores of one sweep, one version of the program and the same files";
  fs::remove(b);
  write("grid.yaml", read(of) + "seed: 3\n");
  ASSERT_EQ(lacuna(command_of(of, 1, 3)).code, 0);
  expect_refused(stores, (stores[0] == b ? stores[1] : b) + ": plan: is not that of " +
                             (stores[0] == b ? b : stores[0]) + one);
  const Output out = lacuna({"sweep", "merge", a, "--out", a});
  EXPECT_EQ(out.error,
            "lacuna: " + a + ": --out: is an input, too; each output has a file of its own\n");

  if (shell("sqlite3 -version").code == 127) return;
  const auto forge = [&](const std::string& sql, const std::string& error) {
    fs::remove(path("a"));
    fs::copy_file(a, path("a"));
    ASSERT_EQ(shell("sqlite3 " + path("a") + " \"" + sql + "\"").code, 0);
    expect_refused({path("a"), shard_path(2, 3)}, path("a") + ": " + error);
  };
  const std::string as_written = "; a store as the program wrote it";
  forge("UPDATE header SET value = '3/3' WHERE key = 'shard'", "shard: is none" + as_written);
  forge("UPDATE wanted SET point = 1 WHERE point = 0",
        "wanted: point 1 is not of this shard" + as_written);
  forge("ALTER TABLE points DROP COLUMN pe_bits",
        "pe_bits: is not measured by version " +
            shell("lacuna --version | tr -d '\\n'").out.substr(7) +
            ", which began the sweep; a new store, or that version");
}

TEST_F(SweepShards, GivenForgedRowsThenTheyAreRefused) {
  if (shell("sqlite3 -version").code == 127) GTEST_SKIP() << "no sqlite3";
  const std::string of = constrained();
  const Names stores = run_shards(of, 2);
  const std::string b = shard_path(1, 2);
  const std::string good = read(b);
  const auto forge = [&](const std::string& sql, const std::string& error) {
    std::ofstream(b, std::ios::binary) << good;
    const Output change = shell("sqlite3 " + b + " \"" + sql + "\"");
    ASSERT_EQ(change.code, 0) << change.error;
    expect_refused({shard_path(0, 2), b}, error);
  };
  forge("DELETE FROM points WHERE point = 7",
        "merge: points are missing, so nothing is written:\n  shard 1/2 (" + b +
            "): points 7\n  'lacuna sweep --shard' runs a lost shard again, and goes on with one");
  forge("UPDATE points SET status = 'odd' WHERE point = 7",
        b + ": points.status: 'odd'; done and unmappable are allowed");
  forge("DELETE FROM wanted WHERE point = 7",
        shard_path(0, 2) +
            ": points: of the sweep are 16, and its shards have 15; stores as the program wrote "
            "them");
  forge("UPDATE header SET value = '15' WHERE key = 'points'",
        b + ": points: are not as many as in " + shard_path(0, 2) +
            "; stores of one sweep, one version of the program and the same files");
}

}  // namespace
}  // namespace lacuna
