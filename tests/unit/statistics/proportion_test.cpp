#include "statistics/proportion.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"

namespace lacuna::statistics {
namespace {

TEST(FaultSampleSize, IsThePublishedOrHandDerivedOne) {
  struct Case {
    std::int64_t population;
    double margin;
    double critical_value;
    double proportion;
    std::int64_t expected;
  };
  const Case cases[] = {
      // Published for 493,648 bits: 16,051. t^2 / 4 = 1.658944, e^2 (N - 1) = 49.3647,
      // 493648 / (1 + 29.75670) = 16050.1, so it was rounded up.
      {493'648, 0.01, 2.576, 0.5, 16'051},
      // The same formula in Krejcie, Morgan, "Determining sample size for research activities",
      // Educational and Psychological Measurement 30, 1970: chi^2 = t^2 = 3.841, e = 5%; rows on
      // which rounding up and rounding to nearest agree.
      {100, 0.05, 1.959847, 0.5, 80},
      {1'000, 0.05, 1.959847, 0.5, 278},
      {10'000, 0.05, 1.959847, 0.5, 370},
      {1'000'000, 0.05, 1.959847, 0.5, 384},
      // t = 2, e = 0.1: t^2 / 4 / e^2 = 100, so n = 100 N / (99 + N).
      {101, 0.1, 2, 0.5, 51},  // 50.5
      {301, 0.1, 2, 0.5, 76},  // 75.25
      {900, 0.1, 2, 0.5, 91},  // 90.09
      {99, 0.1, 2, 0.5, 50},   // 50 exactly
      // p = 0.1: 4 * 0.09 / 0.01 = 36, n = 36 N / (35 + N).
      {37, 0.1, 2, 0.1, 19},  // 18.5
      {35, 0.1, 2, 0.1, 18},  // 18 exactly
      // No population is too small,
      {0, 0.01, 2.576, 0.5, 0},
      {1, 0.01, 2.576, 0.5, 1},
      {2, 0.01, 2.576, 0.5, 2},
      // and an immense one needs t^2 p (1 - p) / e^2 = 10,000.
      {4'000'000'000'000'000'000, 0.01, 2, 0.5, 10'000},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(fault_sample_size(c.population, c.margin, c.critical_value, c.proportion), c.expected)
        << "N = " << c.population << ", e = " << c.margin;
  }
}

TEST(FaultSampleSize, IsLargestForEvenOdds) {
  for (const double p : {0.001, 0.01, 0.1, 0.4, 0.6, 0.99}) {
    EXPECT_LT(fault_sample_size(100'000, 0.01, 1.96, p), fault_sample_size(100'000, 0.01, 1.96));
  }
}

TEST(FaultSampleSize, GivenNonsenseItIsOurBug) {
  EXPECT_THROW(fault_sample_size(-1, 0.01, 2, 0.5), base::InternalError);
  EXPECT_THROW(fault_sample_size(10, 0, 2, 0.5), base::InternalError);
  EXPECT_THROW(fault_sample_size(10, 0.01, 0, 0.5), base::InternalError);
  EXPECT_THROW(fault_sample_size(10, 0.01, 2, 0), base::InternalError);
  EXPECT_THROW(fault_sample_size(10, 0.01, 2, 1), base::InternalError);
}

// Newcombe, "Two-sided confidence intervals for the single proportion: comparison of seven
// methods", Statistics in Medicine 17, 1998, table I, method 3 (95%).
TEST(WilsonInterval, IsThePublishedOne) {
  struct Case {
    std::int64_t hits;
    std::int64_t n;
    double lower;
    double upper;
  };
  const Case cases[] = {
      {81, 263, 0.2553, 0.3662},
      {15, 148, 0.0624, 0.1605},
      {0, 20, 0.0000, 0.1611},
      {1, 29, 0.0061, 0.1718},
  };
  for (const Case& c : cases) {
    const Interval interval = wilson_interval(c.hits, c.n, 0.95);
    EXPECT_NEAR(interval.lower, c.lower, 5e-5) << c.hits << " of " << c.n;
    EXPECT_NEAR(interval.upper, c.upper, 5e-5) << c.hits << " of " << c.n;
  }
}

TEST(WilsonInterval, GivenAFinitePopulationIsTheHandDerivedOne) {
  // z^2 = 3.841459. N = 20, n = 10, no hit: a = z^2 / 19, upper = a / (1 + a) = 3.841459
  // / 22.841459
  const Interval none = wilson_interval(0, 10, 0.95, 20);
  EXPECT_EQ(none.lower, 0);
  EXPECT_NEAR(none.upper, 0.168179, 1e-6);
  // N = 19, n = 10, 5 hits: a = z^2 9 / (10 18) = 0.192073, half = sqrt(a / (1 + a)) / 2 = 0.200702
  const Interval even = wilson_interval(5, 10, 0.95, 19);
  EXPECT_NEAR(even.lower, 0.299298, 1e-6);
  EXPECT_NEAR(even.upper, 0.700702, 1e-6);
}

TEST(WilsonInterval, KeepsToWhatIsPossible) {
  // 99 of 100 sites struck, 1 hit: the last is a hit or not, whatever the normal curve says.
  const Interval nearly = wilson_interval(1, 99, 0.999, 100);
  EXPECT_EQ(nearly.lower, 0.01);
  EXPECT_GT(nearly.upper, 0.01);
  EXPECT_LE(nearly.upper, 0.02);
  // 3 of 4 struck: without the limits z^2 / 9 would let the bound pass the one site that is left.
  EXPECT_EQ(wilson_interval(3, 3, 0.95, 4).lower, 0.75);
  EXPECT_EQ(wilson_interval(3, 3, 0.95, 4).upper, 1);
  EXPECT_EQ(wilson_interval(0, 3, 0.95, 4).lower, 0);
  EXPECT_EQ(wilson_interval(0, 3, 0.95, 4).upper, 0.25);
}

TEST(WilsonInterval, GivenEverySiteHasNoWidth) {
  EXPECT_EQ(wilson_interval(3, 12, 0.95, 12).lower, 0.25);
  EXPECT_EQ(wilson_interval(3, 12, 0.95, 12).upper, 0.25);
  EXPECT_EQ(wilson_interval(1, 1, 0.95, 1).lower, 1);
  EXPECT_EQ(wilson_interval(0, 1, 0.95, 1).upper, 0);
}

TEST(WilsonInterval, GivenNoFaultIsEverything) {
  for (const std::optional<std::int64_t> population : {std::optional<std::int64_t>(), {0}, {50}}) {
    EXPECT_EQ(wilson_interval(0, 0, 0.95, population).lower, 0);
    EXPECT_EQ(wilson_interval(0, 0, 0.95, population).upper, 1);
  }
}

// Where the limits of the possible are far.
TEST(WilsonInterval, SolvesItsDefiningEquation) {
  const double z = normal_critical_value(0.99);
  for (const std::int64_t n : {5, 40, 1'000}) {
    for (const std::int64_t population : {5'000, 1'000'000}) {
      for (std::int64_t hits = 1 + n / 20; hits < n - n / 20; hits += 1 + n / 7) {
        const double p = static_cast<double>(hits) / static_cast<double>(n);
        const Interval interval = wilson_interval(hits, n, 0.99, population);
        for (const double bound : {interval.lower, interval.upper}) {
          const double variance = bound * (1 - bound) * static_cast<double>(population - n) /
                                  static_cast<double>(n * (population - 1));
          EXPECT_NEAR(std::abs(bound - p), z * std::sqrt(variance), 1e-12)
              << hits << " of " << n << " of " << population;
        }
      }
    }
  }
}

TEST(WilsonInterval, IsSymmetricUnderSwappingOutcomes) {
  for (std::int64_t hits = 0; hits <= 30; ++hits) {
    const Interval hit = wilson_interval(hits, 30, 0.95, 500);
    const Interval missed = wilson_interval(30 - hits, 30, 0.95, 500);
    EXPECT_NEAR(hit.lower, 1 - missed.upper, 1e-14);
    EXPECT_NEAR(hit.upper, 1 - missed.lower, 1e-14);
  }
}

TEST(WilsonInterval, NarrowsWithEveryStepTowardsTheWholePopulation) {
  double last = 1;
  for (std::int64_t n = 10; n <= 100; n += 10) {
    const double half = wilson_interval(n / 10, n, 0.95, 100).half_width();
    EXPECT_LT(half, last);
    EXPECT_LT(half, wilson_interval(n / 10, n, 0.95).half_width());
    last = half;
  }
  EXPECT_EQ(last, 0);
  // An immense population is as good as an unbounded one.
  EXPECT_NEAR(wilson_interval(3, 50, 0.95, std::int64_t{1} << 60).upper,
              wilson_interval(3, 50, 0.95).upper, 1e-12);
}

TEST(WilsonInterval, GivenImpossibleCountsItIsOurBug) {
  EXPECT_THROW(wilson_interval(-1, 5, 0.95), base::InternalError);
  EXPECT_THROW(wilson_interval(6, 5, 0.95), base::InternalError);
  EXPECT_THROW(wilson_interval(1, 5, 0.95, 4), base::InternalError);
  EXPECT_THROW(wilson_interval(1, 5, 1.5), base::InternalError);
}

/// Half-width of the interval around p, from its formula.
double half_width_of(double p, std::int64_t n, double z, std::int64_t population) {
  const double a = z * z / static_cast<double>(n) * static_cast<double>(population - n) /
                   static_cast<double>(population - 1);
  return std::sqrt(a * p * (1 - p) + a * a / 4) / (1 + a);
}

TEST(WilsonSampleSize, IsTheSmallestThatIsNarrowEnough) {
  const double z = normal_critical_value(0.95);
  for (const double p : {0.0, 0.001, 0.03, 0.5, 0.8, 1.0}) {
    for (const double asked : {0.001, 0.01, 0.05, 0.3}) {
      for (const std::int64_t population : {300, 20'000, 100'000'000}) {
        SCOPED_TRACE(testing::Message() << p << " +- " << asked << " of " << population);
        const std::int64_t n = wilson_sample_size(p, asked, 0.95, population);
        ASSERT_GE(n, 1);
        ASSERT_LE(n, population);
        EXPECT_LE(half_width_of(p, n, z, population), asked * (1 + 1e-9));
        if (n > 1) {
          EXPECT_GT(half_width_of(p, n - 1, z, population), asked);
        }
      }
    }
  }
}

TEST(WilsonSampleSize, IsTheHandDerivedOne) {
  // No hit: half = a / (2 (1 + a)) = e, a = 2 e / (1 - 2 e); e = 0.01: n = z^2 0.98 / 0.02 = 188.2
  EXPECT_EQ(wilson_sample_size(0, 0.01, 0.95), 189);
  EXPECT_EQ(wilson_sample_size(1, 0.01, 0.95), 189);
  // Even odds: half^2 = a / (4 (1 + a)), n = z^2 (1 / (4 e^2) - 1); e = 0.05: 3.841459 * 99 = 380.3
  EXPECT_EQ(wilson_sample_size(0.5, 0.05, 0.95), 381);
  EXPECT_EQ(wilson_sample_size(0.5, 0.5, 0.95), 0);
  EXPECT_EQ(wilson_sample_size(0.5, 0.001, 0.95, 1), 1);
}

TEST(WilsonSampleSize, GivenNonsenseItIsOurBug) {
  EXPECT_THROW(wilson_sample_size(1.1, 0.01, 0.95), base::InternalError);
  EXPECT_THROW(wilson_sample_size(-0.1, 0.01, 0.95), base::InternalError);
  EXPECT_THROW(wilson_sample_size(0.1, 0, 0.95), base::InternalError);
}

TEST(RuleOfThree, BoundsWhatWasNeverOrAlwaysSeen) {
  EXPECT_EQ(rule_of_three(0, 300)->lower, 0);
  EXPECT_EQ(rule_of_three(0, 300)->upper, 0.01);
  EXPECT_EQ(rule_of_three(300, 300)->lower, 0.99);
  EXPECT_EQ(rule_of_three(300, 300)->upper, 1);
  EXPECT_FALSE(rule_of_three(1, 300));
  EXPECT_FALSE(rule_of_three(299, 300));
}

TEST(RuleOfThree, GivenHardlyAnyFaultSaysNothing) {
  for (std::int64_t n = 0; n <= 3; ++n) {
    for (const std::int64_t hits : {std::int64_t{0}, n}) {
      EXPECT_EQ(rule_of_three(hits, n)->lower, 0);
      EXPECT_EQ(rule_of_three(hits, n)->upper, 1);
    }
  }
  EXPECT_EQ(rule_of_three(0, 4)->upper, 0.75);
}

TEST(RuleOfThree, HoldsAtNinetyFivePercent) {
  // At the bound itself, no hit has a chance of (1 - 3/n)^n < e^-3 = 0.0498.
  for (const std::int64_t n : {4, 10, 100, 10'000}) {
    EXPECT_LT(std::pow(1 - rule_of_three(0, n)->upper, static_cast<double>(n)), 0.05);
  }
}

}  // namespace
}  // namespace lacuna::statistics
