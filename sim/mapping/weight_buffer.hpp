// Which weight block lies where in the weight SRAM, and when it is fetched: blocks come in the
// order of their use into a ring, ahead of the array as far as there is room.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace lacuna::mapping {

/// A transfer of a block from DRAM, and the PE loads that it serves.
struct WeightFetch {
  std::int32_t block = 0;
  std::int64_t words = 0;
  std::int64_t first_use = 0;  ///< number of the PE load, from 0
  std::int64_t last_use = 0;
  /// When not zero, this fetch begins a layer whose blocks stay: they need this many words in one
  /// piece.
  std::int64_t layer_words = 0;
};

class WeightBuffer {
 public:
  explicit WeightBuffer(std::int64_t capacity_words) : capacity_(capacity_words) {}

  /// PE loads before `use` have been made: what only they needed may be overwritten.
  void free_before(std::int64_t use);
  /// Where the block still lies in the buffer, unread or yet to be read again, it stays for this
  /// use, too, and nothing is fetched.
  bool keep(const WeightFetch& fetch);
  /// Finds room for the block, if there is any, and returns its first word; -1 when there is none.
  std::int64_t place(const WeightFetch& fetch);
  /// First word of a block that lies there.
  std::int64_t address(std::int32_t block) const { return address_.at(block); }

 private:
  struct Held {
    std::int64_t words = 0;
    std::int32_t block = 0;
    std::int64_t last_use = 0;
  };
  bool is_free(std::int64_t begin, std::int64_t end) const;

  std::int64_t capacity_;
  std::int64_t head_ = 0;
  std::map<std::int64_t, Held> held_;  ///< by first word
  std::unordered_map<std::int32_t, std::int64_t> address_;
  std::set<std::pair<std::int64_t, std::int64_t>> ends_;  ///< last use and first word of each
};

}  // namespace lacuna::mapping
