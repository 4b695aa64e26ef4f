// A file of faults of either kind, read once: a fault plan (.yaml) or a measured map (.csv).
#pragma once

#include <string>
#include <variant>

#include "fault/plan_file.hpp"

namespace lacuna::fault {

class FaultFile {
 public:
  /// A name that ends in .csv is a map's. A plan is checked by itself, a map when it is tied to a
  /// memory. Throws base::InputError.
  explicit FaultFile(const std::string& path);

  const std::string& path() const { return path_; }
  const std::string& sha256() const { return sha256_; }  ///< of its bytes
  /// Whether the target must know weights, values, or cycles.
  bool names_weights() const { return asks(&RuleFile::names_weights); }
  bool names_values() const { return asks(&RuleFile::names_values); }
  bool names_cycles() const { return asks(&RuleFile::names_cycles); }
  /// The faults in a machine; may be called for several. Throws base::InputError.
  FaultPlan plan(const PlanTarget& target) const;

 private:
  bool asks(bool (RuleFile::*what)() const) const {
    const auto* rules = std::get_if<RuleFile>(&content_);
    return rules != nullptr && (rules->*what)();
  }

  std::string path_;
  std::string sha256_;
  std::variant<RuleFile, std::string> content_;  ///< rules, or a map's bytes
};

}  // namespace lacuna::fault
