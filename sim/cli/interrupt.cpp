#include "cli/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "base/temporary.hpp"
#include "cli/print.hpp"

namespace lacuna::cli {
namespace {

std::atomic<int> g_asked{0};     ///< signal that asked
std::atomic<int> g_requests{0};  ///< StopRequests that live
bool g_terminal = false;
static_assert(std::atomic<int>::is_always_lock_free);

constexpr const char* kClearLine = "\r\033[K";  // of the progress, and the terminal's ^C

void say(const char* text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;  // nobody listens any more
}

// Only calls that a handler may make.
void on_signal(int signal) {
  if (g_requests > 0 && g_asked == 0) {
    g_asked = signal;
    return;
  }
  base::remove_temporaries();
  if (g_terminal) say(kClearLine);
  say("lacuna: interrupted; what was not finished is not written\n");
  ::signal(signal, SIG_DFL);
  ::raise(signal);  // takes effect when the handler returns
}

}  // namespace

void handle_interrupts() {
  ::signal(SIGXFSZ, SIG_IGN);  // a file that grows beyond its limit is an error, EFBIG
  g_terminal = ::isatty(STDERR_FILENO) == 1;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = on_signal;
    ::sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;  // poll() returns all the same
    ::sigaction(signal, &action, nullptr);
  }
}

StopRequest::StopRequest() { ++g_requests; }
StopRequest::~StopRequest() { --g_requests; }
bool StopRequest::operator()() const { return g_asked != 0; }

void end_interrupted(const Interrupted& interrupted) {
  flush_output();
  if (g_terminal) clear_progress();
  print_error("interrupted" + interrupted.kept);
  const int signal = g_asked != 0 ? g_asked.load() : SIGINT;
  ::signal(signal, SIG_DFL);
  ::raise(signal);
  std::abort();  // not reached: the signal is not blocked
}

}  // namespace lacuna::cli
