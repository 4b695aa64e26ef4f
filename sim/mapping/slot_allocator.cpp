#include "mapping/slot_allocator.hpp"

#include <algorithm>
#include <limits>

namespace lacuna::mapping {

void SlotAllocator::hold(std::int64_t base, std::int64_t slots, std::int64_t until) {
  const auto at = std::find_if(pieces_.begin(), pieces_.end(),
                               [&](const Piece& piece) { return piece.begin >= base; });
  pieces_.insert(at, {base, base + slots, until});
}

std::vector<SlotAllocator::Gap> SlotAllocator::gaps() const {
  std::vector<Gap> list;
  constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();
  Piece below{0, 0, kForever};
  const auto between = [&](const Piece& above) {
    if (below.end < above.begin) {
      list.push_back({below.end, above.begin, above.until > below.until});
    }
    below = above;
  };
  for (const Piece& piece : pieces_) between(piece);
  between({capacity_, capacity_, kForever});
  return list;
}

std::optional<std::int64_t> SlotAllocator::place(std::int64_t slots, std::int64_t until) {
  std::optional<Gap> best;
  for (const Gap& gap : gaps()) {
    const std::int64_t size = gap.end - gap.begin;
    if (size >= slots && (!best || size < best->end - best->begin)) best = gap;
  }
  if (!best) return std::nullopt;
  const std::int64_t base = best->high ? best->end - slots : best->begin;
  hold(base, slots, until);
  return base;
}

std::optional<std::int64_t> SlotAllocator::place_low(std::int64_t slots) {
  for (const Gap& gap : gaps()) {
    if (gap.end - gap.begin < slots) continue;
    hold(gap.begin, slots, 0);
    return gap.begin;
  }
  return std::nullopt;
}

}  // namespace lacuna::mapping
