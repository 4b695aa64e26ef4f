#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "arch/energy_table.hpp"
#include "arch/spec.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "campaign/plan.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/print.hpp"
#include "config/document.hpp"
#include "explore/sweep_plan.hpp"
#include "fault/map_file.hpp"
#include "fault/plan_file.hpp"
#include "network/onnx_import.hpp"
#include "network/workload.hpp"
#include "report/record_file.hpp"

namespace lacuna::cli {
namespace {

std::string check_yaml(const std::string& path, const Options& options) {
  const std::vector<std::string> keys = config::Document::load(path).root().keys();
  if (std::find(keys.begin(), keys.end(), "grid") != keys.end()) {  // may have faults, too
    const explore::SweepPlan plan = explore::load_sweep(path);
    return fmt::format("sweep '{}', {} points before constraints (files are read by sweep)",
                       plan.name, explore::point_count(plan));
  }
  if (std::find(keys.begin(), keys.end(), "faults") != keys.end()) {
    const auto rules = fault::read_plan_file(path).rules;
    return fmt::format("fault plan, {} rules (sites are checked against a machine by run)",
                       rules.size());
  }
  if (std::find(keys.begin(), keys.end(), "machines") != keys.end()) {
    const campaign::Plan plan = campaign::load_plan(path);
    return fmt::format("campaign '{}', {} machines x {} networks (files are read by campaign run)",
                       plan.name, plan.machines.size(), plan.models.size());
  }
  if (std::find(keys.begin(), keys.end(), "multiply") != keys.end()) {
    return fmt::format("energy table '{}'", arch::load_energy_table(path).name);
  }
  const arch::AcceleratorSpec spec = arch::load_spec(path, options.overrides());
  return fmt::format("machine '{}', {} x {} PEs with {} weights each", spec.name, spec.array.rows,
                     spec.array.cols, spec.array.weights_per_pe);
}

std::string check_csv(const std::string& path) {
  base::expect_regular_file(path);  // a pipe would be waited for
  // The first header field tells maps from workloads.
  std::string head(7, '\0');
  std::ifstream(path, std::ios::binary).read(head.data(), 7);
  if (head == "memory,") {
    fault::MemoryGeometry largest;  // the file by itself: any cell that some memory could have
    largest.words = std::int64_t{1} << 40;
    largest.word_bits = 1 << 12;
    largest.banks = 1 << 10;
    const auto plan = fault::read_map(path, largest);
    return fmt::format("fault map, {} faults", plan.faults.size());
  }
  const network::Workload workload = network::load_workload(path);
  return fmt::format("workload, {} layers", workload.layers.size());
}

std::string check_record(const std::string& path) {
  const report::RecordFile record = report::read_record(path);
  const auto text = [&](const char* key) {
    return std::get<std::string>(report::value_of(record.figures, key));
  };
  return fmt::format("run record of lacuna {}, '{}' on '{}', {} layers, faults: {}",
                     text("program.version"), text("network"), text("hardware"),
                     record.layers.size(), text("faults.origin"));
}

/// A card that names its network's hash lies beside that very network.
void check_card(const std::filesystem::path& card_file, const network::Network& network) {
  const config::Section card = config::Document::load(card_file).root();
  const auto hash = card.optional<std::string>("onnx_sha256");
  if (!hash || *hash == network.sha256) return;
  throw base::InputError(
      card.place("onnx_sha256"),
      fmt::format("the network beside it is another: {} has {}",
                  std::filesystem::path(network.file).filename().string(), network.sha256));
}

std::string check_file(const std::string& path, const Options& options) {
  const std::filesystem::path file(path);
  const std::string extension = file.extension();
  if (std::filesystem::is_directory(file) || extension == ".onnx") {
    const network::Network network = network::import_onnx(network::find_model(path));
    if (extension != ".onnx") check_card(file / "card.yaml", network);
    return fmt::format("network '{}', {} layers, {}-bit weights, {}-bit activations", network.name,
                       network.layers.size(), network.weight_bits, network.activation_bits);
  }
  if (extension == ".yaml" || extension == ".yml") return check_yaml(path, options);
  if (extension == ".csv") return check_csv(path);
  if (extension == ".json") return check_record(path);
  base::read_file(path, std::int64_t{1} << 40);  // a missing file is the better message
  throw base::InputError({path, 0, ""}, "its kind is not known from its name",
                         ".yaml, .csv, .json, .onnx or a model's folder are allowed");
}

}  // namespace

int check_command(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna check FILE...\n\n"
      "Validates machines, energy tables, fault plans, campaigns and sweeps (.yaml), workloads "
      "and\n"
      "fault maps (.csv), run records (.json), networks (.onnx or a model's folder). Exit code 2\n"
      "when one of them is wrong.");
  options.positional("file", "files to check")
      .values("set", "KEY=VALUE", "override a key of the machine files");
  if (!options.parse(arguments)) return 0;
  const std::vector<std::string> files = options.texts("file");
  if (files.empty()) throw base::InputError({"", 0, "check"}, "no file is named");
  int code = 0;
  for (const std::string& path : files) {
    try {
      const std::string found = check_file(path, options);
      print(path + ": ok: " + found + "\n");
    } catch (const base::InputError& error) {
      print_error(error.what());
      code = 2;
    }
  }
  return code;
}

}  // namespace lacuna::cli
