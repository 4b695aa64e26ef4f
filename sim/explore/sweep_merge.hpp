// The stores of a sweep's shards as one store, which is that of a sweep run without shards.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "explore/sweep_store.hpp"
#include "store/shard.hpp"

namespace lacuna::explore {

/// What is to be merged, looked through: of one sweep, each shard once, with a row of each point.
class SweepMerge {
 public:
  /// In any order. Throws base::InputError naming what is missing, twice there, of something else,
  /// or being written.
  explicit SweepMerge(const std::vector<std::string>& paths);

  /// Makes the store, or throws base::InputError and leaves none. `command` is what made it.
  SweepStore write(const std::string& out, const std::string& command) const;

 private:
  std::optional<SweepStore> like_;  ///< the first
  store::ShardFiles shards_;
};

}  // namespace lacuna::explore
