// Evaluating one point of a sweep.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arch/energy_table.hpp"
#include "arch/spec.hpp"
#include "explore/columns.hpp"
#include "explore/sweep_plan.hpp"
#include "network/workload.hpp"
#include "run/load.hpp"

namespace lacuna::explore {

struct PointResult {
  bool mapped = false;
  std::string reason;                         ///< why it could not be mapped
  std::vector<std::optional<double>> values;  ///< [column of columns()]
  std::vector<FaultFigures> faults;
};

class SweepRunner {
 public:
  /// Reads networks, workloads and images once. Throws base::InputError; for a key of the grid that
  /// the machine's file does not have, too.
  explicit SweepRunner(const SweepPlan& plan);

  const SweepPlan& plan() const { return plan_; }
  /// SHA-256 over the contents of all files that the results depend on.
  const std::string& inputs_sha256() const { return inputs_sha256_; }
  /// Points that the constraints leave, ascending.
  const std::vector<std::int64_t>& points() const { return points_; }
  /// A pure function of the plan, its files and the point; may be called by several threads.
  /// Nothing once `stop` says true, which is asked between batches of images and between maps.
  std::optional<PointResult> run(std::int64_t point, const std::function<bool()>& stop = {}) const;

 private:
  double key_value(const SweepPoint& point, const std::string& key) const;
  std::int64_t batch_of(const SweepPoint& point) const;
  run::Job job_of(const SweepPoint& point, const arch::AcceleratorSpec& spec) const;
  PointFigures measure(const SweepPoint& point, const run::Job& job,
                       const std::function<void()>& go_on) const;
  std::vector<FaultFigures> measure_faults(const run::Job& job,
                                           const std::function<void()>& go_on) const;

  SweepPlan plan_;
  std::string machine_text_;                  ///< the file as it was when the sweep began
  std::vector<run::Model> models_;            ///< as in the plan
  std::vector<network::Workload> workloads_;  ///< as in the plan
  std::optional<arch::EnergyTable> energy_;
  std::vector<std::int64_t> points_;
  /// Its keys by their path, without the grid's; empty: another is given instead.
  std::map<std::string, std::string> machine_;
  std::string inputs_sha256_;
};

}  // namespace lacuna::explore
