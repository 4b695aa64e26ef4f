// What a simulation counts. Declared once, for both engines and for every report; raw integers
// only: ratios are made where they are shown.
#pragma once

#include <cstdint>
#include <string>
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

  base::Cycles total() const { return stream + weight_load + memory_wait + post_wait + idle; }
  CycleClasses& operator+=(const CycleClasses& other);
};

/// How the stream cycles came about; the three parts sum to CycleClasses::stream.
struct StreamSplit {
  base::Cycles work;        ///< issue slots of the row with the most of them
  base::Cycles imbalance;   ///< rows waiting for each other
  base::Cycles fill_drain;  ///< psums travelling down and right

  StreamSplit& operator+=(const StreamSplit& other);
};

/// Multiply-accumulates; issued + gated + skipped = total = M K N.
struct MacCounts {
  std::int64_t total = 0;
  std::int64_t issued = 0;
  std::int64_t gated = 0;    ///< cost a cycle, save the switching energy
  std::int64_t skipped = 0;  ///< cost neither

  MacCounts& operator+=(const MacCounts& other);
};

/// Accesses of one memory, in values of `bits` bits (bitmap: in words of D bits).
struct AccessCounts {
  std::int64_t reads = 0;
  std::int64_t writes = 0;

  AccessCounts& operator+=(const AccessCounts& other);
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

  LayerCounters& operator+=(const LayerCounters& other);
};

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
