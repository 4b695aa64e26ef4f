#include "statistics/strata.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "statistics/proportion.hpp"

namespace lacuna::statistics {
namespace {

TEST(StratifiedProportion, WeighsTheStrataByTheirSites) {
  // W = 0.2, 0.8: 0.2 * 30/100 + 0.8 * 10/200 = 0.1
  // variance: 0.2^2 (1 - 100/1000) 0.3 0.7 / 99 + 0.8^2 (1 - 200/4000) 0.05 0.95 / 199
  //         = 7.636364e-5 + 1.451256e-4 = 2.214893e-4
  const StratifiedProportion total =
      stratified_proportion({{1'000, 100, 30}, {4'000, 200, 10}}, 0.95);
  EXPECT_NEAR(*total.proportion, 0.1, 1e-15);
  EXPECT_NEAR(*total.standard_error, std::sqrt(2.214893e-4), 1e-8);
  EXPECT_EQ(total.unsampled_weight, 0);
  // With this many hits the score interval is near the normal one, 1.96 * 0.01488 = 0.0292.
  EXPECT_NEAR(total.interval.half_width(), 0.0292, 0.002);
  EXPECT_TRUE(total.interval.contains(0.1));
}

TEST(StratifiedProportion, GivenOneStratumIsTheWilsonInterval) {
  const Stratum cases[] = {{1'000, 50, 0},   {1'000, 50, 1},    {1'000, 50, 25}, {1'000, 50, 50},
                           {20, 19, 1},      {1'000'000, 7, 3}, {100, 1, 0},     {100, 1, 1},
                           {1'000, 999, 0},  {1'000, 999, 998}, {500, 100, 99},  {2, 1, 1},
                           {1'000'000, 3, 0}};
  for (const Stratum& stratum : cases) {
    for (const double confidence : {0.5, 0.95, 0.999}) {
      SCOPED_TRACE(testing::Message() << stratum.hits << " of " << stratum.sampled << " of "
                                      << stratum.sites << " at " << confidence);
      const Interval wilson =
          wilson_interval(stratum.hits, stratum.sampled, confidence, stratum.sites);
      const StratifiedProportion total = stratified_proportion({stratum}, confidence);
      EXPECT_NEAR(total.interval.lower, wilson.lower, 1e-12);
      EXPECT_NEAR(total.interval.upper, wilson.upper, 1e-12);
    }
  }
}

TEST(StratifiedProportion, GivenNoHitAnywhereStillHasAWidth) {
  const StratifiedProportion total =
      stratified_proportion({{10'000, 100, 0}, {30'000, 100, 0}}, 0.95);
  EXPECT_EQ(total.proportion, 0);
  EXPECT_EQ(total.standard_error, 0);
  EXPECT_EQ(total.interval.lower, 0);
  // The likeliest place for unseen hits is the stratum that is struck most thinly for its size; the
  // other stays silent up to the bound, which is W_2 times the second's own: 0.75 * 0.0369.
  EXPECT_NEAR(total.interval.upper, 0.75 * wilson_interval(0, 100, 0.95, 30'000).upper, 1e-9);
}

TEST(StratifiedProportion, GivenOnlyHitsMirrorsNoHit) {
  const StratifiedProportion none =
      stratified_proportion({{10'000, 100, 0}, {30'000, 100, 0}}, 0.95);
  const StratifiedProportion all =
      stratified_proportion({{10'000, 100, 100}, {30'000, 100, 100}}, 0.95);
  EXPECT_EQ(all.proportion, 1);
  EXPECT_EQ(all.interval.upper, 1);
  EXPECT_NEAR(all.interval.lower, 1 - none.interval.upper, 1e-12);
}

TEST(StratifiedProportion, GivenAStratumWithoutHitsWidensForIt) {
  // Stratum 1 is known well; nearly all uncertainty is in the large one that never hit.
  const StratifiedProportion total =
      stratified_proportion({{10'000, 5'000, 2'500}, {90'000, 50, 0}}, 0.95);
  EXPECT_NEAR(*total.proportion, 0.05, 1e-15);
  const double alone = 0.9 * wilson_interval(0, 50, 0.95, 90'000).upper;
  EXPECT_GT(total.interval.upper - 0.05, alone);
  EXPECT_LT(total.interval.upper - 0.05, 1.01 * alone);
  // Downwards there is nothing to lose in it.
  EXPECT_NEAR(total.interval.lower, 0.05, 0.002);
}

TEST(StratifiedProportion, GivenExhaustedStrataTakesNoVarianceFromThem) {
  const StratifiedProportion total = stratified_proportion({{300, 300, 60}, {700, 100, 20}}, 0.95);
  EXPECT_NEAR(*total.proportion, 0.2, 1e-15);
  const Interval open = wilson_interval(20, 100, 0.95, 700);
  EXPECT_NEAR(total.interval.lower, 0.3 * 0.2 + 0.7 * open.lower, 1e-12);
  EXPECT_NEAR(total.interval.upper, 0.3 * 0.2 + 0.7 * open.upper, 1e-12);
  // 0.7 sqrt((1 - 1/7) 0.2 0.8 / 99)
  EXPECT_NEAR(*total.standard_error, 0.7 * std::sqrt(0.16 * 6 / 7 / 99), 1e-12);
}

TEST(StratifiedProportion, GivenEverythingExhaustedIsTheTruth) {
  const StratifiedProportion total =
      stratified_proportion({{3, 3, 1}, {7, 7, 2}, {20, 20, 0}, {0, 0, 0}}, 0.95);
  EXPECT_EQ(total.proportion, 0.1);
  EXPECT_EQ(total.interval.lower, 0.1);
  EXPECT_EQ(total.interval.upper, 0.1);
  EXPECT_EQ(total.standard_error, 0);
}

TEST(StratifiedProportion, GivenAnUnsampledStratumAllowsAnythingInIt) {
  const StratifiedProportion total = stratified_proportion({{6'000, 600, 60}, {4'000, 0, 0}}, 0.95);
  EXPECT_NEAR(*total.proportion, 0.1, 1e-15);
  EXPECT_NEAR(total.unsampled_weight, 0.4, 1e-15);
  const Interval known = wilson_interval(60, 600, 0.95, 6'000);
  EXPECT_NEAR(total.interval.lower, 0.6 * known.lower, 1e-12);
  EXPECT_NEAR(total.interval.upper, 0.6 * known.upper + 0.4, 1e-12);
}

TEST(StratifiedProportion, GivenNoSampleSaysNothing) {
  const std::vector<Stratum> cases[] = {{}, {{0, 0, 0}}, {{100, 0, 0}, {50, 0, 0}}};
  for (const std::vector<Stratum>& strata : cases) {
    const StratifiedProportion total = stratified_proportion(strata, 0.95);
    EXPECT_FALSE(total.proportion);
    EXPECT_FALSE(total.standard_error);
    EXPECT_EQ(total.interval.lower, 0);
    EXPECT_EQ(total.interval.upper, 1);
  }
  EXPECT_EQ(stratified_proportion({{100, 0, 0}}, 0.95).unsampled_weight, 1);
}

TEST(StratifiedProportion, GivenASingleFaultInAStratumHasNoStandardError) {
  const StratifiedProportion total = stratified_proportion({{100, 1, 0}, {100, 50, 10}}, 0.95);
  EXPECT_FALSE(total.standard_error);
  EXPECT_GT(total.interval.half_width(), 0.15);
}

TEST(StratifiedProportion, GivenManySilentStrataDoesNotAddUpTheirBounds) {
  // 50 equal strata of 100 faults and 5 hits in all say about as much as one of 5,000: while hits
  // are rare the variance is P / 5000 wherever they lie.
  std::vector<Stratum> strata(50, {1'000'000, 100, 0});
  for (std::size_t i = 0; i < 5; ++i) strata[i].hits = 1;
  const StratifiedProportion total = stratified_proportion(strata, 0.95);
  const Interval pooled = wilson_interval(5, 5'000, 0.95);
  EXPECT_NEAR(total.interval.lower, pooled.lower, 0.02 * pooled.lower);
  EXPECT_NEAR(total.interval.upper, pooled.upper, 0.02 * pooled.upper);
}

double faults_of(const Stratum& s) {
  return static_cast<double>(s.sampled) * static_cast<double>(s.sites - 1) /
         static_cast<double>(s.sites - s.sampled);
}

double log_likelihood(const Stratum& s, double share) {
  const double seen = static_cast<double>(s.hits) / static_cast<double>(s.sampled);
  const double hit = s.hits > 0 ? seen * std::log(share) : 0;
  const double missed = s.hits < s.sampled ? (1 - seen) * std::log1p(-share) : 0;
  return faults_of(s) * (hit + missed);
}

/// V(P) of two strata without the multiplier: tries every share of the first, keeps the likeliest.
double variance_by_search(const Stratum& a, const Stratum& b, double proportion) {
  const double weight = static_cast<double>(a.sites) / static_cast<double>(a.sites + b.sites);
  const double first = std::max(0.0, (proportion - (1 - weight)) / weight);
  const double last = std::min(1.0, proportion / weight);
  double best = -std::numeric_limits<double>::infinity();
  double variance = 0;
  constexpr int kSteps = 100'000;
  for (int i = 0; i <= kSteps; ++i) {
    const double share = first + (last - first) * i / kSteps;
    const double other = std::clamp((proportion - weight * share) / (1 - weight), 0.0, 1.0);
    const double value = log_likelihood(a, share) + log_likelihood(b, other);
    if (!(value > best)) continue;
    best = value;
    variance = weight * weight * share * (1 - share) / faults_of(a) +
               (1 - weight) * (1 - weight) * other * (1 - other) / faults_of(b);
  }
  return variance;
}

TEST(StratifiedProportion, SolvesItsDefiningEquation) {
  const std::vector<Stratum> cases[] = {
      {{1'000, 100, 30}, {4'000, 200, 10}}, {{1'000, 100, 0}, {4'000, 200, 10}},
      {{9'000, 30, 0}, {1'000, 400, 200}},  {{9'000, 30, 30}, {1'000, 400, 200}},
      {{5'000, 900, 1}, {3'000, 2'000, 7}}, {{5'000, 50, 2}, {5'000, 50, 49}}};
  const double z = normal_critical_value(0.95);
  for (const auto& strata : cases) {
    const StratifiedProportion total = stratified_proportion(strata, 0.95);
    for (const double bound : {total.interval.lower, total.interval.upper}) {
      const double deviation = z * std::sqrt(variance_by_search(strata[0], strata[1], bound));
      EXPECT_NEAR(std::abs(bound - *total.proportion), deviation, 1e-3 * deviation)
          << strata[0].hits << ", " << strata[1].hits << " at " << bound;
    }
  }
}

TEST(StratifiedProportion, DoesNotDependOnTheOrderOfTheStrata) {
  const StratifiedProportion one =
      stratified_proportion({{100, 50, 3}, {900, 80, 0}, {40, 40, 7}}, 0.95);
  const StratifiedProportion other =
      stratified_proportion({{40, 40, 7}, {900, 80, 0}, {100, 50, 3}}, 0.95);
  EXPECT_NEAR(one.interval.lower, other.interval.lower, 1e-14);
  EXPECT_NEAR(one.interval.upper, other.interval.upper, 1e-14);
}

TEST(StratifiedProportion, GivenImpossibleCountsItIsOurBug) {
  for (const Stratum& stratum : {Stratum{10, 11, 0}, {10, 5, 6}, {10, 5, -1}, {-1, -1, -1}}) {
    EXPECT_THROW(stratified_proportion({stratum}, 0.95), base::InternalError);
    EXPECT_THROW(apply_stop_rule({stratum}, {}), base::InternalError);
  }
  EXPECT_THROW(stratified_proportion({{10, 5, 1}}, 1), base::InternalError);
}

// Of strata without hits the weightiest opens first: its P_h is z^2 / (n' + z^2), n' = n (N - 1) /
// (N - n) = 100.0516, times W = 192,000 / 245,880. Rounding must not make a P_h negative, whose
// variance refutes everything and leaves no width.
TEST(StratifiedProportion, GivenNoHitInAnyStratumThenTheWeightiestBoundsIt) {
  const std::vector<std::int64_t> sizes = {600, 9'600, 192'000, 40'320, 3'360};
  std::vector<Stratum> none;
  std::vector<Stratum> all;
  for (const std::int64_t sites : sizes) {
    none.push_back({sites, 100, 0});
    all.push_back({sites, 100, 100});
  }
  EXPECT_NEAR(stratified_proportion(none, 0.95).interval.upper, 0.0288728, 1e-6);
  EXPECT_NEAR(stratified_proportion(all, 0.95).interval.lower, 1 - 0.0288728, 1e-6);
  for (std::int64_t sampled = 2; sampled < 500; ++sampled) {
    none.assign({{600, sampled, 0}, {9'600, sampled, 0}, {192'000, sampled, 0}});
    // Near rule_of_three's 3 / n: 3.84 / (n + 3.84), of 0.95 of the sites.
    EXPECT_GT(stratified_proportion(none, 0.95).interval.upper,
              3 / (static_cast<double>(sampled) + 4))
        << sampled;
  }
}

TEST(StopRule, AsksEachStratumForWhatItLacks) {
  struct Case {
    const char* what;
    Stratum stratum;
    StratumState state;
    std::int64_t more;
  };
  const StopRule rule{0.01, 0.95, 100, 5'000};
  const Case cases[] = {
      {"untouched", {100'000, 0, 0}, StratumState::kNeedsMore, 100},
      {"short of the first look", {100'000, 30, 0}, StratumState::kNeedsMore, 70},
      {"smaller than the first look", {40, 0, 0}, StratumState::kNeedsMore, 40},
      {"exhausted", {40, 40, 20}, StratumState::kMet, 0},
      {"empty", {0, 0, 0}, StratumState::kMet, 0},
      // No hit in many: half-width 0.01 from 188.2 faults on (z^2 0.98 / 0.02).
      {"silent and narrow", {100'000'000, 189, 0}, StratumState::kMet, 0},
      // a = z^2 / 188 = 0.0204333, centre = half-width = a / (2 (1 + a)) = 0.0100121. For that
      // proportion, p (1 - p) = 0.0099118: 0.2499 a^2 + 0.0097118 a - 0.0001 = 0, a = 0.0084566,
      // n = z^2 / a = 454.3.
      {"silent and a fault short", {100'000'000, 188, 0}, StratumState::kNeedsMore, 455 - 188},
      {"wide at the maximum", {100'000, 5'000, 2'500}, StratumState::kAtMaximum, 0},
      {"asking past the maximum", {100'000, 100, 50}, StratumState::kNeedsMore, 4'900},
      {"wide over the maximum", {100'000, 6'000, 3'000}, StratumState::kAtMaximum, 0},
      {"narrow over the maximum", {100'000, 6'000, 3}, StratumState::kMet, 0},
  };
  for (const Case& c : cases) {
    const StratumNeed need = apply_stop_rule({c.stratum}, rule).at(0);
    EXPECT_EQ(need.state, c.state) << c.what;
    EXPECT_EQ(need.more, c.more) << c.what;
  }
}

TEST(StopRule, AnswersInTheOrderOfTheStrata) {
  const auto needs = apply_stop_rule({{40, 40, 1}, {1'000'000, 0, 0}}, {0.01, 0.95, 50, 1'000});
  ASSERT_EQ(needs.size(), 2U);
  EXPECT_EQ(needs[0].state, StratumState::kMet);
  EXPECT_EQ(needs[0].interval.half_width(), 0);
  EXPECT_EQ(needs[1].more, 50);
  EXPECT_EQ(needs[1].interval.upper, 1);
  EXPECT_TRUE(apply_stop_rule({}, {}).empty());
}

TEST(StopRule, GivenWhatItAskedForAndNoSurpriseIsMet) {
  const StopRule rule{0.01, 0.95, 100, 1'000'000};
  for (const std::int64_t percent : {0, 1, 5, 20, 50, 95, 100}) {
    Stratum stratum{1'000'000, 100, percent};
    stratum.sampled += apply_stop_rule({stratum}, rule)[0].more;
    stratum.hits = stratum.sampled * percent / 100;
    EXPECT_EQ(apply_stop_rule({stratum}, rule)[0].state, StratumState::kMet) << percent;
  }
}

TEST(StopRule, GivenNonsenseItIsOurBug) {
  for (const StopRule& rule : {StopRule{0, 0.95, 1, 10},
                               {0.5, 0.95, 1, 10},
                               {0.01, 0.95, 0, 10},
                               {0.01, 0.95, 1, 0},
                               {0.01, 1, 1, 10}}) {
    EXPECT_THROW(apply_stop_rule({{100, 0, 0}}, rule), base::InternalError);
  }
}

TEST(StratifiedProportion, WhenDrawnWithReplacementThenTheSizeIsAWeightAlone) {
  // One stratum: Wilson's interval without a correction, even of more draws than sites.
  for (const std::int64_t sites : {10, 1'000}) {
    Stratum stratum{sites, 40, 6};
    stratum.with_replacement = true;
    const StratifiedProportion found = stratified_proportion({stratum}, 0.95);
    const Interval expected = wilson_interval(6, 40, 0.95);
    EXPECT_NEAR(*found.proportion, 0.15, 1e-15);
    EXPECT_NEAR(found.interval.lower, expected.lower, 1e-9) << sites;
    EXPECT_NEAR(found.interval.upper, expected.upper, 1e-9) << sites;
  }
  // Two: as of strata so large that the correction is nothing.
  Stratum small{1, 50, 10};
  Stratum large{3, 50, 2};
  small.with_replacement = large.with_replacement = true;
  const StratifiedProportion found = stratified_proportion({small, large}, 0.9);
  const std::int64_t many = std::int64_t{1} << 40;
  const StratifiedProportion of_many =
      stratified_proportion({{many, 50, 10}, {3 * many, 50, 2}}, 0.9);
  EXPECT_NEAR(*found.proportion, 0.25 * 0.2 + 0.75 * 0.04, 1e-15);
  EXPECT_NEAR(found.interval.lower, of_many.interval.lower, 1e-6);
  EXPECT_NEAR(found.interval.upper, of_many.interval.upper, 1e-6);
  EXPECT_NEAR(*found.standard_error, *of_many.standard_error, 1e-9);
  // The rule may ask for more than there are sites.
  StopRule rule;
  rule.half_width = 0.02;
  rule.first = 50;
  rule.n_max = 100'000;
  const StratumNeed need = apply_stop_rule({small}, rule).front();
  EXPECT_EQ(need.state, StratumState::kNeedsMore);
  EXPECT_GT(need.more, 1'000);
}

}  // namespace
}  // namespace lacuna::statistics
