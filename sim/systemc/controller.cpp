#include "systemc/controller.hpp"

#include "base/error.hpp"
#include "schedule/resources.hpp"

namespace lacuna::systemc {

using schedule::Resource;
using schedule::Step;
using schedule::StepId;

Controller::Controller(const sc_core::sc_module_name& name, Program& program, const Stalls& stalls)
    : sc_module(name),
      listener("listener"),
      dma("dma"),
      loader("loader"),
      array("array"),
      post("post"),
      program_(program),
      stalls_(stalls) {
  listener.bind(*this);
  SC_METHOD(dispatch);
  sensitive << changed_;
  dont_initialize();
}

StepUnit& Controller::unit(std::size_t index) {
  switch (static_cast<Resource>(index)) {
    case Resource::kDma:
      return *dma.operator->();
    case Resource::kLoader:
      return *loader.operator->();
    case Resource::kArray:
      return *array.operator->();
    case Resource::kPost:
      break;
  }
  return *post.operator->();
}

void Controller::begin() {
  const auto& list = program_.in_setup ? program_.schedule->setup : program_.schedule->steps;
  for (Queue& queue : queues_) queue = Queue{};
  position_.resize(list.size());
  for (std::size_t id = 0; id < list.size(); ++id) {
    Queue& own = queue(schedule::resource_of(list[id].kind));
    position_[id] = own.steps.size();
    own.steps.push_back(static_cast<StepId>(id));
  }
  began_ = accounted_ = last_end_ = now();
  if (trace_ != nullptr) {
    *trace_ = {};
    trace_->steps.resize(list.size());
  }
  if (!list.empty()) changed_.notify(sc_core::SC_ZERO_TIME);
}

std::int64_t Controller::finish() {
  for (const Queue& queue : queues_) {
    SIM_CHECK(queue.ended == queue.steps.size(), name(), now(),
              "the schedule is stuck at step " +
                  std::to_string(queue.steps[std::min(queue.ended, queue.steps.size() - 1)]));
  }
  return last_end_ - began_;
}

bool Controller::ready(const Step& step) const {
  for (std::size_t resource = 0; resource < kUnits; ++resource) {
    const StepId wait = step.waits[resource];
    if (wait != schedule::kNoStep &&
        position_[static_cast<std::size_t>(wait)] >= queues_[resource].ended) {
      return false;
    }
  }
  return step.after_start == schedule::kNoStep ||
         position_[static_cast<std::size_t>(step.after_start)] < queue(Resource::kArray).started;
}

bool Controller::held_back(std::size_t unit, StepId id) {
  if (stalls_.max_start_delay == 0) return false;
  Queue& own = queues_[unit];
  if (own.not_before < 0) {
    const std::uint64_t draw = base::random_bits(stalls_.seed, base::RandomStream::kStepStall,
                                                 static_cast<std::uint64_t>(id));
    own.not_before = now() + static_cast<std::int64_t>(
                                 draw % static_cast<std::uint64_t>(stalls_.max_start_delay + 1));
    if (own.not_before > now()) changed_.notify(cycles(own.not_before - now()));
  }
  if (now() < own.not_before) {
    // notify() keeps only the earliest of several: ask again for the time that is left.
    changed_.notify(cycles(own.not_before - now()));
    return true;
  }
  own.not_before = -1;
  return false;
}

bool Controller::may_start(std::size_t unit) {
  Queue& own = queues_[unit];
  if (own.started == own.steps.size()) return false;
  if (schedule::is_one_at_a_time(static_cast<Resource>(unit)) && own.started != own.ended) {
    return false;
  }
  const StepId id = own.steps[own.started];
  return ready(program_.step(id)) && !held_back(unit, id);
}

void Controller::dispatch() {
  account();
  bool progress = true;
  while (progress) {
    progress = false;
    for (std::size_t index = 0; index < kUnits; ++index) {
      while (may_start(index)) {
        Queue& own = queues_[index];
        const StepId id = own.steps[own.started++];
        if (trace_ != nullptr) trace_->steps[static_cast<std::size_t>(id)].start = now() - began_;
        unit(index).start(id);
        progress = true;
      }
    }
  }
  if (watch_ != nullptr) watch_->spent_on(spending());
}

void Controller::ended(StepId id) {
  account();
  Queue& own = queue(schedule::resource_of(program_.step(id).kind));
  SIM_CHECK(own.ended < own.started && own.steps[own.ended] == id, name(), now(),
            "a step ended out of order");
  ++own.ended;
  last_end_ = now();
  if (trace_ != nullptr) trace_->steps[static_cast<std::size_t>(id)].end = now() - began_;
  changed_.notify(sc_core::SC_ZERO_TIME);
}

void Controller::follow(std::size_t unit, std::size_t position, Blame& blame) const {
  const Queue& own = queues_[unit];
  if (position < own.ended || position < blame.visited[unit]) return;
  if (own.started > own.ended) {
    blame.dma = blame.dma || static_cast<Resource>(unit) == Resource::kDma;
    blame.post = blame.post || static_cast<Resource>(unit) == Resource::kPost;
  }
  if (blame.dma) return;  // memory_wait, whatever else is found
  const std::size_t from = std::max({blame.visited[unit], own.ended, own.started});
  blame.visited[unit] = position + 1;
  for (std::size_t at = from; at <= position; ++at) {
    const Step& step = program_.step(own.steps[at]);
    for (std::size_t resource = 0; resource < kUnits; ++resource) {
      const StepId wait = step.waits[resource];
      if (wait == schedule::kNoStep) continue;
      follow(resource, position_[static_cast<std::size_t>(wait)], blame);
      if (blame.dma) return;
    }
    if (step.after_start != schedule::kNoStep &&
        position_[static_cast<std::size_t>(step.after_start)] >= queue(Resource::kArray).started) {
      follow(static_cast<std::size_t>(Resource::kArray),
             position_[static_cast<std::size_t>(step.after_start)], blame);
    }
  }
}

Spending Controller::spending() const {
  if (program_.in_setup) return {};
  const Queue& streams = queue(Resource::kArray);
  const bool streaming = streams.started > streams.ended;
  // The running stream's layer, else the next one's, after the last one the last layer.
  const std::size_t at = streaming ? streams.ended : streams.started;
  const std::size_t layer = at < streams.steps.size()
                                ? static_cast<std::size_t>(program_.step(streams.steps[at]).layer)
                                : program_.layers.size() - 1;
  if (streaming) return {layer, &measure::CycleClasses::stream};
  if (queue(Resource::kLoader).started > queue(Resource::kLoader).ended) {
    return {layer, &measure::CycleClasses::weight_load};
  }
  Blame blame;
  if (at < streams.steps.size()) {
    follow(static_cast<std::size_t>(Resource::kArray), at, blame);
  } else {
    for (std::size_t index = 0; index < kUnits; ++index) {
      if (!queues_[index].steps.empty()) follow(index, queues_[index].steps.size() - 1, blame);
    }
  }
  if (blame.dma) return {layer, &measure::CycleClasses::memory_wait};
  if (blame.post) return {layer, &measure::CycleClasses::post_wait};
  return {layer, &measure::CycleClasses::idle};
}

void Controller::account() {
  const base::Cycles elapsed{now() - accounted_};
  const std::int64_t since = accounted_ - began_;
  accounted_ = now();
  if (elapsed.value == 0 || program_.in_setup) return;
  const Spending spent = spending();
  program_.layers[spent.layer].cycles.*spent.spent_as += elapsed;
  if (trace_ != nullptr) trace_->add(since, now() - began_, spent.layer, spent.spent_as);
}

}  // namespace lacuna::systemc
