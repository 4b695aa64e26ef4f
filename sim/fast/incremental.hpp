// Runs one fault plan after another on the same images and computes only what the faults change.
// The fault-free values of every layer are kept; results equal those of Engine to the bit and to
// the cycle, whichever shortcuts are taken. docs/faults.md describes them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "arch/spec.hpp"
#include "fast/batch_group.hpp"
#include "fast/strike.hpp"
#include "fast/struck_batch.hpp"
#include "fast/weight_reads.hpp"
#include "fault/plan.hpp"
#include "measure/counters.hpp"
#include "measure/fate.hpp"
#include "network/network.hpp"
#include "schedule/residency.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::fast {

/// Exact shortcuts; each can be left out, and changes no result.
struct Shortcuts {
  bool residency = true;   ///< only accesses to faulty cells are replayed; none changed: done
  bool prefix = true;      ///< layers before the first changed weight are not computed
  bool channel = true;     ///< sums are corrected by what changed, not computed again
  bool early_stop = true;  ///< images end where a layer's output equals the fault-free one
};

/// MACs of the images of a plan, cut without remainder: computed, or saved by the first shortcut
/// that applies.
struct Savings {
  std::int64_t computed = 0;
  std::int64_t residency = 0;
  std::int64_t prefix = 0;
  std::int64_t channel = 0;
  std::int64_t early_stop = 0;

  std::int64_t total() const { return computed + residency + prefix + channel + early_stop; }
  Savings& operator+=(const Savings& other);
};

/// Of all batches of one plan.
struct PlanResult {
  std::vector<std::int32_t> logits;           ///< images x classes
  std::vector<std::int64_t> cycles;           ///< [batch]
  std::vector<measure::FaultOutcome> faults;  ///< of all batches, one an entry of the plan
  Savings savings;
};

/// Of the batch that a strike is of.
struct StrikeResult {
  std::vector<std::int32_t> logits;  ///< images of the batch x classes
  std::int64_t cycles = 0;
  std::vector<measure::FaultOutcome> faults;  ///< one an entry of the plan
  std::vector<measure::Fate> fates;           ///< [image of the batch]
  Savings savings;                            ///< of the batch
};

class IncrementalEngine {
 public:
  /// Whether it can serve: the last layer gives logits, and no time is too long for lanes.
  /// References outlive the engine.
  static std::unique_ptr<IncrementalEngine> make(const network::Network& network,
                                                 const schedule::Schedule& schedule,
                                                 const arch::AcceleratorSpec& spec,
                                                 const std::vector<BatchImages>& batches,
                                                 std::int64_t most_bytes);
  ~IncrementalEngine();
  IncrementalEngine(const IncrementalEngine&) = delete;
  IncrementalEngine& operator=(const IncrementalEngine&) = delete;

  /// The fault-free run.
  const PlanResult& golden() const { return golden_; }

  /// `weight_words` is the size of the weight SRAM.
  PlanResult run(const fault::FaultPlan& plan, std::int64_t weight_words,
                 const Shortcuts& shortcuts);

  /// A plan that strikes batch `batch` of those it was made with: see Strikes::effects() for which
  /// ones it knows.
  std::optional<StrikeResult> run_strike(const fault::FaultPlan& plan, std::int64_t batch);

  std::int64_t batch_macs() const { return batch_macs_; }

 private:
  /// Fault-free values of kLanes batches.
  struct Group {
    std::int64_t batches = 0;                     ///< the lanes beyond repeat the last one
    std::vector<std::vector<std::int16_t>> maps;  ///< [map], as in BatchGroup
    std::vector<std::vector<std::int32_t>> sums;  ///< [layer], as BatchGroup::kept_sums()
    std::vector<std::int32_t> stream_cycles;      ///< [stream][lane]
    StepTimes::LaneTimes times;
    std::vector<std::vector<std::int32_t>> logits;
  };
  /// A change of one weight, as the pixels of a tile see it.
  struct Delta {
    std::size_t layer = 0;
    std::size_t job = 0;
    int channel = 0;          ///< of the tile
    std::int64_t offset = 0;  ///< of the value it meets, from the window's corner
    std::int16_t delta = 0;
  };
  /// What of a map differs from the fault-free one.
  struct Difference {
    bool any = false;
    bool bitmap = false;                ///< a value became zero or stopped being it
    std::vector<std::int16_t> values;   ///< new - fault-free; zero at rest
    std::vector<std::uint8_t> changed;  ///< [value]; zero at rest
    std::vector<std::int64_t> list;     ///< of changed values
  };
  using Deltas = std::vector<Delta>;
  using DeltaRange = std::pair<Deltas::const_iterator, Deltas::const_iterator>;

  IncrementalEngine(const network::Network& network, const schedule::Schedule& schedule,
                    const arch::AcceleratorSpec& spec);
  std::int64_t group_bytes() const;
  void keep(const std::vector<BatchImages>& batches);
  void index_loads();
  Deltas deltas_of(const std::vector<WeightChange>& changes) const;

  void run_group(const Group& group, const Deltas& deltas, const Shortcuts& shortcuts,
                 std::size_t first_batch, PlanResult& result);
  void begin_group();
  void end_group(const Group& group);
  void run_layers(const Group& group, const Deltas& deltas, const Shortcuts& shortcuts,
                  Savings& savings);
  void begin_streams(const Group& group);
  bool total_cycles(const Group& group, std::int32_t* totals);
  bool operands_changed(std::size_t index) const;
  void begin_logits(const Group& group);
  void run_layer(std::size_t index, const Group& group, DeltaRange deltas, bool below_change,
                 const Shortcuts& shortcuts, Savings& savings);
  void take_results(const Group& group, std::size_t first_batch, PlanResult& result);
  void time_layer(std::size_t index, const Group& group);
  std::int64_t correct_inputs(std::size_t index, const Group& group, DeltaRange deltas);
  std::int64_t correct_weights(std::size_t index, const Group& group, DeltaRange deltas);
  void compute_again(std::size_t index, const Group& group, DeltaRange deltas);
  void add_deltas(DeltaRange deltas, std::int64_t corner, const std::int16_t* map);
  /// The layer that writes a map for layer `index`: itself, or the pooling that it does on the way.
  const network::Layer& writer(std::size_t index) const;
  std::size_t output_map(std::size_t index) const;
  void compare_outputs(std::size_t index, const Group& group);
  void compare_all(std::size_t map, const Group& group);
  void compare_channel(std::size_t index, const Group& group, const TileJob& job);
  void compare_output(std::size_t index, const Group& group, std::int64_t pixel,
                      std::int64_t channel);
  void compare_value(std::size_t map, const Group& group, std::int64_t value);
  const std::int16_t* values(std::size_t map, const Group& group);
  void forget(std::size_t map);

  const network::Network& network_;
  const schedule::Schedule& schedule_;
  const arch::AcceleratorSpec& spec_;
  schedule::ResidencyMap residency_;
  BatchGroup work_;
  Strikes strikes_;
  StruckBatch struck_;
  std::vector<Group> groups_;
  PlanResult golden_;
  std::int64_t batch_macs_ = 0;
  /// [step] of a PE load: the jobs that its weights are used in.
  std::vector<std::vector<std::size_t>> jobs_of_load_;

  // Of the group that is run now.
  std::vector<Difference> differences_;  ///< [map]
  std::vector<bool> whole_;              ///< [map] whether work_ holds all of its values
  std::vector<bool> is_sliced_;          ///< [map] whether several layers write it
  std::vector<std::int32_t> stream_cycles_;
  bool timed_ = false;   ///< stream_cycles_ is in use
  bool logits_ = false;  ///< work_ has logits of its own
  std::vector<std::uint32_t> pairs_;
};

}  // namespace lacuna::fast
