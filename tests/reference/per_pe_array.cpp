#include "reference/per_pe_array.hpp"

#include <algorithm>
#include <deque>

#include "base/error.hpp"

namespace lacuna::reference {
namespace {

// 32-bit hardware wraps.
std::int32_t wrap_add(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

struct Commit {
  bool valid = false;
  int accumulator = 0;
};

/// One processing element; holds its own column of weights.
class Pe {
 public:
  Pe(std::vector<std::int16_t> weights, int accumulators)
      : weights_(std::move(weights)), accumulators_(static_cast<std::size_t>(accumulators)) {}

  const ArrayToken& token() const { return token_; }
  const Commit& commit() const { return commit_; }
  std::size_t fifo_count() const { return fifo_.size(); }

  /// What the PE does at an edge with the registers from before it; returns the psum it sends down
  /// when `commit` says so. `top` is false in row 0, which has no FIFO.
  std::int32_t clock(const Commit& commit, bool has_fifo) {
    if (token_.present && token_.valid) {
      std::int32_t& sum = accumulators_[static_cast<std::size_t>(token_.accumulator)];
      sum = wrap_add(sum, weights_[static_cast<std::size_t>(token_.slot)] * token_.activation);
    }
    if (!commit.valid) return 0;
    std::int32_t& sum = accumulators_[static_cast<std::size_t>(commit.accumulator)];
    std::int32_t psum = sum;
    sum = 0;
    if (has_fifo) {
      psum = wrap_add(psum, fifo_.front());
      fifo_.pop_front();
    }
    return psum;
  }
  void push(std::int32_t psum) { fifo_.push_back(psum); }
  void latch(const ArrayToken& token, const Commit& commit) {
    token_ = token;
    commit_ = commit;
  }
  PeState state() const {
    return {
        token_, commit_.valid, commit_.accumulator, accumulators_, {fifo_.begin(), fifo_.end()}};
  }

 private:
  std::vector<std::int16_t> weights_;
  std::vector<std::int32_t> accumulators_;
  std::deque<std::int32_t> fifo_;
  ArrayToken token_;
  Commit commit_;  ///< column c > 0: decision that arrived from the left
};

/// The left edge of a row: what it feeds, and when it commits.
class RowControl {
 public:
  RowControl(const PassInput& input, int row) : input_(input), row_(row) {}

  bool finished() const { return committed_ == count(); }

  /// The decision for the coming edge, from what column 0 holds before it.
  Commit decide(const Pe& own, const Pe* below) {
    if (own.token().present && own.token().last) ++done_;
    const bool psum_there = row_ == 0 || own.fifo_count() > 0;
    const bool place_there =
        below == nullptr || below->fifo_count() < static_cast<std::size_t>(input_.psum_fifo_depth);
    if (committed_ == done_ || !psum_there || !place_there) return {};
    const auto accumulator = static_cast<int>(committed_ % input_.local_accumulators);
    ++committed_;
    return {true, accumulator};
  }

  /// The token that column 0 holds after the edge.
  ArrayToken feed() {
    if (pixel_ == count()) return {};
    if (slot_ == 0 && pixel_ - committed_ >= input_.local_accumulators) return {};
    const RowPixel& work =
        input_.pixels[static_cast<std::size_t>(pixel_)][static_cast<std::size_t>(row_)];
    const auto tokens = static_cast<std::int64_t>(work.issue.size());
    const std::int64_t slots = std::max({std::int64_t{1}, tokens, work.min_slots});
    ArrayToken token;
    token.present = true;
    token.accumulator = static_cast<int>(pixel_ % input_.local_accumulators);
    if (slot_ < tokens) {
      token.valid = true;
      token.slot = work.issue[static_cast<std::size_t>(slot_)].slot;
      token.activation = work.issue[static_cast<std::size_t>(slot_)].activation;
    }
    token.last = ++slot_ == slots;
    if (token.last) {
      slot_ = 0;
      ++pixel_;
    }
    return token;
  }

 private:
  std::int64_t count() const { return static_cast<std::int64_t>(input_.pixels.size()); }

  const PassInput& input_;
  int row_;
  std::int64_t pixel_ = 0;  ///< that is fed, or next to be fed
  std::int64_t slot_ = 0;   ///< of it
  std::int64_t done_ = 0;
  std::int64_t committed_ = 0;
};

class Array {
 public:
  explicit Array(const PassInput& input) : input_(input) {
    for (int r = 0; r < input.rows; ++r) {
      control_.emplace_back(input, r);
      std::vector<Pe> row;
      for (int c = 0; c < input.cols; ++c) {
        std::vector<std::int16_t> weights;
        for (const auto& slot : input.weights[static_cast<std::size_t>(r)]) {
          weights.push_back(slot[static_cast<std::size_t>(c)]);
        }
        row.emplace_back(std::move(weights), input.local_accumulators);
      }
      pes_.push_back(std::move(row));
    }
    left_.assign(static_cast<std::size_t>(input.cols), 0);
    for (int r = 0; r < input.rows; ++r) pe(r, 0).latch(control(r).feed(), {});
  }

  bool finished() const { return left_.back() == static_cast<std::int64_t>(input_.pixels.size()); }

  void clock(std::int64_t edge, std::vector<BottomPsum>& psums) {
    const std::vector<std::vector<Commit>> commits = decisions();
    // Psums travel between PEs after all of them have used their old FIFO contents.
    std::vector<std::vector<std::int32_t>> sent;
    for (int r = 0; r < input_.rows; ++r) {
      std::vector<std::int32_t> row;
      for (int c = 0; c < input_.cols; ++c) row.push_back(pe(r, c).clock(at(commits, r, c), r > 0));
      sent.push_back(std::move(row));
    }
    for (int r = 0; r < input_.rows; ++r) {
      for (int c = 0; c < input_.cols; ++c) {
        if (!at(commits, r, c).valid) continue;
        const std::int32_t psum = sent[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)];
        if (r + 1 < input_.rows) {
          pe(r + 1, c).push(psum);
        } else {
          psums.push_back({edge, c, left_[static_cast<std::size_t>(c)]++, psum});
        }
      }
    }
    // Tokens and decisions move one column to the right; column 0 gets its next slot.
    for (int r = 0; r < input_.rows; ++r) {
      for (int c = input_.cols - 1; c > 0; --c) {
        pe(r, c).latch(pe(r, c - 1).token(), at(commits, r, c - 1));
      }
      pe(r, 0).latch(control(r).feed(), {});
    }
  }

  ArrayState state() const {
    ArrayState all;
    for (const std::vector<Pe>& row : pes_) {
      std::vector<PeState> states;
      for (const Pe& one : row) states.push_back(one.state());
      all.push_back(std::move(states));
    }
    return all;
  }

 private:
  Pe& pe(int row, int col) {
    return pes_[static_cast<std::size_t>(row)][static_cast<std::size_t>(col)];
  }
  RowControl& control(int row) { return control_[static_cast<std::size_t>(row)]; }
  static const Commit& at(const std::vector<std::vector<Commit>>& commits, int row, int col) {
    return commits[static_cast<std::size_t>(row)][static_cast<std::size_t>(col)];
  }

  // Who commits at the coming edge: column 0 decides, the others obey what came from the left.
  std::vector<std::vector<Commit>> decisions() {
    std::vector<std::vector<Commit>> commits;
    for (int r = 0; r < input_.rows; ++r) {
      std::vector<Commit> row;
      row.push_back(control(r).decide(pe(r, 0), r + 1 < input_.rows ? &pe(r + 1, 0) : nullptr));
      for (int c = 1; c < input_.cols; ++c) row.push_back(pe(r, c).commit());
      commits.push_back(std::move(row));
    }
    return commits;
  }

  const PassInput& input_;
  std::vector<RowControl> control_;
  std::vector<std::vector<Pe>> pes_;
  std::vector<std::int64_t> left_;  ///< psums that have left, by lane
};

}  // namespace

PassTrace run_per_pe_array(const PassInput& input) {
  constexpr std::int64_t kTimeout = 1'000'000;
  Array array(input);
  PassTrace trace;
  trace.edges.push_back(array.state());
  std::int64_t edge = 0;
  while (!array.finished()) {
    ++edge;
    SIM_CHECK(edge < kTimeout, "per_pe_array", edge, "the pass does not end");
    array.clock(edge, trace.psums);
    trace.edges.push_back(array.state());
  }
  trace.cycles = edge;
  return trace;
}

}  // namespace lacuna::reference
