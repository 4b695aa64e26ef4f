#include "statistics/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace lacuna::statistics {
namespace {

// Two-sided values as every textbook tabulates them.
TEST(CriticalValue, OfTheNormalIsTheTabulatedOne) {
  EXPECT_NEAR(normal_critical_value(0.90), 1.644854, 1e-6);
  EXPECT_NEAR(normal_critical_value(0.95), 1.959964, 1e-6);
  EXPECT_NEAR(normal_critical_value(0.99), 2.575829, 1e-6);
  EXPECT_NEAR(normal_critical_value(0.999), 3.290527, 1e-6);
}

TEST(CriticalValue, OfStudentIsTheTabulatedOne) {
  EXPECT_NEAR(student_critical_value(0.95, 1), 12.706, 5e-4);
  EXPECT_NEAR(student_critical_value(0.95, 9), 2.262, 5e-4);
  EXPECT_NEAR(student_critical_value(0.95, 49), 2.010, 5e-4);
  EXPECT_NEAR(student_critical_value(0.99, 30), 2.750, 5e-4);
  // One degree of freedom is the Cauchy distribution: t = tan(pi confidence / 2).
  EXPECT_NEAR(student_critical_value(0.5, 1), 1.0, 1e-12);
}

TEST(CriticalValue, OfStudentFallsToTheNormalAsTheSampleGrows) {
  double last = student_critical_value(0.95, 1);
  for (const std::int64_t freedom : {2, 5, 20, 100, 1'000, 100'000}) {
    const double t = student_critical_value(0.95, freedom);
    EXPECT_LT(t, last);
    EXPECT_GT(t, normal_critical_value(0.95));
    last = t;
  }
  EXPECT_NEAR(last, normal_critical_value(0.95), 1e-4);
}

TEST(CriticalValue, GivenNoConfidenceOrNoFreedomItIsOurBug) {
  for (const double confidence : {0.0, 1.0, -0.5, 95.0, std::nan("")}) {
    EXPECT_THROW(normal_critical_value(confidence), base::InternalError) << confidence;
    EXPECT_THROW(student_critical_value(confidence, 5), base::InternalError) << confidence;
    EXPECT_THROW(summarise_mean({}, confidence), base::InternalError) << confidence;
  }
  EXPECT_THROW(student_critical_value(0.95, 0), base::InternalError);
}

/// `first`, then `low` and `high` in turn, 1,001 values in all.
std::vector<double> alternating(double first, double low, double high) {
  std::vector<double> values{first};
  for (int i = 0; i < 500; ++i) {
    values.push_back(low);
    values.push_back(high);
  }
  return values;
}

// NIST Statistical Reference Datasets, univariate, with their certified values; NumAcc3 and 4 are
// there to break sum(x^2) - n mean^2.
TEST(RunningMoments, MatchTheCertifiedValues) {
  struct Case {
    const char* name;
    std::vector<double> values;
    double mean;
    double standard_deviation;
  };
  const Case cases[] = {
      {"NumAcc1", {10000001, 10000003, 10000002}, 10000002, 1},
      {"NumAcc2", alternating(1.2, 1.1, 1.3), 1.2, 0.1},
      {"NumAcc3", alternating(1000000.2, 1000000.1, 1000000.3), 1000000.2, 0.1},
      {"NumAcc4", alternating(10000000.2, 10000000.1, 10000000.3), 10000000.2, 0.1},
  };
  for (const Case& c : cases) {
    RunningMoments moments;
    for (const double value : c.values) moments.add(value);
    EXPECT_EQ(moments.count(), static_cast<std::int64_t>(c.values.size())) << c.name;
    EXPECT_NEAR(*moments.mean() / c.mean, 1, 1e-14) << c.name;
    // The decimals of NumAcc4 are themselves off by 1e-9 in binary: relative 1e-8 of 0.1.
    EXPECT_NEAR(*moments.standard_deviation() / c.standard_deviation, 1, 1e-7) << c.name;
  }
}

TEST(RunningMoments, GivenNoNumberItIsOurBug) {
  RunningMoments moments;
  EXPECT_THROW(moments.add(std::nan("")), base::InternalError);
  EXPECT_THROW(moments.add(std::numeric_limits<double>::infinity()), base::InternalError);
}

TEST(SummariseMean, GivenNoMapSaysNothing) {
  const MeanSummary summary = summarise_mean({}, 0.95);
  EXPECT_EQ(summary.count, 0);
  EXPECT_FALSE(summary.mean);
  EXPECT_FALSE(summary.standard_deviation);
  EXPECT_FALSE(summary.interval);
}

TEST(SummariseMean, GivenOneMapHasAMeanAndNoSpread) {
  const MeanSummary summary = summarise_mean({0.91}, 0.95);
  EXPECT_EQ(summary.count, 1);
  EXPECT_EQ(summary.mean, 0.91);
  EXPECT_FALSE(summary.standard_deviation);
  EXPECT_FALSE(summary.interval);
}

TEST(SummariseMean, GivenTwoMapsTakesTheWideStudentInterval) {
  // mean 0.9, sd = sqrt(2 * 0.01^2 / 1) = 0.0141421, half = 12.7062 * 0.0141421 / sqrt 2 = 0.127062
  const MeanSummary summary = summarise_mean({0.89, 0.91}, 0.95);
  EXPECT_NEAR(*summary.mean, 0.9, 1e-15);
  EXPECT_NEAR(*summary.standard_deviation, 0.0141421356, 1e-10);
  EXPECT_NEAR(summary.interval->half_width(), 0.127062, 1e-6);
}

TEST(SummariseMean, GivenEqualMapsHasNoWidth) {
  const MeanSummary summary = summarise_mean({0.25, 0.25, 0.25}, 0.95);
  EXPECT_EQ(summary.standard_deviation, 0);
  EXPECT_EQ(summary.interval->lower, 0.25);
  EXPECT_EQ(summary.interval->upper, 0.25);
}

// 0.5 +- 12.706 x 0.5: no mean of errors is below 0. Only what is below it is cut.
TEST(SummariseNonNegative, GivenAnIntervalThatReachesBelowZeroThenItEndsThere) {
  const MeanSummary cut = summarise_non_negative({0, 1}, 0.95);
  EXPECT_EQ(cut.mean, 0.5);
  EXPECT_EQ(cut.interval->lower, 0);
  EXPECT_NEAR(cut.interval->upper, 6.8531, 1e-4);
  EXPECT_LT(summarise_mean({0, 1}, 0.95).interval->lower, -5);
  const MeanSummary whole = summarise_non_negative({1, 1.01}, 0.95);
  EXPECT_EQ(whole.interval->lower, summarise_mean({1, 1.01}, 0.95).interval->lower);
  EXPECT_FALSE(summarise_non_negative({1}, 0.95).interval);
}

// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.2, data set ZARR13: n = 195, mean
// 9.261460, sd 0.022789, 95% interval 9.258242 to 9.264679.
TEST(StudentInterval, IsTheHandbooksForTheHeatFlowMeter) {
  const Interval interval = student_interval(9.261460, 0.022789, 195, 0.95);
  EXPECT_NEAR(interval.lower, 9.258242, 1.5e-6);
  EXPECT_NEAR(interval.upper, 9.264679, 1.5e-6);
}

TEST(StudentInterval, GivenOneValueOrANegativeSpreadItIsOurBug) {
  EXPECT_THROW(student_interval(1, 1, 1, 0.95), base::InternalError);
  EXPECT_THROW(student_interval(1, -1, 5, 0.95), base::InternalError);
}

// Student, "The probable error of a mean", Biometrika 6(1), 1908: hours of sleep gained by ten
// patients under two drugs. The interval of the difference, 0.7001142 to 2.4598858 at 95%, is the
// paired t-test of R's data set `sleep`.
const std::vector<double> kSecondDrug{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
const std::vector<double> kFirstDrug{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};

TEST(PairedDifference, IsStudentsOwnForHisSleepData) {
  const PairedDifference paired = paired_difference(kSecondDrug, kFirstDrug, 0.95);
  EXPECT_NEAR(*paired.difference.mean, 1.58, 1e-12);
  EXPECT_NEAR(*paired.difference.standard_deviation, 1.229995, 1e-6);
  EXPECT_NEAR(paired.difference.interval->lower, 0.7001142, 1e-7);
  EXPECT_NEAR(paired.difference.interval->upper, 2.4598858, 1e-7);
  EXPECT_NEAR(*paired.smallest_visible, (2.4598858 - 0.7001142) / 2, 1e-7);
  EXPECT_TRUE(paired.is_visible());
}

TEST(PairedDifference, GivenSwappedSidesChangesItsSign) {
  const PairedDifference paired = paired_difference(kFirstDrug, kSecondDrug, 0.95);
  EXPECT_NEAR(*paired.difference.mean, -1.58, 1e-12);
  EXPECT_NEAR(paired.difference.interval->upper, -0.7001142, 1e-7);
  EXPECT_TRUE(paired.is_visible());
}

TEST(PairedDifference, GivenAnIntervalAcrossZeroIsNotVisible) {
  // Differences 0.01, -0.01, 0.02: sd 0.0152753, half = 4.302653 * 0.0152753 / sqrt 3 = 0.0379461.
  const PairedDifference paired = paired_difference({0.91, 0.90, 0.92}, {0.90, 0.91, 0.90}, 0.95);
  EXPECT_NEAR(*paired.smallest_visible, 0.0379461, 1e-6);
  EXPECT_FALSE(paired.is_visible());
}

TEST(PairedDifference, GivenEqualPairsIsExactlyZeroAndNotVisible) {
  const PairedDifference paired = paired_difference({0.9, 0.8}, {0.9, 0.8}, 0.95);
  EXPECT_EQ(paired.difference.mean, 0);
  EXPECT_EQ(paired.smallest_visible, 0);
  EXPECT_FALSE(paired.is_visible());
}

TEST(PairedDifference, GivenFewerThanTwoPairsHasNoInterval) {
  EXPECT_FALSE(paired_difference({}, {}, 0.95).difference.mean);
  const PairedDifference one = paired_difference({0.5}, {0.4}, 0.95);
  EXPECT_NEAR(*one.difference.mean, 0.1, 1e-15);
  EXPECT_FALSE(one.smallest_visible);
  EXPECT_FALSE(one.is_visible());
}

TEST(PairedDifference, GivenUnequalLengthsItIsOurBug) {
  EXPECT_THROW(paired_difference({1, 2}, {1}, 0.95), base::InternalError);
}

}  // namespace
}  // namespace lacuna::statistics
