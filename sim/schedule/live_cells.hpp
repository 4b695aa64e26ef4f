// What lies in the cells of a memory at one moment of a walk over its accesses: runs of cells, each
// with something of its own, cut where another access begins or ends.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <utility>

namespace lacuna::schedule {

template <class Content>
class LiveCells {
 public:
  /// Puts `fresh` into cells [begin, end) but where `stays(content)`. Of what it replaces, each run
  /// of cells goes to `ended(begin, end, content)`, by cell.
  template <class Stays, class Ended>
  void write(std::int64_t begin, std::int64_t end, const Content& fresh, Stays stays, Ended ended) {
    if (begin >= end) return;
    cut(begin);
    cut(end);
    std::int64_t hole = begin;
    const auto fill = [&](std::int64_t to) {
      if (hole < to) runs_.insert_or_assign(hole, Run{to, fresh});
    };
    for (auto it = runs_.lower_bound(begin); it != runs_.end() && it->first < end;) {
      if (stays(it->second.content)) {
        fill(it->first);
        hole = it->second.end;
        ++it;
      } else {
        ended(it->first, it->second.end, std::move(it->second.content));
        it = runs_.erase(it);
      }
    }
    fill(end);
  }

  /// visit(content) for each run of cells in [begin, end).
  template <class Visit>
  void visit(std::int64_t begin, std::int64_t end, Visit visit) {
    if (begin >= end) return;
    cut(begin);
    cut(end);
    for (auto it = runs_.lower_bound(begin); it != runs_.end() && it->first < end; ++it) {
      visit(it->second.content);
    }
  }

  /// All that is left goes to `ended`, by cell.
  template <class Ended>
  void finish(Ended ended) {
    for (auto& [begin, run] : runs_) ended(begin, run.end, std::move(run.content));
    runs_.clear();
  }

 private:
  struct Run {
    std::int64_t end = 0;
    Content content;
  };

  /// So that no run crosses `at`.
  void cut(std::int64_t at) {
    const auto next = runs_.lower_bound(at);
    if (next == runs_.begin()) return;
    Run& run = std::prev(next)->second;
    if (run.end <= at) return;
    runs_.emplace_hint(next, at, run);
    run.end = at;
  }

  std::map<std::int64_t, Run> runs_;  ///< by first cell; without overlap
};

}  // namespace lacuna::schedule
