// Accuracy, outcome classes and cycles over maps: tables of a campaign at error rates.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "campaign/store.hpp"
#include "report/campaign_text.hpp"
#include "statistics/statistics.hpp"

namespace lacuna::report {

/// Gathers rows one at a time.
class MapTables {
 public:
  explicit MapTables(const campaign::Store& store) : store_(store) {}

  void add(const campaign::TrialRow& row);
  /// "" where the campaign has no maps.
  std::string text() const;
  void summary(const Sink& sink) const;

  /// A point of a curve: one machine, network and kind at one rate.
  struct Point {
    std::size_t machine = 0;  ///< places in the plan's lists
    std::size_t model = 0;
    campaign::FaultType type = campaign::FaultType::kFlip;
    double rate = 0;
    std::int64_t failed = 0;       ///< crashed or timed out
    statistics::MeanSummary top1;  ///< count 0: no map has a result
    double least = 0, most = 0;    ///< top-1 of the worst and the best map
    double sdc = 0;                ///< mean share of the images
    double cycles_an_image = 0;    ///< mean
  };
  std::vector<Point> points() const;

 private:
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
    campaign::FaultType type;
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
    const campaign::Contrast* contrast;
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

  const campaign::Store::GoldenRow& golden(const Key& key, std::size_t model) const {
    return store_.golden()[key.machine * store_.plan().models.size() + model];
  }
  std::string name_of(const campaign::Contrast& contrast, const Key& key) const;
  std::vector<Compared> contrasts() const;
  std::string accuracy_table() const;
  std::string contrast_table() const;

  const campaign::Store& store_;
  std::map<Key, Cell> cells_;
};

}  // namespace lacuna::report
