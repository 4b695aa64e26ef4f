#include "statistics/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "base/error.hpp"

namespace lacuna::statistics {
namespace {

constexpr const char* kStatisticsModule = "campaign statistics";

void check_confidence(double confidence) {
  SIM_CHECK(confidence > 0 && confidence < 1, kStatisticsModule, -1, "confidence outside (0, 1)");
}

}  // namespace

double normal_critical_value(double confidence) {
  check_confidence(confidence);
  return boost::math::quantile(
      boost::math::complement(boost::math::normal_distribution<>(), (1 - confidence) / 2));
}

double student_critical_value(double confidence, std::int64_t degrees_of_freedom) {
  check_confidence(confidence);
  SIM_CHECK(degrees_of_freedom >= 1, kStatisticsModule, -1, "no degree of freedom");
  const boost::math::students_t_distribution<> student(static_cast<double>(degrees_of_freedom));
  return boost::math::quantile(boost::math::complement(student, (1 - confidence) / 2));
}

void RunningMoments::add(double value) {
  SIM_CHECK(std::isfinite(value), kStatisticsModule, -1, "a value that is no number");
  ++count_;
  const double before = value - mean_;
  mean_ += before / static_cast<double>(count_);
  squares_ += before * (value - mean_);
}

std::optional<double> RunningMoments::mean() const {
  if (count_ == 0) return std::nullopt;
  return mean_;
}

std::optional<double> RunningMoments::standard_deviation() const {
  if (count_ < 2) return std::nullopt;
  return std::sqrt(squares_ / static_cast<double>(count_ - 1));
}

Interval student_interval(double mean, double standard_deviation, std::int64_t count,
                          double confidence) {
  SIM_CHECK(count >= 2, kStatisticsModule, -1, "an interval of the mean needs two values");
  SIM_CHECK(standard_deviation >= 0, kStatisticsModule, -1, "negative standard deviation");
  const double half = student_critical_value(confidence, count - 1) * standard_deviation /
                      std::sqrt(static_cast<double>(count));
  return {mean - half, mean + half};
}

MeanSummary summarise_mean(const std::vector<double>& values, double confidence) {
  check_confidence(confidence);
  RunningMoments moments;
  for (const double value : values) moments.add(value);
  MeanSummary summary;
  summary.count = moments.count();
  summary.mean = moments.mean();
  summary.standard_deviation = moments.standard_deviation();
  if (summary.standard_deviation) {
    summary.interval =
        student_interval(*summary.mean, *summary.standard_deviation, summary.count, confidence);
  }
  return summary;
}

MeanSummary summarise_non_negative(const std::vector<double>& values, double confidence) {
  MeanSummary summary = summarise_mean(values, confidence);
  if (summary.interval) summary.interval->lower = std::max(0.0, summary.interval->lower);
  return summary;
}

bool PairedDifference::is_visible() const {
  return difference.interval && !difference.interval->contains(0);
}

PairedDifference paired_difference(const std::vector<double>& first,
                                   const std::vector<double>& second, double confidence) {
  SIM_CHECK(first.size() == second.size(), kStatisticsModule, -1, "pairs need two values each");
  std::vector<double> differences;
  differences.reserve(first.size());
  for (std::size_t i = 0; i < first.size(); ++i) differences.push_back(first[i] - second[i]);
  PairedDifference result;
  result.difference = summarise_mean(differences, confidence);
  if (result.difference.interval) {
    result.smallest_visible = result.difference.interval->half_width();
  }
  return result;
}

}  // namespace lacuna::statistics
