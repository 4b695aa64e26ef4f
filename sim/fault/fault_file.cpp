#include "fault/fault_file.hpp"

#include <filesystem>
#include <utility>

#include "base/sha256.hpp"
#include "fault/map_file.hpp"

namespace lacuna::fault {

FaultFile::FaultFile(const std::string& path) : path_(path) {
  if (std::filesystem::path(path).extension() == ".csv") {
    std::string bytes = read_map_bytes(path);
    sha256_ = base::sha256_hex(bytes);
    content_ = std::move(bytes);
  } else {
    RuleFile rules = read_plan_file(path);
    sha256_ = rules.sha256;
    content_ = std::move(rules);
  }
}

FaultPlan FaultFile::plan(const PlanTarget& target) const {
  if (const auto* rules = std::get_if<RuleFile>(&content_)) return resolve_plan(*rules, target);
  FaultPlan plan = map_from_bytes(path_, std::get<std::string>(content_), target.memories);
  plan.sha256 = sha256_;
  return plan;
}

}  // namespace lacuna::fault
