#include "run/phases.hpp"

#include "base/error.hpp"
#include "fast/engine.hpp"

namespace lacuna::run {
namespace {

std::vector<Phase> phases_of(const BatchTimes& batch) {
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
  const std::vector<schedule::Step>& steps = batch.schedule->steps;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].kind == schedule::StepKind::kStream) add(batch.steps[i].end, steps[i].layer);
  }
  add(batch.cycles, Phase::kAfterStreams);
  return list;
}

}  // namespace

std::vector<std::vector<Phase>> phases(const std::vector<BatchTimes>& batches) {
  std::vector<std::vector<Phase>> list;
  list.reserve(batches.size());
  for (const BatchTimes& batch : batches) list.push_back(phases_of(batch));
  return list;
}

std::vector<BatchTimes> batch_times(const Job& job) {
  SIM_CHECK(job.parts.size() == 1, "run", -1, "phases are of a model");
  const Part& part = job.parts.front();
  const fault::FaultPlan no_faults;
  fast::Engine engine(job.spec, weight_sram(job).words, no_faults);
  std::vector<BatchTimes> list;
  const auto run = [&](const schedule::Schedule& schedule, std::size_t first, std::size_t end) {
    engine.load(part.network, schedule, part.step_offset);
    measure::BatchTrace trace;
    engine.set_trace(&trace);
    const auto size = static_cast<std::size_t>(schedule.batch);
    for (std::size_t image = first; image < end; image += size) {
      std::vector<const std::uint8_t*> images;
      for (std::size_t i = image; i < image + size; ++i) images.push_back(part.images[i].data());
      const measure::BatchResult result = engine.run({images}).front();
      list.push_back({&schedule, trace.steps, result.cycles.value});
    }
    engine.set_trace(nullptr);
  };
  const std::size_t rest = part.remainder ? static_cast<std::size_t>(part.remainder->batch) : 0;
  const std::size_t full = part.images.size() - rest;
  run(*part.schedule, 0, full);
  if (part.remainder) run(*part.remainder, full, part.images.size());
  return list;
}

}  // namespace lacuna::run
