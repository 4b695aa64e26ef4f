#include "mapping/weight_buffer.hpp"

#include <algorithm>
#include <iterator>

namespace lacuna::mapping {

void WeightBuffer::free_before(std::int64_t use) {
  while (!ends_.empty() && ends_.begin()->first < use) {
    const auto held = held_.find(ends_.begin()->second);
    address_.erase(held->second.block);
    held_.erase(held);
    ends_.erase(ends_.begin());
  }
}

bool WeightBuffer::keep(const WeightFetch& fetch) {
  const auto found = address_.find(fetch.block);
  if (found == address_.end()) return false;
  Held& held = held_.at(found->second);
  ends_.erase({held.last_use, found->second});
  held.last_use = fetch.last_use;
  ends_.insert({held.last_use, found->second});
  return true;
}

bool WeightBuffer::is_free(std::int64_t begin, std::int64_t end) const {
  const auto next = held_.lower_bound(begin);
  if (next != held_.end() && next->first < end) return false;
  if (next == held_.begin()) return true;
  const auto before = std::prev(next);
  return before->first + before->second.words <= begin;
}

std::int64_t WeightBuffer::place(const WeightFetch& fetch) {
  std::int64_t at = head_;
  if (at + std::max(fetch.words, fetch.layer_words) > capacity_) at = 0;
  if (!is_free(at, at + fetch.words)) return -1;
  head_ = at + fetch.words;
  held_.emplace(at, Held{fetch.words, fetch.block, fetch.last_use});
  address_[fetch.block] = at;
  ends_.insert({fetch.last_use, at});
  return at;
}

}  // namespace lacuna::mapping
