#include "campaign/outcome_counts.hpp"

#include <algorithm>

namespace lacuna::campaign {

bool same_result(const TrialOutcome& a, const TrialOutcome& b) {
  // What a store does not know yet says nothing.
  const bool same_rmse = !a.rmse || !b.rmse || *a.rmse == *b.rmse;
  return a.logits_sha256 == b.logits_sha256 && same_rmse &&
         std::all_of(std::begin(kOutcomeCounts), std::end(kOutcomeCounts),
                     [&](const OutcomeCount& own) {
                       // Labels do not come and go; of SDC-5 an older store has none.
                       const bool unknown =
                           own.since == Since::kEndings &&
                           (own.of(a) == TrialOutcome::kNone || own.of(b) == TrialOutcome::kNone);
                       return !own.of_result || unknown || own.of(a) == own.of(b);
                     });
}

}  // namespace lacuna::campaign
