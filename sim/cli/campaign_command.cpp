#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "base/error.hpp"
#include "base/file.hpp"
#include "campaign/store.hpp"
#include "campaign/workers.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "report/campaign_text.hpp"

namespace lacuna::cli {
namespace {

constexpr std::int64_t kMaxWorkers = 1024;

void add_run_options(Options& options) {
  options.value("workers", "N", "worker processes (default: one a core)")
      .value("audit", "SHARE", "share of the trials that the SystemC engine runs again, 0 to 1");
}

campaign::WorkerOptions worker_options(const Options& options) {
  campaign::WorkerOptions result;
  const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  result.workers = static_cast<int>(options.integer("workers", cores, 1, kMaxWorkers));
  if (options.has("audit")) result.audit_share = options.real("audit", 0, 1);
  return result;
}

void show_progress(const campaign::CampaignProgress& progress) {
  if (::isatty(STDERR_FILENO) != 1 || progress.now == 0) return;
  const double rate = static_cast<double>(progress.now) / progress.seconds;
  std::cerr << fmt::format("\r\033[K{} of {} trials, {:.1f} a second, {:.0f} s left", progress.done,
                           progress.total, rate,
                           static_cast<double>(progress.total - progress.done) / rate)
            << std::flush;
}

void run_and_report(const campaign::TrialRunner& runner, campaign::Store& store,
                    const Options& options) {
  const campaign::CampaignProgress progress =
      campaign::run_trials(runner, store, worker_options(options), show_progress);
  if (::isatty(STDERR_FILENO) == 1) std::cerr << "\r\033[K" << std::flush;
  std::cout << report::campaign_tables(store);
  if (progress.audited > 0) {
    std::cout << fmt::format("\n{} trials audited: both engines equal\n", progress.audited);
  }
}

std::string one_file(const Options& options, const char* what) {
  const std::vector<std::string> files = options.texts("file");
  if (files.size() != 1) {
    throw base::InputError({"", 0, what}, fmt::format("{} files are named", files.size()),
                           "exactly one is required");
  }
  return files[0];
}

int run(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna campaign run FILE.yaml --out STORE.sqlite [options]\n\n"
      "Runs a campaign of fault trials into a new store (docs/formats.md).");
  options.positional("file", "the campaign").value("out", "STORE", "the new store (required)");
  add_run_options(options);
  if (!options.parse(arguments)) return 0;
  const std::string path = options.required("out");
  const campaign::Plan plan = campaign::load_plan(one_file(options, "campaign run"));
  const campaign::TrialRunner runner(plan);
  campaign::Store store = campaign::Store::create(path, runner);
  run_and_report(runner, store, options);
  return 0;
}

int resume(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna campaign resume STORE [options]\n\n"
      "Runs the trials that a store does not hold yet.");
  options.positional("file", "the store");
  add_run_options(options);
  if (!options.parse(arguments)) return 0;
  const std::string path = one_file(options, "campaign resume");
  campaign::Store store = campaign::Store::open_to_write(path);
  const campaign::TrialRunner runner(store.plan());
  if (runner.inputs_sha256() != store.inputs_sha256()) {
    throw base::InputError({path, 0, "inputs_sha256"},
                           "a machine, network or data file has changed since the campaign began",
                           "the files it began with, or a new campaign");
  }
  run_and_report(runner, store, options);
  return 0;
}

int status(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna campaign status STORE\n\n"
      "What a campaign holds so far, also while it runs.");
  options.positional("file", "the store");
  if (!options.parse(arguments)) return 0;
  std::cout << report::campaign_tables(
      campaign::Store::open_to_read(one_file(options, "campaign status")));
  return 0;
}

int export_trials(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna campaign export STORE (--csv FILE | --json FILE)\n\n"
      "Every trial, in order; no time, host or worker, so equal campaigns export equal "
      "bytes.");
  options.positional("file", "the store")
      .value("csv", "FILE", "a row a trial")
      .value("json", "FILE", "the same with the plan and the fault-free runs");
  if (!options.parse(arguments)) return 0;
  const std::string path = one_file(options, "campaign export");
  if (!options.has("csv") && !options.has("json")) {
    throw base::InputError({"", 0, "--csv, --json"}, "both are missing",
                           "at least one is required");
  }
  const campaign::Store store = campaign::Store::open_to_read(path);
  if (const auto file = options.text("csv")) base::write_file(*file, report::campaign_csv(store));
  if (const auto file = options.text("json")) base::write_file(*file, report::campaign_json(store));
  return 0;
}

}  // namespace

int campaign_command(const std::vector<std::string>& arguments) {
  struct Verb {
    const char* name;
    CommandFunction function;
    const char* summary;
  };
  constexpr Verb kVerbs[] = {{"run", run, "FILE.yaml --out STORE: run a campaign into a new store"},
                             {"resume", resume, "STORE: run the trials that are missing"},
                             {"status", status, "STORE: tables of what is there"},
                             {"export", export_trials, "STORE --csv FILE: every trial"}};
  std::vector<std::string> names;
  for (const Verb& verb : kVerbs) {
    names.emplace_back(verb.name);
    if (!arguments.empty() && arguments[0] == verb.name) {
      return verb.function({arguments.begin() + 1, arguments.end()});
    }
  }
  if (!arguments.empty() && arguments[0] == "--help") {
    std::cout << "lacuna campaign VERB ...\n\n";
    for (const Verb& verb : kVerbs)
      std::cout << fmt::format("  {:<7} {}\n", verb.name, verb.summary);
    return 0;
  }
  const std::string given = arguments.empty() ? "" : arguments[0];
  throw base::InputError({"", 0, "campaign"},
                         given.empty() ? "a verb is missing" : "'" + given + "' is not a verb",
                         base::join(names) + " are known", base::nearest_name(given, names));
}

}  // namespace lacuna::cli
