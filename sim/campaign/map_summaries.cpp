#include "campaign/map_summaries.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "run/output_change.hpp"

namespace lacuna::campaign {
namespace {

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

std::vector<double> MapSummaries::Cell::values(const Figure& figure) const {
  std::vector<double> result;
  for (const auto& [map, chip] : by_map) result.push_back(figure(chip));
  return result;
}

void MapSummaries::add(const TrialRow& row) {
  const Population& own = store_.populations()[row.trial.population];
  if (own.source != Population::Source::kMaps) return;
  Cell& cell = cells_[{own.machine, own.form, own.rate, own.model}];
  if (row.outcome.status == TrialStatus::kDone) {
    cell.by_map[row.trial.draw] = {row.outcome.correct, row.outcome.sdc, row.outcome.cycles,
                                   row.outcome.rmse};
  } else {
    ++cell.failed;
  }
}

std::vector<MapSummaries::Point> MapSummaries::points() const {
  const Plan& plan = store_.plan();
  const auto images = static_cast<double>(plan.images);
  std::vector<Point> list;
  for (const auto& [key, cell] : cells_) {
    Point point;
    point.machine = key.machine;
    point.model = key.model;
    point.form = key.form;
    point.rate = key.rate;
    point.failed = cell.failed;
    point.maps = static_cast<std::int64_t>(cell.by_map.size());
    point.outputs = outputs_of(key, cell);
    const std::vector<double> top1 =
        cell.values([&](const Chip& c) { return static_cast<double>(c.correct) / images; });
    if (!top1.empty() && golden(key, key.model).outcome.has_labels()) {
      point.top1 = statistics::summarise_mean(top1, plan.confidence);
      const auto [least, most] = std::minmax_element(top1.begin(), top1.end());
      point.least = *least;
      point.most = *most;
    }
    const auto count = static_cast<double>(point.maps);
    for (const auto& [map, chip] : cell.by_map) {
      point.sdc += static_cast<double>(chip.sdc) / images / count;
      point.cycles_an_image += static_cast<double>(chip.cycles) / images / count;
    }
    const auto dense = static_cast<double>(golden(key, key.model).dense_cycles);
    point.speedup = statistics::summarise_mean(
        cell.values([&](const Chip& c) { return dense / static_cast<double>(c.cycles); }),
        plan.confidence);
    list.push_back(point);
  }
  return list;
}

OutputSummary MapSummaries::outputs_of(const Key& key, const Cell& cell) const {
  const Plan& plan = store_.plan();
  const GoldenRow& own = golden(key, key.model);
  OutputSummary summary;
  if (own.classes) {
    summary.agreement = statistics::summarise_mean(
        cell.values([&](const Chip& c) { return run::agreement(c.sdc, plan.images); }),
        plan.confidence);
  }
  std::vector<double> rmse;
  std::vector<double> squared;
  for (const auto& [map, chip] : cell.by_map) {
    if (!chip.rmse || !std::isfinite(*chip.rmse)) return summary;
    rmse.push_back(*chip.rmse);
    squared.push_back(*chip.rmse * *chip.rmse);
  }
  summary.rmse = statistics::summarise_non_negative(rmse, plan.confidence);
  const statistics::MeanSummary error =
      statistics::summarise_non_negative(squared, plan.confidence);
  if (!error.mean || !own.output_rms) return summary;
  const auto level = [&](double mean_squared) {
    return run::sqnr_db(*own.output_rms, std::sqrt(mean_squared));
  };
  summary.sqnr.mean = level(*error.mean);
  if (error.interval) {
    summary.sqnr.lower = level(error.interval->upper);
    summary.sqnr.upper = level(error.interval->lower);
  }
  return summary;
}

std::string MapSummaries::name_of(const Contrast& contrast, const Key& key) const {
  if (!contrast.name.empty()) return contrast.name;
  return golden(key, contrast.first[0]).model + " - " + golden(key, contrast.second[0]).model;
}

MapSummaries::Differences MapSummaries::differences(
    const Contrast& contrast, const Key& key,
    const std::function<double(const Chip&, const GoldenRow&)>& figure) const {
  const double confidence = store_.plan().confidence;
  Differences result;
  MapDifferences by_map;
  for (std::size_t pair = 0; pair < contrast.first.size(); ++pair) {
    Key first = key;
    Key second = key;
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
      left.push_back(figure(chip, golden(first, first.model)));
      right.push_back(figure(other->second, golden(second, second.model)));
      maps.push_back(map);
    }
    result.pairs.push_back(statistics::paired_difference(left, right, confidence));
    by_map.add(maps, left, right);
  }
  result.over_maps = statistics::summarise_mean(by_map.means(contrast.first.size()), confidence);
  result.over_pairs = statistics::summarise_mean(means(result.pairs), confidence);
  return result;
}

std::vector<MapSummaries::Compared> MapSummaries::contrasts() const {
  const auto images = static_cast<double>(store_.plan().images);
  std::vector<Compared> list;
  for (const Contrast& contrast : store_.plan().contrasts) {
    for (const auto& entry : cells_) {
      // Once a machine, kind and rate: where the first network of the first pair has a cell.
      const Key& key = entry.first;
      if (key.model != contrast.first[0]) continue;
      const auto all = [&](bool (*has)(const GoldenRow&)) {
        const auto own = [&](std::size_t model) { return has(golden(key, model)); };
        return std::all_of(contrast.first.begin(), contrast.first.end(), own) &&
               std::all_of(contrast.second.begin(), contrast.second.end(), own);
      };
      Compared compared;
      compared.key = key;
      compared.contrast = &contrast;
      if (all([](const GoldenRow& own) { return own.outcome.has_labels(); })) {
        compared.accuracy = differences(contrast, key, [&](const Chip& chip, const GoldenRow&) {
          return static_cast<double>(chip.correct) / images;
        });
        // Against one's own fault-free run.
        compared.lost = differences(contrast, key, [&](const Chip& chip, const GoldenRow& own) {
          return static_cast<double>(own.outcome.correct) / images -
                 static_cast<double>(chip.correct) / images;
        });
      }
      if (all([](const GoldenRow& own) { return own.classes; })) {
        compared.agreement = differences(contrast, key, [&](const Chip& chip, const GoldenRow&) {
          return 1 - static_cast<double>(chip.sdc) / images;
        });
      }
      list.push_back(std::move(compared));
    }
  }
  return list;
}

}  // namespace lacuna::campaign
