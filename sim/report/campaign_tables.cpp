#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include "campaign/statistics.hpp"
#include "report/campaign_text.hpp"

namespace lacuna::report {
namespace {

std::string percent(double share) { return fmt::format("{:.2f}%", 100 * share); }

/// Mean and half-width of its interval, in percent.
std::string with_interval(const campaign::MeanSummary& summary) {
  std::string mean = percent(*summary.mean);
  if (!summary.interval) return mean;
  return fmt::format("{} +- {:.2f}", mean, 100 * summary.interval->half_width());
}

/// Trials of one machine, network, kind and rate, by map.
struct Cell {
  std::map<std::int64_t, campaign::TrialOutcome> by_map;
  std::int64_t lost = 0;  ///< crashed or timed out

  std::vector<double> values(
      const std::function<double(const campaign::TrialOutcome&)>& figure) const {
    std::vector<double> result;
    for (const auto& [map, outcome] : by_map) result.push_back(figure(outcome));
    return result;
  }
};

struct CellKey {
  std::size_t machine;
  memory::FaultKind kind;
  double rate;
  std::size_t model;
  friend bool operator<(const CellKey& a, const CellKey& b) {
    return std::tie(a.machine, a.kind, a.rate, a.model) <
           std::tie(b.machine, b.kind, b.rate, b.model);
  }
};

std::string accuracy_table(const campaign::Store& store, const std::map<CellKey, Cell>& cells,
                           const std::vector<campaign::Store::GoldenRow>& golden) {
  const campaign::Plan& plan = store.plan();
  const auto images = static_cast<double>(plan.images);
  std::string text = fmt::format(
      "{:<14} {:<11} {:>8} {:<18} {:>5} {:>17} {:>7} {:>16} {:>7} {:>9} {:>5}\n", "machine", "kind",
      "rate", "network", "maps", "top-1", "sd", "range", "SDC", "cycles", "lost");
  for (const auto& [key, cell] : cells) {
    const auto& own = golden[key.machine * plan.models.size() + key.model];
    text += fmt::format("{:<14} {:<11} {:>8} {:<18} {:>5} ", own.machine.substr(0, 14),
                        memory::fault_kind_name(key.kind), key.rate, own.model.substr(0, 18),
                        cell.by_map.size());
    if (cell.by_map.empty()) {
      text += fmt::format("{:>17} {:>7} {:>16} {:>7} {:>9} {:>5}\n", "-", "-", "-", "-", "-",
                          cell.lost);
      continue;
    }
    const std::vector<double> top1 =
        cell.values([&](const auto& o) { return static_cast<double>(o.correct) / images; });
    const std::vector<double> sdc =
        cell.values([&](const auto& o) { return static_cast<double>(o.sdc) / images; });
    const std::vector<double> cycles = cell.values([&](const auto& o) {
      return static_cast<double>(o.cycles) / static_cast<double>(own.outcome.cycles) - 1;
    });
    const auto summary = campaign::summarise_mean(top1, plan.confidence);
    const auto [least, most] = std::minmax_element(top1.begin(), top1.end());
    text += fmt::format(
        "{:>17} {:>7} {:>16} {:>7} {:>+8.2f}% {:>5}\n", with_interval(summary),
        summary.standard_deviation ? fmt::format("{:.2f}", 100 * *summary.standard_deviation) : "-",
        fmt::format("{:.2f} to {:.2f}", 100 * *least, 100 * *most),
        percent(*campaign::summarise_mean(sdc, plan.confidence).mean),
        100 * *campaign::summarise_mean(cycles, plan.confidence).mean, cell.lost);
  }
  return text;
}

std::string difference_table(const campaign::Store& store, const std::map<CellKey, Cell>& cells,
                             const std::vector<campaign::Store::GoldenRow>& golden) {
  const campaign::Plan& plan = store.plan();
  std::string text;
  for (const auto& entry : cells) {
    const CellKey& key = entry.first;
    const Cell& cell = entry.second;
    if (key.model == 0) continue;
    const auto first = cells.find({key.machine, key.kind, key.rate, 0});
    if (first == cells.end()) continue;
    // Accuracy lost against one's own fault-free run, on the same chips.
    const auto lost = [&](std::size_t model, const campaign::TrialOutcome& outcome) {
      const auto& own = golden[key.machine * plan.models.size() + model];
      return static_cast<double>(own.outcome.correct - outcome.correct) /
             static_cast<double>(plan.images);
    };
    std::vector<double> own_losses;
    std::vector<double> first_losses;
    for (const auto& [map, outcome] : cell.by_map) {
      const auto other = first->second.by_map.find(map);
      if (other == first->second.by_map.end()) continue;
      own_losses.push_back(lost(key.model, outcome));
      first_losses.push_back(lost(0, other->second));
    }
    const auto paired = campaign::paired_difference(own_losses, first_losses, plan.confidence);
    if (!paired.smallest_visible) continue;
    const auto& own = golden[key.machine * plan.models.size() + key.model];
    text += fmt::format("{:<14} {:<11} {:>8} {:<18} {:>5} {:>+8.2f} +- {:.2f} points{}\n",
                        own.machine.substr(0, 14), memory::fault_kind_name(key.kind), key.rate,
                        own.model.substr(0, 18), paired.difference.count,
                        100 * *paired.difference.mean, 100 * *paired.smallest_visible,
                        paired.is_visible() ? "" : ", no difference found");
  }
  return text;
}

}  // namespace

std::string campaign_tables(const campaign::Store& store) {
  const campaign::Plan& plan = store.plan();
  const std::vector<campaign::Store::GoldenRow> golden = store.golden();
  std::map<CellKey, Cell> cells;
  std::int64_t trials = 0;
  for (const auto& [number, outcome] : store.outcomes()) {
    const campaign::Trial trial = campaign::trial_of(plan, number);
    Cell& cell = cells[{trial.machine, trial.kind, trial.rate, trial.model}];
    if (outcome.status == campaign::TrialStatus::kDone) {
      cell.by_map.emplace(trial.map, outcome);
    } else {
      ++cell.lost;
    }
    ++trials;
  }
  std::string text = fmt::format("{}: {} of {} trials, {} images each\n\nfault-free:\n", plan.name,
                                 trials, campaign::trial_count(plan), plan.images);
  for (const auto& row : golden) {
    text += fmt::format(
        "  {:<14} {:<18} top-1 {}, {:.1f} cycles an image\n", row.machine, row.model,
        percent(static_cast<double>(row.outcome.correct) / static_cast<double>(plan.images)),
        static_cast<double>(row.outcome.cycles) / static_cast<double>(plan.images));
  }
  if (cells.empty()) return text;
  text += fmt::format(
      "\nover maps (mean +- half-width of its {:.4g}% interval; SDC: top-1 differs from the "
      "fault-free one;\ncycles: change against fault-free; lost: trials that crashed or timed "
      "out)\n",
      100 * plan.confidence);
  text += accuracy_table(store, cells, golden);
  const std::string differences = difference_table(store, cells, golden);
  if (!differences.empty()) {
    text += fmt::format(
        "\naccuracy lost to faults, minus what {} loses on the same maps (paired, {:.4g}% "
        "interval)\n",
        golden.front().model, 100 * plan.confidence);
    text += differences;
  }
  return text;
}

}  // namespace lacuna::report
