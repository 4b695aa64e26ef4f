// A sweep's results: one SQLite file with the conventions of campaigns. Schema "lacuna.sweep/2",
// see docs/sweeps.md.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "explore/sweep_plan.hpp"
#include "explore/sweep_runner.hpp"
#include "store/database.hpp"

namespace lacuna::explore {

/// As stores and exports have them; what there is not has no key.
nlohmann::ordered_json faults_json(const FaultFigures& figures);

struct SweepRow {
  SweepPoint point;
  PointResult result;
};

class SweepStore {
 public:
  static SweepStore create(const std::string& path, const SweepRunner& runner,
                           const std::string& command);
  static SweepStore open_to_write(const std::string& path);
  static SweepStore open_to_read(const std::string& path);

  const SweepPlan& plan() const { return plan_; }
  const std::string& inputs_sha256() const { return header_.inputs_sha256; }
  const std::string& program_version() const { return header_.version; }
  const std::string& command() const { return header_.command; }
  std::int64_t points() const { return points_; }  ///< that the constraints leave

  void record(const std::vector<std::pair<std::int64_t, PointResult>>& rows);
  std::vector<std::int64_t> recorded() const;  ///< point numbers, ascending
  /// By point number.
  std::vector<SweepRow> rows() const;

 private:
  explicit SweepStore(std::unique_ptr<store::Database> database);

  std::unique_ptr<store::Database> database_;
  store::Header header_;
  SweepPlan plan_;
  std::int64_t points_ = 0;
};

struct SweepProgress {
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::int64_t now = 0;  ///< of them, by this call
  double seconds = 0;
  bool stopped = false;  ///< before the last point
};

/// Evaluates every point that the store does not hold, by `threads` at once. The callback is called
/// by one thread at a time. `stop` is asked often, by any of them: where it says true, points under
/// way are given up. Throws base::InputError naming the limit that keeps a thread from being
/// started.
SweepProgress run_sweep(const SweepRunner& runner, SweepStore& store, int threads,
                        const std::function<void(const SweepProgress&)>& callback = {},
                        const std::function<bool()>& stop = {});

}  // namespace lacuna::explore
