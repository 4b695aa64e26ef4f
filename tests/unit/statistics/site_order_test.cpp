#include "statistics/site_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "base/error.hpp"

namespace lacuna::statistics {
namespace {

/// sum (observed - expected)^2 / expected for equal chances.
double chi_square(const std::vector<int>& counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

/// Neither too uneven nor too even: inside the central 99.8% of chi-square.
void expect_chance(double statistic, double freedom) {
  const boost::math::chi_squared_distribution<> chi(freedom);
  EXPECT_GT(statistic, boost::math::quantile(chi, 0.001));
  EXPECT_LT(statistic, boost::math::quantile(chi, 0.999));
}

std::vector<std::int64_t> order_of(std::uint64_t seed, std::uint32_t stratum, std::int64_t sites) {
  const SiteOrder order(seed, stratum, sites);
  std::vector<std::int64_t> found;
  for (std::int64_t k = 0; k < sites; ++k) found.push_back(order.site(k));
  return found;
}

TEST(SiteOrder, StrikesEverySiteOnce) {
  std::vector<std::int64_t> sizes(70);
  std::iota(sizes.begin(), sizes.end(), 0);
  for (const std::int64_t sites : {255, 256, 257, 1'000, 1'023, 1'024, 1'025, 4'095, 4'096, 4'097,
                                   16'384, 16'385, 65'536, 65'537, 100'003}) {
    sizes.push_back(sites);
  }
  for (const std::int64_t sites : sizes) {
    std::vector<std::int64_t> found = order_of(42, 3, sites);
    std::sort(found.begin(), found.end());
    for (std::int64_t site = 0; site < sites; ++site) {
      ASSERT_EQ(found[static_cast<std::size_t>(site)], site) << sites << " sites";
    }
  }
}

TEST(SiteOrder, IsAFunctionOfSeedStratumAndDraw) {
  const std::vector<std::int64_t> order = order_of(7, 1, 500);
  EXPECT_EQ(order, order_of(7, 1, 500));
  EXPECT_NE(order, order_of(8, 1, 500));
  EXPECT_NE(order, order_of(7 + (std::uint64_t{1} << 32), 1, 500));
  EXPECT_NE(order, order_of(7, 2, 500));
  EXPECT_EQ(SiteOrder(7, 1, 500).site(400), order.at(400));
}

// Stored campaigns name their faults by draw, so the order must not change. Values from an
// independent implementation of the description in the header.
TEST(SiteOrder, StaysWhatStoredCampaignsUsed) {
  EXPECT_EQ(order_of(1, 2, 10), (std::vector<std::int64_t>{0, 3, 2, 5, 4, 1, 9, 6, 7, 8}));
  const SiteOrder large(0x123456789abcdef0, 5, 1'000'000'007);
  EXPECT_EQ(large.site(0), 410'800'139);
  EXPECT_EQ(large.site(1), 808'198'281);
  EXPECT_EQ(large.site(1'000'000'006), 648'917'142);
}

TEST(SiteOrder, GivenTheLargestStratumDrawsDistinctSites) {
  constexpr std::int64_t kSites = std::int64_t{1} << 62;
  for (const std::int64_t sites : {kSites, kSites - 1, kSites / 4 + 1}) {
    const SiteOrder order(9, 0, sites);
    std::set<std::int64_t> seen;
    for (std::int64_t k = 0; k < 1'000; ++k) {
      const std::int64_t site = order.site(k);
      ASSERT_GE(site, 0);
      ASSERT_LT(site, sites);
      seen.insert(site);
    }
    EXPECT_EQ(seen.size(), 1'000U);
    EXPECT_GE(order.site(sites - 1), 0);
  }
}

// The cells of a permutation matrix are not independent: (n - 1) / n of the statistic has
// (n - 1)^2 degrees of freedom.
TEST(SiteOrder, PutsEachSiteAtEachPositionEquallyOften) {
  for (const int sites : {2, 3, 10, 17, 64}) {
    std::vector<int> counts(static_cast<std::size_t>(sites * sites));
    for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
      const std::vector<std::int64_t> order = order_of(seed, 0, sites);
      for (int k = 0; k < sites; ++k) {
        ++counts[static_cast<std::size_t>(sites * k + order[static_cast<std::size_t>(k)])];
      }
    }
    SCOPED_TRACE(sites);
    expect_chance(chi_square(counts) * (sites - 1) / sites, (sites - 1.0) * (sites - 1.0));
  }
}

TEST(SiteOrder, TakesEveryOrderEquallyOften) {
  int orders = 2;
  for (const int sites : {3, 4, 5}) {
    orders *= sites;
    std::map<std::vector<std::int64_t>, int> seen;
    for (std::uint64_t seed = 0; seed < 6'000; ++seed) ++seen[order_of(seed, 1, sites)];
    std::vector<int> counts;
    counts.reserve(seen.size());
    for (const auto& entry : seen) counts.push_back(entry.second);
    SCOPED_TRACE(sites);
    ASSERT_EQ(static_cast<int>(counts.size()), orders);
    expect_chance(chi_square(counts), orders - 1);
  }
}

TEST(SiteOrder, ScattersASampleOverALargeStratum) {
  constexpr std::int64_t kSites = 1'000'000'007;
  constexpr std::int64_t kBins = 16;
  const SiteOrder order(11, 4, kSites);
  const SiteOrder other(11, 5, kSites);
  std::vector<int> bins(kBins);
  std::vector<int> neighbours(kBins * kBins);
  std::vector<int> strata(kBins * kBins);
  const auto bin = [](std::int64_t site) { return site / (kSites / kBins + 1); };
  for (std::int64_t k = 0; k < 40'000; ++k) {
    const std::int64_t here = bin(order.site(k));
    ++bins[static_cast<std::size_t>(here)];
    ++strata[static_cast<std::size_t>(kBins * here + bin(other.site(k)))];
    if (k % 2 == 0) ++neighbours[static_cast<std::size_t>(kBins * here + bin(order.site(k + 1)))];
  }
  expect_chance(chi_square(bins), kBins - 1);
  expect_chance(chi_square(neighbours), kBins * kBins - 1);
  expect_chance(chi_square(strata), kBins * kBins - 1);
}

TEST(SiteOrder, GivenADrawOutsideItIsOurBug) {
  const SiteOrder order(1, 0, 10);
  EXPECT_EQ(order.sites(), 10);
  EXPECT_THROW(order.site(-1), base::InternalError);
  EXPECT_THROW(order.site(10), base::InternalError);
  EXPECT_THROW(SiteOrder(1, 0, 0).site(0), base::InternalError);
  EXPECT_THROW(SiteOrder(1, 0, -1), base::InternalError);
  EXPECT_THROW(SiteOrder(1, 0, (std::int64_t{1} << 62) + 1), base::InternalError);
}

}  // namespace
}  // namespace lacuna::statistics
