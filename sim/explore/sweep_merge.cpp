#include "explore/sweep_merge.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.hpp"

namespace lacuna::explore {

SweepMerge::SweepMerge(const std::vector<std::string>& paths) {
  std::int64_t wanted = 0;
  std::vector<std::int64_t> lacking;
  for (const std::string& path : paths) {
    SweepStore store = SweepStore::open_at_rest(path);
    if (!store.shard()) {
      throw base::InputError({path, 0, "merge"}, "is no shard of a sweep",
                             "stores that 'lacuna sweep --shard' makes");
    }
    if (like_) store.expect_same_sweep(*like_);
    shards_.add(*store.shard(), path);
    const std::vector<std::int64_t> own = store.wanted();
    const std::vector<std::int64_t> recorded = store.recorded();
    wanted += static_cast<std::int64_t>(own.size());
    std::set_difference(own.begin(), own.end(), recorded.begin(), recorded.end(),
                        std::back_inserter(lacking));
    if (!like_) like_.emplace(std::move(store));
  }
  // Of a shard without a store its points are not known, but that it has some.
  store::Missing missing(shards_, "points");
  for (const std::int64_t point : lacking) missing.add(point);
  missing.expect_none("'lacuna sweep --shard' runs a lost shard again, and goes on with one");
  if (wanted == like_->points_of_all()) return;
  throw base::InputError({like_->path(), 0, "points"},
                         "of the sweep are " + std::to_string(like_->points_of_all()) +
                             ", and its shards have " + std::to_string(wanted),
                         "stores as the program wrote them");
}

SweepStore SweepMerge::write(const std::string& out, const std::string& command) const {
  std::vector<std::string> files;
  for (const auto& [index, path] : shards_.paths()) files.push_back(path);
  return SweepStore::create_of(files, out, *like_, command);
}

}  // namespace lacuna::explore
