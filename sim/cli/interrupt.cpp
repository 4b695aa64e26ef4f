#include "cli/interrupt.hpp"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/temporary.hpp"
#include "cli/print.hpp"

namespace lacuna::cli {
namespace {

std::atomic<int> g_asked{0};              ///< signal that asked
std::atomic<int> g_requests{0};           ///< StopRequests that live
std::atomic<std::int64_t> g_asked_at{0};  ///< ms
bool g_terminal = false;
static_assert(std::atomic<int>::is_always_lock_free);
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

constexpr const char* kClearLine = "\r\033[K";  // of the progress, and the terminal's ^C

void say(const char* text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;  // nobody listens any more
}

std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// Only calls that a handler may make.
void on_signal(int signal) {
  // timeout(1) signals the program and then its group, a service manager sends SIGTERM and SIGHUP:
  // that is one request.
  constexpr std::int64_t kOneRequestMs = 1000;
  if (g_requests > 0 && g_asked == 0) {
    g_asked_at = now_ms();
    g_asked = signal;
    return;
  }
  if (g_asked != 0 && now_ms() - g_asked_at < kOneRequestMs) return;
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
