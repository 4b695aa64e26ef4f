#include "mapping/weight_buffer.hpp"

#include <algorithm>

namespace lacuna::mapping {

bool WeightBuffer::place(Fetch& fetch) {
  std::int64_t at = head_;
  if (at + std::max(fetch.words, fetch.layer_words) > capacity_) at = 0;
  const bool overlaps = std::any_of(live_.begin(), live_.end(), [&](std::size_t index) {
    const Fetch& other = fetches_[index];
    return at < other.address + other.words && other.address < at + fetch.words;
  });
  if (overlaps) return false;
  fetch.address = at;
  head_ = at + fetch.words;
  return true;
}

bool WeightBuffer::keep(const Fetch& fetch) {
  for (const std::size_t index : live_) {
    Fetch& held = fetches_[index];
    if (held.block != fetch.block) continue;
    held.last_use = fetch.last_use;
    return true;
  }
  return false;
}

const WeightBuffer::Fetch* WeightBuffer::next(std::int64_t use) {
  live_.erase(std::remove_if(live_.begin(), live_.end(),
                             [&](std::size_t index) { return fetches_[index].last_use < use; }),
              live_.end());
  while (handed_out_ < fetches_.size() && keep(fetches_[handed_out_])) ++handed_out_;
  if (handed_out_ == fetches_.size() || !place(fetches_[handed_out_])) return nullptr;
  live_.push_back(handed_out_);
  return &fetches_[handed_out_++];
}

bool WeightBuffer::fetched(std::int64_t use) const {
  return handed_out_ == fetches_.size() || fetches_[handed_out_].first_use > use;
}

}  // namespace lacuna::mapping
