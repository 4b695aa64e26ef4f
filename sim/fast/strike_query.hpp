// A strike that is being looked at: what both of its sources share.
#pragma once

#include <map>
#include <vector>

#include "fast/index.hpp"
#include "fast/strike.hpp"

namespace lacuna::fast {

struct Strikes::Query {
  const FaultFreeBatch& batch;
  memory::MemoryId memory;
  std::int64_t cycle;
  StrikeEffects& effects;
  std::map<std::size_t, std::vector<IssueChange>> issues;  ///< [stream]
};

/// What is added to a sum by the flips of its bits.
inline std::uint32_t flips_of(std::uint32_t sum, std::uint32_t mask) { return (sum ^ mask) - sum; }

template <class Seen>
std::int64_t Strikes::weigh_wrong(Query& query, const Stream& stream, const WrongWeight& wrong,
                                  Seen seen) const {
  const bool all = spec_.zero_skipping == arch::ZeroSkipping::kNone;
  const std::size_t place = program_.layouts().input_place(stream.layer);
  const schedule::Block& own = block(stream);
  const Corners& places = corners(stream);
  const std::int16_t* map = query.batch.maps[place].data() + query.batch.lane;
  const std::int64_t offset =
      value_offset(layer(stream), program_.layouts()[place], own.group, own.k_begin + wrong.index);
  const std::int64_t width = layer(stream).out.width;
  const std::int64_t row_begin = range(stream).row_begin;
  std::int64_t count = 0;
  for (std::int64_t m = 0; m < static_cast<std::int64_t>(places.size()); ++m) {
    if (!seen(m)) continue;
    const int value = map[(places[at(m)] + offset) * kLanes];
    if (!all && value == 0) continue;
    ++count;
    const Pixel where{m, row_begin + m / width, m % width};
    note_read(query, stream, where.row);
    add_sum(query, stream, where, wrong.column, static_cast<std::uint32_t>(value * wrong.delta));
  }
  return count;
}

}  // namespace lacuna::fast
