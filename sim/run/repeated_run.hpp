// One job under many fault plans: what the faults leave as it was is not computed again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fast/incremental.hpp"
#include "measure/fate.hpp"
#include "run/batch_fates.hpp"
#include "run/job.hpp"

namespace lacuna::run {

/// What a plan made of a job.
struct PlanOutcome {
  std::vector<std::int32_t> logits;           ///< images x classes
  std::vector<std::int64_t> cycles;           ///< [batch]
  std::vector<measure::FaultOutcome> faults;  ///< one an entry of the plan
  fast::Savings savings;                      ///< of the job's MACs
  /// Where all of the plan's faults are upsets at cycles of one batch: of its images, from
  /// `first_image` on.
  std::vector<measure::Fate> fates;
  std::int64_t first_image = 0;
};

/// As simulate() with the fast engine, to the bit and to the cycle.
class RepeatedRun {
 public:
  /// The job is a model's, outlives this, and is run once without faults. Where the fault-free
  /// values of all images would take more than `most_bytes`, every plan is run in full.
  explicit RepeatedRun(const Job& job, std::int64_t most_bytes = kMostBytes);
  ~RepeatedRun();

  const PlanOutcome& golden() const { return golden_; }
  bool keeps_values() const { return !engines_.empty(); }

  /// Plans of more than 64 faults, and more than one in 64 bits of the weights, are run in full,
  /// and so are those that do more than change weights; but of a plan whose faults are all of one
  /// batch, only that batch.
  PlanOutcome run(const fault::FaultPlan& plan, const fast::Shortcuts& shortcuts = {}) const;

  static constexpr std::int64_t kMostBytes = std::int64_t{2} << 30;

 private:
  PlanOutcome run_whole(const fault::FaultPlan& plan) const;
  PlanOutcome run_batch(const fault::FaultPlan& plan, std::int64_t batch,
                        const fast::Shortcuts& shortcuts) const;

  const Job& job_;
  std::int64_t macs_ = 0;
  std::int64_t weight_words_ = 0;
  std::size_t most_faults_ = 0;
  PlanOutcome golden_;
  std::vector<std::unique_ptr<fast::IncrementalEngine>> engines_;  ///< full batches, the remainder
  std::unique_ptr<BatchFates> fates_;
};

}  // namespace lacuna::run
