#include "run/phases.hpp"

#include "base/error.hpp"
#include "fast/engine.hpp"

namespace lacuna::run {
namespace {

std::vector<Phase> phases_of(const schedule::Schedule& schedule, const measure::BatchTrace& trace,
                             std::int64_t cycles) {
  std::vector<Phase> list;
  const auto add = [&](std::int64_t until, std::int32_t layer) {
    if (until <= (list.empty() ? 0 : list.back().until)) return;
    if (!list.empty() && list.back().layer == layer) {
      list.back().until = until;
    } else {
      list.push_back({until, layer});
    }
  };
  // The array takes its streams one after the other, in list order.
  for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
    const schedule::Step& step = schedule.steps[i];
    if (step.kind == schedule::StepKind::kStream) add(trace.steps[i].end, step.layer);
  }
  add(cycles, Phase::kAfterStreams);
  return list;
}

}  // namespace

std::vector<std::vector<Phase>> phases(const Job& job) {
  SIM_CHECK(job.parts.size() == 1, "run", -1, "phases are of a model");
  const Part& part = job.parts.front();
  const fault::FaultPlan no_faults;
  fast::Engine engine(job.spec, weight_sram(job).words, no_faults);
  std::vector<std::vector<Phase>> list;
  const auto run = [&](const schedule::Schedule& schedule, std::size_t first, std::size_t end) {
    engine.load(part.network, schedule, part.step_offset);
    measure::BatchTrace trace;
    engine.set_trace(&trace);
    const auto size = static_cast<std::size_t>(schedule.batch);
    for (std::size_t image = first; image < end; image += size) {
      std::vector<const std::uint8_t*> images;
      for (std::size_t i = image; i < image + size; ++i) images.push_back(part.images[i].data());
      const measure::BatchResult result = engine.run({images}).front();
      list.push_back(phases_of(schedule, trace, result.cycles.value));
    }
    engine.set_trace(nullptr);
  };
  const std::size_t rest = part.remainder ? static_cast<std::size_t>(part.remainder->batch) : 0;
  const std::size_t full = part.images.size() - rest;
  run(part.schedule, 0, full);
  if (part.remainder) run(*part.remainder, full, part.images.size());
  return list;
}

}  // namespace lacuna::run
