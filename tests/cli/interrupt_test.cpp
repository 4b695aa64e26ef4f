// Ctrl-C, SIGTERM and SIGHUP on the built program: what is there is kept, a line says how to go on,
// a shell sees 130, and no unfinished file is left. On a terminal, where Ctrl-C reaches the
// workers, too.
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "program/program.hpp"
#include "share.hpp"

namespace lacuna {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{120};

class Interrupt : public Program {
 protected:
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  struct Ended {
    int status = 0;  ///< of wait
    std::string shown;
  };

  /// Runs the program on a terminal of its own and, when what it shows says so, presses Ctrl-C or
  /// sends another signal.
  static Ended interrupted(const std::vector<std::string>& arguments,
                           const std::function<bool(const std::string&)>& now,
                           int signal = SIGINT) {
    Ended ended;
    int terminal = -1;
    const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child < 0) {
      ADD_FAILURE() << "no terminal to be had";
      return ended;
    }
    if (child == 0) {
      std::vector<char*> words;
      std::string program = LACUNA_PROGRAM;
      std::vector<std::string> own = arguments;
      words.push_back(program.data());
      for (std::string& argument : own) words.push_back(argument.data());
      words.push_back(nullptr);
      if (::chdir(LACUNA_SOURCE_DIR) == 0) ::execv(LACUNA_PROGRAM, words.data());
      ::_exit(3);
    }
    const Clock::time_point began = Clock::now();
    bool pressed = false;
    while (Clock::now() - began < kPatience) {
      pollfd file{terminal, POLLIN, 0};
      constexpr int kPollMs = 20;
      if (::poll(&file, 1, kPollMs) > 0) {
        char bytes[4096];
        const ssize_t got = ::read(terminal, bytes, sizeof bytes);
        if (got <= 0) break;  // the last process that had it is gone
        ended.shown.append(bytes, static_cast<std::size_t>(got));
      }
      if (pressed || !now(ended.shown)) continue;
      const char kCtrlC = '\x03';
      if (signal == SIGINT) {
        EXPECT_EQ(::write(terminal, &kCtrlC, 1), 1);
      } else {
        EXPECT_EQ(::kill(child, signal), 0);
      }
      pressed = true;
    }
    EXPECT_TRUE(pressed) << ended.shown;
    ::kill(child, SIGKILL);  // does nothing to one that has ended
    ::waitpid(child, &ended.status, 0);
    ::close(terminal);
    return ended;
  }

  static void expect_interrupted(const Ended& ended, const std::string& message,
                                 int signal = SIGINT) {
    EXPECT_TRUE(WIFSIGNALED(ended.status) && WTERMSIG(ended.status) == signal) << ended.status;
    EXPECT_NE(ended.shown.find("\r\033[Klacuna: interrupted" + message), std::string::npos)
        << ended.shown;
  }

  std::string exported(const std::string& store) const {
    const Output run = lacuna("campaign export " + path(store) + " --csv " + path("x.csv"));
    EXPECT_EQ(run.code, 0) << run.error;
    return read(path("x.csv"));
  }
};

bool shows(const std::string& screen, const std::string& what) {
  return screen.find(what) != std::string::npos;
}

// Enough that much is left when the first line of progress is seen, on a fast machine, too.
const std::string kTrials = std::to_string(test::case_count(2000, 1000, 400));
const std::string kImages = std::to_string(test::case_count(60, 30, 30));
const std::string kMapsAPoint = std::to_string(test::case_count(40, 15, 8));

/// The signals that ask a program to end.
class Signal : public Interrupt, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Each, Signal, ::testing::Values(SIGINT, SIGHUP, SIGTERM),
                         [](const auto& signal) {
                           return std::string("SIG") + ::sigabbrev_np(signal.param);
                         });

TEST_P(Signal, GivenACampaignThenItsTrialsStayAndResumeFinishesThem) {
  std::ofstream(path("plan.yaml")) << "name: test\nmachines: [hw_configs/tiny_8x8.yaml]\n"
                                   << "models: [models/lenet5_qdnn]\nimages: " << kImages << '\n'
                                   << "random_maps:\n  kinds: [flip]\n  rates: [0.01]\n"
                                   << "  maps: " << kTrials << '\n';
  const std::string store = path("a.sqlite");
  const Ended ended = interrupted(
      {"campaign", "run", path("plan.yaml"), "--out", store, "--workers", "2"},
      [](const std::string& screen) { return shows(screen, " trials, "); }, GetParam());
  expect_interrupted(ended, " with ", GetParam());
  EXPECT_TRUE(shows(ended.shown, " of " + kTrials + " trials in " + store +
                                     "; 'lacuna campaign resume " + store + "' goes on"))
      << ended.shown;
  EXPECT_EQ(files(), (std::set<std::string>{"a.sqlite", "plan.yaml"}));
  const std::string half = exported("a.sqlite");
  EXPECT_TRUE(shows(half, ",done,"));
  EXPECT_FALSE(shows(half, ",crashed,")) << "a worker heard the signal";
  if (GetParam() != SIGINT) return;  // resumed once

  const Output resumed = lacuna("campaign resume " + store);
  ASSERT_EQ(resumed.code, 0) << resumed.error;
  ASSERT_EQ(lacuna("campaign run " + path("plan.yaml") + " --out " + path("b.sqlite")).code, 0);
  const std::string whole = exported("b.sqlite");
  EXPECT_LT(half.size(), whole.size());
  EXPECT_EQ(exported("a.sqlite"), whole);
}

TEST_P(Signal, GivenASweepThenItsPointsStayAndTheSameCommandGoesOn) {
  std::ofstream(path("s.yaml")) << "name: test\nmachine: hw_configs/edge_16x16.yaml\n"
                                << "models: [models/lenet5_as]\nimages: " << kImages << "\ngrid:\n"
                                << "  array.weights_per_pe: [4, 8, 16]\n"
                                << "  dram.bytes_per_cycle: [1, 2, 4, 8, 16, 32, 64]\n"
                                << "faults:\n  rates: [0.01]\n  maps: " << kMapsAPoint << '\n';
  const std::vector<std::string> command{"sweep",          path("s.yaml"), "--out",
                                         path("s.sqlite"), "--threads",    "2"};
  const Ended ended = interrupted(
      command, [](const std::string& screen) { return shows(screen, " of 21 points, "); },
      GetParam());
  expect_interrupted(ended, " with ", GetParam());
  EXPECT_TRUE(
      shows(ended.shown, " of 21 points in " + path("s.sqlite") + "; the same command goes on"))
      << ended.shown;
  EXPECT_EQ(files(), (std::set<std::string>{"s.sqlite", "s.yaml"}));
  const Output kept = lacuna("sweep " + path("s.sqlite") + " --csv " + path("half.csv"));
  ASSERT_EQ(kept.code, 0) << kept.error;
  const std::string half = read(path("half.csv"));
  EXPECT_GT(std::count(half.begin(), half.end(), '\n'), 1) << "a point is kept";
  if (GetParam() != SIGINT) return;  // gone on with once
  for (const std::string name : {"s", "t"}) {
    const Output whole = lacuna("sweep " + path("s.yaml") + " --out " + path(name + ".sqlite") +
                                " --csv " + path(name + ".csv"));
    ASSERT_EQ(whole.code, 0) << whole.error;
  }
  EXPECT_EQ(read(path("s.csv")), read(path("t.csv")));
}

TEST_P(Signal, GivenARunThenNoOutputIsLeftAndAnOldOneStays) {
  std::ofstream(path("old.csv")) << "old";
  const Ended ended = interrupted(
      {"run",
       "--hw",
       "hw_configs/edge_16x16.yaml",
       "--model",
       "models/lenet5_qdnn",
       "--engine",
       "systemc",
       "--images",
       "10000",
       "--vcd",
       path("w.vcd"),
       "--json",
       path("r.json"),
       "--csv",
       path("old.csv"),
       "--ber",
       "0.001",
       "--save-faults",
       path("map.csv"),
       "--predictions",
       path("p.csv"),
       "--timeline",
       path("t.json")},
      [](const std::string& screen) { return shows(screen, "simulating: "); }, GetParam());
  expect_interrupted(ended, "; what was not finished is not written", GetParam());
  EXPECT_EQ(files(), std::set<std::string>{"old.csv"});
  EXPECT_EQ(read(path("old.csv")), "old");
}

TEST_F(Interrupt, GivenALargeMemoryThenDrawingItsFaultsShowsProgressAndEnds) {
  const Ended ended = interrupted(
      {"run", "--hw", "hw_configs/edge_16x16.yaml", "--set",
       "weight_sram.capacity_bytes=1073741824", "--model", "models/lenet5_qdnn", "--ber", "1e-6",
       "--save-faults", path("map.csv")},
      [](const std::string& screen) { return shows(screen, "drawing the fault map: "); });
  expect_interrupted(ended, "; what was not finished is not written");
  EXPECT_EQ(files(), std::set<std::string>{});
}

TEST_F(Interrupt, GivenAShellThenItSees130) {
  const Output run = shell(
      "timeout --preserve-status --signal=INT 2 lacuna run --hw hw_configs/edge_16x16.yaml "
      "--model models/lenet5_qdnn --engine systemc --images 10000");
  EXPECT_EQ(run.code, 130);
  EXPECT_EQ(run.error, "lacuna: interrupted; what was not finished is not written\n");
}

}  // namespace
}  // namespace lacuna
