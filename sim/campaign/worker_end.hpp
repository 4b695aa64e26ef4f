// How a worker process ended, and what that says of the trial that it ran.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lacuna::campaign {

/// Exit codes of a worker that gives a trial up: an exception, or one for want of memory.
constexpr int kWorkerFailed = 70;
constexpr int kWorkerNoMemory = 71;

/// A trial whose worker ends is tried again until as many have ended.
constexpr std::size_t kMostTries = 3;

struct WorkerEnd {
  /// The program ended itself (SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL, an exception), which its
  /// faults can have made it do. Else something outside ended it (SIGKILL, no memory), which says
  /// nothing of them.
  bool by_itself = false;
  std::string how;
};

/// Of waitpid's status.
WorkerEnd worker_end(int wait_status);

/// The trial crashes: all its workers ended by themselves. Anything from outside among the ends and
/// it is not known.
bool is_crash(const std::vector<WorkerEnd>& ends);

/// "SIGKILL, 3 times", or each by its name.
std::string describe(const std::vector<WorkerEnd>& ends);

}  // namespace lacuna::campaign
