// Stores keep what is theirs and nothing else, whatever was killed, moved or started beside them.
#include "stores/stores.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <thread>

namespace lacuna {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

constexpr const char* kLeft =
    ": is left from a store that was removed or moved; move it to that store, or remove it\n";
constexpr const char* kForeign =
    ": is the log of another store that had this name; move it to that store, or remove it\n";

TEST_F(Stores, GivenAKilledCampaignsLogThenANewOneOfItsNameDoesNotTakeIt) {
  const std::string store = path("s.sqlite");
  {
    Running first({"campaign", "run", chips(300, 200), "--out", store});
    wait_for_results(store, 10);
    first.kill(SIGKILL);
  }
  ASSERT_GT(fs::file_size(store + "-wal"), 0U);
  fs::remove(store);
  const std::string plan = chips(20, 5, 2);
  const Output refused = lacuna({"campaign", "run", plan, "--out", store});
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.error, "lacuna: " + store + "-wal" + kLeft);
  EXPECT_FALSE(fs::exists(store));
  EXPECT_TRUE(fs::exists(store + "-wal"));

  ASSERT_EQ(lacuna({"campaign", "run", plan, "--out", path("other.sqlite")}).code, 0);
  fs::remove(store + "-wal");
  fs::remove(store + "-shm");
  ASSERT_EQ(lacuna({"campaign", "run", plan, "--out", store}).code, 0);
  EXPECT_EQ(exported(store), exported(path("other.sqlite")));
}

TEST_F(Stores, GivenAKilledSweepsLogThenANewOneOfItsNameDoesNotTakeIt) {
  const std::string store = path("s.sqlite");
  {
    Running first({"sweep", sweep(300), "--out", store});
    wait_for_results(store, 2, true);
    first.kill(SIGKILL);
  }
  fs::remove(store);
  const Output refused = lacuna({"sweep", sweep(10, 2), "--out", store});
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.error, "lacuna: " + store + "-wal" + kLeft);
  EXPECT_FALSE(fs::exists(store));
}

TEST_F(Stores, GivenAnyOfSqlitesFilesThenNoStoreIsMadeOfTheirName) {
  for (const std::string kind : {"-wal", "-shm", "-journal"}) {
    const std::string store = path("s" + kind);
    std::ofstream(store + kind) << "of another one";
    EXPECT_EQ(lacuna({"campaign", "run", chips(5, 1), "--out", store}).error,
              "lacuna: " + store + kind + kLeft);
    EXPECT_EQ(lacuna({"sweep", sweep(1), "--out", store}).error, "lacuna: " + store + kind + kLeft);
    EXPECT_FALSE(fs::exists(store));
  }
  fs::create_symlink(path("nowhere"), path("link"));
  const Output run = lacuna({"campaign", "run", chips(5, 1), "--out", path("link")});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.error.find("is a link to a file that is not there"), std::string::npos);
}

TEST_F(Stores, GivenAStoreMovedOverAKilledOneThenTheLogIsNotTakenForItsOwn) {
  const std::string store = path("s.sqlite");
  {
    Running first({"campaign", "run", chips(300, 200), "--out", store});
    wait_for_results(store, 10);
    first.kill(SIGKILL);
  }
  const std::string whole = path("whole.sqlite");
  ASSERT_EQ(lacuna({"campaign", "run", chips(20, 5, 2), "--out", whole}).code, 0);
  const std::string expected = exported(whole);
  fs::rename(whole, store);
  const std::string log = read(store + "-wal");
  for (const Names& command :
       {Names{"campaign", "status", store}, Names{"campaign", "resume", store},
        Names{"campaign", "export", store, "--csv", path("x.csv")},
        Names{"report", store, "--out", path("x.html")}, Names{"replay", store, "--trial", "1"}}) {
    const Output run = lacuna(command);
    EXPECT_EQ(run.code, 2) << command[1];
    EXPECT_EQ(run.error, "lacuna: " + store + "-wal" + kForeign);
  }
  EXPECT_EQ(read(store + "-wal"), log);
  fs::remove(store + "-wal");
  EXPECT_EQ(exported(store), expected);
}

TEST_F(Stores, GivenASweepMovedOverAKilledOneThenTheLogIsNotTakenForItsOwn) {
  const std::string store = path("s.sqlite");
  {
    Running first({"sweep", sweep(300), "--out", store});
    wait_for_results(store, 2, true);
    first.kill(SIGKILL);
  }
  const std::string whole = path("whole.sqlite");
  const std::string plan = sweep(5, 2);
  ASSERT_EQ(lacuna({"sweep", plan, "--out", whole}).code, 0);
  const std::string expected = swept(whole);
  fs::rename(whole, store);
  EXPECT_EQ(lacuna({"sweep", store}).error, "lacuna: " + store + "-wal" + kForeign);
  EXPECT_EQ(lacuna({"sweep", plan, "--out", store}).error, "lacuna: " + store + "-wal" + kForeign);
  fs::remove(store + "-wal");
  EXPECT_EQ(swept(store), expected);
}

TEST_F(Stores, GivenAStoreOfVersion010MovedOverAKilledOneThenTheLogIsNotTakenForItsOwn) {
  const std::string store = path("s.sqlite");
  {
    Running first({"campaign", "run", chips(300, 200), "--out", store});
    wait_for_results(store, 10);
    first.kill(SIGKILL);
  }
  const std::string old = LACUNA_SOURCE_DIR "/tests/stores/0_1_0/campaign.sqlite";
  fs::copy_file(old, store, fs::copy_options::overwrite_existing);
  for (const char* verb : {"status", "resume"}) {
    EXPECT_EQ(lacuna({"campaign", verb, store}).error, "lacuna: " + store + "-wal" + kForeign);
  }
  EXPECT_EQ(read(store), read(old));
}

/// A rollback journal that puts back page 1, as SQLite writes it:
/// https://sqlite.org/fileformat2.html#the_rollback_journal
std::string journal_of(const std::string& store) {
  constexpr std::size_t kPage = 4096;
  constexpr std::size_t kSector = 512;
  const auto number = [](std::size_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
    return bytes;
  };
  const std::string whole = read(store);
  const std::string page = whole.substr(0, kPage);
  std::size_t sum = 0;
  for (std::size_t i = kPage - 200; i < kPage; i -= 200) sum += static_cast<unsigned char>(page[i]);
  std::string journal = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + number(1) + number(0) +
                        number(whole.size() / kPage) + number(kSector) + number(kPage);
  journal.resize(kSector, '\0');
  return journal + number(1) + page + number(sum);
}

TEST_F(Stores, GivenAJournalOfAnotherStoreThenNobodyGoesBackByIt) {
  const std::string store = path("s.sqlite");
  ASSERT_EQ(lacuna({"campaign", "run", chips(5, 2), "--out", store}).code, 0);
  ASSERT_EQ(lacuna({"campaign", "run", chips(5, 9, 2), "--out", path("o.sqlite")}).code, 0);
  const std::string whole = read(store);
  const std::string trials = exported(store);
  write("s.sqlite-journal", journal_of(path("o.sqlite")));
  for (const Names& command :
       {Names{"campaign", "status", store}, Names{"campaign", "resume", store},
        Names{"campaign", "export", store, "--csv", path("x.csv")},
        Names{"report", store, "--out", path("x.html")}, Names{"replay", store, "--trial", "1"},
        Names{"sweep", store}}) {
    const Output run = lacuna(command);
    EXPECT_EQ(run.code, 2) << command[1];
    EXPECT_EQ(run.error, "lacuna: " + store +
                             "-journal: is the journal of another store that had this name; move "
                             "it to that store, or remove it\n");
  }
  EXPECT_EQ(read(store), whole);
  // Its own is gone back by: a writer was killed where there is no log.
  write("s.sqlite-journal", journal_of(store));
  EXPECT_EQ(exported(store), trials);
  EXPECT_EQ(names("s.sqlite"), Names{"s.sqlite"});
  fs::copy_file(LACUNA_SOURCE_DIR "/tests/stores/0_1_0/campaign.sqlite", path("old.sqlite"));
  write("old.sqlite-journal", journal_of(path("old.sqlite")));
  EXPECT_EQ(lacuna({"campaign", "status", path("old.sqlite")}).error,
            "lacuna: " + path("old.sqlite") +
                "-journal: cannot be told from the journal of another store; move it to that "
                "store, or remove it\n");
}

// A trial's map follows from the plan's seed, so a row of another campaign shows in any store.
TEST_F(Stores, GivenARowOfAnotherSeedThenItIsNoOutcome) {
  const std::string store = path("s.sqlite");
  ASSERT_EQ(lacuna({"campaign", "run", chips(5, 2), "--out", store}).code, 0);
  const Output change =
      shell("sqlite3 " + store + " 'UPDATE trials SET map_seed = map_seed + 1 WHERE trial = 1'");
  if (change.code == 127) GTEST_SKIP() << "no sqlite3";
  ASSERT_EQ(change.code, 0) << change.error;
  const Output run = lacuna({"campaign", "status", store});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.error, "lacuna: " + store + ": trials: trial 1 is no outcome\n");
}

// Such a column can take any time for each value that is read.
TEST_F(Stores, GivenAStoreThatComputesThenItIsRefused) {
  for (const std::string change :
       {"ALTER TABLE trials ADD COLUMN more AS (1)", "CREATE VIEW more AS SELECT 1",
        "CREATE TRIGGER more AFTER INSERT ON trials BEGIN SELECT 1; END"}) {
    const std::string store = path("s.sqlite");
    fs::remove(store);
    ASSERT_EQ(lacuna({"campaign", "run", chips(5, 2), "--out", store}).code, 0);
    const Output changed = shell("sqlite3 " + store + " '" + change + "'");
    if (changed.code == 127) GTEST_SKIP() << "no sqlite3";
    ASSERT_EQ(changed.code, 0) << changed.error;
    for (const char* verb : {"status", "resume"}) {
      const Output run = lacuna({"campaign", verb, store});
      EXPECT_EQ(run.code, 2);
      EXPECT_EQ(run.error, "lacuna: " + store +
                               ": holds a view, a trigger or computed columns; a store as the "
                               "program wrote it\n");
    }
  }
}

TEST_F(Stores, GivenAKilledStoreMovedWithoutItsLogThenItGoesOnFromWhatItHolds) {
  const std::string plan = chips(300, 30);
  const std::string store = path("s.sqlite");
  {
    Running first({"campaign", "run", plan, "--out", store});
    wait_for_results(store, 10);
    first.kill(SIGKILL);
  }
  fs::rename(store, path("moved.sqlite"));
  EXPECT_EQ(lacuna({"campaign", "status", path("moved.sqlite")}).code, 0);
  EXPECT_EQ(names("moved"), Names{"moved.sqlite"});
  ASSERT_EQ(lacuna({"campaign", "resume", path("moved.sqlite")}).code, 0);
  ASSERT_EQ(lacuna({"campaign", "run", plan, "--out", path("whole.sqlite")}).code, 0);
  EXPECT_EQ(exported(path("moved.sqlite")), exported(path("whole.sqlite")));
}

TEST_F(Stores, GivenAStoreThatIsTakenAwayWhileItIsWrittenThenThatIsSaid) {
  for (const bool moved : {false, true}) {
    const std::string store = path("s" + std::to_string(moved) + ".sqlite");
    Running run({"campaign", "run", chips(300, 400), "--out", store});
    wait_for_results(store, 5);
    if (moved) {
      fs::rename(store, path("moved.sqlite"));
    } else {
      fs::remove(store);
    }
    const Output end = run.wait();
    EXPECT_EQ(end.code, 2);
    EXPECT_NE(end.error.find(store + ": was removed, moved or replaced while it was written"),
              std::string::npos)
        << end.error;
    // What was recorded is in the log; back at its store it is read.
    if (!moved) continue;
    fs::rename(path("moved.sqlite"), store);
    EXPECT_GE(trials_in(store), 5);
  }
}

TEST_F(Stores, GivenSeveralOfOneNameAtOnceThenOneIsMadeAndTheOthersSaySo) {
  const std::string plan = chips(20, 8);
  const std::string grid = sweep(2);
  for (int round = 0; round < 4; ++round) {
    const bool of_sweep = round % 2 == 1;
    const std::string store = path("s" + std::to_string(round) + ".sqlite");
    std::vector<std::unique_ptr<Running>> all;
    for (int i = 0; i < 5; ++i) {
      all.push_back(std::make_unique<Running>(
          of_sweep ? Names{"sweep", grid, "--out", store, "--threads", "1"}
                   : Names{"campaign", "run", plan, "--out", store, "--workers", "1"}));
    }
    int made = 0;
    for (const auto& each : all) {
      const Output end = each->wait();
      if (end.code == 0) {
        ++made;
        continue;
      }
      EXPECT_EQ(end.code, 2);
      EXPECT_TRUE(end.error.find("exists already") != std::string::npos ||
                  end.error.find("another process is writing it") != std::string::npos)
          << end.error;
    }
    if (of_sweep) {
      EXPECT_GE(made, 1);  // a late one finds a store that is whole, and shows it
      EXPECT_EQ(points_in(store), 16);
    } else {
      EXPECT_EQ(made, 1);
      EXPECT_EQ(trials_in(store), 16);
    }
    EXPECT_EQ(names("s" + std::to_string(round)), Names{"s" + std::to_string(round) + ".sqlite"});
  }
}

TEST_F(Stores, GivenUnfinishedFilesThenTheNextRemovesThoseOfTheDead) {
  for (const bool of_sweep : {false, true}) {
    const std::string store = path("s.sqlite");
    for (const char* name :
         {".tmp.1", ".tmp.1-journal", ".tmp.2-journal", ".tmp.3", ".tmp.", ".tmp.a"}) {
      std::ofstream(store + name) << "begun";
    }
    const int living = ::open((store + ".tmp.3").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::flock(living, LOCK_EX), 0);
    const Names command = of_sweep ? Names{"sweep", sweep(1), "--out", store}
                                   : Names{"campaign", "run", chips(5, 1), "--out", store};
    ASSERT_EQ(lacuna(command).code, 0);
    EXPECT_EQ(names("s.sqlite"),
              (Names{"s.sqlite", "s.sqlite.tmp.", "s.sqlite.tmp.3", "s.sqlite.tmp.a"}));
    ::close(living);
    ASSERT_EQ(lacuna(of_sweep ? command : Names{"campaign", "resume", store}).code, 0);
    EXPECT_EQ(names("s.sqlite"), (Names{"s.sqlite", "s.sqlite.tmp.", "s.sqlite.tmp.a"}));
    fs::remove(store);
  }
}

// A creation is killed at any moment: afterwards there is a whole store or none, and the next one
// clears up.
TEST_F(Stores, GivenKilledCreationsThenNothingIsLeft) {
  const std::string plan = chips(5, 1);
  for (int i = 0; i < 12; ++i) {
    Running run({"campaign", "run", plan, "--out", path("s.sqlite"), "--workers", "1"});
    std::this_thread::sleep_for(std::chrono::milliseconds(3 * i));
    run.kill(SIGKILL);
    run.wait();
    if (fs::exists(path("s.sqlite"))) {
      EXPECT_EQ(lacuna({"campaign", "resume", path("s.sqlite")}).code, 0);
      fs::remove(path("s.sqlite"));
    }
  }
  ASSERT_EQ(lacuna({"campaign", "run", plan, "--out", path("s.sqlite")}).code, 0);
  EXPECT_EQ(names("s.sqlite"), Names{"s.sqlite"});
}

TEST_F(Stores, GivenASignalThenTheStoreIsClosedWithWhatIsDone) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const std::string name = "s" + std::to_string(signal) + ".";
    Running campaign({"campaign", "run", chips(300, 300), "--out", path(name + "c")});
    wait_for_results(path(name + "c"), 5);
    campaign.kill(signal);
    const Output end = campaign.wait();
    EXPECT_EQ(end.signal, signal);
    EXPECT_NE(end.error.find("trials in " + path(name + "c")), std::string::npos) << end.error;
    EXPECT_EQ(names(name), Names{name + "c"});
    EXPECT_GE(trials_in(path(name + "c")), 5);

    Running swept_over({"sweep", sweep(300), "--out", path(name + "w")});
    wait_for_results(path(name + "w"), 1, true);
    swept_over.kill(signal);
    const Output last = swept_over.wait();
    EXPECT_EQ(last.signal, signal);
    EXPECT_NE(last.error.find("points in " + path(name + "w")), std::string::npos) << last.error;
    EXPECT_EQ(names(name), (Names{name + "c", name + "w"}));
    EXPECT_GE(points_in(path(name + "w")), 1);
  }
}

// As timeout(1) sends it, to the program and to its group, and a service manager.
TEST_F(Stores, GivenTwoSignalsAtOnceThenTheyAreOneRequest) {
  Running campaign({"campaign", "run", chips(300, 300), "--out", path("s.c")});
  wait_for_results(path("s.c"), 5);
  campaign.kill(SIGTERM);
  campaign.kill(SIGHUP);
  const Output end = campaign.wait();
  EXPECT_NE(end.error.find("trials in " + path("s.c")), std::string::npos) << end.error;
  EXPECT_EQ(names("s.c"), Names{"s.c"});
}

TEST_F(Stores, GivenKillsOfASweepBetweenItsPointsThenTheSameBytes) {
  const std::string grid = sweep(200);
  ASSERT_EQ(lacuna({"sweep", grid, "--out", path("w.sqlite"), "--threads", "1"}).code, 0);
  const std::string store = path("k.sqlite");
  for (const int points : {1, 7}) {
    Running run({"sweep", grid, "--out", store, "--threads", "2"});
    wait_for_results(store, points, true);
    run.kill(SIGKILL);
    EXPECT_EQ(run.wait().signal, SIGKILL);
    EXPECT_GE(points_in(store), points);
    EXPECT_LT(points_in(store), 16);
  }
  ASSERT_EQ(lacuna({"sweep", grid, "--out", store}).code, 0);
  EXPECT_EQ(swept(store), swept(path("w.sqlite")));
}

// Every point is of the machine that the sweep began with.
TEST_F(Stores, GivenAMachinesFileThatChangesUnderASweepThenNoPointDoes) {
  const std::string machine =
      write("hw.yaml", read(LACUNA_SOURCE_DIR "/hw_configs/edge_16x16.yaml"));
  std::string text = read(sweep(100));
  text.replace(text.find("hw_configs/edge_16x16.yaml"), 26, machine);
  const std::string grid = write("own.yaml", text);
  Running run({"sweep", grid, "--out", path("w.sqlite"), "--threads", "1"});
  wait_for_results(path("w.sqlite"), 1, true);
  write("hw.yaml", "no machine\n");
  EXPECT_EQ(run.wait().code, 0);
  const std::string points = swept(path("w.sqlite"));
  EXPECT_EQ(points.find("unmappable"), std::string::npos);
  EXPECT_EQ(points_in(path("w.sqlite")), 16);
}

TEST_F(Stores, GivenASweepOfAVersionThatMeasuredLessThenItIsShownAndNotGoneOnWith) {
  const std::string store = path("w.sqlite");
  ASSERT_EQ(lacuna({"sweep", sweep(2), "--out", store}).code, 0);
  const std::string with = swept(store);
  const Output change = shell("sqlite3 " + store + " 'ALTER TABLE points DROP COLUMN pe_bits'");
  if (change.code == 127) GTEST_SKIP() << "no sqlite3";
  ASSERT_EQ(change.code, 0) << change.error;
  const std::string without = swept(store);
  EXPECT_EQ(without.substr(0, without.find('\n')), with.substr(0, with.find('\n')));
  EXPECT_LT(without.size(), with.size());
  const Output run = lacuna({"sweep", sweep(2), "--out", store});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.error.find(store + ": pe_bits: is not measured by version"), std::string::npos)
      << run.error;
}

// There flock() would lock all bytes of the file, those that SQLite locks among them.
TEST_F(Stores, GivenNfsThenWritersAreToldApartWithoutFlock) {
#ifdef LACUNA_SANITIZED
  GTEST_SKIP() << "the sanitizer's library has to be the first";
#endif
  const auto on_nfs = [] { ::setenv("LD_PRELOAD", LACUNA_AS_ON_NFS, 1); };
  const std::string plan = chips(300, 200);
  const std::string store = path("s.sqlite");
  {
    Running first({"campaign", "run", plan, "--out", store}, on_nfs);
    wait_for_results(store, 10);
    const int file = ::open(store.c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0) << "the writer has a lock of all of it";
    ::close(file);
    EXPECT_EQ(lacuna({"campaign", "resume", store}, on_nfs).error,
              "lacuna: " + store + ": another process is writing it; one writer at a time\n");
    EXPECT_EQ(lacuna({"campaign", "status", store}, on_nfs).code, 0);
    first.kill(SIGKILL);
  }
  EXPECT_EQ(lacuna({"campaign", "resume", store}, on_nfs).code, 0);
  ASSERT_EQ(lacuna({"campaign", "run", plan, "--out", path("whole.sqlite")}).code, 0);
  EXPECT_EQ(exported(store), exported(path("whole.sqlite")));
}

TEST_F(Stores, GivenAStoreThatIsNoFileThenItSaysWhatItIs) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(lacuna({"campaign", "status", path("pipe")}).error,
            "lacuna: " + path("pipe") + ": is not a regular file but a pipe (FIFO)\n");
  EXPECT_EQ(lacuna({"campaign", "resume", path("pipe")}).error,
            "lacuna: " + path("pipe") + ": is not a regular file but a pipe (FIFO)\n");
  EXPECT_EQ(lacuna({"sweep", path("pipe")}).error,
            "lacuna: " + path("pipe") + ": is not a regular file but a pipe (FIFO)\n");
  EXPECT_EQ(lacuna({"campaign", "status", folder_.string()}).error,
            "lacuna: " + folder_.string() + ": is not a regular file but a folder\n");
  EXPECT_EQ(lacuna({"campaign", "status", path("none")}).error,
            "lacuna: " + path("none") + ": cannot be read: No such file or directory\n");
}

}  // namespace
}  // namespace lacuna
