// When a strike can be: cycles of the batches of a run, of which one is drawn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lacuna::campaign {

/// A cycle of a batch, counted from the batch's start.
struct StrikeTime {
  std::int64_t batch = 0;
  std::int64_t cycle = 0;
};

/// Cycles of several batches, numbered through.
class StrikeTimes {
 public:
  /// Adds the cycles [from, until) of a batch, where there are any.
  void add(std::int64_t batch, std::int64_t from, std::int64_t until);

  /// Adds all of others.
  void add(const StrikeTimes& other);

  /// visit(batch, from, until) for each run of cycles.
  template <class Visit>
  void for_each(Visit visit) const {
    std::int64_t first = 0;
    for (const Span& span : spans_) {
      visit(span.batch, span.from, span.from + span.after - first);
      first = span.after;
    }
  }

  std::int64_t count() const { return spans_.empty() ? 0 : spans_.back().after; }
  /// `number` is below count().
  StrikeTime at(std::int64_t number) const;

 private:
  struct Span {
    std::int64_t batch = 0;
    std::int64_t from = 0;
    std::int64_t after = 0;  ///< number of the first cycle of the next span
  };
  std::vector<Span> spans_;
};

/// The two numbers that a draw of a stratum takes.
enum class DrawOf : std::uint64_t { kSite, kTime };

/// Uniform in [0, count), from 64 bits by multiplication, those that would make one number likelier
/// than another drawn again; a pure function of (seed, stratum, draw, what it is of, attempt).
/// Source: Lemire, "Fast random integer generation in an interval", ACM TOMACS 29(1), 2019.
std::int64_t draw_below(std::int64_t count, std::uint64_t seed, std::uint64_t stratum,
                        std::int64_t draw, DrawOf what, std::uint64_t attempt = 0);

}  // namespace lacuna::campaign
