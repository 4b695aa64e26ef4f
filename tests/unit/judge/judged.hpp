// What the judge says of a case.
#pragma once

#include <string>
#include <vector>

#include "judge/verify_schedule.hpp"
#include "unit/schedule/hand_schedules.hpp"

namespace lacuna::judge {

inline std::vector<std::string> judge(const schedule::testing::Case& c) {
  return schedule_violations(c.schedule, c.network, c.spec);
}

inline std::string all_of(const std::vector<std::string>& messages) {
  std::string text;
  for (const std::string& message : messages) text += message + "\n";
  return text;
}

}  // namespace lacuna::judge
