// When each row of the array starts and commits each pixel of a stream, of one batch: the
// recurrence of docs/timing.md with all of its steps kept.
#pragma once

#include <cstdint>
#include <vector>

#include "fast/stream_time.hpp"

namespace lacuna::fast {

/// A row issues this many activations more (less) for a pixel than the values ask for.
struct IssueChange {
  std::int64_t pixel = 0;
  int row = 0;
  int more = 0;
};

class StreamTrace {
 public:
  /// `skips`: rows issue what is not zero, by `prefix`, whose value v counts the non-zeros before
  /// value v modulo 2^16; else all their indices, and `prefix` may be null. `changes` are by pixel.
  StreamTrace(const PassRows& pass, const Corners& corners, bool skips, const std::uint16_t* prefix,
              const PassTiming& timing, const std::vector<IssueChange>& changes = {});

  int rows() const { return static_cast<int>(rows_); }
  std::int64_t pixels() const { return static_cast<std::int64_t>(starts_.size() / rows_); }
  /// Cycles from the start of the stream, in column 0.
  std::int64_t start(std::int64_t pixel, int row) const { return starts_[place(pixel, row)]; }
  std::int64_t commit(std::int64_t pixel, int row) const { return commits_[place(pixel, row)]; }
  /// Of the last pixel in the last row.
  std::int64_t last_commit() const { return commits_.back(); }
  std::int64_t bytes() const { return static_cast<std::int64_t>(starts_.size() * 16); }

 private:
  std::size_t place(std::int64_t pixel, int row) const {
    return static_cast<std::size_t>(pixel) * rows_ + static_cast<std::size_t>(row);
  }

  std::size_t rows_;
  std::vector<std::int64_t> starts_;  ///< [pixel][row]
  std::vector<std::int64_t> commits_;
};

}  // namespace lacuna::fast
