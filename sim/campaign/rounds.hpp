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

/// [population] draws of the first round.
std::vector<std::int64_t> first_round(const Store& store);

/// Draws of the next round, given that all of `draws` are in the store or lost; unchanged where the
/// rule is content, the population is spent, or some of its draws are lost: what comes next then
/// waits for them, so that it stays the same. Equal to `draws`: the campaign is done.
std::vector<std::int64_t> next_round(const Store& store, const std::vector<std::int64_t>& draws);

/// The rounds so far, followed through the store: the one that is not complete, or the last.
std::vector<std::int64_t> current_round(const Store& store);

}  // namespace lacuna::campaign
