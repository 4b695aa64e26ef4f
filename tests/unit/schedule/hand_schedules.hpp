// Small schedules written by hand, valid in every respect, for tests of the judge and of the
// residency map.
#pragma once

#include "arch/spec.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::schedule::testing {

struct Case {
  network::Network network;
  arch::AcceleratorSpec spec;
  Schedule schedule;

  Step& step(int index) { return schedule.steps[static_cast<std::size_t>(index)]; }
  Block& block(int index) { return schedule.blocks[static_cast<std::size_t>(index)]; }
  PixelRange& range(int index) { return schedule.ranges[static_cast<std::size_t>(index)]; }
  Region& region(int index) { return schedule.regions[static_cast<std::size_t>(index)]; }
};

/// Batch of 2, serial weight load, all weights and maps stay on chip. Convolution with a fused pool
/// (two K passes, two channel tiles, two ranges, one of them over both images), convolution,
/// overlapping pool, logits.
Case resident_case();

/// Batch of 1, two register sets, weights fetched on the way, and a map that spills to DRAM and
/// comes back with halo rows.
Case spilling_case();

/// Batch of 1, serial weight load, everything stays on chip: two convolutions, the second one with
/// the network's input as its residual operand, and logits.
Case residual_case();

/// Batch of 1, serial weight load: two convolutions of the network's input write two channels each
/// of one map, by way of DRAM, from where both slices come to one region, and a third one reads it.
Case sliced_case();

/// The residual case with the first convolution's sums kept as a map, which the second one, of the
/// network's input, adds.
Case sums_case();

}  // namespace lacuna::schedule::testing
