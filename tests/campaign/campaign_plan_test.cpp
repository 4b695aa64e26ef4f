// Trial k is a pure function of the plan and k.
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "base/error.hpp"
#include "campaign/plan.hpp"

namespace lacuna::campaign {
namespace {

const std::string kText =
    "name: small\n"
    "machines: [a.yaml, b.yaml]\n"
    "models: [m, n, o]\n"
    "images: 10\n"
    "seed: 40\n"
    "random_maps:\n"
    "  kinds: [flip, stuck_at_1]\n"
    "  rates: [0.001, 0.01]\n"
    "  maps: 5\n";

std::string message(const std::string& text) {
  try {
    parse_plan("c.yaml", text);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

std::string replaced(const std::string& from, const std::string& to) {
  std::string text = kText;
  return text.replace(text.find(from), from.size(), to);
}

TEST(CampaignPlan, GivenListsThenEveryCombinationIsOneTrialAndMapsAreNumberedInnermost) {
  const Plan plan = parse_plan("c.yaml", kText);
  ASSERT_EQ(trial_count(plan), 2 * 3 * 2 * 2 * 5);
  std::set<std::tuple<std::size_t, std::size_t, int, double, std::int64_t>> seen;
  for (std::int64_t k = 0; k < trial_count(plan); ++k) {
    const Trial trial = trial_of(plan, k);
    EXPECT_EQ(trial.number, k);
    EXPECT_EQ(trial.map, k % 5);
    EXPECT_EQ(trial.map_seed, 40U + static_cast<std::uint64_t>(k % 5));
    seen.insert({trial.machine, trial.model, static_cast<int>(trial.kind), trial.rate, trial.map});
  }
  EXPECT_EQ(seen.size(), 120U);
}

TEST(CampaignPlan, GivenTheSameMapNumberThenEveryNetworkAndRateHasTheSameChip) {
  const Plan plan = parse_plan("c.yaml", kText);
  for (std::int64_t k = 0; k < trial_count(plan); ++k) {
    EXPECT_EQ(trial_of(plan, k).map_seed, trial_of(plan, k % 5).map_seed);
  }
}

TEST(CampaignPlan, GivenAMistakeThenLineAndKeyAreNamed) {
  EXPECT_EQ(message(kText), "");
  EXPECT_EQ(message(replaced("flip", "flop")),
            "c.yaml:7: random_maps.kinds: 'flop' is not known; flip, stuck_at_0, stuck_at_1 are "
            "allowed; did you mean 'flip'?");
  EXPECT_EQ(message(replaced("[0.001, 0.01]", "[0.01, 0.01]")),
            "c.yaml:8: random_maps.rates: an entry stands there twice");
  EXPECT_NE(message(replaced("0.01]", "1.5]")).find("c.yaml:8: random_maps.rates"),
            std::string::npos);
  EXPECT_NE(message(replaced("maps: 5", "map: 5")).find("did you mean 'maps'"), std::string::npos);
  EXPECT_NE(message(replaced("images: 10", "images: 0")).find("c.yaml:4: images"),
            std::string::npos);
  EXPECT_NE(message(replaced("maps: 5", "maps: 1000000")), "no limit");
}

}  // namespace
}  // namespace lacuna::campaign
