#include "inputs/input_files.hpp"

#include <algorithm>
#include <filesystem>

#include "arch/energy_table.hpp"
#include "arch/spec.hpp"
#include "base/file.hpp"
#include "campaign/plan.hpp"
#include "explore/sweep_plan.hpp"
#include "fault/plan_file.hpp"

namespace lacuna::test {

void read_as(config::FileKind kind, const config::Document& document) {
  switch (kind) {
    case config::FileKind::kHardware:
      arch::read_spec(document);
      break;
    case config::FileKind::kEnergyTable:
      arch::read_energy_table(document);
      break;
    case config::FileKind::kFaultPlan:
      fault::read_rules(document);
      break;
    case config::FileKind::kCampaign:
      campaign::read_plan(document);
      break;
    case config::FileKind::kSweep:
      explore::read_sweep(document);
      break;
  }
}

std::vector<std::string> input_files(const std::string& folder) {
  namespace fs = std::filesystem;
  const fs::path root(LACUNA_SOURCE_DIR);
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(fs::relative(entry.path(), root));
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string source_text(const std::string& path) {
  return base::read_file(std::string(LACUNA_SOURCE_DIR) + "/" + path, std::int64_t{1} << 20);
}

}  // namespace lacuna::test
