#include "report/text/campaign_maps.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/text/sdc_text.hpp"
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

/// What there is not is empty.
std::string csv_number(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : std::string();
}

/// "n,mean,sd,lower,upper".
std::string csv_figures(const statistics::MeanSummary& summary) {
  const auto& interval = summary.interval;
  return fmt::format("{},{},{},{},{}", summary.count, csv_number(summary.mean),
                     csv_number(summary.standard_deviation),
                     interval ? csv_number(interval->lower) : "",
                     interval ? csv_number(interval->upper) : "");
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
                        key.form.name(), key.rate, own.model.substr(0, 18), cell.by_map.size());
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
    const bool labels = own.outcome.has_labels();
    alike = alike || (labels && cell.by_map.size() > 1 && *least == *most);
    text += fmt::format(
        "{:>17} {:>7} {:>16} {:>7} {:>8.3f}x {:>+8.2f}% {:>6}\n",
        labels ? with_interval(summary) : "-",
        labels && summary.standard_deviation
            ? fmt::format("{:.2f}", 100 * *summary.standard_deviation)
            : "-",
        labels ? fmt::format("{:.2f} to {:.2f}", 100 * *least, 100 * *most) : "-",
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

/// "31.20" and what its interval is; a mean that is infinite or not known is "-".
std::string level_text(const campaign::NoiseLevel& level) {
  if (!level.mean) return "-";
  std::string mean = fmt::format("{:.2f}", *level.mean);
  if (!level.lower) return mean;
  return fmt::format("{} ({:.2f} to {})", mean, *level.lower,
                     level.upper ? fmt::format("{:.2f}", *level.upper) : "infinity");
}

std::string outputs_table(const MapSummaries& maps) {
  std::string text =
      fmt::format("{:<14} {:<11} {:>8} {:<18} {:>5} {:>17} {:>24} {:>28}\n", "machine", "kind",
                  "rate", "network", "maps", "agreement", "RMSE", "SQNR dB");
  for (const auto& [key, cell] : maps.cells()) {
    const auto& own = maps.golden(key, key.model);
    const campaign::OutputSummary outputs = maps.outputs_of(key, cell);
    const statistics::MeanSummary& rmse = outputs.rmse;
    const std::string error =
        !rmse.mean      ? "-"
        : rmse.interval ? non_negative(*rmse.mean, rmse.interval->lower, rmse.interval->upper)
                        : fmt::format("{:.4g}", *rmse.mean);
    text += fmt::format("{:<14} {:<11} {:>8} {:<18} {:>5} {:>17} {:>24} {:>28}\n",
                        own.machine.substr(0, 14), key.form.name(), key.rate,
                        own.model.substr(0, 18), cell.by_map.size(),
                        outputs.agreement.mean ? with_interval(outputs.agreement) : "-", error,
                        level_text(outputs.sqnr));
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
                    compared.key.form.name(), compared.key.rate);
    const std::string name = maps.name_of(*compared.contrast, compared.key);
    // Without labels it is the agreement that can be compared.
    const bool labels = !compared.lost.pairs.empty();
    const auto line = [&](const std::string& title, std::int64_t count, const char* unit,
                          const statistics::MeanSummary& lost,
                          const statistics::MeanSummary& left) {
      text +=
          head + fmt::format("{:<40} {:>5} {:<5} {}\n", title.substr(0, 40), count, unit,
                             labels ? fmt::format("lost {:<38} left {}", figure(lost), figure(left))
                                    : "agreement " + figure(left));
    };
    const MapSummaries::Differences& left = labels ? compared.accuracy : compared.agreement;
    const MapSummaries::Differences& lost = labels ? compared.lost : compared.agreement;
    const bool several = compared.contrast->first.size() > 1;
    for (std::size_t pair = 0; pair < left.pairs.size(); ++pair) {
      if (!left.pairs[pair].smallest_visible) continue;
      line(several ? fmt::format("{}, pair {}", name, pair + 1) : name,
           left.pairs[pair].difference.count, "maps", lost.pairs[pair].difference,
           left.pairs[pair].difference);
    }
    if (several && left.over_maps.count > 1) {
      line(fmt::format("{}, mean of pairs", name), left.over_maps.count, "maps", lost.over_maps,
           left.over_maps);
    }
    if (several && left.over_pairs.count > 1) {
      line(name, left.over_pairs.count, "pairs", lost.over_pairs, left.over_pairs);
    }
  }
  return text;
}

void cell_csv(const MapSummaries& maps, const MapSummaries::Key& key,
              const MapSummaries::Cell& cell, const Sink& sink) {
  const campaign::Plan& plan = maps.store().plan();
  const auto images = static_cast<double>(plan.images);
  const auto& own = maps.golden(key, key.model);
  const auto row = [&](const char* name, const std::string& figures) {
    sink(fmt::format("{},{},{},{},,map,{},{},,,,,,,,\n", csv_field(own.machine), key.form.name(),
                     key.rate, csv_field(own.model), name, figures));
  };
  const auto line = [&](const char* name, const MapSummaries::Figure& figure) {
    row(name, csv_figures(statistics::summarise_mean(cell.values(figure), plan.confidence)));
  };
  if (own.outcome.has_labels()) {
    line("top1",
         [&](const MapSummaries::Chip& c) { return static_cast<double>(c.correct) / images; });
    line("lost_top1", [&](const MapSummaries::Chip& c) {
      return static_cast<double>(own.outcome.correct - c.correct) / images;
    });
  }
  line("sdc", [&](const MapSummaries::Chip& c) { return static_cast<double>(c.sdc) / images; });
  line("speedup", [&](const MapSummaries::Chip& c) {
    return static_cast<double>(own.dense_cycles) / static_cast<double>(c.cycles);
  });
  line("cycle_change", [&](const MapSummaries::Chip& c) {
    return static_cast<double>(c.cycles) / static_cast<double>(own.outcome.cycles) - 1;
  });
  const campaign::OutputSummary outputs = maps.outputs_of(key, cell);
  if (outputs.agreement.mean) row("agreement", csv_figures(outputs.agreement));
  if (!outputs.rmse.mean) return;
  row("rmse", csv_figures(outputs.rmse));
  const campaign::NoiseLevel& level = outputs.sqnr;
  row("sqnr_db", fmt::format("{},{},,{},{}", outputs.rmse.count, csv_number(level.mean),
                             csv_number(level.lower), csv_number(level.upper)));
}

void contrast_csv(const MapSummaries& maps, const MapSummaries::Compared& compared,
                  const Sink& sink) {
  const auto line = [&](const std::string& pair, const char* unit, const std::string& figure,
                        const statistics::MeanSummary& summary) {
    sink(fmt::format("{},{},{},{},{},{},{},{},,,,,,,,\n",
                     csv_field(maps.golden(compared.key, 0).machine), compared.key.form.name(),
                     compared.key.rate, csv_field(maps.name_of(*compared.contrast, compared.key)),
                     pair, unit, figure, csv_figures(summary)));
  };
  const std::pair<const char*, const MapSummaries::Differences*> all[] = {
      {"lost_top1_difference", &compared.lost},
      {"top1_difference", &compared.accuracy},
      {"agreement_difference", &compared.agreement}};
  const std::size_t pairs = compared.contrast->first.size();
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    for (const auto& [figure, own] : all) {
      if (pair >= own->pairs.size()) continue;
      line(std::to_string(pair + 1), "map", figure, own->pairs[pair].difference);
    }
  }
  if (pairs == 1) return;
  for (const auto& [figure, own] : all) {
    if (!own->pairs.empty()) line("mean", "map", figure, own->over_maps);
  }
  for (const auto& [figure, own] : all) {
    if (!own->pairs.empty()) line("", "pair", figure, own->over_pairs);
  }
}

}  // namespace

std::string maps_memories(const campaign::Plan& plan) {
  std::string text;
  for (const campaign::MapPlan::Memory& own : plan.maps->memories) {
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", memory::memory_name(own.id),
                        own.rate ? fmt::format("={}", *own.rate) : "");
  }
  return text;
}

std::string maps_text(const campaign::MapSummaries& maps) {
  if (maps.cells().empty()) return "";
  const campaign::Plan& plan = maps.store().plan();
  std::string text = fmt::format(
      "\nover maps (mean +- half-width of its {:.4g}% interval;\n{};\n"
      "speed-up: against the same machine without zero skipping; cycles: change against "
      "fault-free;\nfailed: trials that crashed or timed out)\n",
      100 * plan.confidence, sdc_text(maps.store()));
  const std::string memories = maps_memories(plan);
  if (memories != memory::memory_name(memory::MemoryId::kWeightSram)) {
    text += "faults in " + memories + "\n";
  }
  text += accuracy_table(maps);
  text += fmt::format(
      "\noutputs against the fault-free run (agreement: images of the same top-1;\nRMSE: of the "
      "outputs' values, in their unit, with its interval in brackets where that is cut at 0;\n"
      "SQNR: of the mean squared error over maps, in brackets what its {:.4g}% interval comes "
      "to)\n",
      100 * plan.confidence);
  text += outputs_table(maps);
  const std::string contrasts = contrast_table(maps);
  if (contrasts.empty()) return text;
  const std::vector<campaign::GoldenRow>& golden = maps.store().golden();
  const bool labels = std::any_of(golden.begin(), golden.end(), [](const campaign::GoldenRow& own) {
    return own.outcome.has_labels();
  });
  return text +
         fmt::format(
             "\n{}, first network minus second on the same maps\n(points, paired, {:.4g}% "
             "interval; over pairs: of the pairs' means)\n",
             labels ? "accuracy lost to faults, and the accuracy left"
                    : "agreement with the fault-free run",
             100 * plan.confidence) +
         contrasts;
}

void maps_csv(const campaign::MapSummaries& maps, const Sink& sink) {
  const auto images = static_cast<double>(maps.store().plan().images);
  sink(
      "machine,kind,rate,name,pair,unit,figure,n,mean,sd,lower,upper,shape,memory,layer,bit,"
      "ended_in,holds,trial,fault\n");
  for (const auto& row : maps.store().golden()) {
    const auto line = [&](const char* figure, double value) {
      sink(fmt::format("{},none,0,{},,network,{},1,{:.6g},,,,,,,,,,,\n", csv_field(row.machine),
                       csv_field(row.model), figure, value));
    };
    if (row.outcome.has_labels()) line("top1", static_cast<double>(row.outcome.correct) / images);
    line("cycles_an_image", static_cast<double>(row.outcome.cycles) / images);
    line("speedup",
         static_cast<double>(row.dense_cycles) / static_cast<double>(row.outcome.cycles));
    if (row.output_rms) line("output_rms", *row.output_rms);
  }
  for (const auto& [key, cell] : maps.cells()) cell_csv(maps, key, cell, sink);
  for (const MapSummaries::Compared& compared : maps.contrasts()) {
    contrast_csv(maps, compared, sink);
  }
}

}  // namespace lacuna::report
