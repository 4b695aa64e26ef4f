#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include "campaign/rounds.hpp"
#include "campaign/statistics.hpp"
#include "report/campaign_sites.hpp"
#include "report/campaign_text.hpp"

namespace lacuna::report {
namespace {

using Source = campaign::Population::Source;

std::string percent(double share) { return fmt::format("{:.2f}%", 100 * share); }

/// Mean and half-width of its interval, in percent.
std::string with_interval(const campaign::MeanSummary& summary) {
  std::string mean = percent(*summary.mean);
  if (!summary.interval) return mean;
  return fmt::format("{} +- {:.2f}", mean, 100 * summary.interval->half_width());
}

struct Chip {
  std::int64_t correct = 0;
  std::int64_t sdc = 0;
  std::int64_t cycles = 0;
};

/// Trials of one machine, network, kind and rate, by map.
struct Cell {
  std::map<std::int64_t, Chip> by_map;
  std::int64_t lost = 0;  ///< crashed or timed out

  std::vector<double> values(const std::function<double(const Chip&)>& figure) const {
    std::vector<double> result;
    for (const auto& [map, chip] : by_map) result.push_back(figure(chip));
    return result;
  }
};

struct CellKey {
  std::size_t machine;
  campaign::FaultType type;
  double rate;
  std::size_t model;
  friend bool operator<(const CellKey& a, const CellKey& b) {
    return std::tie(a.machine, a.type, a.rate, a.model) <
           std::tie(b.machine, b.type, b.rate, b.model);
  }
};

class MapTables {
 public:
  explicit MapTables(const campaign::Store& store) : store_(store) {}

  void add(const campaign::TrialRow& row) {
    const campaign::Population& own = store_.populations()[row.trial.population];
    if (own.source != Source::kMaps) return;
    Cell& cell = cells_[{own.machine, own.type, own.rate, own.model}];
    if (row.outcome.status == campaign::TrialStatus::kDone) {
      cell.by_map[row.trial.draw] = {row.outcome.correct, row.outcome.sdc, row.outcome.cycles};
    } else {
      ++cell.lost;
    }
  }

  std::string text() const {
    if (cells_.empty()) return "";
    const campaign::Plan& plan = store_.plan();
    std::string text = fmt::format(
        "\nover maps (mean +- half-width of its {:.4g}% interval; SDC: top-1 differs from the "
        "fault-free one;\nspeed-up: against the same machine without zero skipping; cycles: change "
        "against fault-free;\nlost: trials that crashed or timed out)\n",
        100 * plan.confidence);
    text += accuracy_table();
    const std::string differences = difference_table();
    if (differences.empty()) return text;
    return text +
           fmt::format(
               "\naccuracy lost to faults, minus what {} loses on the same maps (paired, {:.4g}% "
               "interval)\n",
               store_.golden().front().model, 100 * plan.confidence) +
           differences;
  }

 private:
  const campaign::Store::GoldenRow& golden(const CellKey& key, std::size_t model) const {
    return store_.golden()[key.machine * store_.plan().models.size() + model];
  }

  std::string accuracy_table() const {
    const campaign::Plan& plan = store_.plan();
    const auto images = static_cast<double>(plan.images);
    std::string text = fmt::format(
        "{:<14} {:<11} {:>8} {:<18} {:>5} {:>17} {:>7} {:>16} {:>7} {:>9} {:>9} {:>5}\n", "machine",
        "kind", "rate", "network", "maps", "top-1", "sd", "range", "SDC", "speed-up", "cycles",
        "lost");
    bool alike = false;
    for (const auto& entry : cells_) {
      const CellKey& key = entry.first;
      const Cell& cell = entry.second;
      const auto& own = golden(key, key.model);
      text += fmt::format("{:<14} {:<11} {:>8} {:<18} {:>5} ", own.machine.substr(0, 14),
                          campaign::fault_type_name(key.type), key.rate, own.model.substr(0, 18),
                          cell.by_map.size());
      if (cell.by_map.empty()) {
        text += fmt::format("{:>17} {:>7} {:>16} {:>7} {:>9} {:>9} {:>5}\n", "-", "-", "-", "-",
                            "-", "-", cell.lost);
        continue;
      }
      const auto mean = [&](const std::function<double(const Chip&)>& figure) {
        return *campaign::summarise_mean(cell.values(figure), plan.confidence).mean;
      };
      const std::vector<double> top1 =
          cell.values([&](const Chip& c) { return static_cast<double>(c.correct) / images; });
      const auto summary = campaign::summarise_mean(top1, plan.confidence);
      const auto [least, most] = std::minmax_element(top1.begin(), top1.end());
      alike = alike || (cell.by_map.size() > 1 && *least == *most);
      text += fmt::format(
          "{:>17} {:>7} {:>16} {:>7} {:>8.3f}x {:>+8.2f}% {:>5}\n", with_interval(summary),
          summary.standard_deviation ? fmt::format("{:.2f}", 100 * *summary.standard_deviation)
                                     : "-",
          fmt::format("{:.2f} to {:.2f}", 100 * *least, 100 * *most),
          percent(mean([&](const Chip& c) { return static_cast<double>(c.sdc) / images; })),
          mean([&](const Chip& c) {
            return static_cast<double>(own.dense_cycles) / static_cast<double>(c.cycles);
          }),
          100 * mean([&](const Chip& c) {
            return static_cast<double>(c.cycles) / static_cast<double>(own.outcome.cycles) - 1;
          }),
          cell.lost);
    }
    if (alike) {
      text +=
          "(+- 0.00 where all maps gave one accuracy: that says nothing about what a rarer map "
          "does)\n";
    }
    return text;
  }

  std::string difference_table() const {
    const campaign::Plan& plan = store_.plan();
    std::string text;
    for (const auto& entry : cells_) {
      const CellKey& key = entry.first;
      const Cell& cell = entry.second;
      if (key.model == 0) continue;
      const auto first = cells_.find({key.machine, key.type, key.rate, 0});
      if (first == cells_.end()) continue;
      // Accuracy lost against one's own fault-free run, on the same chips.
      const auto lost = [&](std::size_t model, const Chip& chip) {
        return static_cast<double>(golden(key, model).outcome.correct - chip.correct) /
               static_cast<double>(plan.images);
      };
      std::vector<double> own_losses;
      std::vector<double> first_losses;
      for (const auto& [map, chip] : cell.by_map) {
        const auto other = first->second.by_map.find(map);
        if (other == first->second.by_map.end()) continue;
        own_losses.push_back(lost(key.model, chip));
        first_losses.push_back(lost(0, other->second));
      }
      const auto paired = campaign::paired_difference(own_losses, first_losses, plan.confidence);
      if (!paired.smallest_visible) continue;
      text += fmt::format("{:<14} {:<11} {:>8} {:<18} {:>5} {:>+8.2f} +- {:.2f} points{}\n",
                          golden(key, key.model).machine.substr(0, 14),
                          campaign::fault_type_name(key.type), key.rate,
                          golden(key, key.model).model.substr(0, 18), paired.difference.count,
                          100 * *paired.difference.mean, 100 * *paired.smallest_visible,
                          paired.is_visible() ? "" : ", no difference found");
    }
    return text;
  }

  const campaign::Store& store_;
  std::map<CellKey, Cell> cells_;
};

std::string file_line(const campaign::Store& store, const campaign::TrialRow& row) {
  const campaign::Population& own = store.populations()[row.trial.population];
  const auto& golden = store.golden_of(own);
  const auto images = static_cast<double>(store.plan().images);
  std::string text = fmt::format("{:<14} {:<18} {:<32} ", golden.machine.substr(0, 14),
                                 golden.model.substr(0, 18), own.file);
  if (row.outcome.status != campaign::TrialStatus::kDone) {
    return text + campaign::trial_status_name(row.outcome.status) + "\n";
  }
  return text + fmt::format("{:>8} {:>8} {:>8} {:>8} {:>+8.2f}%\n", row.outcome.armed,
                            row.outcome.fired,
                            percent(static_cast<double>(row.outcome.correct) / images),
                            percent(static_cast<double>(row.outcome.sdc) / images),
                            100 * static_cast<double>(row.outcome.cycles - golden.outcome.cycles) /
                                static_cast<double>(golden.outcome.cycles));
}

std::string savings_text(const fast::Savings& savings) {
  if (savings.total() == 0) return "";
  const auto share = [&](std::int64_t macs) {
    return percent(static_cast<double>(macs) / static_cast<double>(savings.total()));
  };
  return fmt::format(
      "\nof the MACs of all trials {} were computed; saved by residency {}, fault-free prefix {}, "
      "corrected channels {}, early stop {}\n",
      share(savings.computed), share(savings.residency), share(savings.prefix),
      share(savings.channel), share(savings.early_stop));
}

}  // namespace

std::string describe_trial(const campaign::Population& population,
                           const campaign::TrialFaults& faults, std::int64_t draw) {
  switch (population.source) {
    case Source::kMaps:
      return fmt::format("{} at rate {}, map {} (seed {})",
                         campaign::fault_type_name(population.type), population.rate, draw,
                         faults.map_seed);
    case Source::kFile:
      return population.file;
    case Source::kSites:
      break;
  }
  const campaign::Site& site = faults.site;
  std::string text = campaign::fault_type_name(population.type);
  if (population.shape.name() != "cell") text += " of a " + population.shape.name();
  if (site.cell.bank >= 0) text += fmt::format(" {}", site.cell.bank);
  if (site.cell.row >= 0) text += fmt::format("/{}", site.cell.row);
  if (site.cell.bit >= 0) text += fmt::format("/{}", site.cell.bit);
  if (!site.weight.empty()) text += fmt::format(" {} bit {}", site.weight, site.code_bit);
  if (faults.step != memory::kPermanent) text += fmt::format(" at step {}", faults.step);
  return text;
}

std::string campaign_tables(const campaign::Store& store) {
  const campaign::Plan& plan = store.plan();
  MapTables maps(store);
  SiteTables sites(store);
  std::string files;
  fast::Savings savings;
  std::int64_t trials = 0;
  store.for_each([&](const campaign::TrialRow& row) {
    maps.add(row);
    sites.add(row);
    if (store.populations()[row.trial.population].source == Source::kFile) {
      files += file_line(store, row);
    }
    savings += row.outcome.savings;
    ++trials;
  });
  std::int64_t wanted = 0;
  for (const std::int64_t draws : campaign::current_round(store)) wanted += draws;
  std::string text = fmt::format("{}: {} of {} trials, {} images each\n\nfault-free:\n", plan.name,
                                 trials, wanted, plan.images);
  for (const auto& row : store.golden()) {
    text += fmt::format(
        "  {:<14} {:<18} top-1 {}, {:.1f} cycles an image, {:.3f}x of dense speed\n", row.machine,
        row.model,
        percent(static_cast<double>(row.outcome.correct) / static_cast<double>(plan.images)),
        static_cast<double>(row.outcome.cycles) / static_cast<double>(plan.images),
        static_cast<double>(row.dense_cycles) / static_cast<double>(row.outcome.cycles));
  }
  text += sites.text();
  text += maps.text();
  if (!files.empty()) {
    text += fmt::format("\nfault files\n{:<14} {:<18} {:<32} {:>8} {:>8} {:>8} {:>8} {:>9}\n",
                        "machine", "network", "file", "armed", "fired", "top-1", "SDC", "cycles") +
            files;
  }
  return text + savings_text(savings);
}

}  // namespace lacuna::report
