// Worker processes on one machine. They are forked after everything is loaded, so they share it,
// and they die with their parent. Which worker runs a trial changes nothing of it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "campaign/store.hpp"
#include "campaign/trial.hpp"

namespace lacuna::campaign {

struct WorkerOptions {
  int workers = 1;
  double audit_share = 0;  ///< of the trials that the SystemC engine runs again
};

struct CampaignProgress {
  std::int64_t done = 0;  ///< trials in the store
  std::int64_t total = 0;
  std::int64_t now = 0;  ///< of them, run by this call
  double seconds = 0;    ///< of this call
  std::int64_t audited = 0;
};

/// Runs every trial that the store does not hold yet, and records it. A trial whose worker dies or
/// takes too long becomes an outcome of its own. Throws base::InputError when the store cannot be
/// written, base::InternalError when an audited trial differs between the engines.
CampaignProgress run_trials(const TrialRunner& runner, Store& store, const WorkerOptions& options,
                            const std::function<void(const CampaignProgress&)>& callback = {});

}  // namespace lacuna::campaign
