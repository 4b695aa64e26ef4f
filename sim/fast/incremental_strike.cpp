// Strikes by the incremental engine.
#include <algorithm>
#include <utility>

#include "fast/fates.hpp"
#include "fast/incremental.hpp"
#include "fast/index.hpp"
#include "network/outputs.hpp"

namespace lacuna::fast {

std::optional<StrikeResult> IncrementalEngine::run_strike(const fault::FaultPlan& plan,
                                                          std::int64_t batch) {
  const Group& group = groups_[at(batch / kLanes)];
  const auto lane = at(batch % kLanes);
  const FaultFreeBatch fault_free{group.maps, group.sums, group.times, lane, batch};
  std::optional<StrikeEffects> effects = strikes_.effects(plan, fault_free);
  if (!effects) return std::nullopt;
  StrikeResult result;
  result.logits = group.logits[lane];
  result.cycles = golden_.cycles[at(batch)];
  struck_.run(fault_free, *effects, result.logits);
  begin_group();
  for (const StreamChange& change : struck_.streams()) {
    begin_streams(group);
    stream_cycles_[change.stream * kLanes + lane] = static_cast<std::int32_t>(change.cycles);
  }
  std::int32_t totals[kLanes];
  if (total_cycles(group, totals)) result.cycles = totals[lane];
  bool changed = false;
  for (std::size_t index = 0; index < network_.layers.size(); ++index) {
    const std::int64_t macs = work_.layers()[index].counters.macs.total;
    if (effects->empty()) {
      result.savings.residency += macs;
    } else if (struck_.reached(index)) {
      changed = true;
      const std::int64_t done = std::min(macs, struck_.macs()[index]);
      result.savings.computed += done;
      result.savings.channel += macs - done;
    } else {
      (changed ? result.savings.early_stop : result.savings.prefix) += macs;
    }
  }
  result.fates = fates_of(network_, struck_.changes(), group.logits[lane].data(),
                          result.logits.data(), unread_stage(effects->outcomes));
  result.faults = std::move(effects->outcomes);
  return result;
}

}  // namespace lacuna::fast
