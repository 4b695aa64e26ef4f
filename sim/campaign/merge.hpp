// The stores of a round's shards as one store, which is that of a campaign run without shards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "campaign/store.hpp"
#include "store/shard.hpp"

namespace lacuna::campaign {

/// What is to be merged, looked through: of one campaign and one round, each shard once, with a
/// result of each trial or the reason why it is lost, and of a later round also the store that it
/// goes on from.
class Merge {
 public:
  /// In any order. The store that a later round goes on from may be among them; else it is looked
  /// for where the shards say. Reads all that is needed to know that write() has everything. Throws
  /// base::InputError naming what is missing, twice there, of something else, or being written.
  explicit Merge(const std::vector<std::string>& paths);

  /// Makes the store, or throws base::InputError and leaves none. `command` is what made it.
  Store write(const std::string& out, const std::string& command) const;

 private:
  void add(const std::string& path);
  void add_base(const std::string& path);
  void expect_all() const;

  std::vector<bool> settled_;  ///< [trial] of the shards
  std::optional<Store> like_;  ///< the first shard
  std::optional<std::string> base_;
  store::ShardFiles shards_;
  std::int64_t trials_ = 0;  ///< with a result
};

}  // namespace lacuna::campaign
