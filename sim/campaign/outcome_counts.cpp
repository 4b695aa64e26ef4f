#include "campaign/outcome_counts.hpp"

#include <algorithm>

namespace lacuna::campaign {

bool same_result(const TrialOutcome& a, const TrialOutcome& b) {
  return a.logits_sha256 == b.logits_sha256 &&
         std::all_of(
             std::begin(kOutcomeCounts), std::end(kOutcomeCounts),
             [&](const OutcomeCount& own) { return !own.of_result || own.of(a) == own.of(b); });
}

}  // namespace lacuna::campaign
