// Every key of a hardware file, declared once: name, unit, meaning, place in the spec, range and
// default. The reader, the validator, the record of a run and the table in docs/hardware.md all
// walk this list. Private to the room.
//
// What may be left out, and why: a key has a default where it is a policy or a detail of the
// plainest hardware, or where there is one value. Whatever sizes a block, sets a rate or decides
// what a fault does to a value is required: forgotten, it would be another machine in silence.
// A key that is added later has a default that means what the machine did before.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <type_traits>

#include "arch/spec.hpp"

namespace lacuna::arch {

// The simulator allocates every cell of a limited memory, hence the upper bounds of capacities.
inline constexpr std::int64_t kMaxCapacityBytes = std::int64_t{1} << 30;
inline constexpr std::int64_t kMaxEntries = std::int64_t{1} << 24;
inline constexpr std::int64_t kMaxPeWeights = std::int64_t{1} << 24;  ///< rows x cols x D
inline constexpr int kMaxLatency = 1'000'000;
// Least times so that the cycles of 2^50 bytes are far from 2^63.
inline constexpr base::Ratio kMinRate{1, 1000};
inline constexpr base::Ratio kMaxRate{65536};
inline constexpr int kMaxMhz = 100'000;

/// Where a key stands and what it is; a section "" is the file's top level.
struct FieldName {
  const char* section;
  const char* key;
  const char* unit;
  const char* meaning;  ///< one line of Markdown
};

/// Not deduced, so that a plain value can be handed over.
template <class T>
using Default = std::optional<std::common_type_t<T>>;

/// Calls visitor.text(name, value), integer(name, value, min, max, default), limit (the same),
/// flag(name, value, default), choice(name, value, values, default) and rate(a cycle's name, a
/// second's name, a cycle's value, a second's value), of which a file has one, for each key in the
/// order of the file. A key without a default is required. `Spec` is AcceleratorSpec, const or not.
template <class Spec, class Visitor>
void visit_fields(Spec& spec, Visitor& visitor) {
  visitor.text({"", "name", "", "shown in reports"}, spec.name);

  auto& array = spec.array;
  visitor.integer({"array", "rows", "PEs", "R; a row works on its share of the reduction indices"},
                  array.rows, 1, 1024);
  visitor.integer({"array", "cols", "PEs", "C; a column works on one output channel"}, array.cols,
                  1, 1024);
  visitor.integer({"array", "weights_per_pe", "weights",
                   "D; a pass holds up to R x D indices of C channels. R x C x D at most 2^24"},
                  array.weights_per_pe, 1, 256);
  visitor.choice({"array", "dataflow", "", "what stays in the PEs during a pass"}, array.dataflow,
                 {{"weight_stationary", Dataflow::kWeightStationary}}, Dataflow::kWeightStationary);
  visitor.choice({"array", "weight_load", "",
                  "shadowed: two weight sets a PE, one is loaded while the other works"},
                 array.weight_load,
                 {{"serial", WeightLoad::kSerial}, {"shadowed", WeightLoad::kShadowed}},
                 WeightLoad::kSerial);
  // A slot that is popped can be refilled one cycle later: with one slot a row would stall always.
  visitor.integer({"array", "psum_fifo_depth", "sums",
                   "F; partial sums between two rows. A popped place is free a cycle later, so 1 "
                   "would stall always"},
                  array.psum_fifo_depth, 2, 64, 2);
  visitor.integer({"array", "local_accumulators", "sums",
                   "with 2 a row goes on while a finished sum waits for its turn"},
                  array.local_accumulators, 1, 2, 1);
  visitor.choice(
      {"array", "k_order", "", "which indices a row gets: consecutive ones, or every R-th"},
      array.k_order, {{"blocked", KOrder::kBlocked}, {"interleaved", KOrder::kInterleaved}},
      KOrder::kBlocked);
  visitor.flag({"array", "whole_folds", "",
                "whether rows and columns that a pass does not use cost time, too"},
               array.whole_folds, false);

  visitor.choice({"", "zero_skipping", "",
                  "a zero activation costs its cycle; its cycle but no switching; nothing"},
                 spec.zero_skipping,
                 {{"none", ZeroSkipping::kNone},
                  {"gate", ZeroSkipping::kGate},
                  {"skip", ZeroSkipping::kSkip}});

  auto& weights = spec.weight_sram;
  visitor.limit({"weight_sram", "capacity_bytes", "bytes",
                 "a whole number of rows: a multiple of banks x word_bits / 8"},
                weights.capacity_bytes, 1, kMaxCapacityBytes);
  visitor.integer({"weight_sram", "word_bits", "bits", "a word of one bank; at least one weight"},
                  weights.word_bits, 2, 4096);
  visitor.integer({"weight_sram", "banks", "words a cycle", "words that can be read in one cycle"},
                  weights.banks, 1, 1024);
  visitor.choice({"weight_sram", "encoding", "",
                  "the code of a weight in memory; what a stuck cell does depends on it"},
                 weights.encoding,
                 {{"twos_complement", tensor::Encoding::kTwosComplement},
                  {"offset_binary", tensor::Encoding::kOffsetBinary},
                  {"sign_magnitude", tensor::Encoding::kSignMagnitude}});

  auto& activations = spec.activation_sram;
  visitor.limit({"activation_sram", "capacity_bytes", "bytes",
                 "of the values, in whole rows; the bitmap (one bit a value) comes on top"},
                activations.capacity_bytes, 1, kMaxCapacityBytes);
  visitor.integer({"activation_sram", "word_bits", "bits", "at least one activation"},
                  activations.word_bits, 2, 4096);
  visitor.integer({"activation_sram", "banks", "",
                   "every row reads a value a cycle at any address (copies or a crossbar): "
                   "conflicts are not simulated"},
                  activations.banks, 1, 1024);

  // Array and post unit use alternate halves of the entries, hence at least two.
  visitor.limit({"accumulator_sram", "entries_per_lane", "sums",
                 "32-bit sums a column; array and post unit use alternate halves. Entries x cols "
                 "at most 2^24"},
                spec.accumulators.entries_per_lane, 2, kMaxEntries);

  visitor.limit({"post", "lanes", "channels a cycle",
                 "channels that the post unit takes in a cycle, at most `array.cols`"},
                spec.post.lanes, 1, 1024);
  visitor.integer({"post", "latency_cycles", "cycles",
                   "from the end of the last pass to the first entry taken"},
                  spec.post.latency_cycles, 0, kMaxLatency, 4);

  visitor.integer({"dram", "latency_cycles", "cycles", "from request to first byte"},
                  spec.dram.latency_cycles, 0, kMaxLatency);
  visitor.rate({"dram", "bytes_per_cycle", "bytes a cycle",
                "bandwidth, loads and stores together; it or `dram.gigabytes_per_second`"},
               {"dram", "gigabytes_per_second", "10^9 bytes/s",
                "the same by the clock: 1000 / `clock_mhz` times as many bytes a cycle, exactly, "
                "which must be 0.001 to 65536"},
               spec.dram.bytes_per_cycle, spec.dram.gigabytes_per_second);

  visitor.integer({"precision", "weight_bits", "bits", "width of a stored weight"},
                  spec.precision.weight_bits, 2, 8);
  visitor.integer({"precision", "activation_bits", "bits", "width of a stored activation"},
                  spec.precision.activation_bits, 2, 8);
  visitor.integer({"precision", "accumulator_bits", "bits", "sums wrap"},
                  spec.precision.accumulator_bits, 32, 32, 32);

  visitor.integer({"", "clock_mhz", "MHz",
                   "for seconds and, with them, leakage ([energy.md](energy.md)); no cycle "
                   "depends on it but by `dram.gigabytes_per_second`"},
                  spec.clock_mhz, 1, kMaxMhz, 1000);
}

inline std::string dotted(const FieldName& name) {
  return *name.section == '\0' ? name.key : std::string(name.section) + "." + name.key;
}

inline std::string rate_range() {
  return fmt::format("{} to {}", kMinRate.real(), kMaxRate.real());
}

}  // namespace lacuna::arch
