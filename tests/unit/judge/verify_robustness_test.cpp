// The judge answers for any data, however damaged: it never crashes, and it does not accept a
// schedule that lost or doubled a step.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "judge/verify_schedule.hpp"
#include "unit/schedule/hand_schedules.hpp"

namespace lacuna::judge {
namespace {

using schedule::testing::Case;

std::int64_t odd_number(std::mt19937& random) {
  constexpr std::int64_t kOdd[] = {-1,
                                   0,
                                   1,
                                   2,
                                   3,
                                   7,
                                   40,
                                   1000,
                                   std::int64_t{1} << 31,
                                   std::numeric_limits<std::int32_t>::max(),
                                   std::numeric_limits<std::int64_t>::max(),
                                   std::numeric_limits<std::int64_t>::min()};
  return kOdd[random() % std::size(kOdd)];
}

template <class T>
T& any_of(std::vector<T>& list, std::mt19937& random) {
  return list[random() % list.size()];
}

void damage(schedule::Schedule& s, std::mt19937& random) {
  const std::int64_t number = odd_number(random);
  const auto small = static_cast<std::int32_t>(number);
  schedule::Step& step = any_of(s.steps, random);
  schedule::Block& block = any_of(s.blocks, random);
  schedule::Region& region = any_of(s.regions, random);
  schedule::PixelRange& range = any_of(s.ranges, random);
  switch (random() % 39) {
    case 0:
      step.kind = static_cast<schedule::StepKind>(random() % 7);
      break;
    case 1:
      step.layer = small;
      break;
    case 2:
      step.block = small;
      break;
    case 3:
      step.range = small;
      break;
    case 4:
      step.input = small;
      break;
    case 5:
      step.output = small;
      break;
    case 33:
      step.residual = small;
      break;
    case 35:
      step.rows.channel_begin = number;
      break;
    case 36:
      step.rows.channel_count = number;
      break;
    case 37:
      region.channel_begin = number;
      break;
    case 38:
      region.channel_count = number;
      break;
    case 6:
      step.address = number;
      break;
    case 7:
      step.set = small;
      break;
    case 8:
      step.first_pass = !step.first_pass;
      break;
    case 9:
      step.rows.map = small;
      break;
    case 10:
      step.rows.image_begin = number;
      break;
    case 11:
      step.rows.image_count = number;
      break;
    case 12:
      step.rows.row_begin = number;
      break;
    case 13:
      step.rows.row_count = number;
      break;
    case 14:
      step.waits[random() % 4] = small;
      break;
    case 15:
      step.after_start = small;
      break;
    case 16:
      block.layer = small;
      break;
    case 17:
      block.group = small;
      break;
    case 18:
      block.pass = small;
      break;
    case 19:
      block.k_begin = number;
      break;
    case 20:
      block.k_count = number;
      break;
    case 21:
      block.n_begin = number;
      break;
    case 22:
      block.n_count = number;
      break;
    case 23:
      region.map = small;
      break;
    case 24:
      region.image_begin = number;
      break;
    case 25:
      region.image_count = number;
      break;
    case 26:
      region.row_begin = number;
      break;
    case 27:
      region.row_count = number;
      break;
    case 28:
      region.base = number;
      break;
    case 29:
      region.slots = number;
      break;
    case 30:
      range.layer = small;
      break;
    case 31:
      range.row_begin = number;
      break;
    case 32:
      range.row_count = number;
      break;
    default:
      any_of(s.layers, random).fused_pool = small;
      break;
  }
}

TEST(VerifyRobustness, SurvivesDamagedSchedules) {
  std::mt19937 random(3);
  int accepted = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    Case c = trial % 3 == 0   ? schedule::testing::resident_case()
             : trial % 3 == 1 ? schedule::testing::spilling_case()
                              : schedule::testing::residual_case();
    const int wounds = 1 + static_cast<int>(random() % 3);
    for (int w = 0; w < wounds; ++w) damage(c.schedule, random);
    accepted += schedule_violations(c.schedule, c.network, c.spec).empty() ? 1 : 0;
  }
  // Some damage does not matter: a field that the step does not use, a number that was there.
  EXPECT_LT(accepted, 8000);
}

TEST(VerifyRobustness, AcceptsNoScheduleThatLostAStep) {
  for (const Case& valid : {schedule::testing::resident_case(), schedule::testing::spilling_case(),
                            schedule::testing::residual_case()}) {
    for (schedule::StepId gone = 0; static_cast<std::size_t>(gone) < valid.schedule.steps.size();
         ++gone) {
      Case c = valid;
      c.schedule.steps.erase(c.schedule.steps.begin() + gone);
      for (schedule::Step& step : c.schedule.steps) {
        for (schedule::StepId& wait : step.waits) {
          if (wait > gone) --wait;
          if (wait == gone) wait = schedule::kNoStep;
        }
        if (step.after_start > gone) --step.after_start;
      }
      EXPECT_FALSE(schedule_violations(c.schedule, c.network, c.spec).empty()) << "step " << gone;
    }
    for (std::size_t gone = 0; gone < valid.schedule.setup.size(); ++gone) {
      Case c = valid;
      c.schedule.setup.erase(c.schedule.setup.begin() + static_cast<std::ptrdiff_t>(gone));
      EXPECT_FALSE(schedule_violations(c.schedule, c.network, c.spec).empty()) << "set-up " << gone;
    }
  }
}

}  // namespace
}  // namespace lacuna::judge
