#include "fast/stream_trace.hpp"

#include <algorithm>

namespace lacuna::fast {

StreamTrace::StreamTrace(const PassRows& pass, const Corners& corners, bool skips,
                         const std::uint16_t* prefix, const PassTiming& timing,
                         const std::vector<IssueChange>& changes)
    : rows_(pass.rows.size()),
      starts_(corners.size() * pass.rows.size()),
      commits_(starts_.size()) {
  const int fifo = timing.psum_fifo_depth;
  const bool two = timing.local_accumulators == 2;
  std::vector<std::int64_t> done(rows_);
  auto change = changes.begin();
  for (std::size_t m = 0; m < corners.size(); ++m) {
    std::int64_t* starts = starts_.data() + m * rows_;
    std::int64_t* commits = commits_.data() + m * rows_;
    const std::int64_t* before = m >= 1 ? commits - rows_ : nullptr;
    const std::int64_t* before_two = m >= 2 ? before - rows_ : nullptr;
    const std::int64_t* below = m >= static_cast<std::size_t>(fifo)
                                    ? commits - static_cast<std::size_t>(fifo) * rows_
                                    : nullptr;
    const auto first_change = change;
    while (change != changes.end() && change->pixel == static_cast<std::int64_t>(m)) ++change;
    std::int64_t above = -1;
    for (std::size_t r = 0; r < rows_; ++r) {
      const PassRow& row = pass.rows[r];
      std::int64_t slots = 0;
      if (skips) {
        for (const Span& span : row.spans) {
          const std::uint16_t* from = prefix + corners[m] + span.begin;
          slots += static_cast<std::uint16_t>(from[span.length] - from[0]);
        }
      } else {
        slots = row.indices;
      }
      for (auto own = first_change; own != change; ++own) {
        if (own->row == static_cast<int>(r)) slots += own->more;
      }
      slots = std::max(slots, std::int64_t{std::max(1, row.bitmap_words)});
      std::int64_t start = 0;
      if (two) {
        start = done[r];
        if (before_two != nullptr) start = std::max(start, before_two[r]);
      } else if (before != nullptr) {
        start = before[r];
      }
      done[r] = start + slots;
      std::int64_t commit = std::max(done[r], above + 1);
      if (below != nullptr && r + 1 < rows_) commit = std::max(commit, below[r + 1] + 1);
      starts[r] = start;
      commits[r] = commit;
      above = commit;
    }
  }
}

}  // namespace lacuna::fast
