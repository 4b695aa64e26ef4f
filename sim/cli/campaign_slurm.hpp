// A campaign whose trials a Slurm cluster runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "campaign/store.hpp"
#include "campaign/trial.hpp"

namespace lacuna::cli {

struct SlurmCampaign {
  std::string plan;                  ///< the file
  std::vector<std::string> options;  ///< that change what a trial costs: --audit, --without
  std::string out;                   ///< the store to be made
  std::string command;               ///< that makes it
  std::int64_t shards = 1;
  std::int64_t processors = 1;  ///< of each task
};

/// Runs round after round in shards and makes the store of them. Trials that are lost end the
/// campaign there: the store has them lost. Throws base::InputError, and Interrupted where that is
/// asked for.
campaign::Store run_on_slurm(const campaign::TrialRunner& runner, const SlurmCampaign& what);

}  // namespace lacuna::cli
