// A sweep's results: one SQLite file with the conventions of campaigns. Schema "lacuna.sweep/2",
// see docs/sweeps.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "explore/sweep_plan.hpp"
#include "explore/sweep_runner.hpp"
#include "store/database.hpp"
#include "store/shard.hpp"

namespace lacuna::explore {

/// As stores and exports have them; what there is not has no key.
nlohmann::ordered_json faults_json(const FaultFigures& figures);

struct SweepRow {
  SweepPoint point;
  PointResult result;
};

class SweepStore {
 public:
  /// Of all points, or of a shard's.
  static SweepStore create(const std::string& path, const SweepRunner& runner,
                           const std::string& command,
                           const std::optional<store::Shard>& shard = {});
  /// A new file of all points for the sweep of `like`, with those of `files`, which have to be at
  /// rest. Throws base::InputError and leaves no file.
  static SweepStore create_of(const std::vector<std::string>& files, const std::string& path,
                              const SweepStore& like, const std::string& command);
  static SweepStore open_to_write(const std::string& path);
  static SweepStore open_to_read(const std::string& path);
  /// The same of one that nobody writes as long as this is open.
  static SweepStore open_at_rest(const std::string& path);

  const std::string& path() const { return database_->path(); }
  const SweepPlan& plan() const { return plan_; }
  /// Nothing where it is of all points.
  const std::optional<store::Shard>& shard() const { return shard_; }
  /// Throws base::InputError where it is of a shard: what is made of a store is of a whole sweep.
  void expect_whole() const;
  /// Throws base::InputError where the other one has another plan, inputs or version of the
  /// program.
  void expect_same_sweep(const SweepStore& other) const;
  const std::string& inputs_sha256() const { return header_.inputs_sha256; }
  const std::string& program_version() const { return header_.version; }
  const std::string& command() const { return header_.command; }
  std::int64_t points() const {
    return points_;
  }  ///< that the constraints leave, of a shard its own
  std::int64_t points_of_all() const { return points_of_all_; }  ///< the same of the whole sweep

  void record(const std::vector<std::pair<std::int64_t, PointResult>>& rows);
  std::vector<std::int64_t> recorded() const;  ///< point numbers, ascending
  /// Of a shard: the numbers of its points, ascending.
  std::vector<std::int64_t> wanted() const;
  /// By point number.
  std::vector<SweepRow> rows() const;

 private:
  explicit SweepStore(std::unique_ptr<store::Database> database);
  void read_shard();
  void expect_all_columns() const;
  static SweepStore create(const std::string& path, const store::Header& header,
                           std::int64_t points,
                           const std::function<void(const store::Database&)>& fill);
  using Row = std::pair<std::int64_t, PointResult>;
  static void insert(const store::Database& database, const std::vector<Row>& rows);

  std::unique_ptr<store::Database> database_;
  store::Header header_;
  SweepPlan plan_;
  std::optional<store::Shard> shard_;
  std::int64_t points_ = 0;
  std::int64_t points_of_all_ = 0;
};

struct SweepProgress {
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::int64_t now = 0;  ///< of them, by this call
  double seconds = 0;
  bool stopped = false;  ///< before the last point
};

/// Evaluates every point that the store is to hold and does not, by `threads` at once. The callback
/// is called by one thread at a time. `stop` is asked often, by any of them: where it says true,
/// points under way are given up. Throws base::InputError naming the limit that keeps a thread from
/// being started.
SweepProgress run_sweep(const SweepRunner& runner, SweepStore& store, int threads,
                        const std::function<void(const SweepProgress&)>& callback = {},
                        const std::function<bool()>& stop = {});

}  // namespace lacuna::explore
