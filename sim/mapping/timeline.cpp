#include "mapping/timeline.hpp"

#include <algorithm>
#include <vector>

#include "schedule/durations.hpp"
#include "schedule/placement.hpp"

namespace lacuna::mapping {

Estimate estimate_dense(const schedule::Schedule& schedule, const network::Network& network,
                        const arch::AcceleratorSpec& spec) {
  using Placement = schedule::Placement<std::int64_t>;
  Estimate estimate;
  Placement placement(spec);
  std::vector<Placement::Span> placed;
  placed.reserve(schedule.steps.size());
  const auto span = [&](schedule::StepId id) { return placed[static_cast<std::size_t>(id)]; };
  for (const schedule::Step& step : schedule.steps) {
    placed.push_back(placement.place(
        schedule::Precedence(step), schedule::step_duration(step, schedule, network, spec),
        [&](schedule::StepId id) { return span(id).start; },
        [&](schedule::StepId id) { return span(id).end; }));
    estimate.cycles.value = std::max(estimate.cycles.value, placed.back().end);
    if (schedule::resource_of(step.kind) == schedule::Resource::kDma) {
      estimate.dram += schedule::transfer_bytes(step, schedule, network, spec);
    }
  }
  return estimate;
}

}  // namespace lacuna::mapping
