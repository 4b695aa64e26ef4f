#include "mapping/schedule_sink.hpp"

#include <algorithm>

#include "schedule/resources.hpp"

namespace lacuna::mapping {

std::int32_t ScheduleSink::add_region(const schedule::Region& region) {
  schedule_.activation_slots = std::max(schedule_.activation_slots, region.base + region.slots);
  schedule_.regions.push_back(region);
  return static_cast<std::int32_t>(schedule_.regions.size() - 1);
}

PlacedStep ScheduleSink::append(const WalkedStep& walked, const StepAccesses::Stamps& waits,
                                Stamp after_start) {
  const auto id = static_cast<Stamp>(schedule_.steps.size());
  schedule::Step& step = schedule_.steps.emplace_back(walked.step);
  for (std::size_t i = 0; i < waits.size(); ++i) {
    step.waits[i] = static_cast<schedule::StepId>(waits[i]);
  }
  // Where a resource takes one step at a time, in list order, no step needs to wait for its own.
  const schedule::Resource resource = schedule::resource_of(step.kind);
  if (schedule::is_one_at_a_time(resource)) {
    step.waits[schedule::index_of(resource)] = schedule::kNoStep;
  }
  step.after_start = static_cast<schedule::StepId>(after_start);
  if (step.kind == schedule::StepKind::kStream) {
    schedule_.accumulator_entries =
        std::max(schedule_.accumulator_entries, step.address + walked.pixels);
  } else if (step.kind == schedule::StepKind::kLoadWeights) {
    schedule_.weight_words = std::max(schedule_.weight_words, step.address + walked.words);
  }
  return {id, id};
}

}  // namespace lacuna::mapping
