// The counts of a trial's outcome, declared once: stores, workers' replies, exports and replays
// walk this list.
#pragma once

#include <iterator>
#include <string_view>

#include "campaign/trial.hpp"
#include "measure/counters.hpp"

namespace lacuna::campaign {

/// What a count is of, which bounds it.
enum class CountOf : std::uint8_t { kImages, kFaults, kCycles, kMacs };

/// What a store has that has a column.
enum class Since : std::uint8_t {
  kFirst,    ///< of 0.1.0
  kStrikes,  ///< strikes came with it
  kEndings   ///< where differences ended came with it
};

struct OutcomeCount {
  const char* key;  ///< of the store's column and of exports
  CountOf what;
  bool of_result;  ///< else of how the trial was computed, which is not exported
  Since since;     ///< later ones stand behind
  std::int64_t (*of)(const TrialOutcome& outcome);
  std::int64_t& (*in)(TrialOutcome& outcome);
};

template <auto... Path>
constexpr OutcomeCount outcome_count(const char* key, CountOf what, bool of_result,
                                     Since since = Since::kFirst) {
  return {key,
          what,
          of_result,
          since,
          [](const TrialOutcome& outcome) -> std::int64_t {
            return measure::number_in<const TrialOutcome, Path...>(outcome);
          },
          [](TrialOutcome& outcome) -> std::int64_t& {
            return measure::number_in<TrialOutcome, Path...>(outcome);
          }};
}

inline constexpr OutcomeCount kOutcomeCounts[] = {
    outcome_count<&TrialOutcome::armed>("armed", CountOf::kFaults, true),
    outcome_count<&TrialOutcome::fired>("fired", CountOf::kFaults, true),
    outcome_count<&TrialOutcome::correct>("correct", CountOf::kImages, true),
    outcome_count<&TrialOutcome::masked>("masked", CountOf::kImages, true),
    outcome_count<&TrialOutcome::benign>("benign", CountOf::kImages, true),
    outcome_count<&TrialOutcome::sdc>("sdc", CountOf::kImages, true),
    outcome_count<&TrialOutcome::cycles>("cycles", CountOf::kCycles, true),
    outcome_count<&TrialOutcome::savings, &fast::Savings::computed>("macs_computed", CountOf::kMacs,
                                                                    false),
    outcome_count<&TrialOutcome::savings, &fast::Savings::residency>("macs_residency",
                                                                     CountOf::kMacs, false),
    outcome_count<&TrialOutcome::savings, &fast::Savings::prefix>("macs_prefix", CountOf::kMacs,
                                                                  false),
    outcome_count<&TrialOutcome::savings, &fast::Savings::channel>("macs_channel", CountOf::kMacs,
                                                                   false),
    outcome_count<&TrialOutcome::savings, &fast::Savings::early_stop>("macs_early_stop",
                                                                      CountOf::kMacs, false),
    outcome_count<&TrialOutcome::late>("late", CountOf::kImages, true, Since::kStrikes),
    outcome_count<&TrialOutcome::sdc5>("sdc5", CountOf::kImages, true, Since::kEndings),
};

/// Counts that a network may not have: TrialOutcome::kNone then.
inline bool may_be_none(const OutcomeCount& count) {
  return count.key == std::string_view("correct") || count.key == std::string_view("sdc5");
}

/// Whether two outcomes have the same result, to the bit and to the cycle, however computed.
bool same_result(const TrialOutcome& a, const TrialOutcome& b);

}  // namespace lacuna::campaign
