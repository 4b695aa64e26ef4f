// Sampled campaigns against the truth: every site of some layers of LeNet-5 is struck once, then
// samples of the same sites are drawn over and over, and their intervals must contain that truth as
// often as they say.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "campaign/trial.hpp"
#include "statistics/proportion.hpp"
#include "statistics/site_order.hpp"
#include "statistics/strata.hpp"

namespace lacuna::campaign {
namespace {

constexpr int kRepeats = 1000;
constexpr double kConfidence = 0.95;

/// [stratum][site] whether a flip there is critical: it changes the top-1 of one of 100
/// images. conv1, conv2 and fc3, by bits: 12 strata of 150, 2,400 and 840 sites.
std::vector<std::vector<bool>> strike_all() {
  std::filesystem::current_path(LACUNA_SOURCE_DIR);
  const TrialRunner runner(
      parse_plan("c.yaml",
                 "name: truth\nmachines: [hw_configs/edge_16x16.yaml]\n"
                 "models: [models/lenet5_qdnn]\nimages: 100\nsingle_faults:\n  kinds: [flip]\n"
                 "  sites: weights\n  strata: [layer, bit]\n  exhaustive: true\n"));
  std::vector<std::vector<bool>> truth;
  for (const Population& own : runner.populations()) {
    if (own.label.layer == "fc1" || own.label.layer == "fc2") continue;
    // The campaign's own order is undone: site by site.
    std::vector<bool> critical(static_cast<std::size_t>(own.sites));
    const statistics::SiteOrder order(
        runner.plan().seed, static_cast<std::uint32_t>(&own - runner.populations().data()),
        own.sites);
    for (std::int64_t draw = 0; draw < own.sites; ++draw) {
      critical[static_cast<std::size_t>(order.site(draw))] =
          runner.run(runner.trial(own.first_trial + draw)).sdc > 0;
    }
    truth.push_back(std::move(critical));
  }
  return truth;
}

/// Three standard deviations of a count of `repeats` successes of probability `p`, as a share.
double slack(double p, int repeats) { return 3 * std::sqrt(p * (1 - p) / repeats); }

TEST(Sampling, GivenSamplesOfEveryStratumThenIntervalsContainTheTruthAtTheStatedRate) {
  const std::vector<std::vector<bool>> truth = strike_all();
  ASSERT_EQ(truth.size(), 12U);
  double hits = 0;
  double sites = 0;
  std::vector<double> shares;
  for (const std::vector<bool>& stratum : truth) {
    const auto critical = static_cast<double>(std::count(stratum.begin(), stratum.end(), true));
    hits += critical;
    sites += static_cast<double>(stratum.size());
    shares.push_back(critical / static_cast<double>(stratum.size()));
  }
  ASSERT_GT(hits, 100);  // else there is nothing to sample

  statistics::StopRule rule;
  rule.half_width = 0.06;
  rule.confidence = kConfidence;
  rule.first = 100;  // of 40 the total covers 0.924 only
  rule.n_max = 400;
  int total_contains = 0;
  std::vector<int> contains(truth.size());
  int more_than_first = 0;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    std::vector<statistics::Stratum> strata;
    for (std::size_t h = 0; h < truth.size(); ++h) {
      statistics::Stratum stratum;
      stratum.sites = static_cast<std::int64_t>(truth[h].size());
      const statistics::SiteOrder order(static_cast<std::uint64_t>(1000 + repeat),
                                        static_cast<std::uint32_t>(h), stratum.sites);
      while (true) {
        const statistics::StratumNeed need = statistics::apply_stop_rule({stratum}, rule).front();
        if (need.state != statistics::StratumState::kNeedsMore) break;
        more_than_first += stratum.sampled > 0 ? 1 : 0;
        for (std::int64_t i = 0; i < need.more; ++i) {
          const std::int64_t site = order.site(stratum.sampled++);
          stratum.hits += truth[h][static_cast<std::size_t>(site)] ? 1 : 0;
        }
      }
      contains[h] +=
          statistics::wilson_interval(stratum.hits, stratum.sampled, kConfidence, stratum.sites)
                  .contains(shares[h])
              ? 1
              : 0;
      strata.push_back(stratum);
    }
    total_contains +=
        statistics::stratified_proportion(strata, kConfidence).interval.contains(hits / sites);
  }
  EXPECT_GT(more_than_first, kRepeats);
  const double asked = kConfidence - slack(kConfidence, kRepeats);
  EXPECT_GE(static_cast<double>(total_contains) / kRepeats, asked);
  int judged = 0;
  double covered = 0;
  for (std::size_t h = 0; h < truth.size(); ++h) {
    // Below about five expected hits the coverage of any interval swings (see proportion.hpp).
    if (shares[h] * static_cast<double>(rule.first) < 5) continue;
    ++judged;
    covered += static_cast<double>(contains[h]) / kRepeats;
    // A stop rule looks at the data, which costs a little.
    EXPECT_GE(static_cast<double>(contains[h]) / kRepeats, asked - 0.02) << "stratum " << h;
  }
  ASSERT_GE(judged, 4);
  EXPECT_GE(covered / judged, asked);
  std::printf("total: %.3f, strata: %.3f of %.2f\n", static_cast<double>(total_contains) / kRepeats,
              covered / judged, kConfidence);
}

}  // namespace
}  // namespace lacuna::campaign
