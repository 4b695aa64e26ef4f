// Whose stream runs when: the phases of each batch of a model without faults.
#pragma once

#include <cstdint>
#include <vector>

#include "measure/batch_trace.hpp"
#include "run/job.hpp"

namespace lacuna::run {

/// Cycles up to `until`, from where the phase before it ends.
struct Phase {
  static constexpr std::int32_t kAfterStreams = -1;

  std::int64_t until = 0;
  std::int32_t layer = 0;  ///< of the stream that runs or is the next, or kAfterStreams
};

/// When the steps of a batch ran without faults.
struct BatchTimes {
  const schedule::Schedule* schedule = nullptr;  ///< the part's, or its remainder
  std::vector<measure::StepSpan> steps;
  std::int64_t cycles = 0;
};

/// [batch] of the job's one part. Runs the job once.
std::vector<BatchTimes> batch_times(const Job& job);

/// [batch] phases of the job's one part, by time, none empty, the last one up to the batch's end.
std::vector<std::vector<Phase>> phases(const std::vector<BatchTimes>& batches);

}  // namespace lacuna::run
