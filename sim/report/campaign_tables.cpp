#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <tuple>

#include "report/campaign_text.hpp"

namespace lacuna::report {
namespace {

/// Mean and spread over maps: the map, a chip, is the sampling unit.
struct Sample {
  std::vector<double> values;

  double mean() const {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
  }
  double deviation() const {
    const double middle = mean();
    double squares = 0;
    for (const double value : values) squares += (value - middle) * (value - middle);
    return std::sqrt(squares / static_cast<double>(values.size() - 1));
  }
  /// Half-width of the Student-t interval of the mean.
  double half_width(double confidence) const {
    const auto n = static_cast<double>(values.size());
    const boost::math::students_t distribution(n - 1);
    return boost::math::quantile(distribution, 0.5 + confidence / 2) * deviation() / std::sqrt(n);
  }
};

std::string percent(double share) { return fmt::format("{:.2f}%", 100 * share); }

std::string with_interval(const Sample& sample, double confidence) {
  if (sample.values.size() < 2) return percent(sample.mean());
  return fmt::format("{} +- {:.2f}", percent(sample.mean()), 100 * sample.half_width(confidence));
}

/// Trials of one machine, network, kind and rate, by map.
struct Cell {
  std::map<std::int64_t, campaign::TrialOutcome> by_map;
  std::int64_t lost = 0;  ///< crashed or timed out

  Sample sample(const std::function<double(const campaign::TrialOutcome&)>& figure) const {
    Sample result;
    for (const auto& [map, outcome] : by_map) result.values.push_back(figure(outcome));
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
    const Sample top1 =
        cell.sample([&](const auto& o) { return static_cast<double>(o.correct) / images; });
    const Sample sdc =
        cell.sample([&](const auto& o) { return static_cast<double>(o.sdc) / images; });
    const Sample cycles = cell.sample([&](const auto& o) {
      return static_cast<double>(o.cycles) / static_cast<double>(own.outcome.cycles) - 1;
    });
    const auto [least, most] = std::minmax_element(top1.values.begin(), top1.values.end());
    text += fmt::format(
        "{:>17} {:>7} {:>16} {:>7} {:>+8.2f}% {:>5}\n", with_interval(top1, plan.confidence),
        top1.values.size() < 2 ? "-" : fmt::format("{:.2f}", 100 * top1.deviation()),
        fmt::format("{:.2f} to {:.2f}", 100 * *least, 100 * *most), percent(sdc.mean()),
        100 * cycles.mean(), cell.lost);
  }
  return text;
}

std::string difference_table(const campaign::Store& store, const std::map<CellKey, Cell>& cells,
                             const std::vector<campaign::Store::GoldenRow>& golden) {
  const campaign::Plan& plan = store.plan();
  std::string text;
  for (const auto& [key, cell] : cells) {
    if (key.model == 0) continue;
    const auto first = cells.find({key.machine, key.kind, key.rate, 0});
    if (first == cells.end()) continue;
    // Accuracy lost against one's own fault-free run, on the same chips.
    const auto lost = [&](std::size_t model, const campaign::TrialOutcome& outcome) {
      const auto& own = golden[key.machine * plan.models.size() + model];
      return static_cast<double>(own.outcome.correct - outcome.correct) /
             static_cast<double>(plan.images);
    };
    Sample difference;
    for (const auto& [map, outcome] : cell.by_map) {
      const auto other = first->second.by_map.find(map);
      if (other == first->second.by_map.end()) continue;
      difference.values.push_back(lost(key.model, outcome) - lost(0, other->second));
    }
    if (difference.values.size() < 2) continue;
    const auto& own = golden[key.machine * plan.models.size() + key.model];
    text += fmt::format("{:<14} {:<11} {:>8} {:<18} {:>5} {:>+8.2f} +- {:.2f} points\n",
                        own.machine.substr(0, 14), memory::fault_kind_name(key.kind), key.rate,
                        own.model.substr(0, 18), difference.values.size(), 100 * difference.mean(),
                        100 * difference.half_width(plan.confidence));
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
