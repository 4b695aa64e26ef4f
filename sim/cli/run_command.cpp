#include <optional>

#include "base/error.hpp"
#include "base/shell.hpp"
#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/options.hpp"
#include "cli/outputs.hpp"
#include "cli/print.hpp"
#include "cli/progress.hpp"
#include "fault/map_file.hpp"
#include "report/json/timeline_json.hpp"
#include "report/text/run_text.hpp"
#include "run/run_record.hpp"

namespace lacuna::cli {
namespace {

constexpr const char* kOutputs[] = {"json", "csv", "predictions", "save-faults", "vcd", "timeline"};

// The batch whose times --timeline shows; nothing without the option.
std::optional<run::Timeline> timeline_of(const Options& options, const run::Job& job) {
  if (!options.has("timeline")) return std::nullopt;
  run::Timeline timeline;
  timeline.batch = options.integer("timeline-batch", 0, 0, run::batch_count(job.parts.front()) - 1);
  return timeline;
}

// What needs values does not go with --timing.
void expect_no_values(const Options& options, run::EngineKind kind) {
  for (const char* name : {"faults", "ber", "memory", "predictions"}) {
    if (!options.has(name)) continue;
    throw base::InputError({"", 0, std::string("--timing, --") + name},
                           "values are needed, and --timing leaves them out", "one is allowed");
  }
  if (kind == run::EngineKind::kSystemc) {
    throw base::InputError({"", 0, "--timing, --engine systemc"},
                           "the SystemC engine computes values in every cycle", "--engine fast");
  }
}

// Of a workload nothing is known but its sums.
bool asks_for_faults(const Options& options, const run::Job& job) {
  return !job.source.workload && (options.has("faults") || options.has("ber"));
}

}  // namespace

int run_command(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna run --hw FILE (--model DIR | --workload FILE) [options]\n\n"
      "Simulates inference cycle by cycle and prints a table a layer.");
  add_job_options(options);
  add_fault_options(options);
  options.value("engine", "NAME", "fast (default), or systemc: cycle by cycle, the reference")
      .flag("no-dense", "leave out the second, dense run that the speed-up is against")
      .flag("timing",
            "cycles and counts only: values are computed only where cycles depend on them, and "
            "images are drawn (--data random) unless --data names some")
      .value("json", "FILE", "write the run record")
      .value("csv", "FILE", "write the table a layer")
      .value("predictions", "FILE", "write label, top-1, sums and outputs of every image");
  options
      .value(
          "timeline", "FILE",
          "write when every step of one batch ran and how full the buffers were, for Perfetto or "
          "chrome://tracing")
      .value("timeline-batch", "K", "the batch of --timeline, from 0 (default 0)");
  add_vcd_option(options);
  options.value("energy", "FILE",
                "energy of each event (hw_configs/energy/), for energy by component");
  if (!options.parse(arguments)) return 0;
  Outputs outputs;
  for (const char* name : kOutputs) outputs.claim(options, name);
  if (options.has("predictions") && options.has("workload")) {
    throw base::InputError({"", 0, "--predictions"}, "a workload predicts nothing",
                           "--predictions goes with --model");
  }
  if (options.has("timeline-batch") && !options.has("timeline")) {
    throw base::InputError({"", 0, "--timeline-batch"}, "there is no timeline",
                           "--timeline-batch goes with --timeline");
  }
  const std::string command = base::shell_command("lacuna run", arguments);
  const run::EngineKind kind = engine_kind(options);
  if (options.has("timing")) expect_no_values(options, kind);
  expect_waves(options, kind);
  std::optional<arch::EnergyTable> energy;
  if (const auto path = options.text("energy")) energy = arch::load_energy_table(*path);
  run::Job job = options.has("timing") ? load_job(options, "random", true) : load_job(options);
  std::optional<run::Timeline> timeline = timeline_of(options, job);
  job.plan = load_faults(options, job);
  if (const auto path = options.text("save-faults")) fault::check_map(*path, job.plan);
  outputs.refuse_inputs();

  run::Measurement measurement;
  {
    ProgressLine line("simulating");
    measurement = run::simulate(
        job, kind, [&](const run::Progress& p) { line.update(p); },
        outputs.path("vcd").value_or(""), timeline ? &*timeline : nullptr);
  }
  std::vector<measure::LayerCounters> dense;
  if (!options.has("no-dense")) {
    ProgressLine line("dense run");
    dense = run::simulate_dense(job, kind, [&](const run::Progress& p) { line.update(p); });
  }
  run::RunRecord record = run::make_record(job, kind, measurement, dense);
  record.command = command;
  if (asks_for_faults(options, job)) {
    ProgressLine line("fault-free run");
    run::add_change(
        record, job,
        job.plan.faults.empty()
            ? measurement.logits
            : run::fault_free_logits(job, [&](const run::Progress& p) { line.update(p); }));
  }
  if (energy) run::add_energy(record, job, *energy);

  if (const auto path = outputs.path("save-faults")) fault::write_map(*path, job.plan);
  outputs.write("json", report::run_json(record));
  outputs.write("csv", report::run_csv(record));
  if (outputs.path("predictions")) {
    outputs.write("predictions", report::predictions_csv(run::predictions_of(job, measurement)));
  }
  if (timeline) {
    outputs.write("timeline", report::timeline_json(job, *timeline, command));
  }
  print(report::run_table(record));
  return 0;
}

}  // namespace lacuna::cli
