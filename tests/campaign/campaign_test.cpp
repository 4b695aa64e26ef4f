// Campaigns by the built program: the same trials whoever runs them, nothing lost and nothing twice
// whatever kills them, and clear errors. LACUNA_FULL=1 kills at 50 moments.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <thread>

namespace lacuna {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

struct Output {
  int code = -1;
  std::string out;
  std::string error;
};

class Campaign : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "lacuna_camp_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Output lacuna(const std::string& arguments, const std::string& before = "") const {
    const std::string command = before + "cd '" LACUNA_SOURCE_DIR "' && '" LACUNA_PROGRAM "' " +
                                arguments + " >'" + path("out") + "' 2>'" + path("err") + "'";
    const int status = std::system(("bash -c \"" + command + "\"").c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(path("out")), read(path("err"))};
  }

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

  std::string exported(const std::string& store) const {
    const Output run = lacuna("campaign export " + store + " --csv " + path("x.csv") + " --json " +
                              path("x.json"));
    EXPECT_EQ(run.code, 0) << run.error;
    return read(path("x.csv")) + read(path("x.json"));
  }

  std::filesystem::path folder_;
};

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

TEST_F(Campaign, GivenATrialThenEitherEngineReplaysIt) {
  const std::string store = path("p.sqlite");
  ASSERT_EQ(lacuna("campaign run " + write_plan(4, 2) + " --out " + store).code, 0);
  for (const std::string engine : {"fast", "systemc"}) {
    const Output replay = lacuna("replay " + store + " --trial 5 --engine " + engine);
    EXPECT_EQ(replay.code, 0) << replay.error;
    EXPECT_NE(replay.out.find("equal to the store, to the bit and to the cycle"), std::string::npos)
        << replay.out;
  }
  EXPECT_EQ(lacuna("replay " + store + " --trial 8").error,
            "lacuna: --trial: '8' cannot be used; an integer from 0 to 7 is allowed\n");
}

TEST_F(Campaign, GivenKillsAtRandomMomentsThenNothingIsLostAndNothingTwice) {
  const std::string plan = write_plan(60, 15);  // 60 trials
  const std::string whole = path("whole.sqlite");
  const auto began = std::chrono::steady_clock::now();
  ASSERT_EQ(lacuna("campaign run " + plan + " --out " + whole + " --workers 2").code, 0);
  const auto span = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began);
  const std::string expected = exported(whole);

  std::mt19937 draw(7);
  const int kills = std::getenv("LACUNA_FULL") != nullptr ? 50 : 6;
  int finished_early = 0;
  for (int i = 0; i < kills; ++i) {
    const std::string store = path("k" + std::to_string(i) + ".sqlite");
    // Killed, then resumed and killed once more, then left alone.
    for (int life = 0; life < 2; ++life) {
      const pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        if (::chdir(LACUNA_SOURCE_DIR) != 0 || std::freopen("/dev/null", "w", stdout) == nullptr ||
            std::freopen("/dev/null", "w", stderr) == nullptr) {
          ::_exit(3);
        }
        if (!std::filesystem::exists(store)) {
          ::execl(LACUNA_PROGRAM, "lacuna", "campaign", "run", plan.c_str(), "--out", store.c_str(),
                  "--workers", "2", nullptr);
        } else {
          ::execl(LACUNA_PROGRAM, "lacuna", "campaign", "resume", store.c_str(), "--workers", "2",
                  nullptr);
        }
        ::_exit(3);
      }
      std::this_thread::sleep_for(std::chrono::microseconds(
          static_cast<std::int64_t>(draw() % static_cast<std::uint64_t>(span.count()))));
      ::kill(child, SIGKILL);
      int status = 0;
      ::waitpid(child, &status, 0);
      finished_early += WIFEXITED(status) ? 1 : 0;
    }
    const Output last = std::filesystem::exists(store)
                            ? lacuna("campaign resume " + store)
                            : lacuna("campaign run " + plan + " --out " + store);
    ASSERT_EQ(last.code, 0) << last.error;
    EXPECT_EQ(exported(store), expected) << "kill " << i;
  }
  EXPECT_LT(finished_early, 2 * kills) << "no kill ever struck";
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
  EXPECT_EQ(again.error, "lacuna: " + store +
                             ": exists already; 'campaign resume' goes on with a campaign; a new "
                             "one needs a new name\n");
  EXPECT_EQ(lacuna("campaign resume " + path("none.sqlite")).code, 2);
  EXPECT_EQ(lacuna("campaign status " + plan).code, 2);
  EXPECT_EQ(lacuna("campaign rum " + plan).error,
            "lacuna: campaign: 'rum' is not a verb; run, resume, status, export are known; did you "
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
  const Output full = lacuna("campaign run " + plan + " --out " + store + " --workers 2",
                             "trap '' XFSZ; ulimit -f 40; ");
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
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::chdir(LACUNA_SOURCE_DIR) == 0 && std::freopen("/dev/null", "w", stdout) != nullptr) {
      ::execl(LACUNA_PROGRAM, "lacuna", "campaign", "run", plan.c_str(), "--out", store.c_str(),
              "--workers", "1", nullptr);
    }
    ::_exit(3);
  }
  for (int i = 0; i < 600 && !std::filesystem::exists(store); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const Output second = lacuna("campaign resume " + store);
  const Output status = lacuna("campaign status " + store);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(second.code, 2);
  EXPECT_EQ(second.error, "lacuna: " + store +
                              ": another process is writing this campaign; one writer at a time\n");
  EXPECT_EQ(status.code, 0) << status.error;
  EXPECT_NE(status.out.find("of 1600 trials"), std::string::npos) << status.out;
}

}  // namespace
}  // namespace lacuna
