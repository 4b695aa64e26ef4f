// A progress line with time left on standard error; silent when that is not a terminal.
#pragma once

#include <chrono>
#include <string>

#include "run/simulate.hpp"

namespace lacuna::cli {

class ProgressLine {
 public:
  explicit ProgressLine(std::string what);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void update(const run::Progress& progress);
  /// As a percentage; `done` is above 0.
  void update(std::int64_t done, std::int64_t total);

 private:
  bool due();
  void show(const std::string& text);
  double seconds() const;
  std::string left(double done, double total) const;
  using Clock = std::chrono::steady_clock;

  std::string what_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point began_;
  Clock::time_point last_;
};

}  // namespace lacuna::cli
