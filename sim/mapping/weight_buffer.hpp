// Which weight block lies where in the weight SRAM, and when it is fetched: blocks come in the
// order of their use into a ring, ahead of the array as far as there is room.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "schedule/schedule.hpp"

namespace lacuna::mapping {

class WeightBuffer {
 public:
  /// A transfer of a block from DRAM, and the PE loads that it serves.
  struct Fetch {
    std::int32_t block = 0;
    std::int64_t words = 0;
    std::int64_t first_use = 0;  ///< number of the PE load, from 0
    std::int64_t last_use = 0;
    /// When not zero, this fetch begins a layer whose blocks stay: they need this many words in
    /// one piece.
    std::int64_t layer_words = 0;
    std::int64_t address = -1;
  };

  explicit WeightBuffer(std::int64_t capacity_words) : capacity_(capacity_words) {}

  /// Fetches in order of first use.
  void plan(std::vector<Fetch> fetches) { fetches_ = std::move(fetches); }

  /// The next fetch that finds room although PE loads from `use` on still need their blocks;
  /// nullptr when there is none. The caller issues it.
  const Fetch* next(std::int64_t use);
  /// Whether the fetch serving PE load `use` has been handed out.
  bool fetched(std::int64_t use) const;

 private:
  bool place(Fetch& fetch);
  /// Where the block still lies in the buffer, unread or yet to be read again, it stays for this
  /// use, too, and nothing is fetched.
  bool keep(const Fetch& fetch);

  std::int64_t capacity_;
  std::vector<Fetch> fetches_;
  std::size_t handed_out_ = 0;
  std::int64_t head_ = 0;
  std::deque<std::size_t> live_;
};

}  // namespace lacuna::mapping
