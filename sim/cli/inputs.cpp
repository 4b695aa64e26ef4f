#include "cli/inputs.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <limits>

#include "base/error.hpp"
#include "cli/outputs.hpp"
#include "cli/progress.hpp"
#include "fault/map_file.hpp"
#include "fault/sampler.hpp"
#include "run/load.hpp"

namespace lacuna::cli {
namespace {

constexpr std::int64_t kMostImages = std::int64_t{1} << 31;

memory::FaultKind fault_kind(const Options& options) {
  const std::string name = options.text("fault-kind").value_or("flip");
  const std::vector<memory::FaultKind> kinds = memory::fault_kinds(memory::kPermanently);
  for (const memory::FaultKind kind : kinds) {
    if (name == memory::fault_kind_name(kind)) return kind;
  }
  const std::vector<std::string> names = memory::fault_kind_names(kinds);
  throw base::InputError({"", 0, "--fault-kind"}, "'" + name + "' is not known",
                         base::join(names) + " are allowed", base::nearest_name(name, names));
}

}  // namespace

void add_job_options(Options& options) {
  options.value("hw", "FILE", "machine, one of hw_configs/ or your own (required)")
      .values("set", "KEY=VALUE", "override a key of the machine, as array.rows=12; repeatable")
      .value("model", "DIR", "network: a folder with one .onnx and card.yaml, or the .onnx itself")
      .value("workload", "FILE", "or layer shapes without weights: CSV, see docs/formats.md")
      .value("seed", "N", "seed of a workload's operands (default 1)")
      .value("images", "N", "the first N test images (default 10)")
      .value("data", "PATH",
             "test images: a file or folder of IDX, .npy, .npz, CIFAR, PNG, JPEG or PNM (default "
             "Fashion-MNIST); or random[:seed[:density]], which draws them")
      .value("batch", "B", "images that pass through the layers together (default 1)");
}

run::Job load_job(const Options& options, const std::string& data) {
  run::JobFiles files;
  files.machine = options.required("hw");
  files.set = options.overrides();
  files.batch = options.integer("batch", 1, 1, run::kMaxBatch);
  if (options.has("model") == options.has("workload")) {
    throw base::InputError({"", 0, "--model, --workload"},
                           options.has("model") ? "both are given" : "both are missing",
                           "exactly one is required");
  }
  if (options.has("model")) {
    if (options.has("seed")) {
      throw base::InputError({"", 0, "--seed"}, "a model has its own weights and images",
                             "--seed goes with --workload");
    }
    files.model = options.required("model");
    files.data = options.text("data").value_or(data);
    // How many there are the data set says.
    if (options.has("images")) files.images = options.integer("images", 1, 1, kMostImages);
    return run::load_job(files);
  }
  for (const char* name : {"images", "data"}) {
    if (options.has(name)) {
      throw base::InputError({"", 0, std::string("--") + name}, "a workload has no images",
                             std::string("--") + name + " goes with --model");
    }
  }
  files.workload = options.required("workload");
  files.seed = static_cast<std::uint64_t>(
      options.integer("seed", 1, 0, std::numeric_limits<std::int64_t>::max()));
  return run::load_job(files);
}

void add_fault_options(Options& options) {
  options.value("faults", "FILE", "fault plan (.yaml) or measured map (.csv)")
      .value("ber", "P", "or a random map: each cell of the weight SRAM is faulty with this rate")
      .value("map-seed", "S", "seed of the random map (default 1); maps of one seed are nested")
      .value("fault-kind", "KIND", "of the random map: flip (default), stuck_at_0, stuck_at_1")
      .value("save-faults", "FILE", "write the plan's permanent faults as a map (.csv)");
}

fault::FaultPlan load_faults(const Options& options, const run::Job& job) {
  const fault::MemoryGeometry memory = run::weight_sram(job);
  if (options.has("faults") && options.has("ber")) {
    throw base::InputError({"", 0, "--faults, --ber"}, "both are given", "one is allowed");
  }
  for (const char* name : {"map-seed", "fault-kind"}) {
    if (options.has(name) && !options.has("ber")) {
      throw base::InputError({"", 0, std::string("--") + name}, "there is no random map",
                             std::string("--") + name + " goes with --ber");
    }
  }
  fault::FaultPlan plan;
  plan.origin = "none";
  if (const auto path = options.text("faults")) {
    plan = run::load_faults(*path, job);
  } else if (options.has("ber")) {
    const double rate = options.real("ber", 0, 1);
    const std::int64_t seed =
        options.integer("map-seed", 1, 0, std::numeric_limits<std::int64_t>::max());
    ProgressLine line("drawing the fault map");
    plan = fault::sample_map(memory, rate, static_cast<std::uint64_t>(seed), fault_kind(options),
                             [&](std::int64_t cells) { line.update(cells, memory.cells()); });
  }
  return plan;
}

campaign::TrialRunner runner_of(const campaign::Store& store, const std::string& path) {
  campaign::TrialRunner runner(store.plan());
  if (runner.inputs_sha256() != store.inputs_sha256()) {
    throw base::InputError(
        {path, 0, "inputs_sha256"},
        "a machine, network, fault or data file has changed since the campaign began",
        "the files it began with, or a new campaign");
  }
  if (runner.trial_count() != store.trial_count()) {
    throw base::InputError({path, 0, "populations"}, "are not those of its plan",
                           "a store as the program wrote it");
  }
  return runner;
}

void add_vcd_option(Options& options) {
  options.value(
      "vcd", "FILE",
      "write the waves of all blocks (VCD, for GTKWave); with --engine systemc. Meant for a "
      "few images: about 1.4 MB each for LeNet-5");
}

void expect_waves(const Options& options, run::EngineKind kind) {
  if (!options.has("vcd") || kind == run::EngineKind::kSystemc) return;
  throw base::InputError({"", 0, "--vcd"},
                         std::string("the ") + run::engine_name(kind) + " engine has no waves",
                         "--vcd goes with --engine systemc");
}

std::string store_argument(const Options& options, const char* command) {
  std::string path = file_argument(options, command);
  base::expect_regular_file(path);
  note_store(path);
  return path;
}

std::string file_argument(const Options& options, const char* command) {
  const std::vector<std::string> files = options.texts("file");
  if (files.size() != 1) {
    throw base::InputError({"", 0, command}, fmt::format("{} files are named", files.size()),
                           "exactly one is required");
  }
  return files[0];
}

}  // namespace lacuna::cli
