#include "campaign/map_summaries.hpp"

#include <algorithm>
#include <numeric>

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
  Cell& cell = cells_[{own.machine, own.type, own.rate, own.model}];
  if (row.outcome.status == TrialStatus::kDone) {
    cell.by_map[row.trial.draw] = {row.outcome.correct, row.outcome.sdc, row.outcome.cycles};
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

std::string MapSummaries::name_of(const Contrast& contrast, const Key& key) const {
  if (!contrast.name.empty()) return contrast.name;
  return golden(key, contrast.first[0]).model + " - " + golden(key, contrast.second[0]).model;
}

std::vector<MapSummaries::Compared> MapSummaries::contrasts() const {
  const Plan& plan = store_.plan();
  const auto images = static_cast<double>(plan.images);
  std::vector<Compared> list;
  for (const Contrast& contrast : plan.contrasts) {
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

}  // namespace lacuna::campaign
