#include "mapping/access_tracker.hpp"

#include <algorithm>

namespace lacuna::mapping {
namespace {

void raise(AccessTracker::Waits& waits, const AccessTracker::Waits& by) {
  for (std::size_t i = 0; i < waits.size(); ++i) waits[i] = std::max(waits[i], by[i]);
}

}  // namespace

void AccessTracker::split(std::int64_t at) {
  auto next = segments_.upper_bound(at);
  if (next == segments_.begin()) return;
  const auto segment = std::prev(next);
  if (segment->first == at || segment->second.end <= at) return;
  Segment tail = segment->second;
  segment->second.end = at;
  segments_.emplace_hint(next, at, tail);
}

AccessTracker::Segments::iterator AccessTracker::cover(std::int64_t begin, std::int64_t end) {
  split(begin);
  split(end);
  std::int64_t at = begin;
  auto segment = segments_.lower_bound(begin);
  while (at < end) {
    if (segment == segments_.end() || segment->first > at) {
      const std::int64_t gap_end = segment == segments_.end() ? end : std::min(end, segment->first);
      Segment fresh;
      fresh.end = gap_end;
      segment = segments_.emplace_hint(segment, at, fresh);
    }
    at = segment->second.end;
    ++segment;
  }
  return segments_.lower_bound(begin);
}

void AccessTracker::read(std::int64_t begin, std::int64_t end, schedule::StepId id,
                         schedule::Resource resource, Waits& waits) {
  for (auto it = cover(begin, end); it != segments_.end() && it->first < end; ++it) {
    raise(waits, it->second.written);
    it->second.read[static_cast<std::size_t>(resource)] = id;
  }
}

void AccessTracker::write(std::int64_t begin, std::int64_t end, schedule::StepId id,
                          schedule::Resource resource, Waits& waits, std::int32_t data) {
  if (begin >= end) return;
  auto it = cover(begin, end);
  while (it != segments_.end() && it->first < end) {
    Waits written = it->second.written;
    const bool interleaves =
        it->second.data == data && (resource == schedule::Resource::kPost || data < 0);
    if (interleaves || (resource == schedule::Resource::kPost && it->second.was_read())) {
      written[static_cast<std::size_t>(resource)] = schedule::kNoStep;
    }
    raise(waits, written);
    raise(waits, it->second.read);
    it = segments_.erase(it);
  }
  // This step waits for all of them, so whoever comes later needs to wait for this step only.
  Segment segment;
  segment.end = end;
  segment.data = data;
  segment.written[static_cast<std::size_t>(resource)] = id;
  segments_.emplace(begin, segment);
}

}  // namespace lacuna::mapping
