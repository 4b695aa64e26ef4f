#include "cli/inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/outputs.hpp"
#include "cli/progress.hpp"
#include "config/text.hpp"
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

/// The memories of a random map: each with the rate beside its name, else that of --ber.
std::vector<fault::MemoryRate> memory_rates(const Options& options) {
  std::optional<double> shared;
  if (options.has("ber")) shared = options.real("ber", 0, 1);
  if (!options.has("memory")) return {{fault::MemoryId::kWeightSram, shared.value()}};
  std::vector<fault::MemoryRate> rates;
  for (const std::string& text : options.texts("memory")) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const std::vector<std::string> names = memory::memory_names();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      throw base::InputError({"", 0, "--memory"}, base::shown(name) + " is not known",
                             base::join(names) + " are allowed", base::nearest_name(name, names));
    }
    fault::MemoryRate own;
    own.memory = static_cast<fault::MemoryId>(found - names.begin());
    if (equals != std::string::npos) {
      double rate = -1;
      const bool number = config::parse_real(text.substr(equals + 1), &rate) == config::Number::kOk;
      if (!number || !(rate >= 0 && rate <= 1)) {
        throw base::InputError({"", 0, "--memory " + name},
                               base::shown(text.substr(equals + 1)) + " is no rate",
                               "a number from 0 to 1");
      }
      own.rate = rate;
    } else if (shared) {
      own.rate = *shared;
    } else {
      throw base::InputError({"", 0, "--memory " + name}, "has no rate",
                             "--ber P for all, or --memory " + name + "=P");
    }
    rates.push_back(own);
  }
  return rates;
}

}  // namespace

void add_job_options(Options& options) {
  options.value("hw", "FILE", "machine, one of hw_configs/ or your own (required)")
      .values("set", "KEY=VALUE", "override a key of the machine, as array.rows=12; repeatable")
      .value("model", "DIR", "network: a folder with one .onnx and card.yaml, or the .onnx itself")
      .value("workload", "FILE", "or layer shapes without weights: CSV, see docs/formats.md")
      .value("seed", "N", "seed of a workload's operands (default 1)")
      .flag("chain",
            "a workload's layer reads what the one before wrote where their shapes agree, so that "
            "it can stay on chip; with --timing")
      .value("images", "N", "the first N test images (default 10)")
      .value("data", "PATH",
             "test images: a file or folder of IDX, .npy, .npz, CIFAR, PNG, JPEG or PNM (default "
             "Fashion-MNIST); or random[:seed[:density]], which draws them")
      .value("batch", "B", "images that pass through the layers together (default 1)");
}

run::Job load_job(const Options& options, const std::string& data, bool timing) {
  run::JobFiles files;
  files.machine = options.required("hw");
  files.set = options.overrides();
  files.batch = options.integer("batch", 1, 1, run::kMaxBatch);
  files.timing = timing;
  if (options.has("model") == options.has("workload")) {
    throw base::InputError({"", 0, "--model, --workload"},
                           options.has("model") ? "both are given" : "both are missing",
                           "exactly one is required");
  }
  files.chain = options.has("chain");
  if (files.chain && (options.has("model") || !timing)) {
    throw base::InputError(
        {"", 0, "--chain"},
        options.has("model") ? "layers of a model follow each other as they are"
                             : "a layer of a workload has no outputs to hand on",
        options.has("model") ? "--chain goes with --workload" : "--chain goes with --timing");
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
  const std::string kinds =
      "of the random map (default flip): " +
      base::join(memory::fault_kind_names(memory::fault_kinds(memory::kPermanently)));
  options.value("faults", "FILE", "fault plan (.yaml) or measured map (.csv)")
      .value("ber", "P", "or a random map: each cell of a memory is faulty with this rate")
      .values(
          "memory", "NAME[=P]",
          "a memory of the random map (default weight_sram), with a rate of its own; repeatable")
      .value("map-seed", "S", "seed of the random map (default 1); maps of one seed are nested")
      .value("fault-kind", "KIND", kinds.c_str())
      .value("save-faults", "FILE", "write the plan's permanent faults as a map (.csv)");
}

fault::FaultPlan load_faults(const Options& options, const run::Job& job) {
  for (const char* name : {"ber", "memory"}) {
    if (!options.has("faults") || !options.has(name)) continue;
    throw base::InputError({"", 0, std::string("--faults, --") + name}, "both are given",
                           "one is allowed");
  }
  const bool random = options.has("ber") || options.has("memory");
  for (const char* name : {"map-seed", "fault-kind"}) {
    if (options.has(name) && !random) {
      throw base::InputError({"", 0, std::string("--") + name}, "there is no random map",
                             std::string("--") + name + " goes with --ber");
    }
  }
  fault::FaultPlan plan;
  plan.origin = "none";
  if (const auto path = options.text("faults")) {
    plan = run::load_faults(*path, job);
  } else if (random) {
    const fault::Memories memories = run::memories(job);
    const std::vector<fault::MemoryRate> rates = memory_rates(options);
    std::int64_t all = 0;
    for (const fault::MemoryRate& own : rates) all += memories[own.memory].cells();
    const std::int64_t seed =
        options.integer("map-seed", 1, 0, std::numeric_limits<std::int64_t>::max());
    ProgressLine line("drawing the fault map");
    plan =
        fault::sample_maps(memories, rates, static_cast<std::uint64_t>(seed), fault_kind(options),
                           [&](std::int64_t cells) { line.update(cells, all); });
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
