// What commands that can run shards on a Slurm cluster have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/options.hpp"
#include "cluster/slurm.hpp"

namespace lacuna::cli {

/// Adds --executor and --shards.
void add_executor_options(Options& options);

/// Shards for Slurm to run; nothing where this machine runs all itself. Throws base::InputError.
std::optional<std::int64_t> slurm_shards(const Options& options);

/// Runs shards and shows how many are left. Throws Interrupted where that is asked for.
void run_shards(cluster::Slurm& slurm, const cluster::ShardWork& work);

}  // namespace lacuna::cli
