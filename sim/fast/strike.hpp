// What a strike does to a batch before anything follows from it. A strike is upsets at one cycle of
// one batch, in one memory. Until then the batch is as without faults, and each of its accesses
// lies on the same side of that cycle as there, so fault-free values and times tell which reads see
// the flipped bits: docs/faults.md has the table of times.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "arch/spec.hpp"
#include "fast/batch_group.hpp"
#include "fast/stream_trace.hpp"
#include "fault/plan.hpp"
#include "measure/counters.hpp"
#include "network/network.hpp"
#include "schedule/activation_residency.hpp"
#include "schedule/residency.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::fast {

/// The fault-free values of a batch and its times: one lane of a group's.
struct FaultFreeBatch {
  const std::vector<std::vector<std::int16_t>>& maps;  ///< [map], as in BatchGroup
  const std::vector<std::vector<std::int32_t>>& sums;  ///< [layer], as BatchGroup::kept_sums()
  const StepTimes::LaneTimes& times;
  std::size_t lane = 0;
  std::int64_t number = 0;  ///< tells batches apart
};

/// A sum of a layer is another one, or what the post unit reads beside it.
struct ValueChange {
  std::size_t layer = 0;
  std::int64_t row = 0;  ///< of the batch
  std::int64_t x = 0;
  std::int64_t channel = 0;  ///< of the layer
  std::uint32_t delta = 0;   ///< modulo 2^32
};

/// A stream takes another time.
struct StreamChange {
  std::size_t stream = 0;  ///< number of the stream
  std::int64_t cycles = 0;
};

/// A layer has read a struck bit on behalf of an image.
struct StruckRead {
  std::size_t layer = 0;
  std::int64_t image = 0;

  friend bool operator==(const StruckRead& a, const StruckRead& b) {
    return a.layer == b.layer && a.image == b.image;
  }
};

struct StrikeEffects {
  std::vector<ValueChange> sums;  ///< of one sum there may be several
  std::vector<ValueChange> seconds;
  std::vector<StreamChange> streams;
  std::vector<StruckRead> reads;
  std::vector<measure::FaultOutcome> outcomes;  ///< one an entry of the plan

  /// Nothing follows from it.
  bool empty() const { return sums.empty() && seconds.empty() && streams.empty(); }
};

class Strikes {
 public:
  /// All references outlive this.
  Strikes(const network::Network& network, const schedule::Schedule& schedule,
          const arch::AcceleratorSpec& spec, const BatchGroup& program,
          const schedule::ResidencyMap& weights);

  /// Nothing where the plan is no strike, or what it changes is read by other units than the array.
  std::optional<StrikeEffects> effects(const fault::FaultPlan& plan, const FaultFreeBatch& batch);

 private:
  /// A stream with what it works for.
  struct Stream {
    schedule::StepId step = schedule::kNoStep;
    schedule::StepId load = schedule::kNoStep;  ///< of the weights that it uses
    std::size_t layer = 0;
    std::size_t job = 0;
    std::size_t front = 0;
    std::int64_t drain = 0;
  };
  /// A tile job with its steps.
  struct Job {
    std::size_t layer = 0;
    std::size_t job = 0;
    std::size_t first_stream = 0;
    std::size_t streams = 0;
    schedule::StepId post = schedule::kNoStep;
    std::int64_t entry = 0;  ///< of the accumulators
  };
  /// A load of the PEs.
  struct Load {
    schedule::StepId step = schedule::kNoStep;
    std::vector<std::size_t> streams;  ///< that use it
  };
  /// A weight of a block, and what it is wrong by.
  struct WrongWeight {
    std::int64_t index = 0;   ///< of the pass
    std::int64_t column = 0;  ///< of the tile
    int delta = 0;
  };
  /// Bits of one lane of a memory, struck together.
  struct Struck {
    memory::CellPosition cell;  ///< of the lowest bit that is struck
    std::int64_t lane = 0;
    std::uint32_t mask = 0;
    std::vector<std::size_t> faults;  ///< of the plan
  };
  /// One of the array's registers for sums.
  struct SumRegister {
    int row = 0;
    std::int64_t column = 0;
    std::int64_t place = 0;  ///< of the pixels whose number mod `places` it is
    std::int64_t places = 1;
  };
  /// What happens to the struck bits.
  struct Reads {
    std::int64_t count = 0;
    bool overwritten = false;  ///< unread
  };
  /// A pixel of a stream.
  struct Pixel {
    std::int64_t number = 0;
    std::int64_t row = 0;  ///< of the batch
    std::int64_t x = 0;
  };
  struct Query;

  void index_steps();
  std::optional<std::vector<Struck>> lanes_of(const fault::FaultPlan& plan) const;
  std::optional<Reads> strike(Query& query, const Struck& struck);
  Reads strike_weight(Query& query, const Struck& struck);
  std::optional<Reads> strike_value(Query& query, const Struck& struck);
  void strike_stream(Query& query, const Stream& stream, const schedule::ValueStay& held,
                     const Struck& struck, Reads& reads);
  Reads strike_accumulator(Query& query, const Struck& struck);
  Reads strike_pe_weight(Query& query, const Struck& struck);
  template <class Written, class Held>
  Reads strike_sum(Query& query, const Struck& struck, const SumRegister& own, Written written,
                   Held held);
  Reads strike_pe_sum(Query& query, const Struck& struck);
  Reads strike_fifo(Query& query, const Struck& struck);
  void strike_second(Query& query, schedule::StepId post, const schedule::ValueStay& held,
                     const Struck& struck, Reads& reads);
  void time_streams(Query& query);
  /// Pixels for which `reads` says so see a wrong weight; how many products that are.
  template <class Seen>
  std::int64_t weigh_wrong(Query& query, const Stream& stream, const WrongWeight& wrong,
                           Seen seen) const;
  int wrong_by(const network::Layer& layer, std::int64_t channel, std::int64_t k,
               std::uint32_t mask) const;

  const schedule::Step& step(schedule::StepId id) const {
    return schedule_.steps[static_cast<std::size_t>(id)];
  }
  const schedule::Block& block(const Stream& stream) const {
    return schedule_.blocks[static_cast<std::size_t>(step(stream.step).block)];
  }
  const network::Layer& layer(const Stream& stream) const { return network_.layers[stream.layer]; }
  const LayerProgram& program(const Stream& stream) const {
    return program_.layers()[stream.layer];
  }
  const schedule::PixelRange& range(const Stream& stream) const;
  const Corners& corners(const Stream& stream) const;
  const PassRows& pass(const Stream& stream) const;
  std::int64_t start(const Query& query, schedule::StepId id) const;
  std::int64_t end(const Query& query, schedule::StepId id) const;
  const StreamTrace& trace(const Query& query, const Stream& stream);
  StreamTrace make_trace(const Query& query, const Stream& stream,
                         const std::vector<IssueChange>& changes);
  Pixel pixel(const Stream& stream, std::int64_t number) const;
  std::int16_t operand(const Query& query, const Stream& stream, std::int64_t pixel,
                       std::int64_t index) const;
  std::uint32_t product(const Query& query, const Stream& stream, std::int64_t pixel,
                        std::int64_t index, std::int64_t channel) const;
  std::int64_t post_time(const Query& query, schedule::StepId post, std::int64_t entry) const;
  std::int64_t write_time(const Query& query, const schedule::ValueStay& held) const;
  void add_sum(Query& query, const Stream& stream, const Pixel& pixel, std::int64_t channel,
               std::uint32_t delta) const;
  /// A read on behalf of the image of a pixel.
  void note_read(Query& query, const Stream& stream, std::int64_t row) const;
  /// Whether a register of the array is written in a stream that starts after `stream`.
  bool written_later(std::size_t stream, int row, std::int64_t column, std::int64_t places) const;
  const std::vector<schedule::ValueStay>& stays(const memory::CellPosition& cell, std::int64_t lane,
                                                bool bitmap);

  const network::Network& network_;
  const schedule::Schedule& schedule_;
  const arch::AcceleratorSpec& spec_;
  const BatchGroup& program_;
  const schedule::ResidencyMap& weights_;
  schedule::ActivationResidency values_;
  schedule::ActivationResidency bitmap_;
  bool skips_;
  std::vector<Stream> streams_;  ///< in list order
  std::vector<Job> jobs_;        ///< in list order
  std::vector<Load> loads_[2];   ///< [set], in list order
  /// [step] of a stream: its number; of a PE load: its number among those of its set.
  std::vector<std::size_t> number_of_step_;
  /// [slot] of values and of their bits, those that have been asked for.
  std::vector<std::optional<std::vector<schedule::ValueStay>>> stays_[2];
  std::unordered_map<std::int64_t, StreamTrace> traces_;  ///< kept while they are few
  std::int64_t trace_bytes_ = 0;
};

}  // namespace lacuna::fast
