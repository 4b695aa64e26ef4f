// How often the intervals hold the truth. Populations are synthetic and small enough to strike
// every site, so the truth is counted, not assumed; samples are drawn as a campaign draws them.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/hypergeometric.hpp>
#include <cmath>
#include <functional>
#include <numeric>
#include <ostream>
#include <vector>

#include "base/random.hpp"
#include "statistics/proportion.hpp"
#include "statistics/site_order.hpp"
#include "statistics/statistics.hpp"
#include "statistics/strata.hpp"

namespace lacuna::statistics {
namespace {

constexpr int kRepeats = 4'000;
constexpr double kConfidence = 0.95;
/// Four standard deviations of a share of kRepeats at 0.95: 0.0138.
const double kTolerance = 4 * std::sqrt(kConfidence * (1 - kConfidence) / kRepeats);

double ratio(std::int64_t part, std::int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

/// One stratum: which of its sites change the outcome when struck.
class Population {
 public:
  Population(std::uint64_t seed, std::int64_t sites, double proportion) {
    for (std::int64_t site = 0; site < sites; ++site) {
      const double draw = base::random_uniform(seed, base::RandomStream::kSyntheticWeights,
                                               static_cast<std::uint64_t>(site));
      hit_.push_back(draw < proportion ? 1 : 0);
    }
  }

  std::int64_t sites() const { return static_cast<std::int64_t>(hit_.size()); }
  std::int64_t hits() const { return std::accumulate(hit_.begin(), hit_.end(), std::int64_t{0}); }
  /// Hits of the draws `from` ... `from` + `count` - 1.
  std::int64_t strike(const SiteOrder& order, std::int64_t from, std::int64_t count) const {
    std::int64_t hits = 0;
    for (std::int64_t k = from; k < from + count; ++k) {
      hits += hit_[static_cast<std::size_t>(order.site(k))];
    }
    return hits;
  }

 private:
  std::vector<std::int8_t> hit_;
};

double share_of_repeats(const std::function<bool(std::uint64_t)>& holds) {
  int held = 0;
  for (std::uint64_t repeat = 0; repeat < kRepeats; ++repeat) held += holds(repeat) ? 1 : 0;
  return ratio(held, kRepeats);
}

/// The chance that the Wilson interval of n of `sites` holds hits / sites: summed over all
/// outcomes.
double exact_coverage(std::int64_t sites, std::int64_t hits, std::int64_t n) {
  const boost::math::hypergeometric_distribution<> outcome(
      static_cast<unsigned>(hits), static_cast<unsigned>(n), static_cast<unsigned>(sites));
  const std::int64_t fewest = std::max<std::int64_t>(0, n + hits - sites);
  double chance = 0;
  for (std::int64_t seen = fewest; seen <= std::min(n, hits); ++seen) {
    if (wilson_interval(seen, n, kConfidence, sites).contains(ratio(hits, sites))) {
      chance += boost::math::pdf(outcome, static_cast<double>(seen));
    }
  }
  return chance;
}

struct Design {
  double proportion;
  std::int64_t sites;
  std::int64_t sampled;
};

/// The name of a case.
std::ostream& operator<<(std::ostream& out, const Design& design) {
  return out << design.sampled << " of " << design.sites << " at " << design.proportion;
}

class WilsonCoverage : public testing::TestWithParam<Design> {};

TEST_P(WilsonCoverage, IsTheExactOneAndNearTheAskedOne) {
  const Design design = GetParam();
  const Population population(1, design.sites, design.proportion);
  const double truth = ratio(population.hits(), design.sites);
  const double simulated = share_of_repeats([&](std::uint64_t seed) {
    const std::int64_t hits =
        population.strike(SiteOrder(seed, 0, design.sites), 0, design.sampled);
    return wilson_interval(hits, design.sampled, kConfidence, design.sites).contains(truth);
  });
  const double exact = exact_coverage(design.sites, population.hits(), design.sampled);
  EXPECT_NEAR(simulated, exact, kTolerance);
  EXPECT_NEAR(exact, kConfidence, 0.025);
}

INSTANTIATE_TEST_SUITE_P(FromRareToEven, WilsonCoverage,
                         testing::Values(Design{0.001, 16'000, 3'000}, Design{0.01, 16'000, 600},
                                         Design{0.05, 16'000, 300}, Design{0.2, 5'000, 200},
                                         Design{0.5, 5'000, 200}, Design{0.5, 300, 200}));

// The swing is the price of whole hits (Brown, Cai, DasGupta 2001); its mean is the asked rate.
TEST(WilsonExactCoverage, OnAverageOverTheTruthIsTheAskedOne) {
  for (const std::int64_t sampled : {50, 200, 1'000}) {
    double sum = 0;
    int truths = 0;
    for (std::int64_t hits = 20; hits <= 1'980; hits += 7) {
      sum += exact_coverage(2'000, hits, sampled);
      ++truths;
    }
    EXPECT_NEAR(sum / truths, kConfidence, 0.01) << sampled;
  }
}

TEST(WilsonExactCoverage, DipsWhereAHitIsRareAsDocumented) {
  // 0.176 hits expected: one hit is above the truth's interval, so only none covers, exp(-0.176).
  EXPECT_NEAR(exact_coverage(1'000'000, 176, 1'000), std::exp(-0.176), 1e-3);
  // A little more, and one hit covers, too.
  EXPECT_GT(exact_coverage(1'000'000, 185, 1'000), 0.98);
}

std::vector<Population> populations_of(const std::vector<Design>& designs, std::uint64_t seed) {
  std::vector<Population> populations;
  populations.reserve(designs.size());
  for (const Design& design : designs) {
    populations.emplace_back(seed + populations.size(), design.sites, design.proportion);
  }
  return populations;
}

/// How often the interval of the total holds the truth.
double total_coverage(const std::vector<Design>& designs) {
  const std::vector<Population> populations = populations_of(designs, 100);
  std::int64_t sites = 0;
  std::int64_t hits = 0;
  for (const Population& population : populations) {
    sites += population.sites();
    hits += population.hits();
  }
  return share_of_repeats([&](std::uint64_t seed) {
    std::vector<Stratum> strata;
    for (std::size_t i = 0; i < designs.size(); ++i) {
      const SiteOrder order(seed, static_cast<std::uint32_t>(i), designs[i].sites);
      strata.push_back({designs[i].sites, designs[i].sampled,
                        populations[i].strike(order, 0, designs[i].sampled)});
    }
    return stratified_proportion(strata, kConfidence).interval.contains(ratio(hits, sites));
  });
}

TEST(StratifiedCoverage, GivenBitsOfUnequalWeightIsTheAskedOne) {
  // Eight bit positions with the same sites and faults: the high ones matter, the low ones hardly.
  EXPECT_NEAR(total_coverage({{0.5, 10'000, 100},
                              {0.2, 10'000, 100},
                              {0.05, 10'000, 100},
                              {0.01, 10'000, 100},
                              {0.001, 10'000, 100},
                              {0, 10'000, 100},
                              {0, 10'000, 100},
                              {0, 10'000, 100}}),
              kConfidence, kTolerance);
}

TEST(StratifiedCoverage, GivenLayersOfUnequalSizeIsTheAskedOne) {
  // The smallest layer is struck exhaustively.
  EXPECT_NEAR(total_coverage({{0.3, 150, 150},
                              {0.1, 2'400, 200},
                              {0.02, 48'000, 400},
                              {0.05, 10'000, 200},
                              {0.4, 840, 150}}),
              kConfidence, kTolerance);
}

TEST(StratifiedCoverage, GivenManyRareStrataIsTheAskedOne) {
  EXPECT_NEAR(total_coverage(std::vector<Design>(20, {0.005, 3'000, 60})), kConfidence, kTolerance);
}

TEST(StratifiedCoverage, GivenTwoHitsExpectedInAllIsNearTheAskedOne) {
  // 5 x 400 x 0.001: so few that whole hits show, as in one Wilson interval.
  EXPECT_NEAR(total_coverage(std::vector<Design>(5, {0.001, 16'000, 400})), kConfidence, 0.035);
}

TEST(StratifiedCoverage, GivenFiveFaultsAStratumFallsShortAsDocumented) {
  EXPECT_NEAR(total_coverage(std::vector<Design>(100, {0.1, 1'000, 5})), 0.92, kTolerance);
}

/// Strikes until the rule is content; the strata as they then are.
std::vector<Stratum> strike_until_met(const std::vector<Population>& populations,
                                      const StopRule& rule, std::uint64_t seed) {
  constexpr int kMaxRounds = 20;
  std::vector<Stratum> strata;
  strata.reserve(populations.size());
  for (const Population& population : populations) strata.push_back({population.sites(), 0, 0});
  for (int round = 0; round < kMaxRounds; ++round) {
    const std::vector<StratumNeed> needs = apply_stop_rule(strata, rule);
    const bool met = std::all_of(needs.begin(), needs.end(), [](const StratumNeed& need) {
      return need.state == StratumState::kMet;
    });
    if (met) return strata;
    for (std::size_t i = 0; i < strata.size(); ++i) {
      const SiteOrder order(seed, static_cast<std::uint32_t>(i), strata[i].sites);
      strata[i].hits += populations[i].strike(order, strata[i].sampled, needs[i].more);
      strata[i].sampled += needs[i].more;
    }
  }
  ADD_FAILURE() << "the stop rule goes on and on";
  return strata;
}

TEST(StopRuleCoverage, GivenStrataOfTheirOwnNeedEachHoldsItsTruth) {
  const std::vector<Population> populations =
      populations_of({{0.004, 20'000, 0}, {0.05, 20'000, 0}, {0.3, 2'000, 0}}, 200);
  const StopRule rule{0.04, kConfidence, 60, 1'000};
  std::vector<int> held(populations.size());
  for (std::uint64_t seed = 0; seed < kRepeats; ++seed) {
    const std::vector<Stratum> strata = strike_until_met(populations, rule, seed);
    for (std::size_t i = 0; i < strata.size(); ++i) {
      const Stratum& s = strata[i];
      const Interval interval = wilson_interval(s.hits, s.sampled, kConfidence, s.sites);
      ASSERT_LE(interval.half_width(), rule.half_width);
      // Even odds need the most.
      ASSERT_LE(s.sampled, fault_sample_size(s.sites, rule.half_width, 1.96));
      held[i] += interval.contains(ratio(populations[i].hits(), s.sites)) ? 1 : 0;
    }
  }
  // Stopping on what was seen costs a little: a sample that looks rarer than it is ends sooner.
  for (const int count : held) EXPECT_GT(ratio(count, kRepeats), 0.94 - kTolerance);
}

/// Accuracy of chip number `chip`: most are good, some lose a lot.
double chip_accuracy(std::uint64_t network, std::uint64_t chip) {
  const double common = base::random_uniform(5, base::RandomStream::kSyntheticActivations, chip);
  const double own =
      base::random_uniform(6 + network, base::RandomStream::kSyntheticActivations, chip);
  return 0.95 - 0.1 * common * common - 0.01 * own * static_cast<double>(1 + network);
}

constexpr std::int64_t kChips = 20'000;
constexpr std::int64_t kMaps = 50;

/// Accuracies of kMaps chips drawn with `seed`, on one network.
std::vector<double> accuracies(std::uint64_t network, std::uint64_t seed) {
  const SiteOrder order(seed, 0, kChips);
  std::vector<double> values;
  for (std::int64_t k = 0; k < kMaps; ++k) {
    values.push_back(chip_accuracy(network, static_cast<std::uint64_t>(order.site(k))));
  }
  return values;
}

double true_accuracy(std::uint64_t network) {
  double sum = 0;
  for (std::uint64_t chip = 0; chip < kChips; ++chip) sum += chip_accuracy(network, chip);
  return sum / kChips;
}

TEST(MeanCoverage, GivenFiftyMapsIsTheAskedOne) {
  const double truth = true_accuracy(0);
  const double share = share_of_repeats([&](std::uint64_t seed) {
    return summarise_mean(accuracies(0, seed), kConfidence).interval->contains(truth);
  });
  EXPECT_NEAR(share, kConfidence, kTolerance);
}

TEST(MeanCoverage, GivenThreeNormalValuesIsTheAskedOne) {
  // Student's interval is exact for normal values, however few (drawn by Box, Muller 1958).
  const double full_turn = 2 * std::acos(-1.0);
  const double share = share_of_repeats([&](std::uint64_t repeat) {
    std::vector<double> values;
    for (std::uint64_t i = 3 * repeat; i < 3 * repeat + 3; ++i) {
      const double u = 1 - base::random_uniform(1, base::RandomStream::kSyntheticWeights, i);
      const double v = base::random_uniform(2, base::RandomStream::kSyntheticWeights, i);
      values.push_back(7 + 3 * std::sqrt(-2 * std::log(u)) * std::cos(full_turn * v));
    }
    return summarise_mean(values, kConfidence).interval->contains(7);
  });
  EXPECT_NEAR(share, kConfidence, kTolerance);
}

TEST(PairedCoverage, GivenEqualSeedsIsTheAskedOneAndNarrowerThanUnpaired) {
  const double truth = true_accuracy(0) - true_accuracy(1);
  double paired_width = 0;
  double unpaired_width = 0;
  const double share = share_of_repeats([&](std::uint64_t seed) {
    const std::vector<double> first = accuracies(0, seed);
    const std::vector<double> second = accuracies(1, seed);
    const PairedDifference paired = paired_difference(first, second, kConfidence);
    paired_width += *paired.smallest_visible;
    unpaired_width += std::hypot(summarise_mean(first, kConfidence).interval->half_width(),
                                 summarise_mean(second, kConfidence).interval->half_width());
    return paired.difference.interval->contains(truth);
  });
  EXPECT_NEAR(share, kConfidence, kTolerance);
  // sd of a pair's difference: 0.01 sqrt((1 + 4) / 12) = 0.00645; unpaired, the common part (0.1 sd
  // of u^2 = 0.0298, twice) stays: sqrt(2 0.0298^2 + 0.00645^2) = 0.0426, 6.6 times as much.
  EXPECT_NEAR(unpaired_width / paired_width, 6.6, 0.2);
}

}  // namespace
}  // namespace lacuna::statistics
