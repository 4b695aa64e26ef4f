#include "mapping/access_tracker.hpp"

#include <algorithm>

#include "schedule/resources.hpp"

namespace lacuna::mapping {
namespace {

void raise(StepAccesses::Stamps& waits, const StepAccesses::Stamps& by) {
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

void AccessTracker::read(std::int64_t begin, std::int64_t end, StepAccesses& step) {
  for (auto it = cover(begin, end); it != segments_.end() && it->first < end; ++it) {
    raise(step.waits_, it->second.written);
  }
  step.touched_.push_back({this, begin, end, false});
}

void AccessTracker::write(std::int64_t begin, std::int64_t end, StepAccesses& step,
                          std::int32_t data) {
  if (begin >= end) return;
  const std::size_t own = schedule::index_of(step.resource_);
  const bool is_post = step.resource_ == schedule::Resource::kPost;
  auto it = cover(begin, end);
  while (it != segments_.end() && it->first < end) {
    Stamps written = it->second.written;
    const bool interleaves = it->second.data == data && (is_post || data < 0);
    if (interleaves || (is_post && it->second.was_read())) written[own] = kNever;
    raise(step.waits_, written);
    raise(step.waits_, it->second.read);
    it = segments_.erase(it);
  }
  // This step waits for all of them, so whoever comes later needs to wait for this step only.
  Segment segment;
  segment.end = end;
  segment.data = data;
  segments_.emplace_hint(it, begin, segment);
  step.touched_.push_back({this, begin, end, true});
}

void AccessTracker::settle(const StepAccesses::Touched& touched, schedule::Resource resource,
                           Stamp stamp) {
  const std::size_t own = schedule::index_of(resource);
  for (auto it = segments_.lower_bound(touched.begin);
       it != segments_.end() && it->first < touched.end; ++it) {
    (touched.write ? it->second.written : it->second.read)[own] = stamp;
  }
}

void StepAccesses::settle(Stamp end) const {
  for (const Touched& touched : touched_) touched.memory->settle(touched, resource_, end);
}

}  // namespace lacuna::mapping
