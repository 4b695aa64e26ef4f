#include "reference/pass_recurrence.hpp"

#include <algorithm>

namespace lacuna::reference {

std::int64_t slots_of(const RowWork& work) {
  return std::max({std::int64_t{1}, work.activations, work.bitmap_words});
}

PassTimes pass_times(const std::vector<std::vector<std::int64_t>>& slots, const PassShape& shape) {
  const std::size_t pixels = slots.size();
  const std::size_t rows = slots[0].size();
  const auto fifo = static_cast<std::size_t>(shape.psum_fifo_depth);
  PassTimes t;
  t.start.assign(pixels, std::vector<std::int64_t>(rows));
  t.done = t.start;
  t.commit = t.start;
  for (std::size_t m = 0; m < pixels; ++m) {
    for (std::size_t r = 0; r < rows; ++r) {
      std::int64_t start = 0;
      if (shape.local_accumulators == 1) {
        if (m >= 1) start = t.commit[m - 1][r];
      } else {
        if (m >= 1) start = t.done[m - 1][r];
        if (m >= 2) start = std::max(start, t.commit[m - 2][r]);
      }
      const std::int64_t done = start + slots[m][r];
      std::int64_t commit = done;
      if (r >= 1) commit = std::max(commit, t.commit[m][r - 1] + 1);
      if (m >= fifo && r + 1 < rows) commit = std::max(commit, t.commit[m - fifo][r + 1] + 1);
      t.start[m][r] = start;
      t.done[m][r] = done;
      t.commit[m][r] = commit;
    }
  }
  t.cycles = t.commit[pixels - 1][rows - 1] + shape.cols - 1;
  return t;
}

PassSplit pass_split(const std::vector<std::vector<std::int64_t>>& slots, const PassShape& shape) {
  const std::size_t rows = slots[0].size();
  std::size_t first = 0;
  PassSplit split;
  for (std::size_t r = 0; r < rows; ++r) {
    std::int64_t sum = 0;
    for (const std::vector<std::int64_t>& pixel : slots) sum += pixel[r];
    if (sum > split.work) {
      split.work = sum;
      first = r;
    }
  }
  split.fill_drain = static_cast<std::int64_t>(rows - 1 - first) + shape.cols - 1;
  split.imbalance = pass_times(slots, shape).cycles - split.work - split.fill_drain;
  return split;
}

ChainTimes chain_times(const std::vector<PassCost>& passes, bool shadowed) {
  ChainTimes t;
  for (std::size_t p = 0; p < passes.size(); ++p) {
    std::int64_t load = passes[p].weights_ready;
    if (p >= 1) {
      load = std::max(load, t.load_end[p - 1]);
      load = std::max(load, shadowed ? t.stream_start[p - 1] : t.stream_end[p - 1]);
    }
    t.load_start.push_back(load);
    t.load_end.push_back(load + passes[p].load);
    std::int64_t stream = t.load_end[p];
    if (p >= 1) stream = std::max(stream, t.stream_end[p - 1]);
    t.stream_start.push_back(stream);
    t.stream_end.push_back(stream + passes[p].stream);
  }
  return t;
}

}  // namespace lacuna::reference
