#include "judge/clocks.hpp"

#include <algorithm>

#include "schedule/resources.hpp"

namespace lacuna::judge {
namespace {

void join(ResourceClock& clock, const ResourceClock& other) {
  for (std::size_t r = 0; r < clock.size(); ++r) clock[r] = std::max(clock[r], other[r]);
}

}  // namespace

EndClocks::EndClocks(const schedule::Schedule& schedule, const arch::AcceleratorSpec& spec) {
  const ResourceClock nothing{schedule::kNoStep, schedule::kNoStep, schedule::kNoStep,
                              schedule::kNoStep};
  // Known when the last step so far of each resource has started, and when it has ended.
  std::array<ResourceClock, schedule::kResources> started{nothing, nothing, nothing, nothing};
  std::array<ResourceClock, schedule::kResources> finished{nothing, nothing, nothing, nothing};
  // The finished clock of every step, for those that wait for it.
  std::vector<ResourceClock> after;
  resource_.reserve(schedule.steps.size());
  before_.reserve(schedule.steps.size());
  after.reserve(schedule.steps.size());
  for (const schedule::Step& step : schedule.steps) {
    const schedule::Resource resource = schedule::resource_of(step.kind);
    const std::size_t own = schedule::index_of(resource);
    ResourceClock clock = started[own];
    for (const schedule::StepId wait : step.waits) {
      if (wait != schedule::kNoStep) join(clock, after[static_cast<std::size_t>(wait)]);
    }
    if (step.after_start != schedule::kNoStep) {
      join(clock, before_[static_cast<std::size_t>(step.after_start)]);
    }
    if (schedule::is_one_at_a_time(resource)) {
      for (const schedule::ResourceRule& rule : schedule::kResourceRules) {
        if (!schedule::are_joined(resource, rule.resource, spec)) continue;
        join(clock, finished[schedule::index_of(rule.resource)]);
      }
    }
    ResourceClock end = clock;
    join(end, finished[own]);
    end[own] = static_cast<schedule::StepId>(before_.size());
    resource_.push_back(own);
    before_.push_back(clock);
    after.push_back(end);
    started[own] = clock;
    finished[own] = end;
  }
}

}  // namespace lacuna::judge
