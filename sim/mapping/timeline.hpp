// What steps of a schedule cost on a machine that skips nothing, and when each then starts and
// ends: what the mapper compares its candidates by. Source: docs/timing.md.
#pragma once

#include <vector>

#include "base/units.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::mapping {

struct Estimate {
  base::Cycles cycles;
  base::Bytes dram;  ///< both ways
};

// Cycles that one step occupies its resource (array: at dense speed), without the latencies of DRAM
// and post unit, and the bytes that a transfer moves.
base::Bytes weight_bytes(const schedule::Block& block, const arch::AcceleratorSpec& spec);
base::Bytes map_bytes(const schedule::MapRows& rows, const network::Network& network,
                      const arch::AcceleratorSpec& spec);
std::int64_t transfer_cycles(base::Bytes bytes, const arch::AcceleratorSpec& spec);
std::int64_t load_pe_cycles(const schedule::Block& block, const arch::AcceleratorSpec& spec);
std::int64_t stream_cycles(const schedule::Block& block, std::int64_t pixels,
                           const arch::AcceleratorSpec& spec);
/// Of a channel tile whose last block is `block`.
std::int64_t post_cycles(const network::Layer& layer, const schedule::Block& block,
                         std::int64_t pixels, const arch::AcceleratorSpec& spec);
/// Of a layer over maps in the activation SRAM: `rows` of the output, of `images` images in all.
std::int64_t pool_cycles(const network::Network& network, const network::Layer& layer,
                         std::int64_t rows, std::int64_t images, const arch::AcceleratorSpec& spec);

/// Bytes that a DMA step moves.
base::Bytes transfer_bytes(const schedule::Step& step, const schedule::Schedule& schedule,
                           const network::Network& network, const arch::AcceleratorSpec& spec);

/// The same of any step of a schedule.
std::int64_t step_cycles(const schedule::Step& step, const schedule::Schedule& schedule,
                         const network::Network& network, const arch::AcceleratorSpec& spec);

/// Cycles until the last step ends, streams at dense speed.
Estimate estimate_dense(const schedule::Schedule& schedule, const network::Network& network,
                        const arch::AcceleratorSpec& spec);

}  // namespace lacuna::mapping
