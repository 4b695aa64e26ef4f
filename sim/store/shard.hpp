// Parts of numbered work, each with a store of its own: what has number k belongs to shard k mod n,
// whoever runs it and wherever.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lacuna::store {

inline constexpr std::int64_t kMostShards = 65'536;

struct Shard {
  std::int64_t index = 0;  ///< from 0 to count - 1
  std::int64_t count = 1;  ///< from 1 to kMostShards

  bool holds(std::int64_t number) const { return number % count == index; }
  /// How many of the numbers from 0 to `end` - 1 it holds.
  std::int64_t held_below(std::int64_t end) const {
    return end <= index ? 0 : (end - index - 1) / count + 1;
  }
  /// The lowest number from `begin` on that it holds.
  std::int64_t first_from(std::int64_t begin) const {
    return begin + (index - begin % count + count) % count;
  }
  /// "1/3".
  std::string text() const;
  friend bool operator==(const Shard& a, const Shard& b) {
    return a.index == b.index && a.count == b.count;
  }
};

/// What text() writes; nothing where it is something else.
std::optional<Shard> parse_shard(const std::string& text);

/// What is merged: shards of one count, each once, in any order.
class ShardFiles {
 public:
  /// Throws base::InputError where it is one of another count, or one that is there already.
  void add(const Shard& shard, const std::string& path);

  bool empty() const { return paths_.empty(); }
  std::int64_t count() const { return count_; }  ///< that there have to be
  /// By index.
  const std::map<std::int64_t, std::string>& paths() const { return paths_; }

 private:
  std::int64_t count_ = 0;
  std::map<std::int64_t, std::string> paths_;
};

/// What the shards of a merge lack, for people.
class Missing {
 public:
  Missing(const ShardFiles& files, std::string what) : files_(files), what_(std::move(what)) {}

  /// That there is no result of it in the shard that holds it, or no store of that.
  void add(std::int64_t number);
  /// Throws base::InputError naming the shards of which there is no store, those that lack results,
  /// and the numbers, as far as they fit; `command` goes on with one. Nothing where all is there.
  void expect_none(const std::string& command) const;

 private:
  struct Numbers {
    std::vector<std::int64_t> first;
    std::int64_t count = 0;
  };

  const ShardFiles& files_;
  std::string what_;  ///< "trials"
  std::map<std::int64_t, Numbers> of_;
};

}  // namespace lacuna::store
