// A campaign's results: one SQLite file (WAL), written in transactions, so that whatever happens at
// whatever moment it holds whole trials only. Schema "lacuna.campaign/2", see docs/formats.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "campaign/outcome_counts.hpp"
#include "campaign/part.hpp"
#include "campaign/plan.hpp"
#include "campaign/population.hpp"
#include "campaign/trial.hpp"
#include "store/database.hpp"

namespace lacuna::campaign {

/// Most cycles, faults or places; sums over the trials of a campaign stay far below 2^63.
inline constexpr std::int64_t kMostCount = std::int64_t{1} << 48;

/// A fault-free run as the store holds it.
struct GoldenRow {
  std::string machine;
  std::string model;
  TrialOutcome outcome;
  std::int64_t dense_cycles = 0;
  bool classes = true;  ///< an output says a class
  /// Root mean square of the outputs' values; nothing where a store was made before it was
  /// measured.
  std::optional<double> output_rms;
};

/// A trial as the store holds it.
struct TrialRow {
  Trial trial;
  TrialFaults faults;
  TrialOutcome outcome;

  /// As run::sqnr_db; nothing, too, where it is not known.
  std::optional<double> sqnr_db(const GoldenRow& golden) const;
};

/// A trial without an outcome: each worker that ran it was ended by something else than it.
struct LostTrial {
  std::int64_t number = 0;
  std::string reason;
};

/// Sums over the recorded draws of a population.
struct Tally {
  std::int64_t done = 0;      ///< trials with a result
  std::int64_t failed = 0;    ///< crashed or timed out
  std::int64_t critical = 0;  ///< top-1 changed in more than the plan's share of the images
  std::int64_t correct = 0;   ///< images, of all trials: TrialOutcome::right()
  std::int64_t correct_squared = 0;

  void add(const TrialOutcome& outcome, double critical_images);
};

class Store {
 public:
  /// A new file for a campaign, or for a part of it. `command` is what began it. Throws
  /// base::InputError when it exists, cannot be written, or the disk is full.
  static Store create(const std::string& path, const TrialRunner& runner,
                      const std::string& command, const std::optional<Part>& part = {});
  /// A new file for the campaign of `like`, not a part of it, with all trials of `files`, which
  /// have to be at rest and as many as `trials`. Throws base::InputError and leaves no file.
  static Store create_of(const std::vector<std::string>& files, std::int64_t trials,
                         const std::string& path, const Store& like, const std::string& command);
  /// An existing file, to go on with. Throws base::InputError when it is missing, not a campaign,
  /// of another version, or another process writes it.
  static Store open_to_write(const std::string& path);
  /// An existing file, to look at; also while it is written.
  static Store open_to_read(const std::string& path);
  /// The same of one that nobody writes as long as this is open.
  static Store open_at_rest(const std::string& path);

  Store(Store&& other) noexcept;
  Store& operator=(Store&&) = delete;
  ~Store();

  /// The plan as it was when the campaign began.
  const Plan& plan() const { return plan_; }
  const std::vector<Population>& populations() const { return populations_; }
  /// One more than the highest trial number.
  std::int64_t trial_count() const {
    return populations_.empty() ? 0 : populations_.back().first_trial + populations_.back().most;
  }
  /// Nothing where it is of all of the campaign.
  const std::optional<Part>& part() const { return part_; }
  /// Throws base::InputError where it is of a part: what is made of a store is of a whole campaign.
  void expect_whole() const;
  /// Throws base::InputError where the other one is not of the same campaign: plan, inputs, version
  /// of the program, and what follows from them.
  void expect_same_campaign(const Store& other) const;
  /// The same for a runner.
  void expect_campaign_of(const TrialRunner& runner) const;
  const std::string& path() const { return database_->path(); }
  const std::string& inputs_sha256() const { return header_.inputs_sha256; }
  const std::string& program_version() const { return header_.version; }
  const std::string& command() const { return header_.command; }
  /// The command that runs trial `number` again, from the folder the campaign began in.
  std::string replay_command(std::int64_t number) const;

  /// Writes rows in one transaction. Throws base::InputError naming the file when it cannot be
  /// written; what was written before stays.
  void record(const std::vector<TrialRow>& rows, const std::vector<LostTrial>& lost = {});
  /// By trial number; none that is recorded.
  std::vector<LostTrial> lost() const;
  std::optional<LostTrial> find_lost(std::int64_t number) const;
  /// They count as never run from then on.
  void forget_lost();

  /// [trial] whether it is in the file.
  std::vector<bool> recorded() const;
  /// Says so in a list of trial_count() flags, and leaves the others.
  void mark_recorded(std::vector<bool>& done) const;
  std::int64_t recorded_count() const;
  /// Top-1 changes in more images than this make a fault a critical one.
  double critical_images() const;
  /// Of draws 0 to `draws` - 1.
  Tally tally(std::size_t population, std::int64_t draws) const;
  /// Every row, by trial number.
  void for_each(const std::function<void(const TrialRow&)>& visit) const;
  std::optional<TrialRow> find(std::int64_t number) const;
  /// Fault-free runs, [machine][model] in plan order.
  const std::vector<GoldenRow>& golden() const { return golden_; }
  const GoldenRow& golden_of(const Population& population) const {
    return golden_[population.machine * plan_.models.size() + population.model];
  }

 private:
  static constexpr const char* kSchema = "lacuna.campaign/2";
  /// Not in stores of 0.1.0.
  static constexpr const char* kLostTable =
      "CREATE TABLE IF NOT EXISTS lost (trial INTEGER PRIMARY KEY, reason TEXT NOT NULL)";
  /// Not in stores of 0.1.0; null of trials without a result.
  static constexpr const char* kRmse = "rmse";

  explicit Store(std::unique_ptr<store::Database> database);
  /// What two stores of one campaign have in common.
  struct Identity {
    std::string name;  ///< of whose it is
    const store::Header& header;
    const std::vector<GoldenRow>& golden;
    const std::vector<Population>& populations;
  };
  void expect(const Identity& other) const;
  static store::Header header_of(const TrialRunner& runner, const std::string& command);
  static Store create(const std::string& path, const store::Header& header,
                      const std::function<void(const store::Database&)>& fill);
  static void write_golden(const store::Database& database, const std::vector<GoldenRow>& golden,
                           std::size_t models);
  static void write_populations(const store::Database& database,
                                const std::vector<Population>& populations);
  static void write_part(const store::Database& database, const Part& part);
  void read_header();
  void read_part();
  void read_golden();
  void read_populations();
  void check_population(const Population& own, const std::string& shape) const;
  void check_row(const TrialRow& row) const;
  TrialRow read_row(const store::Statement& query) const;
  std::string select_trials() const;
  /// Which columns the file has that those of 0.1.0 have not.
  struct Later {
    bool rmse = true;
    bool strikes = true;  ///< and what came with them
    bool endings = true;  ///< and what came with them

    bool has(Since since) const {
      return since == Since::kFirst || (since == Since::kStrikes ? strikes : endings);
    }
    /// Of a trial: which one it is, its status, the counts of its result, the hash of its logits,
    /// how it was computed, what became of the outputs' values, what strikes came with, and where
    /// they ended.
    std::vector<std::string> columns() const;
  };
  static void insert(const store::Database& database, const Later& later,
                     const std::vector<TrialRow>& rows, const std::vector<LostTrial>& lost);

  std::unique_ptr<store::Database> database_;
  Plan plan_;
  std::vector<Population> populations_;
  std::vector<GoldenRow> golden_;
  std::optional<Part> part_;
  store::Header header_;
  std::string replay_;
  Later later_;
};

}  // namespace lacuna::campaign
