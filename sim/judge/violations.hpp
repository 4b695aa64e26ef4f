// What the judge of schedules writes down: a bounded list of violations, and names for steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::judge {

class Violations {
 public:
  explicit Violations(int limit) : limit_(static_cast<std::size_t>(limit)) {}

  void add(std::string message) {
    if (!full()) messages_.push_back(std::move(message));
  }
  /// Adds what `message()` returns unless the condition holds; returns the condition.
  template <class Message>
  bool require(bool condition, Message&& message) {
    if (!condition && !full()) add(message());
    return condition;
  }
  bool full() const { return messages_.size() >= limit_; }
  bool empty() const { return messages_.empty(); }
  std::vector<std::string> take() { return std::move(messages_); }

 private:
  std::size_t limit_;
  std::vector<std::string> messages_;
};

/// "step 12 (stream of conv1)".
std::string step_name(const schedule::Schedule& schedule, const network::Network& network,
                      schedule::StepId step);

/// "3..7" for the half-open interval [3, 8); "3" for one element.
std::string interval_name(std::int64_t begin, std::int64_t end);

}  // namespace lacuna::judge
