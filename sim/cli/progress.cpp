#include "cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

namespace lacuna::cli {

ProgressLine::ProgressLine(std::string what)
    : what_(std::move(what)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      began_(Clock::now()),
      last_(began_) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::cerr << "\r\033[K" << std::flush;
}

void ProgressLine::update(const engine::Progress& progress) {
  constexpr std::chrono::milliseconds kInterval{200};
  const Clock::time_point now = Clock::now();
  if (!terminal_ || now - last_ < kInterval) return;
  last_ = now;
  shown_ = true;
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const double left = seconds * static_cast<double>(progress.total - progress.done) /
                      static_cast<double>(progress.done);
  std::cerr << fmt::format("\r\033[K{}: {} of {}, {:.0f} thousand cycles/s, {:.0f} s left", what_,
                           progress.done, progress.total,
                           static_cast<double>(progress.cycles) / seconds / 1000.0, left)
            << std::flush;
}

}  // namespace lacuna::cli
