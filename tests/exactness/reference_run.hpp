// An independent evaluation of a batch: values by direct loops, faults by a naive model of the
// weight SRAM's bits, and times by the rules of docs/timing.md applied to a schedule's steps, cycle
// by cycle. Slow and plain; it shares the schedule and requantise() with the engine, nothing else.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "fault/plan.hpp"
#include "measure/counters.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::reference {

using Codes = std::vector<std::uint8_t>;  ///< a byte each

using Operands = std::vector<int>;

struct Values {
  std::vector<std::vector<Operands>> maps;  ///< [map][image], codes - zero point, channels last
  std::vector<std::vector<std::vector<std::int32_t>>>
      sums;                        ///< [layer][image], biased; GEMM layers
  std::vector<std::int32_t> last;  ///< biased sums of the last layer, image after image
};

/// Direct convolution loops over the network's own weights.
Values evaluate(const network::Network& network, const std::vector<Codes>& images);

/// What every PE load of a schedule reads from a weight SRAM with faults.
struct FaultyLoads {
  /// [step] of a kLoadPe: weights as read, [index of the pass][channel of the tile]; else empty.
  std::vector<std::vector<std::vector<int>>> weights;
  std::vector<measure::FaultOutcome> outcomes;
};
FaultyLoads read_with_faults(const schedule::Schedule& schedule, const network::Network& network,
                             const arch::AcceleratorSpec& spec, const fault::FaultPlan& plan);

/// As evaluate(), with the weights that the schedule's PE loads read.
Values evaluate_faulty(const network::Network& network, const std::vector<Codes>& images,
                       const schedule::Schedule& schedule, const FaultyLoads& loads);

struct Times {
  std::int64_t total = 0;
  std::vector<measure::CycleClasses> layers;
  std::vector<measure::StreamSplit> splits;
};
/// Start and end of every step with the zeros of `values`, and every cycle's class.
Times times_of(const schedule::Schedule& schedule, const network::Network& network,
               const arch::AcceleratorSpec& spec, const Values& values);

}  // namespace lacuna::reference
