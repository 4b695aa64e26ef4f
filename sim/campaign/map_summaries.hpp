// Accuracy, outputs against the fault-free ones, and cycles over the maps of a campaign at error
// rates.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "campaign/store.hpp"
#include "statistics/statistics.hpp"

namespace lacuna::campaign {

/// A mean squared error as decibels below the fault-free outputs' power.
struct NoiseLevel {
  std::optional<double> mean;   ///< nothing where it is infinite or not known
  std::optional<double> lower;  ///< of the error's interval; nothing where there is none
  std::optional<double> upper;  ///< the same, and where the interval holds an error of 0
};

/// Outputs against those of the fault-free run, over maps.
struct OutputSummary {
  statistics::MeanSummary agreement;  ///< share of the images; count 0 without classes
  /// Count 0 where it is not known of every map, or infinite on one.
  statistics::MeanSummary rmse;
  NoiseLevel sqnr;  ///< of the mean over maps of the squared error
};

/// Gathers rows one at a time. The store outlives it.
class MapSummaries {
 public:
  struct Chip {
    std::int64_t correct = 0;
    std::int64_t sdc = 0;
    std::int64_t cycles = 0;
    std::optional<double> rmse;
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
    FaultForm form;
    double rate;
    std::size_t model;
    friend bool operator<(const Key& a, const Key& b) {
      return std::tie(a.machine, a.form, a.rate, a.model) <
             std::tie(b.machine, b.form, b.rate, b.model);
    }
  };
  /// A figure of a contrast.
  struct Differences {
    /// [pair] over the maps that both networks have.
    std::vector<statistics::PairedDifference> pairs;
    /// Over pairs, of their means; empty intervals where there is one pair.
    statistics::MeanSummary over_pairs;
    /// Over the maps that all pairs have, of the means of their pairs: these networks, any chip.
    statistics::MeanSummary over_maps;
  };
  /// A contrast at one machine, kind and rate. A figure that one of its networks does not have has
  /// no pairs.
  struct Compared {
    Key key;  ///< without a model
    const Contrast* contrast;
    Differences accuracy;
    Differences lost;  ///< of the accuracy lost to faults
    Differences agreement;
  };

  explicit MapSummaries(const Store& store) : store_(store) {}

  /// Rows of other populations have no part in it.
  void add(const TrialRow& row);
  const Store& store() const { return store_; }
  /// In order of machine, kind, rate, network.
  const std::map<Key, Cell>& cells() const { return cells_; }
  const GoldenRow& golden(const Key& key, std::size_t model) const {
    return store_.golden()[key.machine * store_.plan().models.size() + model];
  }

  /// A point of a curve: one machine, network and kind at one rate.
  struct Point {
    std::size_t machine = 0;  ///< places in the plan's lists
    std::size_t model = 0;
    FaultForm form;
    double rate = 0;
    std::int64_t failed = 0;  ///< crashed or timed out
    /// Count 0: no map has a result, or there are no labels.
    statistics::MeanSummary top1;
    double least = 0, most = 0;  ///< top-1 of the worst and the best map
    std::int64_t maps = 0;       ///< with a result
    OutputSummary outputs;
    double sdc = 0;                   ///< mean share of the images
    double cycles_an_image = 0;       ///< mean
    statistics::MeanSummary speedup;  ///< against the machine without zero skipping
  };
  std::vector<Point> points() const;
  OutputSummary outputs_of(const Key& key, const Cell& cell) const;
  /// As the plan has them; once a machine, kind and rate.
  std::vector<Compared> contrasts() const;
  /// The contrast's own name, or its networks'.
  std::string name_of(const Contrast& contrast, const Key& key) const;

 private:
  Differences differences(const Contrast& contrast, const Key& key,
                          const std::function<double(const Chip&, const GoldenRow&)>& figure) const;

  const Store& store_;
  std::map<Key, Cell> cells_;
};

}  // namespace lacuna::campaign
