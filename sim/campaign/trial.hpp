// Running one trial: a network on a machine with one chip's faults, against the fault-free run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "campaign/plan.hpp"
#include "engine/run.hpp"

namespace lacuna::campaign {

/// What became of a trial.
enum class TrialStatus : std::uint8_t { kDone, kCrashed, kTimedOut };
const char* trial_status_name(TrialStatus status);

/// The outcome of a trial. Image classes are against the fault-free run of the same network and
/// machine: masked (logits equal), benign (top-1 equal), sdc (top-1 changed).
struct TrialOutcome {
  TrialStatus status = TrialStatus::kDone;
  std::int64_t armed = 0;
  std::int64_t fired = 0;
  std::int64_t correct = 0;
  std::int64_t masked = 0;
  std::int64_t benign = 0;
  std::int64_t sdc = 0;
  std::int64_t cycles = 0;  ///< of all images
  std::string logits_sha256;
};

/// The fault-free run that trials are compared with.
struct Golden {
  std::vector<std::int32_t> logits;
  std::vector<int> predictions;
  TrialOutcome outcome;
};

/// Loads each pair of machine and network once, and runs trials on it.
class TrialRunner {
 public:
  /// Reads machines, models and images of the plan; maps every pair. Throws base::InputError.
  explicit TrialRunner(const Plan& plan);

  const Plan& plan() const { return plan_; }
  const Golden& golden(std::size_t machine, std::size_t model) const;
  /// Names for people: of the machine and the network.
  const std::string& machine_name(std::size_t machine) const { return machine_names_[machine]; }
  const std::string& model_name(std::size_t model) const { return model_names_[model]; }
  /// SHA-256 over the contents of all files that the results depend on, in plan order.
  const std::string& inputs_sha256() const { return inputs_sha256_; }

  TrialOutcome run(const Trial& trial, engine::EngineKind kind = engine::EngineKind::kFast) const;

 private:
  struct Pair {
    engine::Job job;
    Golden golden;
  };
  TrialOutcome summarise(const engine::Measurement& measured, const Golden* golden,
                         std::int64_t classes) const;
  const Pair& pair(std::size_t machine, std::size_t model) const {
    return pairs_[machine * plan_.models.size() + model];
  }

  Plan plan_;
  std::vector<Pair> pairs_;  ///< [machine][model]
  std::vector<int> labels_;
  std::vector<std::string> machine_names_;
  std::vector<std::string> model_names_;
  std::string inputs_sha256_;
};

}  // namespace lacuna::campaign
