#include "schedule/row_keys.hpp"

#include "schedule/rows.hpp"

namespace lacuna::schedule {

std::int64_t RowKeys::key_of(const Access& access) {
  if (resource_of(access.by) != Resource::kPost) return access.region;
  const Region& region = schedule_.regions[static_cast<std::size_t>(access.region)];
  const CellRun run = *slots_of(access.rows, region, map_view(network_, spec_, region.map));
  const auto place =
      std::make_tuple(run.key, run.value - run.begin, region.channel_begin, region.channel_count);
  const auto next = static_cast<std::int64_t>(schedule_.regions.size() + results_.size());
  return results_.try_emplace(place, next).first->second;
}

}  // namespace lacuna::schedule
