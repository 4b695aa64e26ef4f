// Ctrl-C (SIGINT), SIGTERM and SIGHUP. A command that keeps what it has so far asks a StopRequest
// and throws Interrupted; any other is ended at once. Either way unfinished files are removed, a
// line says what is kept, and the program dies of the signal: a shell sees 130, and a script that
// runs it stops, too.
#pragma once

#include <string>

namespace lacuna::cli {

/// Call once, before any thread. A signal that the caller had ignored (nohup) stays ignored.
void handle_interrupts();

/// While one lives, a first signal only makes it say true; one that comes a second later or more
/// ends the program at once.
class StopRequest {
 public:
  StopRequest();
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;

  bool operator()() const;
};

/// A command gave up because it was asked to.
struct Interrupted {
  std::string kept;  ///< what is there and how to go on
};

/// Ends the program by the signal that asked.
[[noreturn]] void end_interrupted(const Interrupted& interrupted);

}  // namespace lacuna::cli
