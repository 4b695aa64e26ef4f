#include "campaign/worker_end.hpp"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>

#include "base/error.hpp"

namespace lacuna::campaign {

WorkerEnd worker_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    constexpr int kOwn[] = {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL};
    const char* name = ::sigabbrev_np(signal);
    return {std::find(std::begin(kOwn), std::end(kOwn), signal) != std::end(kOwn),
            name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal)};
  }
  const int code = WEXITSTATUS(wait_status);
  if (code == kWorkerNoMemory) return {false, "no memory"};
  return {true, code == kWorkerFailed ? "internal error" : "exit " + std::to_string(code)};
}

bool is_crash(const std::vector<WorkerEnd>& ends) {
  return std::all_of(ends.begin(), ends.end(), [](const WorkerEnd& end) { return end.by_itself; });
}

std::string describe(const std::vector<WorkerEnd>& ends) {
  std::vector<std::string> names;
  names.reserve(ends.size());
  for (const WorkerEnd& end : ends) names.push_back(end.how);
  const bool alike = std::all_of(names.begin(), names.end(),
                                 [&](const std::string& name) { return name == names.front(); });
  if (alike && names.size() > 1)
    return names.front() + ", " + std::to_string(names.size()) + " times";
  return base::join(names);
}

}  // namespace lacuna::campaign
