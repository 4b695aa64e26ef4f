#include "campaign/strikes.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/random.hpp"

namespace lacuna::campaign {

void StrikeTimes::add(std::int64_t batch, std::int64_t from, std::int64_t until) {
  if (until > from) spans_.push_back({batch, from, count() + until - from});
}

void StrikeTimes::add(const StrikeTimes& other) {
  other.for_each(
      [&](std::int64_t batch, std::int64_t from, std::int64_t until) { add(batch, from, until); });
}

StrikeTime StrikeTimes::at(std::int64_t number) const {
  SIM_CHECK(number >= 0 && number < count(), "campaign", -1, "no such cycle");
  const auto span =
      std::upper_bound(spans_.begin(), spans_.end(), number,
                       [](std::int64_t value, const Span& own) { return value < own.after; });
  const std::int64_t first = span == spans_.begin() ? 0 : std::prev(span)->after;
  return {span->batch, span->from + number - first};
}

std::int64_t draw_below(std::int64_t count, std::uint64_t seed, std::uint64_t stratum,
                        std::int64_t draw, DrawOf what, std::uint64_t tried) {
  SIM_CHECK(count > 0, "campaign", -1, "a draw from nothing");
  constexpr auto kStream = base::RandomStream::kStrike;
  const std::uint64_t own = base::random_bits(seed, kStream, stratum);
  std::uint64_t key = base::random_bits(
      own, kStream, 2 * static_cast<std::uint64_t>(draw) + static_cast<std::uint64_t>(what));
  // Numbers of the loop below stay far from these.
  if (tried > 0) key = base::random_bits(key, kStream, ~tried);
  __extension__ using Product = unsigned __int128;
  const auto range = static_cast<std::uint64_t>(count);
  const std::uint64_t least = (0 - range) % range;  // 2^64 mod range
  for (std::uint64_t attempt = 0;; ++attempt) {
    const Product product = Product{base::random_bits(key, kStream, attempt)} * range;
    if (static_cast<std::uint64_t>(product) >= least) {
      return static_cast<std::int64_t>(static_cast<std::uint64_t>(product >> 64));
    }
  }
}

}  // namespace lacuna::campaign
