// A campaign's results: one SQLite file (WAL), written in transactions, so that whatever happens at
// whatever moment it holds whole trials only. Schema "lacuna.campaign/1", see docs/formats.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "campaign/plan.hpp"
#include "campaign/trial.hpp"

namespace lacuna::campaign {

using NumberedOutcome = std::pair<std::int64_t, TrialOutcome>;

class Store {
 public:
  /// A new file for a campaign. Throws base::InputError when it exists, cannot be written, or the
  /// disk is full.
  static Store create(const std::string& path, const TrialRunner& runner);
  /// An existing file, to go on with. Throws base::InputError when it is missing, not a campaign,
  /// of another version, or another process writes it.
  static Store open_to_write(const std::string& path);
  /// An existing file, to look at; also while it is written.
  static Store open_to_read(const std::string& path);

  Store(Store&& other) noexcept;
  Store& operator=(Store&&) = delete;
  ~Store();

  /// The plan as it was when the campaign began.
  const Plan& plan() const { return plan_; }
  const std::string& inputs_sha256() const { return inputs_sha256_; }
  const std::string& program_version() const { return version_; }

  /// Writes outcomes in one transaction. Throws base::InputError naming the file when it cannot be
  /// written; what was written before stays.
  void record(const Plan& plan, const std::vector<NumberedOutcome>& outcomes);

  /// [trial] whether it is in the file.
  std::vector<bool> recorded() const;
  /// All outcomes, by trial number.
  std::vector<NumberedOutcome> outcomes() const;
  struct GoldenRow {
    std::string machine;
    std::string model;
    TrialOutcome outcome;
  };
  /// Fault-free runs, [machine][model] in plan order.
  std::vector<GoldenRow> golden() const;

 private:
  struct Database;
  explicit Store(std::unique_ptr<Database> database);
  static void write_header(const Database& database, const TrialRunner& runner);
  void read_header();

  std::unique_ptr<Database> database_;
  Plan plan_;
  std::string inputs_sha256_;
  std::string version_;
};

}  // namespace lacuna::campaign
