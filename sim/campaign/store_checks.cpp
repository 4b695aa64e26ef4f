// What a store's rows have to be: of a file that something else has written to, nothing is relied
// on that is not held here first.
#include <algorithm>
#include <limits>
#include <string_view>

#include "base/error.hpp"
#include "campaign/outcome_counts.hpp"
#include "campaign/store.hpp"

namespace lacuna::campaign {
namespace {

/// Of a population, of strikes cells x cycles.
constexpr std::int64_t kMostStoreSites = std::int64_t{1} << 56;

/// Most that a count of a trial can be.
std::int64_t most_of(CountOf what, std::int64_t images) {
  switch (what) {
    case CountOf::kImages:
      return images;
    case CountOf::kFaults:
    case CountOf::kCycles:
      return kMostCount;
    case CountOf::kMacs:
      return std::numeric_limits<std::int64_t>::max() / 8;
  }
  return 0;
}

}  // namespace

void Store::check_population(const Population& own, const std::string& shape) const {
  using Source = Population::Source;
  const char* broken = nullptr;
  switch (own.source) {
    case Source::kMaps:
      if (!plan_.maps) broken = "the plan has no maps";
      if (!(own.rate >= 0 && own.rate <= 1)) broken = "a rate is not from 0 to 1";
      break;
    case Source::kSites:
      if (!plan_.sites) broken = "the plan has no sites";
      if (own.shape.rows < 1 || own.shape.bits < 1 || own.shape.name() != shape) {
        broken = "a shape is none";
      }
      if ((own.most > own.sites && !own.with_replacement()) || own.sites > kMostStoreSites ||
          own.sites < 0 || own.outside < 0 || own.outside > kMostStoreSites - own.sites ||
          own.cells < 0 || own.cells > kMostStoreSites ||
          ((own.outside > 0 || own.cells > 0) && !own.with_replacement()) ||
          (own.most > 0 && own.sites == 0))
        broken = "there are too few or many sites";
      for (const std::int64_t part :
           {own.label.bit, own.label.bank, own.label.first_row, own.label.last_row}) {
        if (part < -1 || part > kMostCount) broken = "a stratum lies nowhere";
      }
      break;
    case Source::kFile:
      break;
  }
  if (broken != nullptr) throw base::InputError({database_->path(), 0, "populations"}, broken);
}

void Store::check_row(const TrialRow& row) const {
  const TrialOutcome& outcome = row.outcome;
  const auto within = [](std::int64_t most, std::initializer_list<std::int64_t> values) {
    return std::all_of(values.begin(), values.end(),
                       [&](std::int64_t value) { return value >= 0 && value <= most; });
  };
  // -1 stands for all, or for none.
  const auto or_zero = [](std::int64_t place) { return place == -1 ? 0 : place; };
  const Site& site = row.faults.site;
  bool broken = row.trial.population >= populations_.size() ||
                !std::all_of(std::begin(kOutcomeCounts), std::end(kOutcomeCounts),
                             [&](const OutcomeCount& own) {
                               const std::int64_t value = own.of(outcome);
                               const bool none = value == TrialOutcome::kNone && may_be_none(own);
                               return within(most_of(own.what, plan_.images), {none ? 0 : value});
                             }) ||
                !within(kMostCount, {or_zero(site.cell.bank), or_zero(site.cell.row),
                                     or_zero(site.cell.bit), or_zero(site.code_bit),
                                     or_zero(row.faults.step), or_zero(row.faults.cycle),
                                     or_zero(row.faults.batch), row.faults.batch_cycles});
  if (!broken) {
    const Population& own = populations_[row.trial.population];
    const bool strike = own.source == Population::Source::kSites && own.with_replacement();
    const bool struck = row.faults.cycle >= 0 && row.faults.batch >= 0 &&
                        row.faults.batch < plan_.images &&
                        row.faults.cycle < row.faults.batch_cycles;
    const bool foreign =
        part_ && !part_->holds(row.trial.number, row.trial.population, row.trial.draw);
    const bool none = row.faults.cycle == memory::kNoCycle && row.faults.batch == memory::kEvery &&
                      row.faults.batch_cycles == 0;
    broken = foreign || !(strike ? struck : none) || row.trial.draw < 0 ||
             row.trial.draw >= own.most || row.trial.number != own.first_trial + row.trial.draw ||
             (own.source == Population::Source::kMaps &&
              row.faults.map_seed != plan_.seed + static_cast<std::uint64_t>(row.trial.draw));
  }
  if (!broken && outcome.status == TrialStatus::kDone) {
    broken = outcome.cycles <= 0 || outcome.fired > outcome.armed ||
             outcome.masked + outcome.benign + outcome.sdc != plan_.images ||
             outcome.has_labels() !=
                 golden_of(populations_[row.trial.population]).outcome.has_labels() ||
             outcome.sdc5 > outcome.sdc || !(outcome.rmse.value_or(0) >= 0);
  }
  if (!broken && later_.endings) {
    const Population& own = populations_[row.trial.population];
    const bool strike = own.source == Population::Source::kSites && own.with_replacement();
    const bool ends = strike && outcome.status == TrialStatus::kDone;
    const bool unread = !outcome.ended || *outcome.ended == measure::FateStage::kNeverRead ||
                        *outcome.ended == measure::FateStage::kOverwritten;
    const auto reached = [&](measure::FateStage stage) { return *outcome.ended >= stage; };
    broken = strike == row.faults.phase.empty() || (!strike && !row.faults.holds.empty()) ||
             ends != outcome.ended.has_value() || unread != outcome.ended_in.empty() ||
             (ends && (unread != (outcome.fired == 0) ||
                       reached(measure::FateStage::kTop1Equal) != (outcome.masked < plan_.images) ||
                       reached(measure::FateStage::kTop1Changed) != (outcome.sdc > 0)));
  }
  if (broken) {
    throw base::InputError({database_->path(), 0, "trials"},
                           "trial " + std::to_string(row.trial.number) + " is no outcome");
  }
}

}  // namespace lacuna::campaign
