// The table of resources and the recurrence over it, with tails, which no step has yet.
#include "schedule/placement.hpp"

#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

#include "unit/schedule/hand_schedules.hpp"

namespace lacuna::schedule {
namespace {

using Spans = std::vector<std::pair<std::int64_t, std::int64_t>>;

// Latency of DRAM 10, of the post unit 4.
arch::AcceleratorSpec slow_machine() {
  arch::AcceleratorSpec spec = testing::resident_case().spec;
  spec.dram.latency_cycles = 10;
  spec.post.lanes = 1;
  spec.post.latency_cycles = 4;
  return spec;
}

Step step_of(StepKind kind) {
  Step step;
  step.kind = kind;
  return step;
}

Spans place_all(const std::vector<Step>& steps, const std::vector<Duration>& durations,
                const arch::AcceleratorSpec& spec) {
  Placement<std::int64_t> placement(spec);
  Spans times;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto span = placement.place(
        Precedence(steps[i]), durations[i],
        [&](StepId id) { return times[static_cast<std::size_t>(id)].first; },
        [&](StepId id) { return times[static_cast<std::size_t>(id)].second; });
    times.push_back({span.start, span.end});
  }
  return times;
}

TEST(Placement, OneAtATimeTheNextStepStartsWhenTheLastLeavesItsResource) {
  for (const StepKind kind : {StepKind::kLoadPe, StepKind::kStream}) {
    const std::vector<Step> steps(3, step_of(kind));
    EXPECT_EQ(place_all(steps, {{5, 0}, {7, 0}, {1, 0}}, slow_machine()),
              (Spans{{0, 5}, {5, 12}, {12, 13}}));
    EXPECT_EQ(place_all(steps, {{5, 3}, {7, 2}, {1, 0}}, slow_machine()),
              (Spans{{0, 8}, {5, 14}, {12, 13}}));
  }
}

TEST(Placement, PipelinedStepsStartAtOnceAndLatenciesRunUnderEachOther) {
  EXPECT_EQ(place_all(std::vector<Step>(3, step_of(StepKind::kLoadWeights)),
                      {{5, 0}, {7, 0}, {1, 0}}, slow_machine()),
            (Spans{{0, 15}, {0, 22}, {0, 23}}));
  EXPECT_EQ(place_all(std::vector<Step>(3, step_of(StepKind::kLoadWeights)),
                      {{5, 3}, {7, 0}, {1, 2}}, slow_machine()),
            (Spans{{0, 18}, {0, 22}, {0, 25}}));
  EXPECT_EQ(
      place_all(std::vector<Step>(2, step_of(StepKind::kPost)), {{5, 1}, {7, 0}}, slow_machine()),
      (Spans{{0, 10}, {0, 16}}));
}

TEST(Placement, UnlimitedPostLanesHaveNoLatency) {
  arch::AcceleratorSpec spec = slow_machine();
  spec.post.lanes.reset();
  EXPECT_EQ(place_all({step_of(StepKind::kPost)}, {{0, 0}}, spec), (Spans{{0, 0}}));
}

TEST(Placement, AStepWaitsForEndsAndForTheStartThatItNames) {
  std::vector<Step> steps{step_of(StepKind::kLoadWeights), step_of(StepKind::kLoadPe),
                          step_of(StepKind::kStream), step_of(StepKind::kLoadPe),
                          step_of(StepKind::kPost)};
  steps[1].waits[index_of(Resource::kDma)] = 0;
  steps[2].waits[index_of(Resource::kLoader)] = 1;
  steps[3].after_start = 2;
  steps[4].waits[index_of(Resource::kArray)] = 2;
  EXPECT_EQ(place_all(steps, {{2, 1}, {3, 2}, {20, 6}, {3, 0}, {4, 0}}, slow_machine()),
            (Spans{{0, 13}, {13, 18}, {18, 44}, {18, 21}, {44, 52}}));
}

TEST(Placement, AListThatGoesOnFromAStepIsAsOneThatWasPlacedWhole) {
  const testing::Case c = testing::spilling_case();
  const std::vector<Step>& steps = c.schedule.steps;
  std::mt19937 random(7);
  std::vector<Duration> durations;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    durations.push_back(
        {static_cast<std::int64_t>(random() % 30), static_cast<std::int64_t>(random() % 9)});
  }
  const arch::AcceleratorSpec spec = slow_machine();
  const Spans whole = place_all(steps, durations, spec);
  for (std::size_t first = 1; first < steps.size(); ++first) {
    Placement<std::int64_t> placement(spec);
    Spans times(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(first));
    for (std::size_t i = 0; i < first; ++i) {
      placement.resume(resource_of(steps[i].kind), {times[i].first, times[i].second},
                       durations[i].tail);
    }
    for (std::size_t i = first; i < steps.size(); ++i) {
      const auto span = placement.place(
          Precedence(steps[i]), durations[i],
          [&](StepId id) { return times[static_cast<std::size_t>(id)].first; },
          [&](StepId id) { return times[static_cast<std::size_t>(id)].second; });
      times.push_back({span.start, span.end});
    }
    EXPECT_EQ(times, whole) << "from " << first;
  }
}

TEST(Resources, SerialLoadMakesLoaderAndArrayOne) {
  arch::AcceleratorSpec spec = slow_machine();
  const auto pairs = [&] {
    std::vector<std::pair<int, int>> joined;
    for (const ResourceRule& a : kResourceRules) {
      for (const ResourceRule& b : kResourceRules) {
        if (a.resource < b.resource && are_joined(a.resource, b.resource, spec)) {
          joined.push_back({static_cast<int>(a.resource), static_cast<int>(b.resource)});
        }
      }
      EXPECT_TRUE(are_joined(a.resource, a.resource, spec));
    }
    return joined;
  };
  spec.array.weight_load = arch::WeightLoad::kSerial;
  EXPECT_EQ(pairs(), (std::vector<std::pair<int, int>>{{1, 2}}));
  spec.array.weight_load = arch::WeightLoad::kShadowed;
  EXPECT_EQ(pairs(), (std::vector<std::pair<int, int>>{}));
}

}  // namespace
}  // namespace lacuna::schedule
