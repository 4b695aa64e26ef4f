#include <fmt/format.h>

#include <filesystem>
#include <thread>

#include "base/error.hpp"
#include "base/shell.hpp"
#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/outputs.hpp"
#include "cli/print.hpp"
#include "explore/columns.hpp"
#include "explore/sweep_store.hpp"
#include "report/text/sweep_text.hpp"

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

/// A new store, or the one that is there, gone on with.
explore::SweepStore store_for(const explore::SweepRunner& runner, const std::string& path,
                              const std::string& command) {
  if (!std::filesystem::exists(path)) return explore::SweepStore::create(path, runner, command);
  explore::SweepStore store = explore::SweepStore::open_to_write(path);
  if (store.plan().sha256 != runner.plan().sha256) {
    throw base::InputError({path, 0, "plan"}, "is the store of another sweep",
                           "the file it began with, or a new name");
  }
  if (store.inputs_sha256() != runner.inputs_sha256()) {
    throw base::InputError({path, 0, "inputs_sha256"},
                           "a machine, network, workload or data file has changed since the sweep "
                           "began",
                           "the files it began with, or a new name");
  }
  return store;
}

void show(const explore::SweepStore& store, const Options& options, const Outputs& outputs) {
  const std::vector<std::string> pareto = pareto_of(options, store.plan());
  print(report::sweep_tables(store, pareto));
  if (options.has("csv")) outputs.write("csv", report::sweep_csv(store, pareto));
  if (options.has("json")) outputs.write("json", report::sweep_json(store, pareto));
}

}  // namespace

int sweep_command(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna sweep FILE.yaml --out STORE [options]\n"
      "lacuna sweep STORE [options]\n\n"
      "Runs every point of a grid of machines that a store does not hold yet, and shows\n"
      "the store (docs/sweeps.md). With a store alone it only shows.");
  options.positional("file", "the sweep (.yaml), or a store")
      .value("out", "STORE", "where results go; a store of the same sweep is gone on with")
      .value("threads", "N", "points at once (default: one a core)")
      .value("pareto", "COLUMNS", "Pareto set over these, as cycles,sram_bits")
      .value("csv", "FILE", "a row a point, every column")
      .value("json", "FILE", "the same with the plan");
  if (!options.parse(arguments)) return 0;
  const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  const auto threads = static_cast<int>(options.integer("threads", cores, 1, kMaxThreads));
  Outputs outputs;
  for (const char* name : {"csv", "json"}) outputs.claim(options, name);
  const std::filesystem::path file(file_argument(options, "sweep"));
  if (file.extension() != ".yaml" && file.extension() != ".yml") {
    const std::string store_path = store_argument(options, "sweep");
    outputs.refuse_inputs();
    const explore::SweepStore store = explore::SweepStore::open_to_read(store_path);
    outputs.refuse_inputs();
    show(store, options, outputs);
    return 0;
  }
  const std::string path = options.required("out");
  outputs.claim_store(options, "out");
  const explore::SweepPlan plan = explore::load_sweep(file);
  outputs.refuse_inputs();
  pareto_of(options, plan);
  const explore::SweepRunner runner(plan);
  explore::SweepStore store =
      store_for(runner, path, base::shell_command("lacuna sweep", arguments));
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
