// Accuracy, outcome classes and cycles over the maps of a campaign at error rates.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "campaign/store.hpp"
#include "statistics/statistics.hpp"

namespace lacuna::campaign {

/// Gathers rows one at a time. The store outlives it.
class MapSummaries {
 public:
  struct Chip {
    std::int64_t correct = 0;
    std::int64_t sdc = 0;
    std::int64_t cycles = 0;
  };
  using Figure = std::function<double(const Chip&)>;
  /// Trials of one machine, network, kind and rate, by map.
  struct Cell {
    std::map<std::int64_t, Chip> by_map;
    std::int64_t failed = 0;  ///< crashed or timed out

    std::vector<double> values(const Figure& figure) const;
  };
  struct Key {
    std::size_t machine;
    FaultType type;
    double rate;
    std::size_t model;
    friend bool operator<(const Key& a, const Key& b) {
      return std::tie(a.machine, a.type, a.rate, a.model) <
             std::tie(b.machine, b.type, b.rate, b.model);
    }
  };
  /// A contrast at one machine, kind and rate.
  struct Compared {
    Key key;  ///< without a model
    const Contrast* contrast;
    /// [pair] over the maps that both networks have.
    std::vector<statistics::PairedDifference> accuracy;
    std::vector<statistics::PairedDifference> lost;  ///< of the accuracy lost to faults
    /// Over pairs, of their means; empty intervals where there is one pair.
    statistics::MeanSummary accuracy_over_pairs;
    statistics::MeanSummary lost_over_pairs;
    /// Over the maps that all pairs have, of the means of their pairs: these networks, any chip.
    statistics::MeanSummary accuracy_over_maps;
    statistics::MeanSummary lost_over_maps;
  };

  explicit MapSummaries(const Store& store) : store_(store) {}

  /// Rows of other populations have no part in it.
  void add(const TrialRow& row);
  const Store& store() const { return store_; }
  /// In order of machine, kind, rate, network.
  const std::map<Key, Cell>& cells() const { return cells_; }
  const Store::GoldenRow& golden(const Key& key, std::size_t model) const {
    return store_.golden()[key.machine * store_.plan().models.size() + model];
  }

  /// A point of a curve: one machine, network and kind at one rate.
  struct Point {
    std::size_t machine = 0;  ///< places in the plan's lists
    std::size_t model = 0;
    FaultType type = FaultType::kFlip;
    double rate = 0;
    std::int64_t failed = 0;       ///< crashed or timed out
    statistics::MeanSummary top1;  ///< count 0: no map has a result
    double least = 0, most = 0;    ///< top-1 of the worst and the best map
    double sdc = 0;                ///< mean share of the images
    double cycles_an_image = 0;    ///< mean
  };
  std::vector<Point> points() const;
  /// As the plan has them; once a machine, kind and rate.
  std::vector<Compared> contrasts() const;
  /// The contrast's own name, or its networks'.
  std::string name_of(const Contrast& contrast, const Key& key) const;

 private:
  const Store& store_;
  std::map<Key, Cell> cells_;
};

}  // namespace lacuna::campaign
