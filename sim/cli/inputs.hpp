// What several commands read from the command line: machine, network or workload, faults.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "campaign/store.hpp"
#include "campaign/trial.hpp"
#include "cli/options.hpp"
#include "network/data_set.hpp"
#include "run/simulate.hpp"

namespace lacuna::cli {

/// Adds --hw, --set, --model, --workload, --seed, --images, --data and --batch.
void add_job_options(Options& options);

/// Reads and maps what the options name. Throws base::InputError.
/// `data` is what --data is where it is not given.
/// `timing` as run::Job::timing.
run::Job load_job(const Options& options, const std::string& data = network::kDefaultDataDir,
                  bool timing = false);

/// Adds --faults, --ber, --map-seed, --fault-kind and --save-faults.
void add_fault_options(Options& options);

/// The fault plan for a job: from a file, from a bit error rate, or none.
fault::FaultPlan load_faults(const Options& options, const run::Job& job);

/// The runner of a store's campaign. Throws base::InputError when the files it began with have
/// changed.
campaign::TrialRunner runner_of(const campaign::Store& store, const std::string& path);

/// Adds --vcd.
void add_vcd_option(Options& options);

/// Throws base::InputError when waves are asked for and the engine has none.
void expect_waves(const Options& options, run::EngineKind kind);

/// The one store that a command reads, noted as an input with what SQLite keeps beside it. Throws
/// base::InputError naming `command` when there is none or more, and when it is no regular file.
std::string store_argument(const Options& options, const char* command);

/// The one file that a command is given.
std::string file_argument(const Options& options, const char* command);

}  // namespace lacuna::cli
