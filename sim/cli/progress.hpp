// A progress line with time left on standard error; silent when that is not a terminal.
#pragma once

#include <chrono>
#include <string>

#include "engine/run.hpp"

namespace lacuna::cli {

class ProgressLine {
 public:
  explicit ProgressLine(std::string what);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void update(const engine::Progress& progress);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point began_;
  Clock::time_point last_;
};

}  // namespace lacuna::cli
