#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include "base/error.hpp"
#include "base/shell.hpp"
#include "campaign/merge.hpp"
#include "campaign/rounds.hpp"
#include "campaign/store.hpp"
#include "campaign/workers.hpp"
#include "cli/campaign_slurm.hpp"
#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/interrupt.hpp"
#include "cli/merge.hpp"
#include "cli/options.hpp"
#include "cli/outputs.hpp"
#include "cli/print.hpp"
#include "cli/slurm_options.hpp"
#include "report/text/campaign_text.hpp"
#include "store/store_file.hpp"

namespace lacuna::cli {
namespace {

constexpr std::int64_t kMaxWorkers = 1024;

void add_run_options(Options& options) {
  options.value("workers", "N", "worker processes (default: one a core)")
      .value("audit", "SHARE", "share of the trials that the SystemC engine runs again, 0 to 1")
      .values("without", "SHORTCUT",
              "leave out an exact shortcut: residency, prefix, channel, early_stop");
}

fast::Shortcuts shortcuts(const Options& options) {
  fast::Shortcuts result;
  const std::pair<const char*, bool*> all[] = {{"residency", &result.residency},
                                               {"prefix", &result.prefix},
                                               {"channel", &result.channel},
                                               {"early_stop", &result.early_stop}};
  for (const std::string& name : options.texts("without")) {
    std::vector<std::string> names;
    bool found = false;
    for (const auto& [known, value] : all) {
      names.emplace_back(known);
      if (name != known) continue;
      *value = false;
      found = true;
    }
    if (!found) {
      throw base::InputError({"", 0, "--without"}, "'" + name + "' is not a shortcut",
                             base::join(names) + " are known", base::nearest_name(name, names));
    }
  }
  return result;
}

campaign::WorkerOptions worker_options(const Options& options) {
  campaign::WorkerOptions result;
  const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  result.workers = static_cast<int>(options.integer("workers", cores, 1, kMaxWorkers));
  if (options.has("audit")) result.audit_share = options.real("audit", 0, 1);
  result.shortcuts = shortcuts(options);
  return result;
}

void show_trials(const campaign::CampaignProgress& progress) {
  if (!shows_progress() || progress.now == 0) return;
  const double rate = static_cast<double>(progress.now) / progress.seconds;
  show_progress(fmt::format(
      "{} of {} trials, {:.1f} a second, {:.0f} s left{}", progress.done, progress.total, rate,
      static_cast<double>(progress.total - progress.done) / rate,
      progress.widest ? fmt::format(", widest interval +- {:.2f} points", 100 * *progress.widest)
                      : ""));
}

/// The exit code.
int say_what_is_lost(const campaign::Store& store, const std::string& path) {
  const std::size_t lost = store.lost().size();
  if (lost == 0) return 0;
  print_error(fmt::format("{}: lost trials, without an outcome: {}\n{}'{}' runs them again", path,
                          lost, report::lost_trials(store),
                          base::shell_command("lacuna campaign resume", {path, "--retry-lost"})));
  return kLostTrials;
}

/// The exit code.
int run_and_report(const campaign::TrialRunner& runner, campaign::Store& store,
                   const std::string& path, campaign::WorkerOptions workers) {
  campaign::CampaignProgress progress;
  {
    const StopRequest stop;
    workers.stop = [&] { return stop(); };
    progress = campaign::run_campaign(runner, store, workers, show_trials);
  }
  if (progress.stopped) {
    throw Interrupted{
        fmt::format(" with {} of {} trials in {store}; 'lacuna campaign resume {store}' goes on",
                    progress.done, progress.total, fmt::arg("store", path))};
  }
  if (shows_progress()) clear_progress();
  print(report::campaign_tables(store));
  if (progress.audited > 0) {
    print(fmt::format("\n{} trials audited: both engines equal\n", progress.audited));
  }
  return say_what_is_lost(store, path);
}

/// The options of a campaign that Slurm runs.
SlurmCampaign slurm_campaign(const Options& options, std::int64_t shards,
                             const std::vector<std::string>& arguments) {
  SlurmCampaign what;
  what.plan = file_argument(options, "campaign run");
  if (const auto audit = options.text("audit")) what.options = {"--audit", *audit};
  for (const std::string& name : options.texts("without")) {
    what.options.insert(what.options.end(), {"--without", name});
  }
  what.out = options.required("out");
  what.command = base::shell_command("lacuna campaign run", arguments);
  what.shards = shards;
  what.processors = options.integer("workers", 1, 1, kMaxWorkers);
  return what;
}

/// The round that a shard is of: the first, or the one after what the store of --from holds.
campaign::Part part_of(const store::Shard& shard, const Options& options,
                       const campaign::TrialRunner& runner) {
  campaign::Part part{shard, campaign::first_round(runner.populations()), ""};
  const auto from = options.text("from");
  if (!from) return part;
  const campaign::Store base = campaign::Store::open_at_rest(*from);
  base.expect_campaign_of(runner);
  const std::optional<campaign::Round> round = campaign::round_after(base);
  if (!round) {
    throw base::InputError({*from, 0, "--from"}, "is whole: no rule asks for another round",
                           "a store after which 'lacuna campaign merge' names a next round");
  }
  part.round = *round;
  part.from = store::real_path(*from);
  return part;
}

int run(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna campaign run FILE.yaml --out STORE.sqlite [options]\n\n"
      "Runs a campaign of fault trials, or a shard of one, into a new store\n"
      "(docs/formats.md), on this machine or on a cluster. Exit code 3 when trials are\n"
      "lost (docs/campaigns.md).");
  options.positional("file", "the campaign")
      .value("out", "STORE", "the new store (required)")
      .value("shard", "I/N", "of N parts of it part I, from 0: trials whose number mod N is I")
      .value("from", "STORE", "of --shard: the round of a stop rule after those of this store");
  add_executor_options(options);
  add_run_options(options);
  if (!options.parse(arguments)) return 0;
  const campaign::WorkerOptions workers = worker_options(options);
  const std::string path = options.required("out");
  const std::optional<store::Shard> shard = shard_option(options);
  const std::optional<std::int64_t> shards = slurm_shards(options);
  Outputs outputs;
  outputs.claim_store(options, "out");
  if (const auto from = options.text("from")) {
    if (!shard) {
      throw base::InputError({"", 0, "--from"}, "there is no --shard", "--from goes with it");
    }
    base::expect_regular_file(*from);
    note_store(*from);
  }
  const campaign::Plan plan = campaign::load_plan(file_argument(options, "campaign run"));
  outputs.refuse_inputs();
  store::check_creatable(path);
  const campaign::TrialRunner runner(plan);
  if (shards) {
    const campaign::Store store = run_on_slurm(runner, slurm_campaign(options, *shards, arguments));
    print(report::campaign_tables(store));
    return say_what_is_lost(store, path);
  }
  std::optional<campaign::Part> part;
  if (shard) part = part_of(*shard, options, runner);
  campaign::Store store = campaign::Store::create(
      path, runner, base::shell_command("lacuna campaign run", arguments), part);
  return run_and_report(runner, store, path, workers);
}

int resume(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna campaign resume STORE [options]\n\n"
      "Runs the trials that a store does not hold yet. Exit code 3 when trials are\n"
      "lost.");
  options.positional("file", "the store")
      .flag("retry-lost", "also those that are lost: their workers were ended by something else");
  add_run_options(options);
  if (!options.parse(arguments)) return 0;
  const campaign::WorkerOptions workers = worker_options(options);
  const std::string path = store_argument(options, "campaign resume");
  campaign::Store store = campaign::Store::open_to_write(path);
  const campaign::TrialRunner runner = runner_of(store, path);
  if (options.has("retry-lost")) store.forget_lost();
  return run_and_report(runner, store, path, workers);
}

int status(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna campaign status STORE\n\n"
      "What a campaign holds so far, also while it runs.");
  options.positional("file", "the store");
  if (!options.parse(arguments)) return 0;
  const std::string path = store_argument(options, "campaign status");
  print(report::campaign_tables(campaign::Store::open_to_read(path)));
  return 0;
}

/// What the merge of a round leaves to do.
std::string next_round_text(const campaign::Store& store) {
  const std::optional<campaign::Round> next = campaign::round_after(store);
  if (!next) return "";
  return fmt::format(
      "\nround {} of {} next: {} trials more; for I from 0 to N - 1:\n"
      "lacuna campaign run FILE.yaml --shard I/N --from {} --out SHARD\n",
      next->number, store.plan().name,
      campaign::WantedTrials(store, next->end).count() - store.recorded_count(),
      base::shell_word(store.path()));
}

int merge(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna campaign merge SHARD ... --out STORE.sqlite\n\n"
      "Makes one store of those of all shards of a round, as if the campaign had been\n"
      "run without shards; of a later round also of the store that it went on from.\n"
      "Says when a stop rule asks for another round. Exit code 3 when trials are lost.");
  add_merge_options(options);
  if (!options.parse(arguments)) return 0;
  const campaign::Store store = merge_stores<campaign::Merge>(options, "campaign merge");
  print(report::campaign_tables(store));
  const int code = say_what_is_lost(store, store.path());
  if (code == 0) print(next_round_text(store));
  return code;
}

/// "17", "17-20" or nothing for all.
std::pair<std::int64_t, std::int64_t> trial_range(const Options& options) {
  constexpr std::int64_t kLast = campaign::kMaxTrials - 1;
  const auto text = options.text("trials");
  if (!text) return {0, kLast};
  const std::size_t dash = text->find('-');
  const std::int64_t first = parse_integer("--trials", text->substr(0, dash), 0, kLast);
  if (dash == std::string::npos) return {first, first};
  return {first, parse_integer("--trials", text->substr(dash + 1), first, kLast)};
}

using Export = std::function<void(const report::Sink&)>;

void write_export(const Outputs& outputs, const char* option, const Export& write_to) {
  outputs.write(option, [&](base::OutputFile& file) {
    const StopRequest stop;
    write_to([&](const std::string& text) {
      if (stop()) throw Interrupted{"; " + *outputs.path(option) + " is not written"};
      file.write(text);
    });
  });
}

int export_trials(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna campaign export STORE (--csv|--json|--summary|--rows|--images) FILE\n\n"
      "Every trial, in order; no time, host or worker, so equal campaigns export equal\n"
      "bytes.");
  options.positional("file", "the store")
      .value("csv", "FILE", "a row a trial")
      .value("json", "FILE", "the same with the plan, the fault-free runs and the populations")
      .value("summary", "FILE", "the figures of the tables, one a row (CSV)")
      .value("rows", "FILE", "a line a row of each SRAM bank that faults struck (CSV)")
      .value("images", "FILE", "a row an image of each trial (CSV); runs the trials again")
      .value("trials", "K-L", "of --images: these trials only");
  if (!options.parse(arguments)) return 0;
  const std::string path = store_argument(options, "campaign export");
  constexpr const char* kOutputs[] = {"csv", "json", "summary", "rows", "images"};
  if (std::none_of(std::begin(kOutputs), std::end(kOutputs),
                   [&](const char* name) { return options.has(name); })) {
    throw base::InputError({"", 0, "--csv, --json, --summary, --rows, --images"}, "all are missing",
                           "at least one is required");
  }
  if (options.has("trials") && !options.has("images")) {
    throw base::InputError({"", 0, "--trials"}, "there is no --images", "--trials goes with it");
  }
  const auto [first, last] = trial_range(options);
  Outputs outputs;
  for (const char* name : kOutputs) outputs.claim(options, name);
  outputs.refuse_inputs();
  const campaign::Store store = campaign::Store::open_to_read(path);
  outputs.refuse_inputs();
  store.expect_whole();
  const auto write = [&](const char* option, const Export& write_to) {
    write_export(outputs, option, write_to);
  };
  write("csv", [&](const report::Sink& sink) { report::campaign_csv(store, sink); });
  write("json", [&](const report::Sink& sink) { report::campaign_json(store, sink); });
  write("summary", [&](const report::Sink& sink) { report::campaign_summary_csv(store, sink); });
  write("rows", [&](const report::Sink& sink) { report::campaign_rows_csv(store, sink); });
  write("images", [&, from = first, to = last](const report::Sink& sink) {
    report::campaign_images_csv(store, runner_of(store, path), from, to, sink);
  });
  say_what_is_lost(store, path);
  return 0;
}

}  // namespace

int campaign_command(const std::vector<std::string>& arguments) {
  struct Verb {
    const char* name;
    CommandFunction function;
    const char* summary;
  };
  constexpr Verb kVerbs[] = {
      {"run", run, "FILE.yaml --out STORE: run a campaign into a new store"},
      {"resume", resume, "STORE: run the trials that are missing"},
      {"merge", merge, "SHARD ... --out STORE: one store of those of all shards"},
      {"status", status, "STORE: tables of what is there"},
      {"export", export_trials, "STORE --csv FILE: every trial, or every image"}};
  std::vector<std::string> names;
  for (const Verb& verb : kVerbs) {
    names.emplace_back(verb.name);
    if (!arguments.empty() && arguments[0] == verb.name) {
      return verb.function({arguments.begin() + 1, arguments.end()});
    }
  }
  if (!arguments.empty() && arguments[0] == "--help") {
    std::string text = "lacuna campaign VERB ...\n\n";
    for (const Verb& verb : kVerbs) text += fmt::format("  {:<7} {}\n", verb.name, verb.summary);
    print(text);
    return 0;
  }
  const std::string given = arguments.empty() ? "" : arguments[0];
  throw base::InputError({"", 0, "campaign"},
                         given.empty() ? "a verb is missing" : "'" + given + "' is not a verb",
                         base::join(names) + " are known", base::nearest_name(given, names));
}

}  // namespace lacuna::cli
