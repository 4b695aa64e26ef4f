// What part of a campaign a store of a shard is to hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/shard.hpp"

namespace lacuna::campaign {

/// Of each population the draws from `begin` to `end` - 1: all that a stop rule asks for at once.
struct Round {
  std::int64_t number = 1;
  std::vector<std::int64_t> begin;  ///< [population]
  std::vector<std::int64_t> end;    ///< [population]

  friend bool operator==(const Round& a, const Round& b) {
    return a.number == b.number && a.begin == b.begin && a.end == b.end;
  }
};

/// The trials of a round that belong to a shard, by their numbers in the campaign.
struct Part {
  store::Shard shard;
  Round round;
  std::string from;  ///< of a later round: the store that holds those before; a whole path

  bool holds(std::int64_t trial, std::size_t population, std::int64_t draw) const {
    return shard.holds(trial) && draw >= round.begin[population] && draw < round.end[population];
  }
  /// "shard 1/3", of a later round "shard 1/3 of round 2".
  std::string describe() const;
};

}  // namespace lacuna::campaign
