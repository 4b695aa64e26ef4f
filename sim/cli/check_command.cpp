#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "arch/energy_table.hpp"
#include "arch/spec.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/printable.hpp"
#include "campaign/plan.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/print.hpp"
#include "config/schema.hpp"
#include "explore/sweep_plan.hpp"
#include "fault/map_file.hpp"
#include "fault/plan_file.hpp"
#include "network/data/input_card.hpp"
#include "network/data_set.hpp"
#include "network/onnx_import.hpp"
#include "network/workload.hpp"
#include "report/json/record_file.hpp"
#include "report/text/network_text.hpp"

namespace lacuna::cli {
namespace {

/// What a file is, and, where it is YAML that we write, too, the file with its defaults.
struct Checked {
  std::string found;
  std::optional<std::string> filled;
};

std::string check_document(config::FileKind kind, const config::Document& document) {
  switch (kind) {
    case config::FileKind::kHardware: {
      const arch::AcceleratorSpec spec = arch::read_spec(document);
      return fmt::format("machine '{}', {} x {} PEs with {} weights each", spec.name,
                         spec.array.rows, spec.array.cols, spec.array.weights_per_pe);
    }
    case config::FileKind::kEnergyTable:
      return fmt::format("energy table '{}'", arch::read_energy_table(document).name);
    case config::FileKind::kFaultPlan:
      return fmt::format("fault plan, {} rules (sites are checked against a machine by run)",
                         fault::read_rules(document).rules.size());
    case config::FileKind::kCampaign: {
      const campaign::Plan plan = campaign::read_plan(document);
      return fmt::format(
          "campaign '{}', {} machines x {} networks (files are read by campaign run)", plan.name,
          plan.machines.size(), plan.models.size());
    }
    case config::FileKind::kSweep: {
      const explore::SweepPlan plan = explore::read_sweep(document);
      return fmt::format("sweep '{}', {} points before constraints (files are read by sweep)",
                         plan.name, explore::point_count(plan));
    }
  }
  SIM_CHECK(false, "check", -1, "no such kind");
}

Checked check_yaml(const std::string& path, const Options& options) {
  config::Document document = config::Document::load(path);
  const config::FileKind kind = config::kind_of(document);
  if (kind == config::FileKind::kHardware) {
    document = config::Document::load(path, options.overrides());
  }
  const std::string found = check_document(kind, document);
  return {found, document.to_yaml()};
}

/// The table of docs/hardware.md.
std::string hardware_keys() {
  std::string text =
      "| key | unit | values | default | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const arch::Field& field : arch::fields(arch::AcceleratorSpec())) {
    const std::string fallback = field.fallback.empty() ? "" : "`" + field.fallback + "`";
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", field.path(), field.unit, field.values,
                        fallback, field.meaning);
  }
  return text;
}

std::string check_csv(const std::string& path) {
  base::expect_regular_file(path);  // a pipe would be waited for
  // The first header field tells maps from workloads.
  std::string head(7, '\0');
  std::ifstream(path, std::ios::binary).read(head.data(), 7);
  if (head == "memory,") {
    fault::Memories largest;  // the file by itself: any cell that some memory could have
    for (const memory::MemoryKind& kind : memory::kMemories) {
      largest.at(kind.id) = {kind.id, std::int64_t{1} << 40, 1 << 12, 1 << 10, {}, {}};
    }
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

std::string check_data(const std::string& path) {
  return network::describe(network::load_data(path, 0));
}

network::Network import_checked(const std::string& path) {
  network::Network network = network::import_onnx(network::find_model(path));
  if (std::filesystem::is_directory(path)) {
    check_card(std::filesystem::path(path) / "card.yaml", network);
  }
  return network;
}

/// The network in full.
std::string check_model(const std::string& path) {
  const network::Network network = import_checked(path);
  return report::network_text(network, network::load_input_card(network.file));
}

/// A folder without a network in it that some format of data sets takes.
bool is_data_folder(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".onnx") return false;
  }
  return network::is_data(folder.string());
}

Checked check_file(const std::string& path, const Options& options) {
  const std::filesystem::path file(path);
  const std::string extension = file.extension();
  const bool folder = std::filesystem::is_directory(file);
  if (folder && is_data_folder(file)) return {check_data(path), {}};
  if (folder || extension == ".onnx") {
    const network::Network network = import_checked(path);
    return {fmt::format("network '{}', {} layers, {}-bit weights, {}-bit activations", network.name,
                        network.layers.size(), network.weight_bits(), network.activation_bits()),
            {}};
  }
  if (extension == ".yaml" || extension == ".yml") return check_yaml(path, options);
  if (extension == ".csv") return {check_csv(path), {}};
  if (extension == ".json") return {check_record(path), {}};
  base::expect_regular_file(path);  // a missing file is the better message
  if (network::is_data(path)) return {check_data(path), {}};
  throw base::InputError({path, 0, ""}, "its kind is not known from its name",
                         ".yaml, .csv, .json, .onnx, a model's folder or a data set are allowed; "
                         "what a store holds is shown by 'campaign status' or 'sweep'");
}

}  // namespace

int check_command(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna check FILE... [--set KEY=VALUE]\n"
      "lacuna check --model FILE\n"
      "lacuna check FILE.yaml --print\n"
      "lacuna check --keys\n\n"
      "Validates machines, energy tables, fault plans, campaigns and sweeps (.yaml),\n"
      "workloads and fault maps (.csv), run records (.json), networks (.onnx or a\n"
      "model's folder), data sets. Exit code 2 when one of them is wrong.");
  options.positional("file", "files to check")
      .values("set", "KEY=VALUE", "override a key of the machine files")
      .values("model", "PATH",
              "a network, of which layers, shapes, bits, MACs, parameters and input are shown; "
              "repeatable")
      .values("data", "PATH", "a data set, as --data of run takes it; repeatable")
      .flag("print",
            "write the one YAML file that is named with overrides and all defaults filled in")
      .flag("keys", "list the keys of machine files with unit, values, default and meaning");
  if (!options.parse(arguments)) return 0;
  if (options.has("keys")) {
    print(hardware_keys());
    return 0;
  }
  const std::vector<std::string> files = options.texts("file");
  const std::vector<std::string> models = options.texts("model");
  const std::vector<std::string> data = options.texts("data");
  if (files.empty() && models.empty() && data.empty()) {
    throw base::InputError({"", 0, "check"}, "no file is named");
  }
  if (options.has("print")) {
    if (files.size() != 1) {
      throw base::InputError({"", 0, "--print"}, fmt::format("{} files are named", files.size()),
                             "exactly one is required");
    }
    const auto filled = check_file(files[0], options).filled;
    if (!filled) {
      throw base::InputError({files[0], 0, "--print"}, "is no YAML file of keys",
                             "a machine, fault plan, campaign, sweep or energy table");
    }
    print(*filled);
    return 0;
  }
  int code = 0;
  const auto check = [&](const std::string& path, const auto& found) {
    try {
      print(base::printable(path) + ": ok: " + found(path) + "\n");
    } catch (const base::InputError& error) {
      print_error(error.text());
      code = 2;
    }
  };
  for (const std::string& path : files) {
    check(path, [&](const std::string& file) { return check_file(file, options).found; });
  }
  for (const std::string& path : models) check(path, check_model);
  for (const std::string& path : data) check(path, check_data);
  return code;
}

}  // namespace lacuna::cli
