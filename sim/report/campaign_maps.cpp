#include "report/campaign_maps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "report/text_parts.hpp"

namespace lacuna::report {
namespace {

/// Mean and half-width of its interval, in percent.
std::string with_interval(const statistics::MeanSummary& summary) {
  std::string mean = percent(*summary.mean);
  if (!summary.interval) return mean;
  return fmt::format("{} +- {:.2f}", mean, 100 * summary.interval->half_width());
}

/// "mean,sd,lower,upper"; a figure that there is not is empty.
std::string csv_figures(const statistics::MeanSummary& summary) {
  const auto number = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.6g}", *value) : std::string();
  };
  const auto& interval = summary.interval;
  return fmt::format("{},{},{},{},{}", summary.count, number(summary.mean),
                     number(summary.standard_deviation),
                     interval ? fmt::format("{:.6g}", interval->lower) : "",
                     interval ? fmt::format("{:.6g}", interval->upper) : "");
}

/// Differences of several pairs of networks on the same maps.
class MapDifferences {
 public:
  void add(const std::vector<std::int64_t>& maps, const std::vector<double>& first,
           const std::vector<double>& second) {
    for (std::size_t i = 0; i < maps.size(); ++i) by_map_[maps[i]].push_back(first[i] - second[i]);
  }

  /// A value a map that all `pairs` have: the mean of the pairs' differences on it.
  std::vector<double> means(std::size_t pairs) const {
    std::vector<double> result;
    for (const auto& [map, values] : by_map_) {
      if (values.size() != pairs) continue;
      result.push_back(std::accumulate(values.begin(), values.end(), 0.0) /
                       static_cast<double>(pairs));
    }
    return result;
  }

 private:
  std::map<std::int64_t, std::vector<double>> by_map_;
};

std::vector<double> means(const std::vector<statistics::PairedDifference>& pairs) {
  std::vector<double> list;
  for (const statistics::PairedDifference& pair : pairs) {
    if (pair.difference.mean) list.push_back(*pair.difference.mean);
  }
  return list;
}

}  // namespace

std::vector<double> MapTables::Cell::values(const Figure& figure) const {
  std::vector<double> result;
  for (const auto& [map, chip] : by_map) result.push_back(figure(chip));
  return result;
}

void MapTables::add(const campaign::TrialRow& row) {
  const campaign::Population& own = store_.populations()[row.trial.population];
  if (own.source != campaign::Population::Source::kMaps) return;
  Cell& cell = cells_[{own.machine, own.type, own.rate, own.model}];
  if (row.outcome.status == campaign::TrialStatus::kDone) {
    cell.by_map[row.trial.draw] = {row.outcome.correct, row.outcome.sdc, row.outcome.cycles};
  } else {
    ++cell.failed;
  }
}

std::string MapTables::text() const {
  if (cells_.empty()) return "";
  const campaign::Plan& plan = store_.plan();
  std::string text = fmt::format(
      "\nover maps (mean +- half-width of its {:.4g}% interval; SDC: top-1 differs from the "
      "fault-free one;\nspeed-up: against the same machine without zero skipping; cycles: change "
      "against fault-free;\nfailed: trials that crashed or timed out)\n",
      100 * plan.confidence);
  text += accuracy_table();
  const std::string contrasts = contrast_table();
  if (contrasts.empty()) return text;
  return text +
         fmt::format(
             "\naccuracy lost to faults, and the accuracy left, first network minus second on the "
             "same maps\n(points, paired, {:.4g}% interval; over pairs: of the pairs' means)\n",
             100 * plan.confidence) +
         contrasts;
}

std::string MapTables::accuracy_table() const {
  const campaign::Plan& plan = store_.plan();
  const auto images = static_cast<double>(plan.images);
  std::string text =
      fmt::format("{:<14} {:<11} {:>8} {:<18} {:>5} {:>17} {:>7} {:>16} {:>7} {:>9} {:>9} {:>6}\n",
                  "machine", "kind", "rate", "network", "maps", "top-1", "sd", "range", "SDC",
                  "speed-up", "cycles", "failed");
  bool alike = false;
  for (const auto& entry : cells_) {
    const Key& key = entry.first;
    const Cell& cell = entry.second;
    const auto& own = golden(key, key.model);
    text += fmt::format("{:<14} {:<11} {:>8} {:<18} {:>5} ", own.machine.substr(0, 14),
                        campaign::fault_type_name(key.type), key.rate, own.model.substr(0, 18),
                        cell.by_map.size());
    if (cell.by_map.empty()) {
      text += fmt::format("{:>17} {:>7} {:>16} {:>7} {:>9} {:>9} {:>6}\n", "-", "-", "-", "-", "-",
                          "-", cell.failed);
      continue;
    }
    const auto mean = [&](const Figure& figure) {
      return *statistics::summarise_mean(cell.values(figure), plan.confidence).mean;
    };
    const std::vector<double> top1 =
        cell.values([&](const Chip& c) { return static_cast<double>(c.correct) / images; });
    const auto summary = statistics::summarise_mean(top1, plan.confidence);
    const auto [least, most] = std::minmax_element(top1.begin(), top1.end());
    alike = alike || (cell.by_map.size() > 1 && *least == *most);
    text += fmt::format(
        "{:>17} {:>7} {:>16} {:>7} {:>8.3f}x {:>+8.2f}% {:>6}\n", with_interval(summary),
        summary.standard_deviation ? fmt::format("{:.2f}", 100 * *summary.standard_deviation) : "-",
        fmt::format("{:.2f} to {:.2f}", 100 * *least, 100 * *most),
        percent(mean([&](const Chip& c) { return static_cast<double>(c.sdc) / images; })),
        mean([&](const Chip& c) {
          return static_cast<double>(own.dense_cycles) / static_cast<double>(c.cycles);
        }),
        100 * mean([&](const Chip& c) {
          return static_cast<double>(c.cycles) / static_cast<double>(own.outcome.cycles) - 1;
        }),
        cell.failed);
  }
  if (alike) {
    text +=
        "(+- 0.00 where all maps gave one accuracy: that says nothing about what a rarer map "
        "does)\n";
  }
  return text;
}

std::vector<MapTables::Point> MapTables::points() const {
  const campaign::Plan& plan = store_.plan();
  const auto images = static_cast<double>(plan.images);
  std::vector<Point> list;
  for (const auto& [key, cell] : cells_) {
    Point point;
    point.machine = key.machine;
    point.model = key.model;
    point.type = key.type;
    point.rate = key.rate;
    point.failed = cell.failed;
    const std::vector<double> top1 =
        cell.values([&](const Chip& c) { return static_cast<double>(c.correct) / images; });
    point.top1 = statistics::summarise_mean(top1, plan.confidence);
    if (!top1.empty()) {
      const auto [least, most] = std::minmax_element(top1.begin(), top1.end());
      point.least = *least;
      point.most = *most;
      const auto count = static_cast<double>(top1.size());
      for (const auto& [map, chip] : cell.by_map) {
        point.sdc += static_cast<double>(chip.sdc) / images / count;
        point.cycles_an_image += static_cast<double>(chip.cycles) / images / count;
      }
    }
    list.push_back(point);
  }
  return list;
}

std::string MapTables::name_of(const campaign::Contrast& contrast, const Key& key) const {
  if (!contrast.name.empty()) return contrast.name;
  return golden(key, contrast.first[0]).model + " - " + golden(key, contrast.second[0]).model;
}

std::vector<MapTables::Compared> MapTables::contrasts() const {
  const campaign::Plan& plan = store_.plan();
  const auto images = static_cast<double>(plan.images);
  std::vector<Compared> list;
  for (const campaign::Contrast& contrast : plan.contrasts) {
    for (const auto& entry : cells_) {
      // Once a machine, kind and rate: where the first network of the first pair has a cell.
      if (entry.first.model != contrast.first[0]) continue;
      Compared compared;
      compared.key = entry.first;
      compared.contrast = &contrast;
      MapDifferences accuracy_by_map;
      MapDifferences lost_by_map;
      for (std::size_t pair = 0; pair < contrast.first.size(); ++pair) {
        Key first = entry.first;
        Key second = entry.first;
        first.model = contrast.first[pair];
        second.model = contrast.second[pair];
        const auto one = cells_.find(first);
        const auto two = cells_.find(second);
        if (one == cells_.end() || two == cells_.end()) continue;
        std::vector<double> left;
        std::vector<double> right;
        std::vector<std::int64_t> maps;
        for (const auto& [map, chip] : one->second.by_map) {
          const auto other = two->second.by_map.find(map);
          if (other == two->second.by_map.end()) continue;
          left.push_back(static_cast<double>(chip.correct) / images);
          right.push_back(static_cast<double>(other->second.correct) / images);
          maps.push_back(map);
        }
        compared.accuracy.push_back(statistics::paired_difference(left, right, plan.confidence));
        accuracy_by_map.add(maps, left, right);
        // Lost against one's own fault-free run.
        for (double& value : left) {
          value = static_cast<double>(golden(first, first.model).outcome.correct) / images - value;
        }
        for (double& value : right) {
          value =
              static_cast<double>(golden(second, second.model).outcome.correct) / images - value;
        }
        compared.lost.push_back(statistics::paired_difference(left, right, plan.confidence));
        lost_by_map.add(maps, left, right);
      }
      compared.accuracy_over_maps =
          statistics::summarise_mean(accuracy_by_map.means(contrast.first.size()), plan.confidence);
      compared.lost_over_maps =
          statistics::summarise_mean(lost_by_map.means(contrast.first.size()), plan.confidence);
      compared.accuracy_over_pairs =
          statistics::summarise_mean(means(compared.accuracy), plan.confidence);
      compared.lost_over_pairs = statistics::summarise_mean(means(compared.lost), plan.confidence);
      list.push_back(std::move(compared));
    }
  }
  return list;
}

std::string MapTables::contrast_table() const {
  std::string text;
  const auto figure = [](const statistics::MeanSummary& summary) -> std::string {
    if (!summary.mean) return "-";
    if (!summary.interval) return fmt::format("{:+.2f}", 100 * *summary.mean);
    const bool visible = !summary.interval->contains(0);
    return fmt::format("{:+.2f} +- {:.2f}{}", 100 * *summary.mean,
                       100 * summary.interval->half_width(),
                       visible ? "" : ", no difference found");
  };
  for (const Compared& compared : contrasts()) {
    const std::string head =
        fmt::format("{:<14} {:<11} {:>8} ", golden(compared.key, 0).machine.substr(0, 14),
                    campaign::fault_type_name(compared.key.type), compared.key.rate);
    const std::string name = name_of(*compared.contrast, compared.key);
    const bool several = compared.contrast->first.size() > 1;
    for (std::size_t pair = 0; pair < compared.lost.size(); ++pair) {
      if (!compared.lost[pair].smallest_visible) continue;
      text +=
          head +
          fmt::format("{:<40} {:>5} maps  lost {:<38} left {}\n",
                      (several ? fmt::format("{}, pair {}", name, pair + 1) : name).substr(0, 40),
                      compared.lost[pair].difference.count, figure(compared.lost[pair].difference),
                      figure(compared.accuracy[pair].difference));
    }
    if (several && compared.lost_over_maps.count > 1) {
      text += head + fmt::format("{:<40} {:>5} maps  lost {:<38} left {}\n",
                                 fmt::format("{}, mean of pairs", name).substr(0, 40),
                                 compared.lost_over_maps.count, figure(compared.lost_over_maps),
                                 figure(compared.accuracy_over_maps));
    }
    if (several && compared.lost_over_pairs.count > 1) {
      text += head + fmt::format("{:<40} {:>5} pairs lost {:<38} left {}\n", name.substr(0, 40),
                                 compared.lost_over_pairs.count, figure(compared.lost_over_pairs),
                                 figure(compared.accuracy_over_pairs));
    }
  }
  return text;
}

void MapTables::summary(const Sink& sink) const {
  const campaign::Plan& plan = store_.plan();
  const auto images = static_cast<double>(plan.images);
  sink("machine,kind,rate,name,pair,unit,figure,n,mean,sd,lower,upper\n");
  const auto quoted = [](const std::string& name) {
    std::string result = "\"";
    for (const char c : name) result += c == '"' ? "\"\"" : std::string(1, c);
    return name.find_first_of(",\"\n\r") == std::string::npos ? name : result + "\"";
  };
  for (const auto& row : store_.golden()) {
    const auto line = [&](const char* figure, double value) {
      sink(fmt::format("{},none,0,{},,network,{},1,{:.6g},,,\n", quoted(row.machine),
                       quoted(row.model), figure, value));
    };
    line("top1", static_cast<double>(row.outcome.correct) / images);
    line("cycles_an_image", static_cast<double>(row.outcome.cycles) / images);
    line("speedup",
         static_cast<double>(row.dense_cycles) / static_cast<double>(row.outcome.cycles));
  }
  for (const auto& entry : cells_) {
    const Key& key = entry.first;
    const auto& own = golden(key, key.model);
    const auto line = [&](const char* name, const Figure& figure) {
      sink(fmt::format(
          "{},{},{},{},,map,{},{}\n", quoted(own.machine), campaign::fault_type_name(key.type),
          key.rate, quoted(own.model), name,
          csv_figures(statistics::summarise_mean(entry.second.values(figure), plan.confidence))));
    };
    line("top1", [&](const Chip& c) { return static_cast<double>(c.correct) / images; });
    line("lost_top1", [&](const Chip& c) {
      return static_cast<double>(own.outcome.correct - c.correct) / images;
    });
    line("sdc", [&](const Chip& c) { return static_cast<double>(c.sdc) / images; });
    line("speedup", [&](const Chip& c) {
      return static_cast<double>(own.dense_cycles) / static_cast<double>(c.cycles);
    });
    line("cycle_change", [&](const Chip& c) {
      return static_cast<double>(c.cycles) / static_cast<double>(own.outcome.cycles) - 1;
    });
  }
  for (const Compared& compared : contrasts()) {
    const auto line = [&](const std::string& pair, const char* unit, const char* figure,
                          const statistics::MeanSummary& summary) {
      sink(fmt::format("{},{},{},{},{},{},{},{}\n", quoted(golden(compared.key, 0).machine),
                       campaign::fault_type_name(compared.key.type), compared.key.rate,
                       quoted(name_of(*compared.contrast, compared.key)), pair, unit, figure,
                       csv_figures(summary)));
    };
    for (std::size_t pair = 0; pair < compared.lost.size(); ++pair) {
      const std::string number = std::to_string(pair + 1);
      line(number, "map", "lost_top1_difference", compared.lost[pair].difference);
      line(number, "map", "top1_difference", compared.accuracy[pair].difference);
    }
    if (compared.contrast->first.size() > 1) {
      line("mean", "map", "lost_top1_difference", compared.lost_over_maps);
      line("mean", "map", "top1_difference", compared.accuracy_over_maps);
      line("", "pair", "lost_top1_difference", compared.lost_over_pairs);
      line("", "pair", "top1_difference", compared.accuracy_over_pairs);
    }
  }
}

}  // namespace lacuna::report
