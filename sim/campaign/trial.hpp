// Running one trial: a network on a machine with one draw of faults, against the fault-free run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "campaign/plan.hpp"
#include "campaign/population.hpp"
#include "campaign/sites.hpp"
#include "campaign/strikes.hpp"
#include "fault/fault_file.hpp"
#include "measure/fate.hpp"
#include "run/output_change.hpp"
#include "run/repeated_run.hpp"
#include "run/simulate.hpp"

namespace lacuna::campaign {

/// What became of a trial.
enum class TrialStatus : std::uint8_t { kDone, kCrashed, kTimedOut };
const char* trial_status_name(TrialStatus status);

/// A draw from a population; `number` is its number in the campaign.
struct Trial {
  std::int64_t number = 0;
  std::size_t population = 0;
  std::int64_t draw = 0;
};

/// What a trial's faults are, for people and for the store.
struct TrialFaults {
  std::uint64_t map_seed = 0;              ///< maps
  Site site;                               ///< sites
  std::int64_t step = memory::kPermanent;  ///< upsets
  std::int64_t cycle = memory::kNoCycle;   ///< strikes: from the start of their batch
  std::int64_t batch = memory::kEvery;     ///< strikes
  std::int64_t batch_cycles = 0;           ///< strikes: of their batch without faults
  /// Strikes on single cells: the layer whose weights, map or sums lie in the cell and can still be
  /// read, "input" of the network's input, "several" of a map that several layers write, "none".
  std::string holds;
  std::string phase;  ///< strikes: the layer whose stream runs or is the next; "none": no more
};

/// The outcome of a trial. Images are masked, benign or sdc (run::ImageChange) against the
/// fault-free run of the same network and machine.
struct TrialOutcome {
  static constexpr std::int64_t kNone = -1;

  TrialStatus status = TrialStatus::kDone;
  std::int64_t armed = 0;
  std::int64_t fired = 0;
  std::int64_t correct = 0;  ///< images whose top-1 is their label, or kNone: no labels
  std::int64_t masked = 0;
  std::int64_t benign = 0;
  std::int64_t sdc = 0;
  /// Images whose fault-free top-1 is not among the five first classes; kNone of networks of less
  /// than six classes, and where a store was made before it was counted.
  std::int64_t sdc5 = kNone;
  std::int64_t cycles = 0;  ///< of all images
  std::int64_t late = 0;    ///< images whose batch takes more than the plan's deadline_cycles
  std::string logits_sha256;
  /// Of the outputs' values against the fault-free ones, as run::Deviation::rmse; nothing where a
  /// store was made before it was measured.
  std::optional<double> rmse;
  /// Of strikes, where of the batch's images the one ended that came farthest, and the layer's name
  /// ("" where nothing was read); nothing of others, and where a store was made before it was
  /// known.
  std::optional<measure::FateStage> ended;
  std::string ended_in;
  fast::Savings savings;  ///< how it was computed; no part of the result

  bool has_labels() const { return correct != kNone; }
  /// Images that are right: correct ones, or without labels those that are no sdc.
  std::int64_t right() const { return has_labels() ? correct : masked + benign; }
};

/// What became of one image of a trial.
struct ImageOutcome {
  std::optional<int> label;
  std::optional<int> golden_top1;  ///< of networks that say a class
  std::optional<int> top1;
  run::ImageChange change = run::ImageChange::kMasked;
  std::optional<bool> outside_top5;  ///< of networks of at least six classes
  double rmse = 0;                   ///< of its outputs' values; infinite as run::Deviation::rmse
  /// Of strikes: where it ended, and the layer's name; nothing of images of other batches.
  std::optional<measure::FateStage> ended;
  std::string ended_in;
  std::int64_t golden_cycles = 0;  ///< of the image's batch
  std::int64_t cycles = 0;
};

/// Loads each pair of machine and network once, and runs trials on it. Trial k is a pure function
/// of the plan, its files, and k.
class TrialRunner {
 public:
  /// Reads machines, models, fault files and images of the plan; maps every pair and runs it once
  /// without faults. Throws base::InputError.
  explicit TrialRunner(const Plan& plan);
  TrialRunner(TrialRunner&& other) noexcept;
  ~TrialRunner();

  const Plan& plan() const { return plan_; }
  const TrialOutcome& golden(std::size_t machine, std::size_t model) const;
  const run::FaultFree& fault_free(std::size_t machine, std::size_t model) const;
  /// Of all images without zero skipping.
  std::int64_t dense_cycles(std::size_t machine, std::size_t model) const;
  /// Names for people: of the machine and the network.
  const std::string& machine_name(std::size_t machine) const { return machine_names_[machine]; }
  const std::string& model_name(std::size_t model) const { return model_names_[model]; }
  /// SHA-256 over the contents of all files that the results depend on, in plan order.
  const std::string& inputs_sha256() const { return inputs_sha256_; }

  const std::vector<Population>& populations() const { return populations_; }
  /// One more than the highest trial number.
  std::int64_t trial_count() const;
  /// `number` is below trial_count().
  Trial trial(std::int64_t number) const;
  TrialFaults faults(const Trial& trial) const;
  fault::FaultPlan fault_plan(const Trial& trial) const;
  /// The names of the network's layers.
  std::vector<std::string> layer_names(const Trial& trial) const;

  TrialOutcome run(const Trial& trial, const fast::Shortcuts& shortcuts = {}) const;
  /// The same in full on either engine; `vcd_path` as in run::simulate.
  TrialOutcome run_whole(const Trial& trial, run::EngineKind kind,
                         const std::string& vcd_path = {}) const;
  std::vector<ImageOutcome> run_images(const Trial& trial) const;

 private:
  struct Moments;
  struct Pair;

  void add_populations(std::size_t machine, std::size_t model);
  void add_fault_files(std::size_t machine, std::size_t model,
                       const std::vector<fault::FaultFile>& files);
  void add_population(Population population);
  const Pair& pair(std::size_t machine, std::size_t model) const {
    return *pairs_[machine * plan_.models.size() + model];
  }
  const Pair& pair(const Trial& trial) const {
    const Population& own = populations_[trial.population];
    return pair(own.machine, own.model);
  }
  void add_site_populations(Pair& own, Population population);
  void add_moments(Pair& own) const;
  std::uint32_t site_number(const Trial& trial) const;
  std::int64_t step_of(const Trial& trial) const;
  struct Strike {
    std::uint32_t site = 0;
    StrikeTime time;
  };
  Strike strike(const Trial& trial) const;
  void name_layers(const Trial& trial, std::uint32_t site, const StrikeTime& time,
                   TrialFaults& faults) const;
  TrialOutcome summarise(const Pair& pair, const std::vector<std::int32_t>& logits,
                         const std::vector<std::int64_t>& cycles,
                         const std::vector<measure::FaultOutcome>& faults,
                         const run::PlanOutcome* measured = nullptr) const;

  Plan plan_;
  std::vector<std::unique_ptr<Pair>> pairs_;  ///< [machine][model]
  std::vector<Population> populations_;
  struct SiteStratum {
    std::size_t table = 0;  ///< of the pair's, one a shape
    std::size_t stratum = 0;
    std::size_t moment = 0;  ///< of the pair's, of strikes
  };
  std::uint64_t stream_of(const SiteStratum& place, const SiteTable& table) const;
  std::vector<SiteStratum> site_strata_;  ///< [population]; of sites only
  std::vector<std::string> machine_names_;
  std::vector<std::string> model_names_;
  std::string inputs_sha256_;
};

}  // namespace lacuna::campaign
