#include "systemc/array_core.hpp"

#include <algorithm>

#include "base/cpu.hpp"
#include "base/error.hpp"
#include "base/units.hpp"

namespace lacuna::systemc {
namespace {

constexpr std::int64_t kLaneGroup = 16;  // columns are padded to whole vectors of this many lanes

// Sums wrap, as in 32-bit hardware; unsigned arithmetic says so to the compiler.
struct MultiplyAccumulate {
  static LACUNA_INLINE void run(std::int32_t* __restrict sums,
                                const std::int16_t* __restrict weights, std::int32_t activation,
                                std::int64_t columns) {
    for (std::int64_t c = 0; c < columns; ++c) {
      sums[c] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[c]) +
                                          static_cast<std::uint32_t>(activation * weights[c]));
    }
  }
};

struct Add {
  static LACUNA_INLINE void run(std::int32_t* __restrict out, const std::int32_t* __restrict a,
                                const std::int32_t* __restrict b, std::int64_t columns) {
    for (std::int64_t c = 0; c < columns; ++c) {
      out[c] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a[c]) +
                                         static_cast<std::uint32_t>(b[c]));
    }
  }
};

}  // namespace

ArrayCore::ArrayCore(const ArrayGeometry& geometry)
    : geometry_(geometry),
      stride_(base::ceil_div(geometry.cols, kLaneGroup) * kLaneGroup),
      weights_(static_cast<std::size_t>(std::int64_t{geometry.sets} * geometry.rows *
                                        geometry.weights_per_pe * stride_)),
      accumulators_(lane(geometry.rows, 0, geometry.local_accumulators)),
      fifo_(lane(geometry.rows, 0, geometry.psum_fifo_depth)),
      bottom_(static_cast<std::size_t>(stride_)),
      row_(static_cast<std::size_t>(geometry.rows)) {}

void ArrayCore::load(int set, int row, int slot, const std::int16_t* weights, int count) {
  const std::int64_t pe_row =
      (std::int64_t{set} * geometry_.rows + row) * geometry_.weights_per_pe + slot;
  std::copy(weights, weights + count, weights_.begin() + pe_row * stride_);
}

void ArrayCore::begin(int rows, std::int64_t pixels, int set, TokenSource& source, PsumSink& sink,
                      CommitStall* stall, ArrayFaults* faults) {
  SIM_CHECK(rows >= 1 && rows <= geometry_.rows && pixels >= 1, "array", -1, "impossible pass");
  rows_ = rows;
  pixels_ = pixels;
  set_ = set;
  edge_ = 0;
  source_ = &source;
  sink_ = &sink;
  stall_ = stall;
  faults_ = faults;
  for (int row = 0; row < rows_; ++row) {
    row_[static_cast<std::size_t>(row)] = RowState{};
    start_pixel(row);
  }
}

void ArrayCore::start_pixel(int row) {
  RowState& state = row_[static_cast<std::size_t>(row)];
  const TokenSource::PixelWork work = source_->begin_pixel(row);
  state.issuing = true;
  state.tokens = work.tokens;
  state.slots = work.slots;
  state.busy += work.slots;
  state.start = edge_;
  if (faults_ != nullptr) faults_->start_pixel(row, state.pixel, edge_);
  std::fill_n(accumulators_.begin() +
                  static_cast<std::ptrdiff_t>(lane(row, state.pixel % geometry_.local_accumulators,
                                                   geometry_.local_accumulators)),
              stride_, 0);
}

void ArrayCore::commit(int row) {
  RowState& state = row_[static_cast<std::size_t>(row)];
  const std::int64_t pixel = state.commits;
  const std::int32_t* own = accumulators_.data() + lane(row, pixel % geometry_.local_accumulators,
                                                        geometry_.local_accumulators);
  if (faults_ != nullptr) own = faults_->commit_accumulators(row, pixel, edge_, own);
  const bool last_row = row == rows_ - 1;
  std::int32_t* out = last_row ? bottom_.data()
                               : fifo_.data() + lane(row + 1, pixel % geometry_.psum_fifo_depth,
                                                     geometry_.psum_fifo_depth);
  if (row == 0) {
    std::copy(own, own + stride_, out);
  } else {
    const std::int32_t* above =
        fifo_.data() + lane(row, pixel % geometry_.psum_fifo_depth, geometry_.psum_fifo_depth);
    if (faults_ != nullptr) above = faults_->commit_fifo(row, pixel, edge_, above);
    base::run_vector<Add>(out, own, above, stride_);
  }
  if (faults_ != nullptr && !last_row) faults_->push(row + 1, pixel, edge_);
  ++state.commits;
  if (last_row) sink_->accumulate(pixel, out);
}

bool ArrayCore::step() {
  ++edge_;
  // Rows are visited downwards. `above` is what the row above had committed before this edge (a
  // psum pushed at this edge is usable at the next); the row below has not been visited yet, so
  // its count is the one before this edge, too (a place popped now is free at the next).
  std::int64_t above = pixels_;
  for (int row = 0; row < rows_; ++row) {
    RowState& state = row_[static_cast<std::size_t>(row)];
    state.token_valid = false;
    if (state.issuing) {
      if (state.tokens > 0) {
        state.token = source_->issue(row);
        state.token_valid = true;
        --state.tokens;
        const std::int64_t pe_row =
            (std::int64_t{set_} * geometry_.rows + row) * geometry_.weights_per_pe +
            state.token.slot;
        std::int32_t* sums =
            accumulators_.data() +
            lane(row, state.pixel % geometry_.local_accumulators, geometry_.local_accumulators);
        const std::int16_t* weights = weights_.data() + pe_row * stride_;
        if (faults_ != nullptr && state.token.product) {
          weights = faults_->read_weights(row, state.token.slot, state.pixel, state.start, weights);
          faults_->add_product(row, state.pixel, state.token.index, edge_, sums);
        }
        base::run_vector<MultiplyAccumulate>(sums, weights, state.token.activation, stride_);
      }
      if (--state.slots == 0) {
        state.issuing = false;
        ++state.pixel;
        ++state.done;
      }
    }
    const std::int64_t commits_before = state.commits;
    const bool room_below =
        row == rows_ - 1 ||
        state.commits - row_[static_cast<std::size_t>(row) + 1].commits < geometry_.psum_fifo_depth;
    if (state.commits < state.done && state.commits < above && room_below &&
        (stall_ == nullptr || !stall_->stalled(row, edge_))) {
      commit(row);
    }
    above = commits_before;
    if (!state.issuing && state.pixel < pixels_ &&
        state.pixel - state.commits < geometry_.local_accumulators) {
      start_pixel(row);
    }
  }
  return row_[static_cast<std::size_t>(rows_) - 1].commits < pixels_;
}

}  // namespace lacuna::systemc
