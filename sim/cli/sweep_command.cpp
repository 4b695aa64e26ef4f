#include <fmt/format.h>

#include <filesystem>
#include <thread>

#include "base/error.hpp"
#include "base/shell.hpp"
#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/interrupt.hpp"
#include "cli/merge.hpp"
#include "cli/options.hpp"
#include "cli/outputs.hpp"
#include "cli/print.hpp"
#include "cli/slurm_options.hpp"
#include "explore/columns.hpp"
#include "explore/sweep_merge.hpp"
#include "explore/sweep_store.hpp"
#include "report/text/sweep_text.hpp"
#include "store/store_file.hpp"

namespace lacuna::cli {
namespace {

constexpr std::int64_t kMaxThreads = 1024;

void show_points(const explore::SweepProgress& progress) {
  if (!shows_progress()) return;
  const double rate = static_cast<double>(progress.now) / std::max(progress.seconds, 1e-3);
  show_progress(fmt::format("{} of {} points, {:.1f} a second, {:.0f} s left", progress.done,
                            progress.total, rate,
                            static_cast<double>(progress.total - progress.done) / rate));
}

/// Of the option, else of the plan.
std::vector<std::string> pareto_of(const Options& options, const explore::SweepPlan& plan) {
  const auto text = options.text("pareto");
  if (!text) return plan.pareto;
  std::vector<std::string> names;
  std::string rest = *text + ",";
  for (std::size_t comma = rest.find(','); comma != std::string::npos; comma = rest.find(',')) {
    names.push_back(rest.substr(0, comma));
    rest = rest.substr(comma + 1);
  }
  return explore::column_keys(names, {"", 0, "--pareto"});
}

/// Throws base::InputError where a store is of another sweep, shard or other files.
void expect_own(const explore::SweepStore& store, const explore::SweepRunner& runner,
                const std::optional<store::Shard>& shard) {
  if (!(store.shard() == shard)) {
    const auto name = [](const std::optional<store::Shard>& own) {
      return own ? "shard " + own->text() : std::string("of all points");
    };
    throw base::InputError({store.path(), 0, "shard"},
                           "is " + name(store.shard()) + ", not " + name(shard),
                           "the --shard it began with, or a new name");
  }
  if (store.plan().sha256 != runner.plan().sha256) {
    throw base::InputError({store.path(), 0, "plan"}, "is the store of another sweep",
                           "the file it began with, or a new name");
  }
  if (store.inputs_sha256() != runner.inputs_sha256()) {
    throw base::InputError({store.path(), 0, "inputs_sha256"},
                           "a machine, network, workload or data file has changed since the sweep "
                           "began",
                           "the files it began with, or a new name");
  }
}

/// A new store, or the one that is there, gone on with.
explore::SweepStore store_for(const explore::SweepRunner& runner, const std::string& path,
                              const std::string& command,
                              const std::optional<store::Shard>& shard) {
  if (!std::filesystem::exists(path)) {
    return explore::SweepStore::create(path, runner, command, shard);
  }
  explore::SweepStore store = explore::SweepStore::open_to_write(path);
  expect_own(store, runner, shard);
  return store;
}

void show(const explore::SweepStore& store, const Options& options, const Outputs& outputs) {
  std::vector<std::string> pareto = pareto_of(options, store.plan());
  if (store.shard()) pareto.clear();  // points of other shards may be better
  print(report::sweep_tables(store, pareto));
  if (options.has("csv")) outputs.write("csv", report::sweep_csv(store, pareto));
  if (options.has("json")) outputs.write("json", report::sweep_json(store, pareto));
}

/// What is written of a sweep is of all its points.
void refuse_files_of(const store::Shard& shard, const Options& options) {
  for (const char* name : {"csv", "json", "pareto"}) {
    if (!options.has(name)) continue;
    throw base::InputError({"", 0, std::string("--") + name},
                           "shard " + shard.text() + " is not all of a sweep",
                           "it goes with what 'lacuna sweep merge' makes of all shards");
  }
}

/// Runs the sweep in shards on a cluster and makes the store of them; or the one that is there,
/// when it has all points.
explore::SweepStore sweep_on_slurm(const explore::SweepRunner& runner, const std::string& file,
                                   const std::string& out, std::int64_t shards,
                                   std::int64_t threads, const std::string& command) {
  if (std::filesystem::exists(out)) {
    explore::SweepStore store = explore::SweepStore::open_to_read(out);
    expect_own(store, runner, {});
    if (store.recorded() == runner.points()) return store;
    throw base::InputError({out, 0, "--out"}, "has some of the points, and not all",
                           "this machine for the others, or a new name for Slurm");
  }
  cluster::Slurm slurm(out, shards, threads);
  cluster::ShardWork work;
  work.name = "points";
  work.begin = {"sweep", file};
  work.processors = "--threads";
  work.lacks = [&](const store::Shard& shard, const std::string& path) {
    const explore::SweepStore store = explore::SweepStore::open_to_read(path);
    expect_own(store, runner, shard);
    return store.points() - static_cast<std::int64_t>(store.recorded().size());
  };
  run_shards(slurm, work);
  explore::SweepStore store = explore::SweepMerge(slurm.stores(work)).write(out, command);
  slurm.remove();
  return store;
}

int merge_sweep(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna sweep merge SHARD ... --out STORE\n\n"
      "Makes one store of those of all shards, as if the sweep had been run without.");
  add_merge_options(options);
  if (!options.parse(arguments)) return 0;
  const explore::SweepStore store = merge_stores<explore::SweepMerge>(options, "sweep merge");
  print(report::sweep_tables(store, store.plan().pareto));
  return 0;
}

}  // namespace

int sweep_command(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && arguments[0] == "merge") {
    return merge_sweep({arguments.begin() + 1, arguments.end()});
  }
  Options options(
      "lacuna sweep FILE.yaml --out STORE [options]\n"
      "lacuna sweep STORE [options]\n"
      "lacuna sweep merge SHARD ... --out STORE\n\n"
      "Runs every point of a grid of machines that a store does not hold yet, and shows\n"
      "the store (docs/sweeps.md). With a store alone it only shows.");
  options.positional("file", "the sweep (.yaml), or a store")
      .value("out", "STORE", "where results go; a store of the same sweep is gone on with")
      .value("shard", "I/N", "of N parts of it part I, from 0: points whose number mod N is I")
      .value("threads", "N", "points at once (default: one a core)")
      .value("pareto", "COLUMNS", "Pareto set over these, as cycles,sram_bits")
      .value("csv", "FILE", "a row a point, every column")
      .value("json", "FILE", "the same with the plan");
  add_executor_options(options);
  if (!options.parse(arguments)) return 0;
  const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  const auto threads = static_cast<int>(options.integer("threads", cores, 1, kMaxThreads));
  Outputs outputs;
  for (const char* name : {"csv", "json"}) outputs.claim(options, name);
  const std::optional<store::Shard> shard = shard_option(options);
  if (shard) refuse_files_of(*shard, options);
  const std::optional<std::int64_t> shards = slurm_shards(options);
  const std::filesystem::path file(file_argument(options, "sweep"));
  if (file.extension() != ".yaml" && file.extension() != ".yml") {
    const std::string store_path = store_argument(options, "sweep");
    if (shard || shards) {
      throw base::InputError({"", 0, shard ? "--shard" : "--executor"},
                             store_path + " is shown, not run", "it goes with the sweep's .yaml");
    }
    outputs.refuse_inputs();
    const explore::SweepStore store = explore::SweepStore::open_to_read(store_path);
    outputs.refuse_inputs();
    if (store.shard()) refuse_files_of(*store.shard(), options);
    show(store, options, outputs);
    return 0;
  }
  const std::string path = options.required("out");
  outputs.claim_store(options, "out");
  const explore::SweepPlan plan = explore::load_sweep(file);
  outputs.refuse_inputs();
  pareto_of(options, plan);
  const explore::SweepRunner runner(plan);
  const std::string command = base::shell_command("lacuna sweep", arguments);
  if (shards) {
    const std::int64_t each = options.integer("threads", 1, 1, kMaxThreads);
    show(sweep_on_slurm(runner, file, path, *shards, each, command), options, outputs);
    return 0;
  }
  explore::SweepStore store = store_for(runner, path, command, shard);
  {
    const StopRequest stop;
    const explore::SweepProgress progress =
        explore::run_sweep(runner, store, threads, show_points, [&] { return stop(); });
    if (progress.stopped) {
      throw Interrupted{fmt::format(" with {} of {} points in {}; the same command goes on",
                                    progress.done, progress.total, path)};
    }
  }
  if (shows_progress()) clear_progress();
  show(store, options, outputs);
  return 0;
}

}  // namespace lacuna::cli
