// Worker processes on one machine. They are forked after everything is loaded, so they share it,
// and they die with their parent. Which worker runs a trial changes nothing of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "campaign/store.hpp"
#include "campaign/trial.hpp"

namespace lacuna::campaign {

struct WorkerOptions {
  int workers = 1;
  double audit_share = 0;  ///< of the trials that the SystemC engine runs again
  fast::Shortcuts shortcuts;
  std::function<bool()> stop;  ///< asked between trials: true ends the campaign here
};

struct CampaignProgress {
  std::int64_t done = 0;   ///< trials in the store
  std::int64_t total = 0;  ///< that are wanted so far; a stop rule may ask for more
  /// Of the population whose interval is widest, as a number for people.
  std::optional<double> widest;
  std::int64_t now = 0;  ///< of them, run by this call
  double seconds = 0;    ///< of this call
  std::int64_t audited = 0;
  bool stopped = false;  ///< by WorkerOptions::stop; trials that ran then are left for another call
};

/// Runs every trial that the plan asks for and the store neither holds nor has lost, and records
/// it, round by round until the stop rule is content. A trial whose worker dies is tried again;
/// after the third one it has crashed, or is lost where something outside ended them
/// (worker_end.hpp). One that takes too many seconds of the processor becomes an outcome of its own
/// at once. Workers ignore Ctrl-C, which a terminal sends to them, too: their parent decides.
/// Throws base::InputError when the store cannot be written or no process can be started,
/// base::InternalError when an audited trial differs between the engines.
CampaignProgress run_campaign(const TrialRunner& runner, Store& store, const WorkerOptions& options,
                              const std::function<void(const CampaignProgress&)>& callback = {});

}  // namespace lacuna::campaign
