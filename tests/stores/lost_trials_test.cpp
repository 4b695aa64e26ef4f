// What ends a worker from outside is no outcome of its trial: it is tried again, and lost rather
// than counted.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "stores/stores.hpp"

namespace lacuna {
namespace {

int count(const std::string& text, const std::string& what) {
  int found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

class Lost : public Stores {
 protected:
  /// 4 trials of some 0.1 s, the first of which is struck with its workers.
  Output run_and_strike(const std::string& store, const std::vector<int>& signals,
                        const std::string& plan) const {
    Running run({"campaign", "run", plan, "--out", store, "--workers", "1"}, [] {
      leave_to_the_system("handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0");
    });
    std::vector<pid_t> known;
    for (const int signal : signals) {
      known.push_back(run.wait_for_child(known));
      if (known.back() < 0) break;
      ::kill(known.back(), signal);
    }
    return run.wait();
  }
  /// The sanitizers take longer for each.
#ifdef LACUNA_SANITIZED
  static constexpr int kLong = 600;
#else
  static constexpr int kLong = 2500;
#endif
  std::string long_trials() const { return chips(kLong, 2); }
};

TEST_F(Lost, GivenAWorkerThatIsKilledTwiceThenItsTrialIsRunAllTheSame) {
  ASSERT_EQ(lacuna({"campaign", "run", long_trials(), "--out", path("whole.sqlite")}).code, 0);
  const std::string expected = exported(path("whole.sqlite"));
  for (const auto& signals : {std::vector<int>{SIGKILL, SIGSEGV}, {SIGABRT, SIGBUS}}) {
    const std::string store = path("s.sqlite");
    const Output run = run_and_strike(store, signals, long_trials());
    EXPECT_EQ(run.code, 0) << run.error;
    EXPECT_EQ(exported(store), expected);
    std::filesystem::remove(store);
  }
}

TEST_F(Lost, GivenAWorkerThatIsKilledThriceThenItsTrialIsLostAndCanBeRunAgain) {
  const std::string store = path("s.sqlite");
  const Output run = run_and_strike(store, {SIGKILL, SIGKILL, SIGKILL}, long_trials());
  EXPECT_EQ(run.code, 3) << run.error;
  const std::string said = "lacuna: " + store +
                           ": lost trials, without an outcome: 1\n"
                           "  trial 0        SIGKILL, 3 times\n"
                           "'lacuna campaign resume " +
                           store + " --retry-lost' runs them again\n";
  EXPECT_EQ(run.error, said);
  const Output status = lacuna({"campaign", "status", store});
  EXPECT_EQ(status.code, 0);
  EXPECT_EQ(status.out.rfind("chips: 3 of 4 trials, " + std::to_string(kLong) +
                                 " images each\n\nlost, without an outcome: something ended every "
                                 "worker that ran them\n"
                                 "  trial 0        SIGKILL, 3 times\n\nfault-free:\n",
                             0),
            0U)
      << status.out;
  const Output table = lacuna({"campaign", "export", store, "--csv", path("t.csv")});
  EXPECT_EQ(table.code, 0);
  EXPECT_EQ(table.error, said);
  const std::string rows = read(path("t.csv"));
  EXPECT_EQ(count(rows, "\n"), 1 + 3);
  EXPECT_EQ(rows.find("\n0,"), std::string::npos);
  EXPECT_EQ(count(rows, ",done,"), 3);
  EXPECT_NE(lacuna({"replay", store, "--trial", "0"})
                .out.find("in the store it is lost: SIGKILL, 3 times\n"),
            std::string::npos);
  ASSERT_EQ(lacuna({"report", store, "--out", path("r.html")}).code, 0);

  const Output again = lacuna({"campaign", "resume", store});
  EXPECT_EQ(again.code, 3);
  EXPECT_EQ(again.error, said);
  const Output retried = lacuna({"campaign", "resume", store, "--retry-lost"});
  EXPECT_EQ(retried.code, 0) << retried.error;
  EXPECT_EQ(retried.error, "");
  ASSERT_EQ(lacuna({"campaign", "run", long_trials(), "--out", path("whole.sqlite")}).code, 0);
  EXPECT_EQ(exported(store), exported(path("whole.sqlite")));
}

TEST_F(Lost, GivenThreeEndsByTheProgramItselfThenTheTrialHasCrashed) {
  const std::string store = path("s.sqlite");
  const Output run = run_and_strike(store, {SIGSEGV, SIGABRT, SIGFPE}, long_trials());
  EXPECT_EQ(run.code, 0) << run.error;
  const std::string rows = exported(store);
  EXPECT_EQ(count(rows, ",crashed,"), 1);
  EXPECT_EQ(count(rows, ",done,"), 3);
}

TEST_F(Lost, GivenEndsOfBothKindsThenTheTrialIsLostWithEach) {
  const Output run = run_and_strike(path("s.sqlite"), {SIGSEGV, SIGKILL, SIGUSR1}, long_trials());
  EXPECT_EQ(run.code, 3) << run.error;
  EXPECT_NE(run.error.find("trial 0        SIGSEGV, SIGKILL, SIGUSR1\n"), std::string::npos)
      << run.error;
}

// Workers inherit a limit that leaves their parent room for rows, but none for the faults of a
// trial, some 100,000. What malloc has freed goes back to the system, so that nothing of the
// parent's is left to run one in.
TEST_F(Lost, GivenNoMemoryInWorkersThenTheirTrialsAreLost) {
#ifdef LACUNA_SANITIZED
  GTEST_SKIP() << "the sanitizer ends a process that finds no memory";
#endif
  const std::string store = path("s.sqlite");
  const std::string plan = write("many.yaml",
                                 "name: many\nmachines: [hw_configs/edge_16x16.yaml]\n"
                                 "models: [models/lenet5_qdnn]\nimages: 1000\n"
                                 "random_maps: {kinds: [flip], rates: [0.2, 0.3], maps: 2}\n");
  Running run({"campaign", "run", plan, "--out", store, "--workers", "1"}, [] {
    ::setenv("MALLOC_MMAP_THRESHOLD_", "4096", 1);
    ::setenv("MALLOC_TRIM_THRESHOLD_", "0", 1);
  });
  const pid_t first = run.wait_for_child();
  ASSERT_GT(first, 0);
  rlim_t pages = 0;
  std::ifstream("/proc/" + std::to_string(run.pid()) + "/statm") >> pages;
  const rlim_t most = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (256 << 10);
  const struct rlimit little { most, most };
  ASSERT_EQ(::prlimit(run.pid(), RLIMIT_AS, &little, nullptr), 0);
  ::kill(first, SIGKILL);
  const Output end = run.wait();
  EXPECT_EQ(end.code, 3) << end.error;
  EXPECT_NE(end.error.find("trial 3        no memory, 3 times\n"), std::string::npos) << end.error;
  EXPECT_LT(trials_in(store), 4);
  EXPECT_EQ(lacuna({"campaign", "resume", store, "--retry-lost"}).code, 0);
  EXPECT_EQ(trials_in(store), 4);
}

TEST_F(Lost, GivenAStoppedWorkerThenItsPauseIsNoTimeOfItsTrial) {
  const std::string store = path("s.sqlite");
  const std::string plan = chips(1000, 2, 1, "seconds_a_trial: 1\n");
  Running run({"campaign", "run", plan, "--out", store, "--workers", "1"});
  const pid_t worker = run.wait_for_child();
  ASSERT_GT(worker, 0);
  ::kill(worker, SIGSTOP);
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  ::kill(worker, SIGCONT);
  const Output end = run.wait();
  EXPECT_EQ(end.code, 0) << end.error;
  EXPECT_EQ(count(exported(store), ",done,"), 4);
}

// What the rule asks for follows from all draws of a round, so it waits for one that is lost.
TEST_F(Lost, GivenALostTrialOfAStopRuleThenTheSameTrialsAreDrawnOnceItIsRunAgain) {
  std::ofstream(path("rule.yaml")) << "name: rule\nmachines: [hw_configs/tiny_8x8.yaml]\n"
                                   << "models: [models/lenet5_qdnn]\nimages: 1500\n"
                                   << "random_maps:\n  kinds: [flip]\n  rates: [0.02]\n"
                                   << "  maps: 10\n  half_width: 0.01\n  at_most: 13\n";
  ASSERT_EQ(lacuna({"campaign", "run", path("rule.yaml"), "--out", path("whole.sqlite")}).code, 0);
  ASSERT_EQ(trials_in(path("whole.sqlite")), 13);
  const std::string store = path("s.sqlite");
  const Output run = run_and_strike(store, {SIGKILL, SIGKILL, SIGKILL}, path("rule.yaml"));
  EXPECT_EQ(run.code, 3) << run.error;
  EXPECT_EQ(trials_in(store), 9);
  EXPECT_EQ(lacuna({"campaign", "resume", store, "--retry-lost"}).code, 0);
  EXPECT_EQ(exported(store), exported(path("whole.sqlite")));
}

}  // namespace
}  // namespace lacuna
