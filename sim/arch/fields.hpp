// Every field of a hardware file, declared once: section, key, place in the spec, range. The reader
// and the validator both walk this list. Private to the room.
#pragma once

#include <cstdint>

#include "arch/spec.hpp"

namespace lacuna::arch {

// The simulator allocates every cell of a limited memory, hence the upper bounds of capacities.
inline constexpr std::int64_t kMaxCapacityBytes = std::int64_t{1} << 30;
inline constexpr std::int64_t kMaxEntries = std::int64_t{1} << 24;
inline constexpr std::int64_t kMaxPeWeights = std::int64_t{1} << 24;  ///< rows x cols x D
inline constexpr int kMaxLatency = 1'000'000;

/// Calls visitor.text / integer / limit / flag / choice for each field in the order of the file.
/// `Spec` is AcceleratorSpec, const or not. A section "" is the file's top level.
template <class Spec, class Visitor>
void visit_fields(Spec& spec, Visitor& visitor) {
  visitor.text("", "name", spec.name);

  auto& array = spec.array;
  visitor.integer("array", "rows", array.rows, 1, 1024);
  visitor.integer("array", "cols", array.cols, 1, 1024);
  visitor.integer("array", "weights_per_pe", array.weights_per_pe, 1, 256);
  visitor.choice("array", "dataflow", array.dataflow,
                 {{"weight_stationary", Dataflow::kWeightStationary}});
  visitor.choice("array", "weight_load", array.weight_load,
                 {{"serial", WeightLoad::kSerial}, {"shadowed", WeightLoad::kShadowed}});
  // A slot that is popped can be refilled one cycle later: with one slot a row would stall always.
  visitor.integer("array", "psum_fifo_depth", array.psum_fifo_depth, 2, 64);
  visitor.integer("array", "local_accumulators", array.local_accumulators, 1, 2);
  visitor.choice("array", "k_order", array.k_order,
                 {{"blocked", KOrder::kBlocked}, {"interleaved", KOrder::kInterleaved}});
  visitor.flag("array", "whole_folds", array.whole_folds);

  visitor.choice("", "zero_skipping", spec.zero_skipping,
                 {{"none", ZeroSkipping::kNone},
                  {"gate", ZeroSkipping::kGate},
                  {"skip", ZeroSkipping::kSkip}});

  auto& weights = spec.weight_sram;
  visitor.limit("weight_sram", "capacity_bytes", weights.capacity_bytes, 1, kMaxCapacityBytes);
  visitor.integer("weight_sram", "word_bits", weights.word_bits, 2, 4096);
  visitor.integer("weight_sram", "banks", weights.banks, 1, 1024);
  visitor.choice("weight_sram", "encoding", weights.encoding,
                 {{"twos_complement", tensor::Encoding::kTwosComplement},
                  {"offset_binary", tensor::Encoding::kOffsetBinary},
                  {"sign_magnitude", tensor::Encoding::kSignMagnitude}});

  auto& activations = spec.activation_sram;
  visitor.limit("activation_sram", "capacity_bytes", activations.capacity_bytes, 1,
                kMaxCapacityBytes);
  visitor.integer("activation_sram", "word_bits", activations.word_bits, 2, 4096);
  visitor.integer("activation_sram", "banks", activations.banks, 1, 1024);

  // Array and post unit use alternate halves of the entries, hence at least two.
  visitor.limit("accumulator_sram", "entries_per_lane", spec.accumulators.entries_per_lane, 2,
                kMaxEntries);

  visitor.limit("post", "lanes", spec.post.lanes, 1, 1024);
  visitor.integer("post", "latency_cycles", spec.post.latency_cycles, 0, kMaxLatency);

  visitor.integer("dram", "latency_cycles", spec.dram.latency_cycles, 0, kMaxLatency);
  visitor.limit("dram", "bytes_per_cycle", spec.dram.bytes_per_cycle, 1, 65536);

  visitor.integer("precision", "weight_bits", spec.precision.weight_bits, 2, 8);
  visitor.integer("precision", "activation_bits", spec.precision.activation_bits, 2, 8);
  visitor.integer("precision", "accumulator_bits", spec.precision.accumulator_bits, 32, 32);

  visitor.integer("", "clock_mhz", spec.clock_mhz, 1, 100'000);
}

inline std::string dotted(const std::string& section, const std::string& key) {
  return section.empty() ? key : section + "." + key;
}

}  // namespace lacuna::arch
