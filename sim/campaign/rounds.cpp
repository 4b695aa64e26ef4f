#include "campaign/rounds.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/shell.hpp"
#include "statistics/proportion.hpp"
#include "statistics/strata.hpp"

namespace lacuna::campaign {
namespace {

/// Mean and standard deviation of accuracy over the maps of a tally, from integer sums, so that the
/// order of the maps cannot matter.
std::optional<double> accuracy_deviation(const Tally& tally, std::int64_t images) {
  if (tally.done < 2) return std::nullopt;
  const auto n = static_cast<long double>(tally.done);
  const auto sum = static_cast<long double>(tally.correct);
  const long double squares = static_cast<long double>(tally.correct_squared) - sum * sum / n;
  return static_cast<double>(std::sqrt(std::max<long double>(0, squares) / (n - 1))) /
         static_cast<double>(images);
}

std::int64_t more_maps(const Plan& plan, const PopulationState& state, std::int64_t draws) {
  const double asked = *plan.maps->half_width;
  if (!state.interval || state.interval->half_width() <= asked) return 0;
  const double deviation = *accuracy_deviation(state.tally, plan.images);
  const double t = statistics::student_critical_value(plan.confidence, state.tally.done - 1);
  const double needed = std::ceil(t * deviation / asked * (t * deviation / asked));
  constexpr double kMost = 1e9;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(needed, kMost)) - draws);
}

std::int64_t more_sites(const Plan& plan, const Population& population, const Tally& tally) {
  statistics::StopRule rule;
  // Half as wide as it may be is as wide as a share can be.
  constexpr double kWidest = 0.4999;
  rule.half_width = std::min(*plan.sites->half_width / population.candidate_share(), kWidest);
  rule.confidence = plan.confidence;
  rule.first = population.first;
  rule.n_max = population.most;
  const statistics::StratumNeed need =
      statistics::apply_stop_rule(
          {{population.sites, tally.done, tally.critical, population.with_replacement()}}, rule)
          .front();
  return need.state == statistics::StratumState::kNeedsMore ? std::max<std::int64_t>(1, need.more)
                                                            : 0;
}

}  // namespace

PopulationState state_of(const Plan& plan, const Population& own, const Tally& tally) {
  PopulationState state;
  state.tally = tally;
  if (own.source == Population::Source::kSites && tally.done > 0) {
    state.interval = statistics::wilson_interval(tally.critical, tally.done, plan.confidence,
                                                 own.finite_sites());
    state.interval->lower *= own.candidate_share();
    state.interval->upper *= own.candidate_share();
  }
  const auto deviation = accuracy_deviation(tally, plan.images);
  if (own.source == Population::Source::kMaps && deviation) {
    const double mean = static_cast<double>(tally.correct) / static_cast<double>(tally.done) /
                        static_cast<double>(plan.images);
    state.interval = statistics::student_interval(mean, *deviation, tally.done, plan.confidence);
  }
  return state;
}

Round first_round(const std::vector<Population>& populations) {
  Round round;
  round.begin.resize(populations.size());
  for (const Population& own : populations) round.end.push_back(own.first);
  return round;
}

std::vector<std::int64_t> next_round(const Store& store, const std::vector<std::int64_t>& draws) {
  const Plan& plan = store.plan();
  std::vector<std::int64_t> next = draws;
  if (store.part()) return next;
  for (std::size_t i = 0; i < next.size(); ++i) {
    const Population& own = store.populations()[i];
    const bool maps = own.source == Population::Source::kMaps && plan.maps->half_width;
    const bool sites = own.source == Population::Source::kSites && plan.sites->half_width;
    if ((!maps && !sites) || next[i] >= own.most) continue;
    const PopulationState state = state_of(plan, own, store.tally(i, draws[i]));
    // What is asked for follows from all that was drawn: where some of it is lost the rule waits.
    if (state.tally.done + state.tally.failed < draws[i]) continue;
    next[i] += maps ? more_maps(plan, state, draws[i]) : more_sites(plan, own, state.tally);
    next[i] = std::min(next[i], own.most);
  }
  return next;
}

std::vector<std::int64_t> current_round(const Store& store) {
  if (store.part()) return store.part()->round.end;
  std::vector<std::int64_t> draws = first_round(store.populations()).end;
  const std::vector<LostTrial> lost = store.lost();
  while (true) {
    std::int64_t wanted = 0;
    std::int64_t there = 0;
    for (std::size_t i = 0; i < draws.size(); ++i) {
      const Tally tally = store.tally(i, draws[i]);
      const std::int64_t first = store.populations()[i].first_trial;
      there += tally.done + tally.failed;
      there += std::count_if(lost.begin(), lost.end(), [&](const LostTrial& trial) {
        return trial.number >= first && trial.number < first + draws[i];
      });
      wanted += draws[i];
    }
    if (there < wanted) return draws;
    std::vector<std::int64_t> next = next_round(store, draws);
    if (next == draws) return draws;
    draws = std::move(next);
  }
}

std::optional<Round> round_after(const Store& store) {
  if (store.part()) {
    throw base::InputError({store.path(), 0, "shard"}, "is " + store.part()->describe(),
                           "what 'lacuna campaign merge' makes of all of a round");
  }
  Round round = first_round(store.populations());
  std::int64_t whole = 0;  // trials of the rounds before
  while (true) {
    std::int64_t there = 0;
    std::int64_t wanted = 0;
    for (std::size_t i = 0; i < round.end.size(); ++i) {
      const Tally tally = store.tally(i, round.end[i]);
      there += tally.done + tally.failed;
      wanted += round.end[i];
    }
    if (round.number > 1 && there == whole) return round;
    if (there < wanted) {
      throw base::InputError(
          {store.path(), 0, "trials"},
          "of round " + std::to_string(round.number) + " " + std::to_string(wanted - there) +
              " are missing or lost",
          "a store with all of them: " +
              base::shell_command("lacuna campaign resume", {store.path(), "--retry-lost"}));
    }
    std::vector<std::int64_t> next = next_round(store, round.end);
    if (next == round.end) return std::nullopt;
    whole = wanted;
    round.begin = std::move(round.end);
    round.end = std::move(next);
    ++round.number;
  }
}

WantedTrials::WantedTrials(const Store& store, std::vector<std::int64_t> draws) {
  if (store.part()) shard_ = store.part()->shard;
  for (std::size_t i = 0; i < draws.size(); ++i) {
    const std::int64_t first = store.populations()[i].first_trial;
    const std::int64_t begin = store.part() ? store.part()->round.begin[i] : 0;
    ranges_.push_back({first + begin, first + draws[i]});
  }
  if (!ranges_.empty()) at_ = shard_.first_from(ranges_.front().begin);
}

std::optional<std::int64_t> WantedTrials::next() {
  while (range_ < ranges_.size() && at_ >= ranges_[range_].end) {
    if (++range_ < ranges_.size()) at_ = shard_.first_from(ranges_[range_].begin);
  }
  if (range_ == ranges_.size()) return std::nullopt;
  const std::int64_t trial = at_;
  at_ += shard_.count;
  return trial;
}

std::int64_t WantedTrials::count() const {
  std::int64_t count = 0;
  for (const Range& range : ranges_) {
    count += shard_.held_below(range.end) - shard_.held_below(range.begin);
  }
  return count;
}

}  // namespace lacuna::campaign
