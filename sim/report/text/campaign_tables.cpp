#include <fmt/format.h>

#include "campaign/rounds.hpp"
#include "report/text/campaign_maps.hpp"
#include "report/text/campaign_sites.hpp"
#include "report/text/campaign_text.hpp"
#include "report/text/campaign_vulnerability.hpp"
#include "report/text/text_parts.hpp"

namespace lacuna::report {
namespace {

using Source = campaign::Population::Source;

std::string file_line(const campaign::Store& store, const campaign::TrialRow& row) {
  const campaign::Population& own = store.populations()[row.trial.population];
  const auto& golden = store.golden_of(own);
  const auto images = static_cast<double>(store.plan().images);
  std::string text = fmt::format("{:<14} {:<18} {:<32} ", golden.machine.substr(0, 14),
                                 golden.model.substr(0, 18), own.file);
  if (row.outcome.status != campaign::TrialStatus::kDone) {
    return text + campaign::trial_status_name(row.outcome.status) + "\n";
  }
  const std::optional<double>& rmse = row.outcome.rmse;
  return text + fmt::format("{:>8} {:>8} {:>8} {:>8} {:>+8.2f}% {:>10} {:>10}\n", row.outcome.armed,
                            row.outcome.fired,
                            golden.outcome.has_labels()
                                ? percent(static_cast<double>(row.outcome.correct) / images)
                                : "-",
                            percent(static_cast<double>(row.outcome.sdc) / images),
                            100 * static_cast<double>(row.outcome.cycles - golden.outcome.cycles) /
                                static_cast<double>(golden.outcome.cycles),
                            rmse ? fmt::format("{:.4g}", *rmse) : "-",
                            decibels(row.sqnr_db(golden), rmse.value_or(1)));
}

/// Of MACs; sums over many trials are too large for counts.
struct SavingsSums {
  double computed = 0;
  double residency = 0;
  double prefix = 0;
  double channel = 0;
  double early_stop = 0;

  void add(const fast::Savings& savings) {
    computed += static_cast<double>(savings.computed);
    residency += static_cast<double>(savings.residency);
    prefix += static_cast<double>(savings.prefix);
    channel += static_cast<double>(savings.channel);
    early_stop += static_cast<double>(savings.early_stop);
  }
};

std::string savings_text(const SavingsSums& savings) {
  const double total =
      savings.computed + savings.residency + savings.prefix + savings.channel + savings.early_stop;
  if (total == 0) return "";
  const auto share = [&](double macs) { return percent(macs / total); };
  return fmt::format(
      "\nof the MACs of all trials {} were computed; saved by residency {}, fault-free prefix {},\n"
      "corrected channels {}, early stop {}\n",
      share(savings.computed), share(savings.residency), share(savings.prefix),
      share(savings.channel), share(savings.early_stop));
}

}  // namespace

std::string describe_trial(const campaign::Population& population,
                           const campaign::TrialFaults& faults, std::int64_t draw) {
  switch (population.source) {
    case Source::kMaps:
      return fmt::format("{} at rate {}, map {} (seed {})", population.form.name(), population.rate,
                         draw, faults.map_seed);
    case Source::kFile:
      return population.file;
    case Source::kSites:
      break;
  }
  const campaign::Site& site = faults.site;
  std::string text = population.form.name();
  if (population.shape.name() != "cell") text += " of a " + population.shape.name();
  if (population.memory != memory::MemoryId::kWeightSram) {
    text += std::string(" of ") + memory::memory_name(population.memory);
  }
  if (site.cell.bank >= 0) text += fmt::format(" {}", site.cell.bank);
  if (site.cell.row >= 0) text += fmt::format("/{}", site.cell.row);
  if (site.cell.bit >= 0) text += fmt::format("/{}", site.cell.bit);
  if (!site.weight.empty()) text += fmt::format(" {} bit {}", site.weight, site.code_bit);
  if (faults.step != memory::kPermanent) text += fmt::format(" at step {}", faults.step);
  if (faults.cycle != memory::kNoCycle) {
    text += fmt::format(" batch {} cycle {}", faults.batch, faults.cycle);
  }
  return text;
}

void campaign_summary_csv(const campaign::Store& store, const Sink& sink) {
  campaign::MapSummaries maps(store);
  campaign::Vulnerability found(store);
  store.for_each([&](const campaign::TrialRow& row) {
    maps.add(row);
    found.add(row);
  });
  maps_csv(maps, sink);
  vulnerability_csv(store, found, sink);
}

std::string lost_trials(const campaign::Store& store) {
  constexpr std::size_t kMostShown = 20;
  const std::vector<campaign::LostTrial> lost = store.lost();
  std::string text;
  for (std::size_t i = 0; i < lost.size() && i < kMostShown; ++i) {
    text += fmt::format("  trial {:<8} {}\n", lost[i].number, lost[i].reason);
  }
  if (lost.size() > kMostShown) text += fmt::format("  and {} more\n", lost.size() - kMostShown);
  return text;
}

std::string campaign_tables(const campaign::Store& store) {
  const campaign::Plan& plan = store.plan();
  campaign::MapSummaries maps(store);
  SiteTables sites(store);
  campaign::Vulnerability found(store);
  std::string files;
  SavingsSums savings;
  std::int64_t trials = 0;
  store.for_each([&](const campaign::TrialRow& row) {
    maps.add(row);
    sites.add(row);
    found.add(row);
    if (store.populations()[row.trial.population].source == Source::kFile) {
      files += file_line(store, row);
    }
    savings.add(row.outcome.savings);
    ++trials;
  });
  std::string text = fmt::format(
      "{}{}: {} of {} trials, {} images each\n", plan.name,
      store.part() ? ", " + store.part()->describe() : "", trials,
      campaign::WantedTrials(store, campaign::current_round(store)).count(), plan.images);
  const std::string lost = lost_trials(store);
  if (!lost.empty()) {
    text += "\nlost, without an outcome: something ended every worker that ran them\n" + lost;
  }
  text += "\nfault-free:\n";
  for (const auto& row : store.golden()) {
    text += fmt::format(
        "  {:<14} {:<18} top-1 {}, {:.1f} cycles an image, {:.3f}x of dense speed\n", row.machine,
        row.model,
        row.outcome.has_labels()
            ? percent(static_cast<double>(row.outcome.correct) / static_cast<double>(plan.images))
            : "unknown",
        static_cast<double>(row.outcome.cycles) / static_cast<double>(plan.images),
        static_cast<double>(row.dense_cycles) / static_cast<double>(row.outcome.cycles));
  }
  text += sites.text();
  text += vulnerability_text(store, found);
  text += maps_text(maps);
  if (!files.empty()) {
    text += fmt::format(
                "\nfault files\n{:<14} {:<18} {:<32} {:>8} {:>8} {:>8} {:>8} {:>9} {:>10} "
                "{:>10}\n",
                "machine", "network", "file", "armed", "fired", "top-1", "SDC", "cycles", "RMSE",
                "SQNR") +
            files;
  }
  return text + savings_text(savings);
}

}  // namespace lacuna::report
