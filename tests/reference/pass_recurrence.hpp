// The timing of the weight-stationary array, evaluated straight from the recurrence in
// docs/timing.md, slot by slot; slow and plain. Nothing here is shared with an engine.
#pragma once

#include <cstdint>
#include <vector>

namespace lacuna::reference {

/// What a row has to do for a pixel.
struct RowWork {
  std::int64_t activations = 0;   ///< n(m, r): issued
  std::int64_t bitmap_words = 0;  ///< b(r): read for it; 0 without skipping
};

/// s(m, r) = max(1, n(m, r), b(r)).
std::int64_t slots_of(const RowWork& work);

struct PassShape {
  int cols = 1;
  int psum_fifo_depth = 2;     ///< F
  int local_accumulators = 1;  ///< 1 or 2
};

/// Clock edges since the pass's stream start, indexed [pixel][row].
struct PassTimes {
  std::vector<std::vector<std::int64_t>> start;
  std::vector<std::vector<std::int64_t>> done;
  std::vector<std::vector<std::int64_t>> commit;
  std::int64_t cycles = 0;  ///< the pass streams for commit(M-1, R-1) + C - 1
};

/// `slots` is s, indexed [pixel][row]; all rows equally long, at least one pixel and one row.
PassTimes pass_times(const std::vector<std::vector<std::int64_t>>& slots, const PassShape& shape);

/// How the stream cycles of a pass split; the parts sum to PassTimes::cycles.
struct PassSplit {
  std::int64_t work = 0;        ///< greatest sum of s over a row
  std::int64_t fill_drain = 0;  ///< (R-1-r*) + (C-1), r* the first row that reaches it
  std::int64_t imbalance = 0;
};
PassSplit pass_split(const std::vector<std::vector<std::int64_t>>& slots, const PassShape& shape);

/// One pass of a chain.
struct PassCost {
  std::int64_t weights_ready = 0;  ///< edge from which on its weights are in the SRAM
  std::int64_t load = 0;           ///< cycles of its PE weight load
  std::int64_t stream = 0;         ///< cycles of its stream
};

/// Absolute edges, indexed by pass.
struct ChainTimes {
  std::vector<std::int64_t> load_start;
  std::vector<std::int64_t> load_end;
  std::vector<std::int64_t> stream_start;
  std::vector<std::int64_t> stream_end;
};

ChainTimes chain_times(const std::vector<PassCost>& passes, bool shadowed);

}  // namespace lacuna::reference
