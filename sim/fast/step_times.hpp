// When each step of a schedule starts and ends, and what every cycle is spent on: the rules of
// docs/timing.md in closed form, from the durations of the steps.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "measure/batch_trace.hpp"
#include "measure/counters.hpp"
#include "schedule/durations.hpp"
#include "schedule/placement.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::fast {

class StepTimes {
 public:
  /// Both outlive this. Streams get their durations from run().
  StepTimes(const schedule::Schedule& schedule, const network::Network& network,
            const arch::AcceleratorSpec& spec);

  /// `stream_cycles` has the duration of each stream, in list order. Adds every cycle to its class
  /// in `layers` and returns the cycles until the last step ends. `trace`, where there is one, is
  /// replaced by what was found.
  std::int64_t run(const std::vector<std::int64_t>& stream_cycles,
                   std::vector<measure::LayerCounters>& layers,
                   measure::BatchTrace* trace = nullptr);

  /// Start and end of every step of kLanes batches side by side: [step * kLanes + lane].
  struct LaneTimes {
    std::vector<std::int32_t> start;
    std::vector<std::int32_t> end;
  };
  /// Stream s of lane l takes stream_cycles[s * kLanes + l]. For schedules that fit into lanes
  /// only. Valid until the next call.
  const LaneTimes& place_all(const std::int32_t* stream_cycles);
  /// Cycles until the last step ends, [lane]. Streams before `first_stream` take as long as in
  /// `before`, so what comes before it is as it was there.
  void totals(const std::int32_t* stream_cycles, std::size_t first_stream, const LaneTimes& before,
              std::int32_t* totals);
  /// Whether no time can reach 2^30, given the longest that each stream can take.
  bool fits_lanes(const std::vector<std::int64_t>& stream_cycles) const;

  /// Ids of the streams, in list order.
  const std::vector<schedule::StepId>& streams() const { return queue(schedule::Resource::kArray); }

 private:
  static constexpr std::size_t kUnits = schedule::kResources;
  const std::vector<schedule::StepId>& queue(schedule::Resource resource) const {
    return queues_[static_cast<std::size_t>(resource)];
  }
  std::int64_t start(std::size_t unit, std::size_t place) const {
    return start_[static_cast<std::size_t>(queues_[unit][place])];
  }
  std::int64_t end(std::size_t unit, std::size_t place) const {
    return end_[static_cast<std::size_t>(queues_[unit][place])];
  }

  template <class Number>
  struct Placed {
    Number* start;
    Number* end;
  };
  template <class Times, std::size_t kCount, class Number>
  void place(const Number* stream_cycles, std::size_t first, Placed<const Number> before,
             Placed<Number> times) const;
  struct PlaceLanes;
  void place_lanes(const std::int32_t* stream_cycles, std::size_t first, const LaneTimes& before);
  void place_steps(const std::vector<std::int64_t>& stream_cycles);
  void advance(std::int64_t time);
  /// Where cycles are counted: in a layer's classes and, where there is one, in a trace.
  struct Account {
    std::vector<measure::LayerCounters>& layers;
    measure::BatchTrace* trace;
    void add(std::int64_t start, std::int64_t end, std::size_t layer,
             base::Cycles measure::CycleClasses::*spent_as);
  };
  /// Cuts [from, to), in which no stream runs, into classes. `next` is the stream that comes after,
  /// or the number of streams.
  void classify(std::int64_t from, std::int64_t to, std::size_t next, Account& account);
  struct Blame {
    bool dma = false;
    bool post = false;
    std::array<std::size_t, kUnits> visited{};
  };
  void follow(std::size_t unit, std::size_t place, Blame& blame) const;

  const schedule::Schedule& schedule_;
  const arch::AcceleratorSpec& spec_;
  std::vector<schedule::Precedence> steps_;
  std::vector<schedule::Duration> durations_;  ///< of each step; of streams at dense speed
  std::array<std::vector<schedule::StepId>, kUnits> queues_;
  std::vector<std::size_t> place_;  ///< of each step in its queue
  std::vector<std::int64_t> start_;
  std::vector<std::int64_t> end_;
  LaneTimes lanes_;
  // At the time that is being classified: steps of each queue that have started, and ended.
  std::array<std::size_t, kUnits> started_{};
  std::array<std::size_t, kUnits> ended_{};
};

}  // namespace lacuna::fast
