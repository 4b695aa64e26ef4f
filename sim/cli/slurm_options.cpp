#include "cli/slurm_options.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/interrupt.hpp"
#include "cli/print.hpp"

namespace lacuna::cli {

void add_executor_options(Options& options) {
  options
      .value("executor", "NAME",
             "local (default), or slurm: shards as job arrays (docs/guide/cluster.md)")
      .value("shards", "N", "of slurm: how many");
}

std::optional<std::int64_t> slurm_shards(const Options& options) {
  const std::string name = options.text("executor").value_or("local");
  if (name != "local" && name != "slurm") {
    throw base::InputError({"", 0, "--executor"}, base::shown(name) + " is not known",
                           "local, slurm are allowed",
                           base::nearest_name(name, {"local", "slurm"}));
  }
  if (name == "local") {
    if (!options.has("shards")) return std::nullopt;
    throw base::InputError({"", 0, "--shards"}, "this machine runs all itself",
                           "--shards goes with --executor slurm");
  }
  if (options.has("shard")) {
    throw base::InputError({"", 0, "--shard"}, "slurm runs all shards", "--shards says how many");
  }
  return parse_integer("--shards", options.required("shards"), 1, store::kMostShards);
}

void run_shards(cluster::Slurm& slurm, const cluster::ShardWork& work) {
  const StopRequest stop;
  const bool done = slurm.run(
      work, [&] { return stop(); },
      [&](std::int64_t tasks) {
        if (shows_progress()) {
          show_progress(fmt::format("{}: {} tasks wait or run in Slurm", work.name, tasks));
        }
      });
  if (!done) throw Interrupted{"; jobs of Slurm go on, and the same command waits for them"};
  if (shows_progress()) clear_progress();
}

}  // namespace lacuna::cli
