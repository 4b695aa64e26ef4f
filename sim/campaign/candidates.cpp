#include "campaign/candidates.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"

namespace lacuna::campaign {

Candidates::Candidates(const run::Job& job, const std::vector<run::BatchTimes>& batches,
                       const SiteTable& table)
    : batches_(batches), table_(table) {
  SIM_CHECK(table.shape() == Shape{}, "campaign", -1, "candidates are single cells");
  const run::Part& part = job.parts.front();
  for (const schedule::Schedule* schedule :
       {&*part.schedule, part.remainder ? &*part.remainder : nullptr}) {
    if (schedule == nullptr) continue;
    uses_.push_back({schedule, {*schedule, part.network, job.spec, table.memory()}});
  }
  const auto unread = [&](std::size_t use, std::size_t number) {
    return uses_[use].map.spans(number).empty();
  };
  std::map<std::vector<std::size_t>, std::size_t> found;
  sites_.resize(table.strata().size());
  for (std::size_t stratum = 0; stratum < sites_.size(); ++stratum) {
    for (const std::uint32_t site : table.strata()[stratum].sites) {
      std::vector<std::size_t> classes;
      bool any = false;
      for (std::size_t use = 0; use < uses_.size(); ++use) {
        classes.push_back(lane_class(uses_[use], site));
        any = any || !unread(use, classes.back());
      }
      if (!any) continue;
      const auto [place, added] = found.emplace(classes, kinds_.size());
      if (added) kinds_.push_back({classes, std::vector<std::int64_t>(sites_.size())});
      ++kinds_[place->second].cells[stratum];
      sites_[stratum].push_back(site);
    }
  }
}

std::size_t Candidates::lane_class(const Use& use, std::uint32_t site) const {
  const std::optional<std::int64_t> lane = table_.lane(site);
  return lane ? use.map.class_of(*lane) : use.map.classes() - 1;
}

const Candidates::Use& Candidates::use_of(std::size_t batch, std::size_t* number) const {
  *number = batches_[batch].schedule == uses_.front().schedule ? 0 : 1;
  return uses_[*number];
}

std::vector<std::int64_t> Candidates::cycles(const StrikeTimes& times) const {
  std::vector<std::int64_t> list;
  std::vector<schedule::CycleSpan> in_use;
  for (const Kind& kind : kinds_) {
    std::int64_t cycles = 0;
    std::int64_t batch_of = -1;
    times.for_each([&](std::int64_t batch, std::int64_t from, std::int64_t until) {
      const auto place = static_cast<std::size_t>(batch);
      if (batch != batch_of) {
        batch_of = batch;
        in_use.clear();
        std::size_t use = 0;
        const schedule::UseMap& map = use_of(place, &use).map;
        for (const schedule::UseSpan& span : map.spans(kind.classes[use])) {
          const schedule::CycleSpan own = schedule::cycles_of(span, batches_[place].steps);
          // A write may begin where the last read before it ends.
          if (!in_use.empty() && own.begin <= in_use.back().end) {
            in_use.back().end = std::max(in_use.back().end, own.end);
          } else {
            in_use.push_back(own);
          }
        }
      }
      for (const schedule::CycleSpan& own : in_use) {
        cycles += std::max<std::int64_t>(0, std::min(until, own.end) - std::max(from, own.begin));
      }
    });
    list.push_back(cycles);
  }
  return list;
}

std::int64_t Candidates::count(std::size_t stratum, const std::vector<std::int64_t>& cycles) const {
  std::int64_t total = 0;
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
    total += cycles[kind] * kinds_[kind].cells[stratum];
  }
  return total;
}

std::optional<std::int32_t> Candidates::held(std::uint32_t site, const StrikeTime& time) const {
  const auto batch = static_cast<std::size_t>(time.batch);
  std::size_t number = 0;
  const Use& use = use_of(batch, &number);
  const std::vector<schedule::UseSpan>& spans = use.map.spans(lane_class(use, site));
  // Where one begins as another ends, what comes is not written yet.
  const auto found = std::find_if(spans.begin(), spans.end(), [&](const schedule::UseSpan& span) {
    const schedule::CycleSpan own = schedule::cycles_of(span, batches_[batch].steps);
    return own.begin <= time.cycle && time.cycle < own.end;
  });
  return found == spans.end() ? std::nullopt : std::optional(found->layer);
}

}  // namespace lacuna::campaign
