// A property of a valid schedule that is broken once, and what the judge is to say.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <utility>

#include "unit/judge/judged.hpp"

namespace lacuna::judge::test {

using schedule::testing::Case;

struct Breach {
  std::string name;
  std::function<Case()> valid;
  std::function<void(Case&)> breaks;
  std::string message;  ///< a part of one of the violations
};

inline void PrintTo(const Breach& breach, std::ostream* out) { *out << breach.name; }

inline void expect_caught(const Breach& breach) {
  Case c = breach.valid();
  breach.breaks(c);
  const std::string found = all_of(judge(c));
  EXPECT_NE(found.find(breach.message), std::string::npos)
      << "expected: " << breach.message << "\nfound:\n"
      << found;
}

inline std::string breach_name(const ::testing::TestParamInfo<Breach>& info) {
  return info.param.name;
}

inline void erase_step(Case& c, schedule::StepId gone) {
  c.schedule.steps.erase(c.schedule.steps.begin() + gone);
  for (schedule::Step& step : c.schedule.steps) {
    for (schedule::StepId& wait : step.waits)
      wait = wait == gone ? schedule::kNoStep : wait - (wait > gone);
    step.after_start -= step.after_start > gone;
  }
}

inline void insert_step(Case& c, schedule::StepId at, const schedule::Step& step) {
  for (schedule::Step& other : c.schedule.steps) {
    for (schedule::StepId& wait : other.waits) wait += wait >= at;
    other.after_start += other.after_start >= at;
  }
  c.schedule.steps.insert(c.schedule.steps.begin() + at, step);
}

// Exchanges two steps in the list; the waits of others still mean the same steps.
inline void swap_steps(Case& c, schedule::StepId a, schedule::StepId b) {
  std::swap(c.step(a), c.step(b));
  for (schedule::Step& step : c.schedule.steps) {
    for (schedule::StepId& wait : step.waits) wait = wait == a ? b : wait == b ? a : wait;
  }
}

}  // namespace lacuna::judge::test
