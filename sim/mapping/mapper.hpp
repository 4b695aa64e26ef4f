// The mapper: network + hardware + batch size -> Schedule. For every layer it compares loop orders,
// ranges and what stays in the buffers by computed cycles of the dense machine, then by DRAM bytes,
// and says why. Zero skipping does not enter: the same schedule serves none, gate and skip.
#pragma once

#include <cstdint>
#include <optional>

#include "schedule/schedule.hpp"

namespace lacuna::mapping {

struct MapOptions {
  std::int64_t batch = 1;
  /// Weights are loaded in set-up, at this word and after, if they fit; else: fetched while
  /// running.
  std::int64_t first_weight_word = 0;
  bool may_be_resident = true;
  /// Leave the weight SRAM's words from here on alone.
  std::optional<std::int64_t> weight_word_limit;
  /// Look also at candidates that cannot win; hold what each costs to the least that it was to
  /// cost, and to the schedule that it becomes.
  bool check_every_cut = false;
};

/// Throws base::InputError naming the layer, the buffer, the need and the size, when it cannot be
/// mapped.
schedule::Schedule map_network(const network::Network& network, const arch::AcceleratorSpec& spec,
                               const MapOptions& options);

/// Words of the weight SRAM that all of a network's weights take.
std::int64_t resident_words(const network::Network& network, const arch::AcceleratorSpec& spec);

}  // namespace lacuna::mapping
