#include "cli/campaign_slurm.hpp"

#include <filesystem>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "campaign/merge.hpp"
#include "campaign/rounds.hpp"
#include "cli/slurm_options.hpp"

namespace lacuna::cli {
namespace {

/// Whether a rule may ask for a round after the first.
bool has_rule(const campaign::Plan& plan) {
  return (plan.maps && plan.maps->half_width) || (plan.sites && plan.sites->half_width);
}

/// Trials without an outcome that are not lost.
std::int64_t lacks(const campaign::TrialRunner& runner, const campaign::Round& round,
                   const store::Shard& shard, const std::string& path) {
  const campaign::Store store = campaign::Store::open_to_read(path);
  store.expect_campaign_of(runner);
  if (!store.part() || !(store.part()->shard == shard) || !(store.part()->round == round)) {
    throw base::InputError(
        {path, 0, "shard"},
        "is not shard " + shard.text() + " of round " + std::to_string(round.number),
        "the --shards that it was begun with, or another --out");
  }
  const auto settled = store.recorded_count() + static_cast<std::int64_t>(store.lost().size());
  return campaign::WantedTrials(store, round.end).count() - settled;
}

}  // namespace

campaign::Store run_on_slurm(const campaign::TrialRunner& runner, const SlurmCampaign& what) {
  cluster::Slurm slurm(what.out, what.shards, what.processors);
  campaign::Round round = campaign::first_round(runner.populations());
  std::string from;
  while (true) {
    cluster::ShardWork work;
    work.name = "round-" + std::to_string(round.number);
    work.begin = {"campaign", "run", what.plan};
    if (!from.empty()) work.begin.insert(work.begin.end(), {"--from", from});
    work.go_on = {"campaign", "resume"};
    for (std::vector<std::string>* words : {&work.begin, &work.go_on}) {
      words->insert(words->end(), what.options.begin(), what.options.end());
    }
    work.processors = "--workers";
    work.lacks = [&](const store::Shard& shard, const std::string& path) {
      return lacks(runner, round, shard, path);
    };
    run_shards(slurm, work);
    const std::string merged = slurm.path(work.name + ".sqlite");
    if (has_rule(runner.plan())) {
      if (!std::filesystem::exists(merged)) {
        campaign::Merge(slurm.stores(work)).write(merged, what.command);
      }
      const campaign::Store so_far = campaign::Store::open_to_read(merged);
      std::optional<campaign::Round> next;
      if (so_far.lost().empty()) next = campaign::round_after(so_far);
      if (next) {
        from = merged;
        round = *std::move(next);
        continue;
      }
    }
    campaign::Store store = campaign::Merge(slurm.stores(work)).write(what.out, what.command);
    slurm.remove();
    return store;
  }
}

}  // namespace lacuna::cli
