#include "fast/step_times.hpp"

#include <algorithm>
#include <cstring>

#include "base/cpu.hpp"
#include "fast/lanes.hpp"

// Vectors live inside inlined functions only, so how they would be passed does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace lacuna::fast {

using schedule::Resource;
using schedule::Step;
using schedule::StepId;

namespace {

constexpr auto kDma = static_cast<std::size_t>(Resource::kDma);
constexpr auto kLoader = static_cast<std::size_t>(Resource::kLoader);
constexpr auto kArray = static_cast<std::size_t>(Resource::kArray);
constexpr auto kPost = static_cast<std::size_t>(Resource::kPost);

using TimesOfLanes __attribute__((vector_size(kLanes * 4))) = std::int32_t;

}  // namespace

// Of one batch or of kLanes side by side; lane l of step id lies at [id * lanes + l]. Steps before
// `first` are as `before` says.
template <class Times, std::size_t kCount, class Number>
LACUNA_INLINE void StepTimes::place(const Number* stream_cycles, std::size_t first,
                                    Placed<const Number> before, Placed<Number> times) const {
  const auto get = [](const Number* numbers, std::size_t index) LACUNA_INLINE_LAMBDA {
    Times value;
    std::memcpy(&value, numbers + index * kCount, sizeof value);
    return value;
  };
  const auto start_of = [&](StepId step) LACUNA_INLINE_LAMBDA {
    const auto id = static_cast<std::size_t>(step);
    return get(id < first ? before.start : times.start, id);
  };
  const auto end_of = [&](StepId step) LACUNA_INLINE_LAMBDA {
    const auto id = static_cast<std::size_t>(step);
    return get(id < first ? before.end : times.end, id);
  };
  const Times zero = {};
  const auto duration_of = [&](std::size_t id) LACUNA_INLINE_LAMBDA {
    const schedule::Duration& own = durations_[id];
    return schedule::DurationOf<Times>{steps_[id].resource == Resource::kArray
                                           ? get(stream_cycles, place_[id])
                                           : zero + static_cast<Number>(own.occupancy),
                                       zero + static_cast<Number>(own.tail)};
  };
  schedule::Placement<Times, Number> placement(spec_);
  for (std::size_t unit = 0; unit < kUnits && first > 0; ++unit) {
    const auto next =
        std::lower_bound(queues_[unit].begin(), queues_[unit].end(), static_cast<StepId>(first));
    if (next == queues_[unit].begin()) continue;
    const StepId last = *std::prev(next);
    placement.resume(static_cast<Resource>(unit), {start_of(last), end_of(last)},
                     duration_of(static_cast<std::size_t>(last)).tail);
  }
  for (std::size_t id = first; id < steps_.size(); ++id) {
    const auto span = placement.place(steps_[id], duration_of(id), start_of, end_of);
    std::memcpy(times.start + id * kCount, &span.start, sizeof span.start);
    std::memcpy(times.end + id * kCount, &span.end, sizeof span.end);
  }
}

struct StepTimes::PlaceLanes {
  static LACUNA_INLINE void run(StepTimes* self, const std::int32_t* stream_cycles,
                                std::size_t first, const LaneTimes* before) {
    self->place<TimesOfLanes, kLanes, std::int32_t>(
        stream_cycles, first, {before->start.data(), before->end.data()},
        {self->lanes_.start.data(), self->lanes_.end.data()});
  }
};

void StepTimes::place_lanes(const std::int32_t* stream_cycles, std::size_t first,
                            const LaneTimes& before) {
  base::run_vector<PlaceLanes>(this, stream_cycles, first, &before);
}

const StepTimes::LaneTimes& StepTimes::place_all(const std::int32_t* stream_cycles) {
  lanes_.start.resize(steps_.size() * kLanes);
  lanes_.end.resize(steps_.size() * kLanes);
  place_lanes(stream_cycles, 0, lanes_);
  return lanes_;
}

void StepTimes::totals(const std::int32_t* stream_cycles, std::size_t first_stream,
                       const LaneTimes& before, std::int32_t* totals) {
  lanes_.start.resize(steps_.size() * kLanes);
  lanes_.end.resize(steps_.size() * kLanes);
  const auto first = static_cast<std::size_t>(streams()[first_stream]);
  place_lanes(stream_cycles, first, before);
  std::fill_n(totals, kLanes, 0);
  for (const std::vector<StepId>& queue : queues_) {
    if (queue.empty()) continue;
    const auto id = static_cast<std::size_t>(queue.back());
    const std::int32_t* last = (id < first ? before : lanes_).end.data() + id * kLanes;
    for (int lane = 0; lane < kLanes; ++lane) totals[lane] = std::max(totals[lane], last[lane]);
  }
}

bool StepTimes::fits_lanes(const std::vector<std::int64_t>& stream_cycles) const {
  constexpr std::int64_t kMost = std::int64_t{1} << 30;
  std::int64_t sum = 0;
  std::size_t stream = 0;
  for (std::size_t id = 0; id < schedule_.steps.size(); ++id) {
    const Resource resource = steps_[id].resource;
    const schedule::Duration& own = durations_[id];
    const std::int64_t longest =
        (resource == Resource::kArray ? stream_cycles[stream++] : own.occupancy) + own.tail;
    if (longest >= kMost - sum) return false;
    sum += longest + schedule::rule_of(resource).latency(spec_);
    if (sum >= kMost) return false;
  }
  return true;
}

StepTimes::StepTimes(const schedule::Schedule& schedule, const network::Network& network,
                     const arch::AcceleratorSpec& spec)
    : schedule_(schedule),
      spec_(spec),
      place_(schedule.steps.size()),
      start_(schedule.steps.size()),
      end_(schedule.steps.size()) {
  for (std::size_t id = 0; id < schedule.steps.size(); ++id) {
    const Step& step = schedule.steps[id];
    auto& own = queues_[static_cast<std::size_t>(schedule::resource_of(step.kind))];
    place_[id] = own.size();
    own.push_back(static_cast<StepId>(id));
    steps_.emplace_back(step);
    durations_.push_back(schedule::step_duration(step, schedule, network, spec));
  }
}

void StepTimes::place_steps(const std::vector<std::int64_t>& stream_cycles) {
  place<std::int64_t, 1, std::int64_t>(stream_cycles.data(), 0, {nullptr, nullptr},
                                       {start_.data(), end_.data()});
}

std::int64_t StepTimes::run(const std::vector<std::int64_t>& stream_cycles,
                            std::vector<measure::LayerCounters>& layers,
                            measure::BatchTrace* trace) {
  place_steps(stream_cycles);
  Account account{layers, trace};
  if (trace != nullptr) {
    *trace = {};
    for (std::size_t id = 0; id < steps_.size(); ++id) {
      trace->steps.push_back({start_[id], end_[id]});
    }
  }
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
    if (start_[id] > time) classify(time, start_[id], next, account);
    account.add(start_[id], end_[id], static_cast<std::size_t>(schedule_.steps[id].layer),
                &measure::CycleClasses::stream);
    time = end_[id];
  }
  if (total > time) classify(time, total, streams.size(), account);
  return total;
}

void StepTimes::Account::add(std::int64_t start, std::int64_t end, std::size_t layer,
                             base::Cycles measure::CycleClasses::*spent_as) {
  layers[layer].cycles.*spent_as += base::Cycles{end - start};
  if (trace != nullptr) trace->add(start, end, layer, spent_as);
}

void StepTimes::advance(std::int64_t time) {
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    const std::size_t size = queues_[unit].size();
    while (started_[unit] < size && start(unit, started_[unit]) <= time) ++started_[unit];
    while (ended_[unit] < size && end(unit, ended_[unit]) <= time) ++ended_[unit];
  }
}

void StepTimes::classify(std::int64_t from, std::int64_t to, std::size_t next, Account& account) {
  const std::vector<StepId>& streams = queues_[kArray];
  const std::size_t layer =
      next < streams.size()
          ? static_cast<std::size_t>(schedule_.steps[static_cast<std::size_t>(streams[next])].layer)
          : account.layers.size() - 1;
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
    const std::int64_t start = from;
    from = until;
    if (started_[kLoader] > ended_[kLoader]) {
      account.add(start, until, layer, &measure::CycleClasses::weight_load);
      continue;
    }
    Blame blame;
    if (next < streams.size()) {
      follow(kArray, next, blame);
    } else {
      for (std::size_t unit = 0; unit < kUnits; ++unit) {
        if (!queues_[unit].empty()) follow(unit, queues_[unit].size() - 1, blame);
      }
    }
    account.add(start, until, layer,
                blame.dma    ? &measure::CycleClasses::memory_wait
                : blame.post ? &measure::CycleClasses::post_wait
                             : &measure::CycleClasses::idle);
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
      if (wait != schedule::kNoStep) follow(other, place_[static_cast<std::size_t>(wait)], blame);
    }
    if (step.after_start != schedule::kNoStep &&
        place_[static_cast<std::size_t>(step.after_start)] >= started_[kArray]) {
      follow(kArray, place_[static_cast<std::size_t>(step.after_start)], blame);
    }
  }
}

}  // namespace lacuna::fast
