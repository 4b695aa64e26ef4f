// Where the differences of a struck batch ended, against the fault-free run of that batch.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "fast/walk_values.hpp"
#include "measure/fate.hpp"
#include "run/job.hpp"
#include "run/simulate.hpp"

namespace lacuna::run {

/// Of one model's batches. Fault-free values are computed when a batch is first asked for, and kept
/// up to `most_bytes`.
class BatchFates {
 public:
  /// `golden_outputs` are the integers of all images' outputs; both outlive this.
  BatchFates(const Job& job, const std::vector<std::int32_t>& golden_outputs,
             std::int64_t most_bytes);

  /// [image of the batch] of a run under upsets, in which `values` were kept.
  std::vector<measure::Fate> of(std::int64_t batch, const BatchMeasurement& measured,
                                const fast::WalkValues& values);

 private:
  const fast::WalkValues& golden(std::int64_t batch);

  const Job& job_;
  const std::vector<std::int32_t>& golden_outputs_;
  std::int64_t most_bytes_;
  std::int64_t bytes_ = 0;
  std::map<std::int64_t, fast::WalkValues> kept_;  ///< [batch]
};

}  // namespace lacuna::run
