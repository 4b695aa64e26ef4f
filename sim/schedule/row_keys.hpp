// Which writes of rows belong to one stay in the activation SRAM.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>

#include "arch/spec.hpp"
#include "network/network.hpp"
#include "schedule/accesses.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::schedule {

/// What post steps write is one stay wherever its map and its place in it are the same: the layers
/// that write the slices of a map need not name one region.
class RowKeys {
 public:
  /// All references outlive this.
  RowKeys(const Schedule& schedule, const network::Network& network,
          const arch::AcceleratorSpec& spec)
      : schedule_(schedule), network_(network), spec_(spec) {}

  std::int64_t key_of(const Access& access);

 private:
  const Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  /// Keys of what post steps write, behind those of regions.
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>, std::int64_t>
      results_;
};

}  // namespace lacuna::schedule
