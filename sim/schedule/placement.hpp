// When steps start and end: the rules of docs/timing.md as a recurrence over the list of steps, for
// one batch or for several side by side.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "arch/spec.hpp"
#include "base/cpu.hpp"
#include "schedule/durations.hpp"
#include "schedule/resources.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::schedule {

/// What a step's start depends on, close together.
struct Precedence {
  Precedence() = default;
  explicit Precedence(const Step& step)
      : resource(resource_of(step.kind)), after_start(step.after_start) {
    for (const StepId wait : step.waits) {
      if (wait != kNoStep) waits[wait_count++] = wait;
    }
  }

  Resource resource = Resource::kDma;
  std::uint32_t wait_count = 0;
  std::array<StepId, kResources> waits{};
  StepId after_start = kNoStep;
};

// Vectors live inside inlined functions only, so how they would be passed does not matter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"

/// Places the steps of one list, from the first one or from a later one on. Times is a number of
/// cycles, or a vector of such Numbers.
template <class Times, class Number = Times>
class Placement {
 public:
  struct Span {
    Times start;
    Times end;
  };

  LACUNA_INLINE explicit Placement(const arch::AcceleratorSpec& spec) {
    for (const ResourceRule& rule : kResourceRules) {
      State& own = states_[index_of(rule.resource)];
      own.latency = static_cast<Number>(rule.latency(spec));
      own.waits_until_free = rule.service == Service::kOneAtATime;
    }
  }

  /// As if `span` had just been placed: of the last step of the resource before the list goes on.
  LACUNA_INLINE void resume(Resource resource, const Span& span, const Times& tail) {
    State& own = states_[index_of(resource)];
    own.last_start = span.start;
    own.free = span.end - tail;
  }

  /// When the next step of the list starts; start_of(id) and end_of(id) give the times of those
  /// before it.
  template <class StartOf, class EndOf>
  LACUNA_INLINE Times start(const Precedence& step, StartOf start_of, EndOf end_of) {
    Times ready = {};
    for (std::uint32_t i = 0; i < step.wait_count; ++i) {
      ready = later(ready, end_of(step.waits[i]));
    }
    if (step.after_start != kNoStep) ready = later(ready, start_of(step.after_start));
    return start(step.resource, ready);
  }
  /// When the resource's next step starts, whose waits are over at `ready`.
  LACUNA_INLINE Times start(Resource resource, const Times& ready) {
    State& own = states_[index_of(resource)];
    own.last_start = later(ready, own.waits_until_free ? own.free : own.last_start);
    return own.last_start;
  }
  /// When the resource's step that has just been started ends.
  LACUNA_INLINE Times end(Resource resource, const DurationOf<Times>& duration) {
    State& own = states_[index_of(resource)];
    own.free = later(own.last_start + own.latency, own.free) + duration.occupancy;
    return own.free + duration.tail;
  }

  /// Both, of a step whose duration does not depend on its start.
  template <class StartOf, class EndOf>
  LACUNA_INLINE Span place(const Precedence& step, const DurationOf<Times>& duration,
                           StartOf start_of, EndOf end_of) {
    const Times started = start(step, start_of, end_of);
    return {started, end(step.resource, duration)};
  }
  LACUNA_INLINE Span place(Resource resource, const Times& ready,
                           const DurationOf<Times>& duration) {
    const Times started = start(resource, ready);
    return {started, end(resource, duration)};
  }

 private:
  struct State {
    Times last_start = {};
    Times free = {};  ///< when the last step leaves the resource
    Number latency = 0;
    bool waits_until_free = false;
  };
  static LACUNA_INLINE Times later(const Times& a, const Times& b) { return a > b ? a : b; }

  std::array<State, kResources> states_;
};

#pragma GCC diagnostic pop

}  // namespace lacuna::schedule
