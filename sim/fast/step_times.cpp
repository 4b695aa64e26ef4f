#include "fast/step_times.hpp"

#include <algorithm>

#include "mapping/timeline.hpp"

namespace lacuna::fast {

using mapping::Resource;
using mapping::Step;
using mapping::StepId;

namespace {

constexpr auto kDma = static_cast<std::size_t>(Resource::kDma);
constexpr auto kLoader = static_cast<std::size_t>(Resource::kLoader);
constexpr auto kArray = static_cast<std::size_t>(Resource::kArray);
constexpr auto kPost = static_cast<std::size_t>(Resource::kPost);

}  // namespace

StepTimes::StepTimes(const mapping::Schedule& schedule, const network::Network& network,
                     const arch::AcceleratorSpec& spec)
    : schedule_(schedule),
      spec_(spec),
      cycles_(schedule.steps.size()),
      place_(schedule.steps.size()),
      start_(schedule.steps.size()),
      end_(schedule.steps.size()) {
  for (std::size_t id = 0; id < schedule.steps.size(); ++id) {
    const Step& step = schedule.steps[id];
    auto& own = queues_[static_cast<std::size_t>(mapping::resource_of(step.kind))];
    place_[id] = own.size();
    own.push_back(static_cast<StepId>(id));
    if (step.kind != mapping::StepKind::kStream) {
      cycles_[id] = mapping::step_cycles(step, schedule, network, spec);
    }
  }
}

void StepTimes::place_steps(const std::vector<std::int64_t>& stream_cycles) {
  std::array<std::int64_t, kUnits> last_start{};
  std::array<std::int64_t, kUnits> last_end{};
  for (std::size_t id = 0; id < schedule_.steps.size(); ++id) {
    const Step& step = schedule_.steps[id];
    std::int64_t ready = 0;
    for (const StepId wait : step.waits) {
      if (wait != mapping::kNoStep) ready = std::max(ready, end_[static_cast<std::size_t>(wait)]);
    }
    if (step.after_start != mapping::kNoStep) {
      ready = std::max(ready, start_[static_cast<std::size_t>(step.after_start)]);
    }
    const auto unit = static_cast<std::size_t>(mapping::resource_of(step.kind));
    if (unit == kDma) {
      start_[id] = std::max(ready, last_start[unit]);
      end_[id] = std::max(start_[id] + spec_.dram.latency_cycles, last_end[unit]) + cycles_[id];
    } else if (unit == kPost) {
      const std::int64_t latency = spec_.post.lanes ? spec_.post.latency_cycles : 0;
      start_[id] = std::max(ready, last_start[unit]);
      end_[id] = std::max(start_[id] + latency, last_end[unit]) + cycles_[id];
    } else {
      start_[id] = std::max(ready, last_end[unit]);
      end_[id] = start_[id] + (unit == kArray ? stream_cycles[place_[id]] : cycles_[id]);
    }
    last_start[unit] = start_[id];
    last_end[unit] = end_[id];
  }
}

std::int64_t StepTimes::run(const std::vector<std::int64_t>& stream_cycles,
                            std::vector<base::LayerCounters>& layers) {
  place_steps(stream_cycles);
  started_ = {};
  ended_ = {};
  std::int64_t total = 0;
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    if (!queues_[unit].empty()) total = std::max(total, end(unit, queues_[unit].size() - 1));
  }
  std::int64_t time = 0;
  const std::vector<StepId>& streams = queues_[kArray];
  for (std::size_t next = 0; next < streams.size(); ++next) {
    const auto id = static_cast<std::size_t>(streams[next]);
    base::CycleClasses& classes =
        layers[static_cast<std::size_t>(schedule_.steps[id].layer)].cycles;
    if (start_[id] > time) classify(time, start_[id], next, classes);
    classes.stream += base::Cycles{end_[id] - start_[id]};
    time = end_[id];
  }
  if (total > time) classify(time, total, streams.size(), layers.back().cycles);
  return total;
}

void StepTimes::advance(std::int64_t time) {
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    const std::size_t size = queues_[unit].size();
    while (started_[unit] < size && start(unit, started_[unit]) <= time) ++started_[unit];
    while (ended_[unit] < size && end(unit, ended_[unit]) <= time) ++ended_[unit];
  }
}

void StepTimes::classify(std::int64_t from, std::int64_t to, std::size_t next,
                         base::CycleClasses& classes) {
  while (from < to) {
    advance(from);
    // Nothing changes before the next start or end of any unit.
    std::int64_t until = to;
    for (const std::size_t unit : {kDma, kLoader, kPost}) {
      if (started_[unit] < queues_[unit].size()) {
        until = std::min(until, start(unit, started_[unit]));
      }
      if (ended_[unit] < started_[unit]) until = std::min(until, end(unit, ended_[unit]));
    }
    const base::Cycles span{until - from};
    from = until;
    if (started_[kLoader] > ended_[kLoader]) {
      classes.weight_load += span;
      continue;
    }
    Blame blame;
    if (next < queues_[kArray].size()) {
      follow(kArray, next, blame);
    } else {
      for (std::size_t unit = 0; unit < kUnits; ++unit) {
        if (!queues_[unit].empty()) follow(unit, queues_[unit].size() - 1, blame);
      }
    }
    (blame.dma ? classes.memory_wait : blame.post ? classes.post_wait : classes.idle) += span;
  }
}

void StepTimes::follow(std::size_t unit, std::size_t place, Blame& blame) const {
  if (blame.dma || place < ended_[unit] || place < blame.visited[unit]) return;
  if (started_[unit] > ended_[unit]) {
    blame.dma = blame.dma || unit == kDma;
    blame.post = blame.post || unit == kPost;
    if (blame.dma) return;
  }
  // What runs waits for nothing any more; what has not started yet is held up by its waits.
  const std::size_t first = std::max(blame.visited[unit], started_[unit]);
  blame.visited[unit] = place + 1;
  for (std::size_t at = first; at <= place; ++at) {
    const Step& step = schedule_.steps[static_cast<std::size_t>(queues_[unit][at])];
    for (std::size_t other = 0; other < kUnits; ++other) {
      const StepId wait = step.waits[other];
      if (wait != mapping::kNoStep) follow(other, place_[static_cast<std::size_t>(wait)], blame);
    }
    if (step.after_start != mapping::kNoStep &&
        place_[static_cast<std::size_t>(step.after_start)] >= started_[kArray]) {
      follow(kArray, place_[static_cast<std::size_t>(step.after_start)], blame);
    }
  }
}

}  // namespace lacuna::fast
