// Which ends of a worker are outcomes of its trial's faults, and which say nothing of them.
#include "campaign/worker_end.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

namespace lacuna::campaign {
namespace {

WorkerEnd by_signal(int signal) { return worker_end(W_EXITCODE(0, signal)); }
WorkerEnd by_exit(int code) { return worker_end(W_EXITCODE(code, 0)); }

TEST(WorkerEnd, GivenThreeEndsByTheProgramItselfThenTheTrialHasCrashed) {
  for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL}) {
    EXPECT_TRUE(is_crash({3, by_signal(signal)})) << by_signal(signal).how;
  }
  const WorkerEnd failed = by_exit(70);
  EXPECT_TRUE(is_crash({failed, by_signal(SIGBUS), by_exit(1)}));
  EXPECT_EQ(describe({failed, failed, failed}), "internal error, 3 times");
  EXPECT_EQ(describe({failed, by_signal(SIGBUS), by_exit(1)}), "internal error, SIGBUS, exit 1");
}

TEST(WorkerEnd, GivenAnyEndFromOutsideThenItHasNot) {
  for (const int signal : {SIGKILL, SIGTERM, SIGHUP, SIGXCPU, SIGPIPE, SIGRTMIN}) {
    const WorkerEnd outside = by_signal(signal);
    EXPECT_FALSE(is_crash({3, outside})) << outside.how;
    EXPECT_FALSE(is_crash({by_exit(70), by_signal(SIGSEGV), outside})) << outside.how;
  }
  const WorkerEnd no_memory = worker_end(W_EXITCODE(kWorkerNoMemory, 0));
  EXPECT_FALSE(is_crash({by_exit(70), by_exit(70), no_memory}));
  EXPECT_EQ(describe({no_memory, by_signal(SIGKILL)}), "no memory, SIGKILL");
}

}  // namespace
}  // namespace lacuna::campaign
