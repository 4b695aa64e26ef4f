#include "fast/stream_time.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/cpu.hpp"

// Vectors live inside inlined functions only, so how they would be passed does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace lacuna::fast {
namespace {

// One lane, or all of them as vectors; the code below is written once for both.
struct OneLane {
  using Cycles = std::int64_t;
  using Number = std::int64_t;
  static constexpr int kCount = 1;
  static LACUNA_INLINE Cycles count(const std::uint16_t* from, const std::uint16_t* to) {
    return static_cast<std::uint16_t>(*to - *from);
  }
  static LACUNA_INLINE Cycles max(Cycles a, Cycles b) { return a > b ? a : b; }
};

struct AllLanes {
  using Number = std::int32_t;
  using Cycles __attribute__((vector_size(kLanes * 4))) = std::int32_t;
  using Counts __attribute__((vector_size(kLanes * 2))) = std::uint16_t;
  static constexpr int kCount = kLanes;
  static LACUNA_INLINE Cycles count(const std::uint16_t* from, const std::uint16_t* to) {
    Counts a;
    Counts b;
    std::memcpy(&a, from, sizeof a);
    std::memcpy(&b, to, sizeof b);
    return __builtin_convertvector(b - a, Cycles);
  }
  static LACUNA_INLINE Cycles max(Cycles a, Cycles b) { return a > b ? a : b; }
};

// commit() of the last few pixels, [pixel % depth][row].
template <class Lane>
class Commits {
 public:
  using Cycles = typename Lane::Cycles;
  using Number = typename Lane::Number;
  Commits(std::size_t rows, int fifo)
      : rows_(rows),
        depth_(static_cast<std::size_t>(std::max(fifo, 2)) + 1),
        values_(rows_ * depth_ * Lane::kCount) {}
  LACUNA_INLINE std::size_t rows() const { return rows_; }
  LACUNA_INLINE Cycles get(std::int64_t pixel, std::size_t row) const {
    Cycles value;
    std::memcpy(&value, at(pixel, row), sizeof value);
    return value;
  }
  LACUNA_INLINE void set(std::int64_t pixel, std::size_t row, Cycles value) {
    std::memcpy(const_cast<Number*>(at(pixel, row)), &value, sizeof value);
  }

 private:
  LACUNA_INLINE const Number* at(std::int64_t pixel, std::size_t row) const {
    return values_.data() + (static_cast<std::size_t>(pixel) % depth_ * rows_ + row) * Lane::kCount;
  }
  std::size_t rows_;
  std::size_t depth_;
  std::vector<Number> values_;
};

// commit(m, r) by the rules of docs/timing.md, where row r takes `slots` for pixel m and the row
// above commits at `above`. `done_at` holds done(m-1, r) and then done(m, r).
template <class Lane>
LACUNA_INLINE typename Lane::Cycles commit_row(Commits<Lane>& commits,
                                               typename Lane::Number* done_at,
                                               const PassTiming& timing, std::int64_t m,
                                               std::size_t r, typename Lane::Cycles slots,
                                               typename Lane::Cycles above) {
  using Cycles = typename Lane::Cycles;
  Cycles start = {};
  Cycles last_done;
  std::memcpy(&last_done, done_at + r * Lane::kCount, sizeof last_done);
  if (timing.local_accumulators == 2) {
    start = last_done;
    if (m >= 2) start = Lane::max(start, commits.get(m - 2, r));
  } else if (m >= 1) {
    start = commits.get(m - 1, r);
  }
  const Cycles done = start + slots;
  Cycles commit = done;
  if (r > 0) commit = Lane::max(commit, above + 1);
  const int fifo = timing.psum_fifo_depth;
  if (r + 1 < commits.rows() && m >= fifo) {
    commit = Lane::max(commit, commits.get(m - fifo, r + 1) + 1);
  }
  commits.set(m, r, commit);
  std::memcpy(done_at + r * Lane::kCount, &done, sizeof done);
  return commit;
}

template <class Lane>
LACUNA_INLINE void evaluate(const PassRows& pass, const Corners& corners,
                            const std::uint16_t* prefix, const PassTiming timing,
                            StreamTimes& times) {
  using Cycles = typename Lane::Cycles;
  using Number = typename Lane::Number;
  const std::size_t rows = pass.rows.size();
  Commits<Lane> commits(rows, timing.psum_fifo_depth);
  std::vector<Number> state(rows * 2 * Lane::kCount);  // done(m-1, r), then the sum of s
  Number* done_at = state.data();
  Number* busy = state.data() + rows * Lane::kCount;
  const auto pixels = static_cast<std::int64_t>(corners.size());
  const Cycles zero = {};
  Cycles nonzeros = zero;
  for (std::int64_t m = 0; m < pixels; ++m) {
    const std::int64_t corner = corners[static_cast<std::size_t>(m)];
    Cycles above = zero;
    for (std::size_t r = 0; r < rows; ++r) {
      const PassRow& row = pass.rows[r];
      Cycles slots = zero;
      for (const Span& span : row.spans) {
        const std::uint16_t* from = prefix + (corner + span.begin) * Lane::kCount;
        slots += Lane::count(from, from + std::int64_t{span.length} * Lane::kCount);
      }
      nonzeros += slots;
      slots = Lane::max(slots, zero + std::max(1, row.bitmap_words));
      above = commit_row(commits, done_at, timing, m, r, slots, above);
      Cycles sum;
      std::memcpy(&sum, busy + r * Lane::kCount, sizeof sum);
      sum += slots;
      std::memcpy(busy + r * Lane::kCount, &sum, sizeof sum);
    }
    if (m == pixels - 1) {
      Number last[Lane::kCount];
      std::memcpy(last, &above, sizeof above);
      std::copy(last, last + Lane::kCount, times.commit);
    }
  }
  Number counts[Lane::kCount];
  std::memcpy(counts, &nonzeros, sizeof nonzeros);
  for (int lane = 0; lane < Lane::kCount; ++lane) {
    times.nonzeros[lane] = counts[lane];
    times.work[lane] = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      const Number sum = busy[r * Lane::kCount + static_cast<std::size_t>(lane)];
      if (sum > times.work[lane]) {
        times.work[lane] = sum;
        times.longest[lane] = static_cast<std::int64_t>(r);
      }
    }
  }
}

struct EvaluateAll {
  static LACUNA_INLINE void run(const PassRows* pass, const Corners* corners,
                                const std::uint16_t* prefix, const PassTiming* timing,
                                StreamTimes* times) {
    evaluate<AllLanes>(*pass, *corners, prefix, *timing, *times);
  }
};

struct CountAll {
  static LACUNA_INLINE void run(const PassRows* pass, const Corners* corners,
                                const std::uint16_t* prefix, std::int64_t* counts) {
    AllLanes::Cycles sum = {};
    for (const std::int64_t corner : *corners) {
      for (const Span& span : pass->spans) {
        const std::uint16_t* from = prefix + (corner + span.begin) * kLanes;
        sum += AllLanes::count(from, from + std::int64_t{span.length} * kLanes);
      }
    }
    for (int lane = 0; lane < kLanes; ++lane) counts[lane] += sum[lane];
  }
};

}  // namespace

bool fits_lanes(const PassRows& pass, std::int64_t pixels) {
  std::int64_t all = 0;
  std::int64_t words = 0;
  for (const PassRow& row : pass.rows) {
    all += std::max<std::int64_t>(1, row.indices);
    words = std::max<std::int64_t>(words, row.bitmap_words);
  }
  constexpr std::int64_t kMost = std::int64_t{1} << 30;
  return all < kMost / pixels && words < kMost / pixels &&
         static_cast<std::int64_t>(pass.rows.size()) < kMost - pixels;
}

void stream_times(const PassRows& pass, const Corners& corners, const std::uint16_t* prefix,
                  int lanes, const PassTiming& timing, StreamTimes& times) {
  if (lanes == 1) {
    evaluate<OneLane>(pass, corners, prefix, timing, times);
  } else {
    base::run_vector<EvaluateAll>(&pass, &corners, prefix, &timing, &times);
  }
}

// Every pixel is alike, and times are sums and maxima of earlier ones. So where all that the next
// pixel looks back at lies a fixed number of cycles behind what the one before looked back at, it
// and all further ones come that number of cycles later, and need not be evaluated.
StreamTimes dense_stream_times(const PassRows& pass, std::int64_t pixels,
                               const PassTiming& timing) {
  const std::size_t rows = pass.rows.size();
  const int looked_back = std::max(timing.psum_fifo_depth, 2);
  Commits<OneLane> commits(rows, timing.psum_fifo_depth);
  std::vector<std::int64_t> done(rows);
  std::int64_t last = 0;
  std::int64_t step = 0;
  int alike = 0;  // pixels up to m whose times all come `step` after those of the one before
  std::int64_t m = 0;
  for (; m < pixels && alike < looked_back; ++m) {
    std::int64_t above = 0;
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    std::int64_t most = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      const std::int64_t before = done[r];
      const std::int64_t committed = m > 0 ? commits.get(m - 1, r) : 0;
      above =
          commit_row(commits, done.data(), timing, m, r, std::max(1, pass.rows[r].indices), above);
      const std::int64_t steps[] = {above - committed, done[r] - before};
      least = std::min({least, steps[0], steps[1]});
      most = std::max({most, steps[0], steps[1]});
    }
    last = above;
    const bool shifted = m > 0 && least == most;
    alike = shifted ? (most == step ? alike : 0) + 1 : 0;
    step = most;
  }
  StreamTimes times;
  std::fill_n(times.commit, kLanes, last + (pixels - m) * step);
  for (std::size_t r = 0; r < rows; ++r) {
    const std::int64_t work = pixels * std::max(1, pass.rows[r].indices);
    if (work <= times.work[0]) continue;
    std::fill_n(times.work, kLanes, work);
    std::fill_n(times.longest, kLanes, static_cast<std::int64_t>(r));
  }
  return times;
}

void count_nonzeros(const PassRows& pass, const Corners& corners, const std::uint16_t* prefix,
                    int lanes, std::int64_t* counts) {
  if (lanes == kLanes) {
    base::run_vector<CountAll>(&pass, &corners, prefix, counts);
    return;
  }
  for (const std::int64_t corner : corners) {
    for (const Span& span : pass.spans) {
      const std::uint16_t* from = prefix + corner + span.begin;
      counts[0] += OneLane::count(from, from + span.length);
    }
  }
}

}  // namespace lacuna::fast
