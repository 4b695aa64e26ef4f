// A limit of the user's or the system's is an error that names it; nothing is left half-started.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stores/stores.hpp"

namespace lacuna {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

void limit(__rlimit_resource resource, rlim_t value) {
  const struct rlimit both { value, value };
  if (::setrlimit(resource, &both) != 0) ::_exit(97);
}

TEST_F(Stores, GivenALimitOfProcessesThenItIsNamed) {
  fs::permissions(folder_, fs::perms(0777));
  // The program itself is the one process; or the user has others.
  const auto one_process = [] {
    become_nobody(kNobody + 1);
    limit(RLIMIT_NPROC, 1);
  };
  const Output campaign = lacuna(
      {"campaign", "run", chips(5, 4), "--out", path("c.sqlite"), "--workers", "4"}, one_process);
  EXPECT_EQ(campaign.code, 2) << campaign.signal;
  EXPECT_EQ(campaign.error,
            "lacuna: workers: a process cannot be started: the limit of processes and threads "
            "(ulimit -u); a higher limit or fewer workers; 'resume' goes on\n");
  const Output swept_over =
      lacuna({"sweep", sweep(5), "--out", path("w.sqlite"), "--threads", "4"}, one_process);
  EXPECT_EQ(swept_over.code, 2) << swept_over.signal;
  EXPECT_EQ(swept_over.error,
            "lacuna: threads: thread 1 of 4 cannot be started: the limit of processes and threads "
            "(ulimit -u); a higher limit or fewer threads; the same command goes on\n");
  EXPECT_EQ(lacuna({"campaign", "resume", path("c.sqlite")}).code, 0);
  EXPECT_EQ(lacuna({"sweep", sweep(5), "--out", path("w.sqlite")}).code, 0);
}

// Threads that have started are joined: root counts none, so this needs a user with few others.
TEST_F(Stores, GivenALimitBetweenTheThreadsThenThoseThatRunAreWaitedFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "a user with other processes";
  fs::permissions(folder_, fs::perms(0777));
  const Output swept_over =
      lacuna({"sweep", sweep(50), "--out", path("w.sqlite"), "--threads", "4"}, [] {
        become_nobody(kNobody + 2);
        limit(RLIMIT_NPROC, 3);
      });
  EXPECT_EQ(swept_over.code, 2) << swept_over.signal;
  EXPECT_NE(swept_over.error.find("thread 3 of 4 cannot be started"), std::string::npos)
      << swept_over.error;
  EXPECT_EQ(names("w.sqlite"), Names{"w.sqlite"});
}

TEST_F(Stores, GivenALimitOfOpenFilesThenItIsNamed) {
  const Output run =
      lacuna({"campaign", "run", chips(5, 40), "--out", path("c.sqlite"), "--workers", "40"}, [] {
        leave_to_the_system("detect_leaks=0");
        limit(RLIMIT_NOFILE, 24);
      });
  EXPECT_EQ(run.code, 2) << run.signal;
  EXPECT_EQ(run.error,
            "lacuna: workers: a process cannot be started: the limit of open files (ulimit -n); "
            "a higher limit or fewer workers; 'resume' goes on\n");
  EXPECT_EQ(names("c.sqlite"), Names{"c.sqlite"});
  EXPECT_EQ(lacuna({"campaign", "resume", path("c.sqlite")}).code, 0);
}

TEST_F(Stores, GivenFewerOpenFilesThanAStoreNeedsThenTheLimitIsNamed) {
#ifdef LACUNA_SANITIZED
  GTEST_SKIP() << "the sanitizer's checks of virtual tables open files themselves";
#endif
  const std::string store = path("c.sqlite");
  ASSERT_EQ(lacuna({"campaign", "run", chips(5, 4), "--out", store}).code, 0);
  int refused = 0;
  for (rlim_t most = 4; most <= 8; ++most) {
    const std::string fresh = path(std::to_string(most) + ".sqlite");
    for (const Names& command :
         {Names{"campaign", "run", chips(5, 4), "--out", fresh + "c", "--workers", "1"},
          Names{"campaign", "resume", store}, Names{"sweep", sweep(1), "--out", fresh + "w"},
          Names{"report", store, "--out", path("page.html")}}) {
      const Output run = lacuna(command, [&] {
        leave_to_the_system("detect_leaks=0");
        // What the test's own parent has left open would count, too.
        for (int open = 3; open < 1024; ++open) ::fcntl(open, F_SETFD, FD_CLOEXEC);
        limit(RLIMIT_NOFILE, most);
      });
      if (run.code == 0) continue;
      ++refused;
      EXPECT_EQ(run.code, 2) << run.signal;
      EXPECT_NE(run.error.find("the limit of open files (ulimit -n)"), std::string::npos)
          << command[1] << ", " << most << ": " << run.error;
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace lacuna
