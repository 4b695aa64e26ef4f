#include <fmt/format.h>

#include "base/error.hpp"
#include "campaign/outcome_counts.hpp"
#include "campaign/store.hpp"
#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/options.hpp"
#include "cli/outputs.hpp"
#include "cli/print.hpp"
#include "report/text/campaign_text.hpp"

namespace lacuna::cli {
namespace {

[[noreturn]] void fail_changed(const std::string& store) {
  throw base::InputError(
      {store, 0, "inputs_sha256"},
      "the trial is another: a machine, network, fault or data file has changed since the campaign "
      "began",
      "the files it began with");
}

}  // namespace

int replay_command(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna replay STORE --trial K [--engine systemc [--vcd FILE]]\n\n"
      "Runs one trial of a campaign again and compares it with what the store holds.\n"
      "Exit code 70 when they differ.");
  options.positional("file", "the store")
      .value("trial", "K", "number of the trial (required)")
      .value("engine", "NAME", "fast (default) or systemc");
  add_vcd_option(options);
  if (!options.parse(arguments)) return 0;
  const run::EngineKind kind = engine_kind(options);
  expect_waves(options, kind);
  Outputs outputs;
  outputs.claim(options, "vcd");
  const std::string path = store_argument(options, "replay");
  const campaign::Store store = campaign::Store::open_to_read(path);
  const campaign::Plan& plan = store.plan();
  const std::int64_t number =
      parse_integer("--trial", options.required("trial"), 0, store.trial_count() - 1);
  // Files that have changed may still mean the same; whether they do, the trial shows.
  const campaign::TrialRunner runner(plan);
  outputs.refuse_inputs();
  const bool changed = runner.inputs_sha256() != store.inputs_sha256();
  if (changed && runner.trial_count() != store.trial_count()) fail_changed(path);
  if (runner.trial_count() != store.trial_count()) {
    throw base::InputError({path, 0, "populations"}, "are not those of its plan",
                           "a store as the program wrote it");
  }
  const campaign::Trial trial = runner.trial(number);
  const campaign::Population& own = runner.populations()[trial.population];
  const campaign::TrialOutcome outcome =
      runner.run_whole(trial, kind, outputs.path("vcd").value_or(""));
  print(fmt::format(
      "trial {}: {} on {}, {}\n"
      "  faults    {} armed, {} fired\n"
      "  images    {}{} masked, {} benign, {} SDC of {}\n"
      "  outputs   RMSE {}\n"
      "  cycles    {}\n"
      "  logits    {}\n",
      number, runner.model_name(own.model), runner.machine_name(own.machine),
      report::describe_trial(own, runner.faults(trial), trial.draw), outcome.armed, outcome.fired,
      outcome.has_labels() ? fmt::format("{} correct, ", outcome.correct) : "", outcome.masked,
      outcome.benign, outcome.sdc, plan.images, *outcome.rmse, outcome.cycles,
      outcome.logits_sha256));

  const auto found = store.find(number);
  if (!found) {
    const auto lost = store.find_lost(number);
    print(lost ? "in the store it is lost: " + lost->reason + "\n"
               : std::string("the store does not hold this trial\n"));
    return 0;
  }
  const campaign::TrialOutcome& stored = found->outcome;
  if (stored.status != campaign::TrialStatus::kDone) {
    print(fmt::format("in the store it is {}\n", campaign::trial_status_name(stored.status)));
    return 0;
  }
  const bool equal = campaign::same_result(stored, outcome);
  if (!equal && changed) fail_changed(path);
  SIM_CHECK(equal, "replay", -1,
            fmt::format("trial {} differs from what {} holds, written by version {}", number, path,
                        store.program_version()));
  print(std::string("equal to the store, to the bit and to the cycle") +
        (changed ? ", though an input file has changed since the campaign began\n" : "\n"));
  return 0;
}

}  // namespace lacuna::cli
