// What a step costs on a machine that skips nothing: the time for which it holds its resource, and
// the bytes that a transfer moves. Source: docs/timing.md.
#pragma once

#include <cstdint>

#include "arch/spec.hpp"
#include "base/units.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::schedule {

/// Cycles, of one batch or, where Times is a vector, of several.
template <class Times>
struct DurationOf {
  Times occupancy;  ///< for which the step holds its resource, without the resource's latency
  Times tail;       ///< from when it leaves the resource to its end
};
using Duration = DurationOf<std::int64_t>;

/// Of a step that is over when it leaves its resource, as all are today.
constexpr Duration without_tail(std::int64_t occupancy) { return {occupancy, 0}; }

base::Bytes weight_bytes(const Block& block, const arch::AcceleratorSpec& spec);
base::Bytes map_bytes(const MapRows& rows, const network::Network& network,
                      const arch::AcceleratorSpec& spec);

Duration transfer_duration(base::Bytes bytes, const arch::AcceleratorSpec& spec);
Duration load_pe_duration(const Block& block, const arch::AcceleratorSpec& spec);
/// At dense speed.
Duration stream_duration(const Block& block, std::int64_t pixels,
                         const arch::AcceleratorSpec& spec);
/// Of a channel tile whose last block is `block`.
Duration post_duration(const network::Layer& layer, const Block& block, std::int64_t pixels,
                       const arch::AcceleratorSpec& spec);
/// Of a layer over maps in the activation SRAM: `rows` of the output, of `images` images in all.
Duration map_step_duration(const network::Network& network, const network::Layer& layer,
                           std::int64_t rows, std::int64_t images,
                           const arch::AcceleratorSpec& spec);

/// Bytes that a DMA step moves.
base::Bytes transfer_bytes(const Step& step, const Schedule& schedule,
                           const network::Network& network, const arch::AcceleratorSpec& spec);

/// The same of any step of a schedule, a stream at dense speed.
Duration step_duration(const Step& step, const Schedule& schedule, const network::Network& network,
                       const arch::AcceleratorSpec& spec);

}  // namespace lacuna::schedule
