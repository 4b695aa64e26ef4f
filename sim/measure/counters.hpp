// What a simulation counts. Declared once, for both engines and for every report: as a member, and
// as a line of the tables at the end, which sums, records, waves and pages walk. Raw integers only:
// ratios are made where they are shown (run/figures.hpp).
#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <type_traits>
#include <vector>

#include "base/units.hpp"

namespace lacuna::measure {

/// The classes that cut the cycles of an inference without remainder; each cycle has the first
/// class that applies.
struct CycleClasses {
  base::Cycles stream;       ///< a pass is in the array
  base::Cycles weight_load;  ///< PE weights are being loaded
  base::Cycles memory_wait;  ///< the next stream waits for DRAM traffic
  base::Cycles post_wait;    ///< the next stream waits for the post unit
  base::Cycles idle;         ///< nothing runs: zero unless stalls are injected

  base::Cycles total() const;
  CycleClasses& operator+=(const CycleClasses& other);
};

/// How the stream cycles came about; the three parts sum to CycleClasses::stream.
struct StreamSplit {
  base::Cycles work;        ///< issue slots of the row with the most of them
  base::Cycles imbalance;   ///< rows waiting for each other
  base::Cycles fill_drain;  ///< psums travelling down and right
};

/// Multiply-accumulates; issued + gated + skipped = total = M K N.
struct MacCounts {
  std::int64_t total = 0;
  std::int64_t issued = 0;
  std::int64_t gated = 0;    ///< cost a cycle, save the switching energy
  std::int64_t skipped = 0;  ///< cost neither
};

/// Accesses of one memory, in values of `bits` bits (bitmap: in words of D bits).
struct AccessCounts {
  std::int64_t reads = 0;
  std::int64_t writes = 0;
};

struct LayerCounters {
  CycleClasses cycles;
  StreamSplit stream;
  MacCounts macs;
  AccessCounts weight_sram;
  AccessCounts activation_sram;
  AccessCounts bitmap;
  AccessCounts accumulators;
  base::Bytes dram_read;
  base::Bytes dram_written;
  std::int64_t input_values = 0;    ///< values of the layer's input map (all images)
  std::int64_t input_nonzeros = 0;  ///< of these, how many are not zero

  LayerCounters& operator+=(const LayerCounters& other) { return add(other, 1); }
  /// Adds those of `times` equal batches.
  LayerCounters& add(const LayerCounters& other, std::int64_t times);
};

/// A class of cycles, as it is called.
struct CycleClass {
  const char* key;    ///< in records, waves and timelines
  const char* name;   ///< for people
  const char* bound;  ///< what a layer is bound by that spends most of its cycles so
  base::Cycles CycleClasses::*member;
};

/// In the order in which a cycle is given to one of them.
inline constexpr CycleClass kCycleClasses[] = {
    {"stream", "stream", "array", &CycleClasses::stream},
    {"weight_load", "weight load", "weight_load", &CycleClasses::weight_load},
    {"memory_wait", "memory wait", "dram", &CycleClasses::memory_wait},
    {"post_wait", "post wait", "post", &CycleClasses::post_wait},
    {"idle", "idle", "idle", &CycleClasses::idle},
};
static_assert(sizeof(CycleClasses) == std::size(kCycleClasses) * sizeof(base::Cycles));

inline base::Cycles CycleClasses::total() const {
  base::Cycles sum;
  for (const CycleClass& own : kCycleClasses) sum += this->*own.member;
  return sum;
}

/// A member of LayerCounters. A layer's is the sum over its batches, a run's over its layers.
struct Counter {
  const char* key;     ///< dotted path in a run record
  const char* column;  ///< in a CSV file, with its unit; empty: it is no column
  const char* unit;
  const char* meaning;
  std::int64_t (*of)(const LayerCounters& counters);
  std::int64_t& (*in)(LayerCounters& counters);
};

/// The raw number behind a path of members.
template <class Object, auto Member, auto... Inner>
constexpr auto& number_in(Object& object) {
  auto& value = object.*Member;
  using Value = std::remove_reference_t<decltype(value)>;
  if constexpr (sizeof...(Inner) > 0) {
    return number_in<Value, Inner...>(value);
  } else if constexpr (std::is_integral_v<Value>) {
    return value;
  } else {
    return value.value;
  }
}

template <auto... Path>
constexpr Counter counter(const char* key, const char* column, const char* unit,
                          const char* meaning) {
  return {key,
          column,
          unit,
          meaning,
          [](const LayerCounters& counters) -> std::int64_t {
            return number_in<const LayerCounters, Path...>(counters);
          },
          [](LayerCounters& counters) -> std::int64_t& {
            return number_in<LayerCounters, Path...>(counters);
          }};
}

/// In the order of a run record.
inline constexpr Counter kCounters[] = {
    counter<&LayerCounters::input_values>("input_values", "", "values", "of the layer's input map"),
    counter<&LayerCounters::input_nonzeros>("input_nonzeros", "", "values",
                                            "of these, how many are not zero"),
    counter<&LayerCounters::cycles, &CycleClasses::weight_load>(
        "cycles.weight_load", "weight_load_cycles", "cycles", "PE weights are being loaded"),
    counter<&LayerCounters::cycles, &CycleClasses::stream>("cycles.stream", "stream_cycles",
                                                           "cycles", "a pass is in the array"),
    counter<&LayerCounters::cycles, &CycleClasses::memory_wait>(
        "cycles.memory_wait", "memory_wait_cycles", "cycles",
        "the next stream waits for DRAM traffic"),
    counter<&LayerCounters::cycles, &CycleClasses::post_wait>(
        "cycles.post_wait", "post_wait_cycles", "cycles",
        "the next stream waits for the post unit"),
    counter<&LayerCounters::cycles, &CycleClasses::idle>(
        "cycles.idle", "idle_cycles", "cycles", "nothing runs: 0 unless stalls are injected"),
    counter<&LayerCounters::macs, &MacCounts::total>("macs.total", "macs", "MACs",
                                                     "multiply-accumulates, M x N x K"),
    counter<&LayerCounters::macs, &MacCounts::issued>("macs.issued", "issued_macs", "MACs",
                                                      "that a PE does"),
    counter<&LayerCounters::macs, &MacCounts::gated>(
        "macs.gated", "gated_macs", "MACs", "that cost a cycle and save the switching energy"),
    counter<&LayerCounters::macs, &MacCounts::skipped>("macs.skipped", "skipped_macs", "MACs",
                                                       "that cost neither"),
    counter<&LayerCounters::stream, &StreamSplit::work>(
        "stream.work", "work_cycles", "cycles",
        "of the streams: issue slots of the row with the most of them"),
    counter<&LayerCounters::stream, &StreamSplit::imbalance>(
        "stream.imbalance", "imbalance_cycles", "cycles",
        "of the streams: rows waiting for each other"),
    counter<&LayerCounters::stream, &StreamSplit::fill_drain>(
        "stream.fill_drain", "fill_drain_cycles", "cycles",
        "of the streams: psums travelling down and right"),
    counter<&LayerCounters::weight_sram, &AccessCounts::reads>("memory.weight_sram.reads", "",
                                                               "values", "read"),
    counter<&LayerCounters::weight_sram, &AccessCounts::writes>("memory.weight_sram.writes", "",
                                                                "values", "written"),
    counter<&LayerCounters::activation_sram, &AccessCounts::reads>("memory.activation_sram.reads",
                                                                   "", "values", "read"),
    counter<&LayerCounters::activation_sram, &AccessCounts::writes>("memory.activation_sram.writes",
                                                                    "", "values", "written"),
    counter<&LayerCounters::bitmap, &AccessCounts::reads>("memory.activation_bitmap.reads", "",
                                                          "words", "read"),
    counter<&LayerCounters::bitmap, &AccessCounts::writes>("memory.activation_bitmap.writes", "",
                                                           "words", "written"),
    counter<&LayerCounters::accumulators, &AccessCounts::reads>("memory.accumulator_sram.reads", "",
                                                                "values", "read"),
    counter<&LayerCounters::accumulators, &AccessCounts::writes>("memory.accumulator_sram.writes",
                                                                 "", "values", "written"),
    counter<&LayerCounters::dram_read>("dram.read_bytes", "dram_read_bytes", "bytes",
                                       "read from DRAM, set-up not included"),
    counter<&LayerCounters::dram_written>("dram.written_bytes", "dram_written_bytes", "bytes",
                                          "written to DRAM"),
};
static_assert(sizeof(LayerCounters) == std::size(kCounters) * sizeof(std::int64_t),
              "every member has its line");

/// What one fault of a plan did, in plan order.
struct FaultOutcome {
  std::int64_t reads_changed = 0;  ///< reads whose value the fault changed
  bool overwritten = false;        ///< an upset that a write removed before any read
};
/// What an engine measured for one batch.
struct BatchResult {
  std::vector<LayerCounters> layers;            ///< one an entry of the network's layers
  std::vector<std::int32_t> logits;             ///< images x classes; empty without logits
  std::vector<std::vector<std::int32_t>> sums;  ///< [layer] tapped: M x N biased sums; else empty
  base::Cycles cycles;
};

}  // namespace lacuna::measure
