// Whoever may read a store's file can read the store: another user, in a folder that nobody may
// write, whatever became of its writer; and stores of earlier versions.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "stores/stores.hpp"

namespace lacuna {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;
constexpr const char* kOld = LACUNA_SOURCE_DIR "/tests/stores/0_1_0/";

class ReadOnly : public Stores {
 protected:
  void SetUp() override {
    Stores::SetUp();
    fs::create_directory(path("out"));
    fs::permissions(path("out"), fs::perms(0777));
    fs::create_directory(path("stores"));
  }

  std::string store(const std::string& name) const { return path("stores/" + name); }
  std::string out(const std::string& name) const { return path("out/" + name); }
  void close_folder() const {
    for (const auto& entry : fs::directory_iterator(path("stores"))) {
      fs::permissions(entry, fs::perms(0444));
    }
    fs::permissions(path("stores"), fs::perms(0555));
  }
  std::vector<std::string> in_folder() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(path("stores"))) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  /// As another user, with a folder for scratch files of its own. (Every such command writes its
  /// output there.)
  Output as_other(const Names& command) const {
    return lacuna(command, [] { become_nobody(); });
  }
  /// All commands that read a campaign's store, by another user; what the export holds.
  std::string read_all(const std::string& name) const {
    for (const Names& command :
         {Names{"campaign", "status", name}, Names{"replay", name, "--trial", "1"},
          Names{"report", name, "--out", out("r.html")},
          Names{"campaign", "export", name, "--csv", out("x.csv"), "--json", out("x.json")}}) {
      const Output run = as_other(command);
      EXPECT_EQ(run.code, 0) << command[1] << ": " << run.error;
    }
    return read(out("x.csv")) + read(out("x.json"));
  }
};

/// Workers of a program that was killed end with it, but some moments later, and until then they
/// have its lock.
void wait_for_lock(const std::string& store) {
  const int file = ::open(store.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  ASSERT_EQ(::flock(file, LOCK_EX), 0);
  ::close(file);
}

TEST_F(ReadOnly, GivenFinishedStoresThenAnotherUserReadsThem) {
  ASSERT_EQ(lacuna({"campaign", "run", chips(10, 3), "--out", store("c.sqlite")}).code, 0);
  ASSERT_EQ(lacuna({"sweep", sweep(5), "--out", store("w.sqlite")}).code, 0);
  const std::string trials = exported(store("c.sqlite"));
  const std::string points = swept(store("w.sqlite"));
  close_folder();
  EXPECT_EQ(read_all(store("c.sqlite")), trials);
  const Output run = as_other({"sweep", store("w.sqlite"), "--csv", out("w.csv")});
  EXPECT_EQ(run.code, 0) << run.error;
  EXPECT_EQ(read(out("w.csv")), points);
  EXPECT_EQ(as_other({"report", store("w.sqlite"), "--out", out("w.html")}).code, 0);
  EXPECT_EQ(in_folder(), (Names{"c.sqlite", "w.sqlite"}));

  if (::geteuid() != 0) return;
  const Output resumed = as_other({"campaign", "resume", store("c.sqlite")});
  EXPECT_EQ(resumed.code, 2);
  EXPECT_EQ(resumed.error,
            "lacuna: " + store("c.sqlite") + ": cannot be written: Permission denied\n");
}

TEST_F(ReadOnly, GivenAStoppedCampaignThenAnotherUserReadsIt) {
  Running writer({"campaign", "run", chips(300, 300), "--out", store("c.sqlite")});
  wait_for_results(store("c.sqlite"), 5);
  writer.kill(SIGTERM);
  EXPECT_EQ(writer.wait().signal, SIGTERM);
  const std::string trials = exported(store("c.sqlite"));
  close_folder();
  EXPECT_EQ(in_folder(), Names{"c.sqlite"});
  EXPECT_EQ(read_all(store("c.sqlite")), trials);
}

// Its log is read, too, and left for its writer.
TEST_F(ReadOnly, GivenAKilledCampaignThenAnotherUserReadsAllThatItHolds) {
  {
    Running writer({"campaign", "run", chips(300, 300), "--out", store("c.sqlite")});
    wait_for_results(store("c.sqlite"), 5);
    writer.kill(SIGKILL);
  }
  wait_for_lock(store("c.sqlite"));
  const std::string trials = exported(store("c.sqlite"));
  const std::string log = read(store("c.sqlite-wal"));
  ASSERT_GT(log.size(), 0U);
  for (const bool has_index : {true, false}) {
    if (!has_index) {
      fs::permissions(path("stores"), fs::perms(0755));
      fs::remove(store("c.sqlite-shm"));
    }
    close_folder();
    EXPECT_EQ(read_all(store("c.sqlite")), trials);
    EXPECT_EQ(read(store("c.sqlite-wal")), log);
    EXPECT_EQ(fs::exists(store("c.sqlite-shm")), has_index);
  }
  // Of another user, who may write the folder: nothing of theirs is put beside it.
  fs::permissions(path("stores"), fs::perms(0777));
  EXPECT_EQ(read_all(store("c.sqlite")), trials);
  EXPECT_EQ(in_folder(), (Names{"c.sqlite", "c.sqlite-wal"}));
}

TEST_F(ReadOnly, GivenNoRoomForACopyThenWhatIsNeededIsSaid) {
  {
    Running writer({"campaign", "run", chips(300, 300), "--out", store("c.sqlite")});
    wait_for_results(store("c.sqlite"), 5);
    writer.kill(SIGKILL);
  }
  wait_for_lock(store("c.sqlite"));
  fs::remove(store("c.sqlite-shm"));
  close_folder();
  if (::geteuid() == 0) {
    const Output run = lacuna({"campaign", "status", store("c.sqlite")}, [&] {
      become_nobody();
      ::setenv("TMPDIR", path("stores").c_str(), 1);
    });
    EXPECT_EQ(run.code, 2);
    EXPECT_NE(run.error.find("TMPDIR"), std::string::npos) << run.error;
  }
}

TEST_F(ReadOnly, GivenALivingWriterThenAnotherUserReadsBesideIt) {
  Running writer({"campaign", "run", chips(300, 600), "--out", store("c.sqlite")});
  wait_for_results(store("c.sqlite"), 5);
  fs::permissions(path("stores"), fs::perms(0555));
  fs::permissions(store("c.sqlite"), fs::perms(0444));
  fs::permissions(store("c.sqlite-shm"), fs::perms(0444));
  fs::permissions(store("c.sqlite-wal"), fs::perms(0444));
  const Output run = as_other({"campaign", "export", store("c.sqlite"), "--csv", out("x.csv")});
  EXPECT_EQ(run.code, 0) << run.error;
  const std::string text = read(out("x.csv"));
  EXPECT_GE(std::count(text.begin(), text.end(), '\n'), 6);
}

TEST_F(ReadOnly, GivenStoresOfVersion010ThenTheyAreShownExportedReportedAndReplayed) {
  fs::copy_file(std::string(kOld) + "campaign.sqlite", store("c.sqlite"));
  fs::copy_file(std::string(kOld) + "sweep.sqlite", store("w.sqlite"));
  close_folder();
  const std::string trials = read_all(store("c.sqlite"));
  EXPECT_NE(trials.find("map,flip,0.01,0,1,,,,,,,,,,crashed,600"), std::string::npos) << trials;
  EXPECT_NE(trials.find("8f1d99fbf2cc2130161475f8e18d952ccfd8403b2ccb521088effceeb502700f"),
            std::string::npos);
  // Agreement follows from what was counted; of the outputs' values it knows nothing.
  EXPECT_NE(trials.find("8f1d99fbf2cc2130161475f8e18d952ccfd8403b2ccb521088effceeb502700f,"
                        "0.8816666666666667,,,0,weight_sram,,,,,,,,,\n"),
            std::string::npos)
      << trials;
  const Output status = as_other({"campaign", "status", store("c.sqlite")});
  EXPECT_EQ(status.out.rfind("written by 0.1.0: 6 of 6 trials", 0), 0U) << status.out;
  const Output replay = as_other({"replay", store("c.sqlite"), "--trial", "4"});
  EXPECT_NE(replay.out.find("equal to the store, to the bit and to the cycle"), std::string::npos)
      << replay.out << replay.error;
  const Output points = as_other({"sweep", store("w.sqlite"), "--json", out("w.json")});
  EXPECT_EQ(points.code, 0) << points.error;
  const auto record = nlohmann::json::parse(read(out("w.json")));
  EXPECT_EQ(record.at("points").size(), 4U);
  EXPECT_EQ(record.at("points")[2].at("figures").at("cycles").get<double>(), 35'689);
  EXPECT_EQ(as_other({"report", store("w.sqlite"), "--out", out("w.html")}).code, 0);
  EXPECT_EQ(in_folder(), (Names{"c.sqlite", "w.sqlite"}));

  // And gone on with, by who may write it.
  fs::permissions(path("stores"), fs::perms(0755));
  fs::permissions(store("c.sqlite"), fs::perms(0644));
  EXPECT_EQ(lacuna({"campaign", "resume", store("c.sqlite")}).code, 0);
  EXPECT_EQ(exported(store("c.sqlite")), trials);
  EXPECT_EQ(in_folder(), (Names{"c.sqlite", "w.sqlite"}));
}

}  // namespace
}  // namespace lacuna
