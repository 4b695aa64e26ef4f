#include "cli/progress.hpp"

#include <fmt/format.h>

#include "cli/print.hpp"

namespace lacuna::cli {

ProgressLine::ProgressLine(std::string what)
    : what_(std::move(what)), terminal_(shows_progress()), began_(Clock::now()), last_(began_) {}

ProgressLine::~ProgressLine() {
  if (shown_) clear_progress();
}

void ProgressLine::update(const run::Progress& progress) {
  if (!due()) return;
  show(fmt::format("{} of {}, {:.0f} thousand cycles/s, {}", progress.done, progress.total,
                   static_cast<double>(progress.cycles) / seconds() / 1000.0,
                   left(static_cast<double>(progress.done), static_cast<double>(progress.total))));
}

void ProgressLine::update(std::int64_t done, std::int64_t total) {
  if (!due()) return;
  const auto part = static_cast<double>(done);
  const auto whole = static_cast<double>(total);
  show(fmt::format("{:.0f}%, {}", 100 * part / whole, left(part, whole)));
}

bool ProgressLine::due() {
  constexpr std::chrono::milliseconds kInterval{200};
  const Clock::time_point now = Clock::now();
  if (!terminal_ || now - last_ < kInterval) return false;
  last_ = now;
  return true;
}

void ProgressLine::show(const std::string& text) {
  shown_ = true;
  show_progress(what_ + ": " + text);
}

double ProgressLine::seconds() const {
  return std::chrono::duration<double>(last_ - began_).count();
}

std::string ProgressLine::left(double done, double total) const {
  return fmt::format("{:.0f} s left", seconds() * (total - done) / done);
}

}  // namespace lacuna::cli
