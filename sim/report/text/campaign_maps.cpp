#include "report/text/campaign_maps.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/text/text_parts.hpp"

namespace lacuna::report {
namespace {

using campaign::MapSummaries;

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

std::string accuracy_table(const MapSummaries& maps) {
  const campaign::Plan& plan = maps.store().plan();
  const auto images = static_cast<double>(plan.images);
  std::string text =
      fmt::format("{:<14} {:<11} {:>8} {:<18} {:>5} {:>17} {:>7} {:>16} {:>7} {:>9} {:>9} {:>6}\n",
                  "machine", "kind", "rate", "network", "maps", "top-1", "sd", "range", "SDC",
                  "speed-up", "cycles", "failed");
  bool alike = false;
  for (const auto& entry : maps.cells()) {
    const MapSummaries::Key& key = entry.first;
    const MapSummaries::Cell& cell = entry.second;
    const auto& own = maps.golden(key, key.model);
    text += fmt::format("{:<14} {:<11} {:>8} {:<18} {:>5} ", own.machine.substr(0, 14),
                        campaign::fault_type_name(key.type), key.rate, own.model.substr(0, 18),
                        cell.by_map.size());
    if (cell.by_map.empty()) {
      text += fmt::format("{:>17} {:>7} {:>16} {:>7} {:>9} {:>9} {:>6}\n", "-", "-", "-", "-", "-",
                          "-", cell.failed);
      continue;
    }
    const auto mean = [&](const MapSummaries::Figure& figure) {
      return *statistics::summarise_mean(cell.values(figure), plan.confidence).mean;
    };
    const std::vector<double> top1 = cell.values(
        [&](const MapSummaries::Chip& c) { return static_cast<double>(c.correct) / images; });
    const auto summary = statistics::summarise_mean(top1, plan.confidence);
    const auto [least, most] = std::minmax_element(top1.begin(), top1.end());
    alike = alike || (cell.by_map.size() > 1 && *least == *most);
    text += fmt::format(
        "{:>17} {:>7} {:>16} {:>7} {:>8.3f}x {:>+8.2f}% {:>6}\n", with_interval(summary),
        summary.standard_deviation ? fmt::format("{:.2f}", 100 * *summary.standard_deviation) : "-",
        fmt::format("{:.2f} to {:.2f}", 100 * *least, 100 * *most),
        percent(
            mean([&](const MapSummaries::Chip& c) { return static_cast<double>(c.sdc) / images; })),
        mean([&](const MapSummaries::Chip& c) {
          return static_cast<double>(own.dense_cycles) / static_cast<double>(c.cycles);
        }),
        100 * mean([&](const MapSummaries::Chip& c) {
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

std::string contrast_table(const MapSummaries& maps) {
  std::string text;
  const auto figure = [](const statistics::MeanSummary& summary) -> std::string {
    if (!summary.mean) return "-";
    if (!summary.interval) return fmt::format("{:+.2f}", 100 * *summary.mean);
    const bool visible = !summary.interval->contains(0);
    return fmt::format("{:+.2f} +- {:.2f}{}", 100 * *summary.mean,
                       100 * summary.interval->half_width(),
                       visible ? "" : ", no difference found");
  };
  for (const MapSummaries::Compared& compared : maps.contrasts()) {
    const std::string head =
        fmt::format("{:<14} {:<11} {:>8} ", maps.golden(compared.key, 0).machine.substr(0, 14),
                    campaign::fault_type_name(compared.key.type), compared.key.rate);
    const std::string name = maps.name_of(*compared.contrast, compared.key);
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

}  // namespace

std::string maps_text(const campaign::MapSummaries& maps) {
  if (maps.cells().empty()) return "";
  const campaign::Plan& plan = maps.store().plan();
  std::string text = fmt::format(
      "\nover maps (mean +- half-width of its {:.4g}% interval; SDC: top-1 differs from the "
      "fault-free one;\nspeed-up: against the same machine without zero skipping; cycles: change "
      "against fault-free;\nfailed: trials that crashed or timed out)\n",
      100 * plan.confidence);
  text += accuracy_table(maps);
  const std::string contrasts = contrast_table(maps);
  if (contrasts.empty()) return text;
  return text +
         fmt::format(
             "\naccuracy lost to faults, and the accuracy left, first network minus second on the "
             "same maps\n(points, paired, {:.4g}% interval; over pairs: of the pairs' means)\n",
             100 * plan.confidence) +
         contrasts;
}

void maps_csv(const campaign::MapSummaries& maps, const Sink& sink) {
  const campaign::Plan& plan = maps.store().plan();
  const auto images = static_cast<double>(plan.images);
  sink("machine,kind,rate,name,pair,unit,figure,n,mean,sd,lower,upper\n");
  const auto quoted = [](const std::string& name) {
    std::string result = "\"";
    for (const char c : name) result += c == '"' ? "\"\"" : std::string(1, c);
    return name.find_first_of(",\"\n\r") == std::string::npos ? name : result + "\"";
  };
  for (const auto& row : maps.store().golden()) {
    const auto line = [&](const char* figure, double value) {
      sink(fmt::format("{},none,0,{},,network,{},1,{:.6g},,,\n", quoted(row.machine),
                       quoted(row.model), figure, value));
    };
    line("top1", static_cast<double>(row.outcome.correct) / images);
    line("cycles_an_image", static_cast<double>(row.outcome.cycles) / images);
    line("speedup",
         static_cast<double>(row.dense_cycles) / static_cast<double>(row.outcome.cycles));
  }
  for (const auto& entry : maps.cells()) {
    const MapSummaries::Key& key = entry.first;
    const auto& own = maps.golden(key, key.model);
    const auto line = [&](const char* name, const MapSummaries::Figure& figure) {
      sink(fmt::format(
          "{},{},{},{},,map,{},{}\n", quoted(own.machine), campaign::fault_type_name(key.type),
          key.rate, quoted(own.model), name,
          csv_figures(statistics::summarise_mean(entry.second.values(figure), plan.confidence))));
    };
    line("top1",
         [&](const MapSummaries::Chip& c) { return static_cast<double>(c.correct) / images; });
    line("lost_top1", [&](const MapSummaries::Chip& c) {
      return static_cast<double>(own.outcome.correct - c.correct) / images;
    });
    line("sdc", [&](const MapSummaries::Chip& c) { return static_cast<double>(c.sdc) / images; });
    line("speedup", [&](const MapSummaries::Chip& c) {
      return static_cast<double>(own.dense_cycles) / static_cast<double>(c.cycles);
    });
    line("cycle_change", [&](const MapSummaries::Chip& c) {
      return static_cast<double>(c.cycles) / static_cast<double>(own.outcome.cycles) - 1;
    });
  }
  for (const MapSummaries::Compared& compared : maps.contrasts()) {
    const auto line = [&](const std::string& pair, const char* unit, const char* figure,
                          const statistics::MeanSummary& summary) {
      sink(fmt::format("{},{},{},{},{},{},{},{}\n", quoted(maps.golden(compared.key, 0).machine),
                       campaign::fault_type_name(compared.key.type), compared.key.rate,
                       quoted(maps.name_of(*compared.contrast, compared.key)), pair, unit, figure,
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
