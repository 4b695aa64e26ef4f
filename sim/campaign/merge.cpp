#include "campaign/merge.hpp"

#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "campaign/rounds.hpp"

namespace lacuna::campaign {

Merge::Merge(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) add(path);
  if (!like_) {
    throw base::InputError({base_.value_or(""), 0, "merge"},
                           base_ ? "is no shard of a campaign" : "no store is named",
                           "stores that 'lacuna campaign run --shard' makes");
  }
  if (like_->part()->round.number > 1) {
    add_base(base_.value_or(like_->part()->from));
  } else if (base_) {
    throw base::InputError({*base_, 0, "merge"}, "is no shard of a campaign",
                           "of a first round only shards are merged");
  }
  expect_all();
}

void Merge::add(const std::string& path) {
  Store store = Store::open_at_rest(path);
  if (!store.part()) {
    if (base_) {
      throw base::InputError({path, 0, "merge"}, "is no shard of a campaign, as " + *base_ + " is",
                             "shards, and of a later round the one store that it goes on from");
    }
    base_ = path;
    return;
  }
  const Part& part = *store.part();
  if (like_) {
    store.expect_same_campaign(*like_);
    if (!(part.round == like_->part()->round)) {
      throw base::InputError(
          {path, 0, "round"},
          "is " + part.describe() + ", and " + like_->path() + " is " + like_->part()->describe(),
          "shards of one round, which went on from the same trials");
    }
  }
  shards_.add(part.shard, path);
  settled_.resize(static_cast<std::size_t>(store.trial_count()));
  store.mark_recorded(settled_);
  for (const LostTrial& trial : store.lost()) {
    settled_[static_cast<std::size_t>(trial.number)] = true;
  }
  trials_ += store.recorded_count();
  if (!like_) like_.emplace(std::move(store));
}

void Merge::add_base(const std::string& path) {
  const std::string& shard = like_->path();
  if (!base_ && !std::filesystem::exists(path)) {
    throw base::InputError({shard, 0, "from"},
                           "is " + like_->part()->describe() + ", which goes on from " + path +
                               ", and there is no such file",
                           "that store, named with the shards where it lies now");
  }
  const Store store = Store::open_at_rest(path);
  store.expect_same_campaign(*like_);
  const std::optional<Round> round = round_after(store);
  if (!round || !(*round == like_->part()->round)) {
    throw base::InputError(
        {path, 0, "round"},
        "is not what " + shard + ", " + like_->part()->describe() + ", goes on from",
        "the store of the rounds before");
  }
  base_ = path;
  trials_ += store.recorded_count();
}

void Merge::expect_all() const {
  store::Missing missing(shards_, "trials");
  const std::vector<Population>& populations = like_->populations();
  const Round& round = like_->part()->round;
  for (std::size_t i = 0; i < populations.size(); ++i) {
    const std::int64_t first = populations[i].first_trial;
    for (std::int64_t draw = round.begin[i]; draw < round.end[i]; ++draw) {
      if (!settled_[static_cast<std::size_t>(first + draw)]) missing.add(first + draw);
    }
  }
  missing.expect_none(
      "'lacuna campaign resume' goes on with a shard, 'lacuna campaign run --shard' runs a lost "
      "one "
      "again");
}

Store Merge::write(const std::string& out, const std::string& command) const {
  std::vector<std::string> files;
  if (base_) files.push_back(*base_);
  for (const auto& [index, path] : shards_.paths()) files.push_back(path);
  return Store::create_of(files, trials_, out, *like_, command);
}

}  // namespace lacuna::campaign
