#include "judge/contents.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lacuna::judge {
namespace {

bool covers_all(const std::vector<std::pair<std::int64_t, std::int64_t>>& shares,
                std::int64_t total) {
  return shares.size() == 1 && shares[0].first <= 0 && shares[0].second >= total;
}

bool covers(const std::vector<std::pair<std::int64_t, std::int64_t>>& shares, const Share& share) {
  return std::any_of(shares.begin(), shares.end(), [&](const auto& held) {
    return held.first <= share.begin && held.second >= share.end;
  });
}

void add_share(std::vector<std::pair<std::int64_t, std::int64_t>>& shares, std::int64_t begin,
               std::int64_t end) {
  auto place = std::lower_bound(shares.begin(), shares.end(), std::make_pair(begin, end));
  place = shares.insert(place, {begin, end});
  if (place + 1 != shares.end() && place->second == (place + 1)->first) {
    place->second = (place + 1)->second;
    shares.erase(place + 1);
  }
  if (place != shares.begin() && (place - 1)->second == place->first) {
    (place - 1)->second = place->second;
    shares.erase(place);
  }
}

void note(ResourceClock& clock, schedule::Resource resource, schedule::StepId step) {
  schedule::StepId& last = clock[static_cast<std::size_t>(resource)];
  last = std::max(last, step);
}

}  // namespace

Contents::Contents(Names names, const EndClocks& clocks, Violations& violations)
    : names_(std::move(names)), clocks_(clocks), violations_(violations) {}

std::string Contents::at(std::int64_t cell) const {
  return fmt::format("{} {}", names_.memory, cell);
}

void Contents::split(std::int64_t at) {
  auto after = segments_.upper_bound(at);
  if (after == segments_.begin()) return;
  const auto it = std::prev(after);
  if (it->first == at || it->second.end <= at) return;
  Segment right = it->second;
  right.value += at - it->first;
  it->second.end = at;
  segments_.emplace_hint(after, at, std::move(right));
}

Contents::Segments::iterator Contents::first_in(std::int64_t begin) {
  return segments_.lower_bound(begin);
}

void Contents::preload(const schedule::CellRun& run, bool keep) {
  split(run.begin);
  split(run.begin + run.count);
  for (auto it = first_in(run.begin); it != segments_.end() && it->first < run.begin + run.count;) {
    violations_.add(fmt::format("set-up puts {} over {} at {}", names_.data(run.key, run.value),
                                names_.data(it->second.key, it->second.value), at(it->first)));
    it = segments_.erase(it);
  }
  Segment segment;
  segment.end = run.begin + run.count;
  segment.key = run.key;
  segment.value = run.value;
  segment.complete = true;
  segment.keep = keep;
  segments_.emplace(run.begin, std::move(segment));
}

std::optional<std::int64_t> Contents::first_missing(const schedule::CellRun& run) const {
  std::int64_t cell = run.begin;
  while (cell < run.begin + run.count) {
    auto it = segments_.upper_bound(cell);
    if (it == segments_.begin()) return cell;
    const auto& [begin, segment] = *std::prev(it);
    const bool holds = segment.end > cell && segment.key == run.key && segment.complete &&
                       segment.value + (cell - begin) == run.value + (cell - run.begin);
    if (!holds) return cell;
    cell = segment.end;
  }
  return std::nullopt;
}

void Contents::read(const schedule::CellRun& run, const Share& share, schedule::StepId step,
                    schedule::Resource resource) {
  const std::int64_t end = run.begin + run.count;
  split(run.begin);
  split(end);
  std::int64_t cell = run.begin;
  for (auto it = first_in(run.begin); cell < end; ++it) {
    const std::int64_t wanted = run.value + (cell - run.begin);
    if (it == segments_.end() || it->first > cell) {
      violations_.add(fmt::format("{} reads {} at {}, where nothing was written", names_.step(step),
                                  names_.data(run.key, wanted), at(cell)));
      return;
    }
    Segment& segment = it->second;
    if (segment.key != run.key || segment.value != wanted) {
      violations_.add(fmt::format("{} reads {} at {}, which holds {}", names_.step(step),
                                  names_.data(run.key, wanted), at(cell),
                                  names_.data(segment.key, segment.value)));
      return;
    }
    if (!segment.complete && !covers(segment.shares, share)) {
      violations_.add(fmt::format("{} reads {} at {}, which is not written in all channels",
                                  names_.step(step), names_.data(run.key, wanted), at(cell)));
      return;
    }
    for (const schedule::StepId writer : segment.writers) {
      if (!clocks_.ended(writer, step)) {
        violations_.add(fmt::format("{} reads {} at {}, but does not wait for its writer, {}",
                                    names_.step(step), names_.data(run.key, wanted), at(cell),
                                    names_.step(writer)));
      }
    }
    note(segment.readers, resource, step);
    cell = segment.end;
  }
}

bool Contents::extends(const Segment& segment, std::int64_t value, std::int64_t key,
                       const Share& share) const {
  if (segment.complete || segment.key != key || segment.value != value) return false;
  return std::none_of(segment.shares.begin(), segment.shares.end(), [&](const auto& held) {
    return held.first < share.end && share.begin < held.second;
  });
}

void Contents::check_overwrite(Segments::const_iterator it, schedule::StepId step) {
  const Segment& segment = it->second;
  if (segment.keep) {
    violations_.add(fmt::format("{} overwrites {} at {}, which every batch needs",
                                names_.step(step), names_.data(segment.key, segment.value),
                                at(it->first)));
  }
  for (const schedule::StepId reader : segment.readers) {
    if (!clocks_.ended(reader, step)) {
      violations_.add(fmt::format("{} overwrites {} at {}, but does not wait for its reader, {}",
                                  names_.step(step), names_.data(segment.key, segment.value),
                                  at(it->first), names_.step(reader)));
    }
  }
  for (const schedule::StepId writer : segment.writers) {
    if (!clocks_.ended(writer, step)) {
      violations_.add(fmt::format("{} overwrites {} at {}, but does not wait for its writer, {}",
                                  names_.step(step), names_.data(segment.key, segment.value),
                                  at(it->first), names_.step(writer)));
    }
  }
}

void Contents::write(const schedule::CellRun& run, const Share& share, schedule::StepId step,
                     schedule::Resource resource) {
  const std::int64_t end = run.begin + run.count;
  split(run.begin);
  split(end);
  Segment fresh;
  fresh.key = run.key;
  fresh.shares = {{share.begin, share.end}};
  fresh.complete = covers_all(fresh.shares, share.total);
  note(fresh.writers, resource, step);
  const auto fill = [&](std::int64_t from, std::int64_t to) {
    fresh.value = run.value + (from - run.begin);
    fresh.end = to;
    segments_.emplace(from, fresh);
  };
  // [hole, here) is to become one fresh run: it was empty, or what it held is replaced.
  std::int64_t hole = run.begin;
  for (auto it = first_in(run.begin); it != segments_.end() && it->first < end;) {
    Segment& segment = it->second;
    if (extends(segment, run.value + (it->first - run.begin), run.key, share)) {
      add_share(segment.shares, share.begin, share.end);
      segment.complete = covers_all(segment.shares, share.total);
      note(segment.writers, resource, step);
      if (hole < it->first) fill(hole, it->first);
      hole = segment.end;
      ++it;
    } else {
      check_overwrite(it, step);
      it = segments_.erase(it);
    }
  }
  if (hole < end) fill(hole, end);
}

}  // namespace lacuna::judge
