// Means over chips: the sampling unit of a campaign of fault maps is the map, never the image (the
// images under one map are correlated). Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace lacuna::statistics {

/// A two-sided confidence interval, in the unit of what was measured.
struct Interval {
  double lower = 0;
  double upper = 0;

  double half_width() const { return (upper - lower) / 2; }
  bool contains(double value) const { return lower <= value && value <= upper; }
};

/// z with P(|Z| <= z) = confidence, Z standard normal: 1.95996 for 0.95, 2.57583 for 0.99.
/// `confidence` is in (0, 1).
double normal_critical_value(double confidence);

/// t with P(|T| <= t) = confidence, T Student-t with `degrees_of_freedom` >= 1.
double student_critical_value(double confidence, std::int64_t degrees_of_freedom);

/// Count, mean and spread of a stream of numbers in one pass, without the cancellation of
/// sum(x^2) - n mean^2. Source: Welford, "Note on a method for calculating corrected sums of
/// squares and products", Technometrics 4(3), 1962.
class RunningMoments {
 public:
  /// `value` is finite: a trial without a result (crash, hang) is counted elsewhere, not here.
  void add(double value);

  std::int64_t count() const { return count_; }
  /// Empty before the first value.
  std::optional<double> mean() const;
  /// sqrt(sum((x - mean)^2) / (n - 1)); empty below two values.
  std::optional<double> standard_deviation() const;

 private:
  std::int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;  ///< sum((x - mean)^2)
};

/// What a sample says about the mean of its population.
struct MeanSummary {
  std::int64_t count = 0;
  std::optional<double> mean;                ///< empty for count 0
  std::optional<double> standard_deviation;  ///< n - 1 in the denominator; empty for count < 2
  std::optional<Interval> interval;          ///< Student-t, of the mean; empty for count < 2
};

/// mean +- t sd / sqrt(n), with t of n - 1 degrees of freedom. Needs `count` >= 2. The width is
/// zero when sd is: equal values say nothing about what a rarer map would do.
/// Source: Student, "The probable error of a mean", Biometrika 6(1), 1908.
Interval student_interval(double mean, double standard_deviation, std::int64_t count,
                          double confidence);

/// One value a map, in the unit of the values.
MeanSummary summarise_mean(const std::vector<double>& values, double confidence);

/// The same of values that are never below 0, as errors: nor is their mean, so the interval is cut
/// there. Other than that of summarise_mean it need not be even around the mean.
MeanSummary summarise_non_negative(const std::vector<double>& values, double confidence);

/// Two networks or machines on the same maps.
struct PairedDifference {
  MeanSummary difference;  ///< of first - second
  /// Half-width of the interval: a true difference smaller than this would most likely not have
  /// been told from zero. Empty below two pairs.
  std::optional<double> smallest_visible;

  /// Whether the interval leaves out zero. False below two pairs. Equal, non-zero differences
  /// count as visible.
  bool is_visible() const;
};

/// `first[i]` and `second[i]` come from the same map seed, so what the maps have in common cancels.
/// Throws base::InternalError when the lengths differ.
PairedDifference paired_difference(const std::vector<double>& first,
                                   const std::vector<double>& second, double confidence);

}  // namespace lacuna::statistics
