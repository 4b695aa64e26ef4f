// How many draws each population needs: a first round of all, then as many more as the stop rule
// asks for. What a round asks for depends on the rounds before it alone, never on workers, order or
// interruptions, so a resumed campaign draws the same trials.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "campaign/store.hpp"
#include "statistics/statistics.hpp"

namespace lacuna::campaign {

/// What is known of a population after a number of draws.
struct PopulationState {
  Tally tally;
  std::optional<statistics::Interval>
      interval;  ///< of the accuracy (maps) or of the critical share (sites)
};

PopulationState state_of(const Plan& plan, const Population& population, const Tally& tally);

/// The first round: what is drawn of each population in any case.
Round first_round(const std::vector<Population>& populations);

/// Draws of the next round, given that all of `draws` are in the store or lost; unchanged where the
/// rule is content, the population is spent, or some of its draws are lost: what comes next then
/// waits for them, so that it stays the same. Equal to `draws`: the campaign is done. Of a shard,
/// which is of one round, always so.
std::vector<std::int64_t> next_round(const Store& store, const std::vector<std::int64_t>& draws);

/// The rounds so far, followed through the store: the one that is not complete, or the last.
std::vector<std::int64_t> current_round(const Store& store);

/// The round that a stop rule asks for after those which a store holds whole; nothing where it is
/// content. Throws base::InputError where the store is of a shard, or has not all trials of its
/// last round: what comes next follows from them.
std::optional<Round> round_after(const Store& store);

/// Goes through the trials that a store is to hold of the rounds up to `draws`: all of them, or
/// those of its shard.
class WantedTrials {
 public:
  WantedTrials(const Store& store, std::vector<std::int64_t> draws);

  /// Numbers, ascending; nothing after the last.
  std::optional<std::int64_t> next();
  std::int64_t count() const;  ///< of all

 private:
  struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };

  store::Shard shard_;  ///< 0/1: all
  std::vector<Range> ranges_;
  std::size_t range_ = 0;
  std::int64_t at_ = 0;
};

}  // namespace lacuna::campaign
