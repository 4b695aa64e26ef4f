// How long a pass streams: the recurrence of docs/timing.md, evaluated for a group of batches at
// once, from counts of non-zero activations.
#pragma once

#include <cstdint>
#include <vector>

#include "fast/lanes.hpp"

namespace lacuna::fast {

/// Values that lie side by side in a padded map, from the window's corner on.
struct Span {
  std::int64_t begin = 0;
  std::int32_t length = 0;
};

/// What a row of the array holds of a pass.
struct PassRow {
  std::vector<Span> spans;
  std::int32_t indices = 0;
  std::int32_t bitmap_words = 0;
};

struct PassRows {
  std::vector<PassRow> rows;  ///< all rows that take part in time
  std::vector<Span> spans;    ///< of all rows together
};

struct PassTiming {
  int psum_fifo_depth = 2;
  int local_accumulators = 1;
};

/// Of every lane of a stream, drain to the right not included.
struct StreamTimes {
  std::int64_t commit[kLanes] = {};    ///< of the last pixel in the last row
  std::int64_t work[kLanes] = {};      ///< most issue slots of a row
  std::int64_t longest[kLanes] = {};   ///< first row that has them
  std::int64_t nonzeros[kLanes] = {};  ///< activations of all pixels and rows that are not zero
};

/// Pixels of a stream: the index of each one's corner, in order.
using Corners = std::vector<std::int64_t>;

/// Longest span: counts of non-zeros are differences modulo 2^16.
inline constexpr std::int32_t kMaxSpan = 1 << 15;

/// Whether all lanes can be evaluated together, in 32 bits: the pass issues less than 2^30 slots in
/// any row, and in all rows together. Else stream_times and count_nonzeros take one lane only,
/// in 64.
bool fits_lanes(const PassRows& pass, std::int64_t pixels);

/// `prefix[v * lanes + l]` counts the non-zero values before value v in lane l, modulo 2^16.
/// `lanes` is 1 or kLanes.
void stream_times(const PassRows& pass, const Corners& corners, const std::uint16_t* prefix,
                  int lanes, const PassTiming& timing, StreamTimes& times);

/// The same for rows that issue all their indices.
StreamTimes dense_stream_times(const PassRows& pass, std::int64_t pixels, const PassTiming& timing);

/// Non-zero activations of all pixels and rows, by lane.
void count_nonzeros(const PassRows& pass, const Corners& corners, const std::uint16_t* prefix,
                    int lanes, std::int64_t* counts);

}  // namespace lacuna::fast
