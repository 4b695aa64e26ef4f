// What a campaign's file may say, and which trials it makes: trial k is a pure function of the plan
// and k.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "base/error.hpp"
#include "base/file.hpp"
#include "campaign/outcome_counts.hpp"
#include "campaign/trial.hpp"

namespace lacuna::campaign {
namespace {

const std::string kHead =
    "name: small\n"
    "machines: [hw_configs/edge_16x16.yaml, hw_configs/tiny_8x8.yaml]\n"
    "models: [models/lenet5_qdnn, models/lenet5_as]\n"
    "images: 2\n"
    "seed: 40\n";
const std::string kMaps =
    "random_maps:\n"
    "  kinds: [flip, stuck_at_1]\n"
    "  rates: [0.001, 0.01]\n"
    "  maps: 5\n";
const std::string kSites =
    "single_faults:\n"
    "  kinds: [flip, stuck_at_0]\n"
    "  sites: weights\n"
    "  strata: [layer, bit]\n"
    "  samples: 100\n"
    "  half_width: 0.1\n"
    "  at_most: 200\n";

/// Paths in plans are relative to where the program runs.
class CampaignPlan : public testing::Test {
 protected:
  CampaignPlan() { std::filesystem::current_path(LACUNA_SOURCE_DIR); }
};

std::string message(const std::string& text) {
  try {
    parse_plan("c.yaml", text);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST_F(CampaignPlan, GivenACountOfTheResultThenTwoOutcomesDifferInItAndThePageNamesIt) {
  const std::string page = base::read_file("docs/formats.md", 1 << 20);
  const std::string table = page.substr(page.find("| column of trials |"));
  TrialOutcome one;
  one.sdc5 = 0;
  EXPECT_TRUE(same_result(one, TrialOutcome())) << "an older store does not know SDC-5";
  for (const OutcomeCount& count : kOutcomeCounts) {
    TrialOutcome other;
    count.in(other) = 7;
    EXPECT_EQ(count.of(other), 7) << count.key;
    EXPECT_EQ(same_result(one, other), !count.of_result) << count.key;
    count.in(other) = 0;
    EXPECT_TRUE(same_result(one, other)) << count.key;
    EXPECT_NE(table.find(count.key), std::string::npos) << count.key;
  }
  TrialOutcome other;
  other.logits_sha256 = "another";
  EXPECT_FALSE(same_result(one, other));
  TrialOutcome error;
  error.rmse = 0.5;
  EXPECT_TRUE(same_result(one, error)) << "a store of 0.1.0 does not know it";
  TrialOutcome larger;
  larger.rmse = std::nextafter(0.5, 1);
  EXPECT_FALSE(same_result(error, larger));
}

TEST_F(CampaignPlan, GivenListsThenEveryCombinationIsAPopulationAndMapsAreDraws) {
  const TrialRunner runner(parse_plan("c.yaml", kHead + kMaps));
  ASSERT_EQ(runner.populations().size(), 2U * 2 * 2 * 2);
  ASSERT_EQ(runner.trial_count(), 2 * 2 * 2 * 2 * 5);
  std::set<std::tuple<std::size_t, std::size_t, std::string, double, std::int64_t>> seen;
  for (std::int64_t k = 0; k < runner.trial_count(); ++k) {
    const Trial trial = runner.trial(k);
    const Population& own = runner.populations()[trial.population];
    EXPECT_EQ(trial.number, k);
    EXPECT_EQ(trial.draw, k % 5);
    // The same chip for every machine, network, kind and rate.
    EXPECT_EQ(runner.faults(trial).map_seed, 40U + static_cast<std::uint64_t>(k % 5));
    seen.insert({own.machine, own.model, own.form.name(), own.rate, trial.draw});
  }
  EXPECT_EQ(seen.size(), 80U);
}

// LeNet-5 has 150, 2,400, 48,000, 10,080 and 840 weights of 4 bits.
TEST_F(CampaignPlan, GivenWeightsAsSitesThenStrataAreLayersTimesBitsAndDrawsAreDistinct) {
  const TrialRunner runner(parse_plan("c.yaml", kHead + kSites));
  ASSERT_EQ(runner.populations().size(), 2U * 2 * 2 * 5 * 4);
  const std::int64_t sizes[] = {150, 2400, 48000, 10080, 840};
  for (std::size_t i = 0; i < runner.populations().size(); ++i) {
    const Population& own = runner.populations()[i];
    EXPECT_EQ(own.sites, sizes[i / 4 % 5]) << own.label.describe();
    EXPECT_EQ(own.label.bit, static_cast<std::int64_t>(i % 4));
    EXPECT_EQ(own.first, 100);
    EXPECT_EQ(own.most, std::min<std::int64_t>(200, own.sites));
    std::set<std::string> weights;
    for (std::int64_t draw = 0; draw < own.most; ++draw) {
      const Trial trial = runner.trial(own.first_trial + draw);
      const Site site = runner.faults(trial).site;
      EXPECT_EQ(site.weight.substr(0, site.weight.find(':')), own.label.layer);
      EXPECT_EQ(site.code_bit, own.label.bit);
      weights.insert(site.weight);
    }
    EXPECT_EQ(weights.size(), static_cast<std::size_t>(own.most));
  }
  // Networks of one shape are struck at the same sites, so their differences are paired; so are
  // the kinds.
  const Population& first = runner.populations().front();
  for (const std::size_t other : {20U, 40U, 60U}) {
    const Population& own = runner.populations()[other];
    EXPECT_EQ(runner.faults(runner.trial(own.first_trial + 7)).site.weight,
              runner.faults(runner.trial(first.first_trial + 7)).site.weight);
  }
}

// The weight SRAM of edge_16x16 has 4 banks of 2,048 words of 64 bits, a weight 4 of them.
TEST_F(CampaignPlan, GivenShapesThenEveryPlaceWhereOneFitsIsASite) {
  const auto sites_of = [](const std::string& shape, const std::string& strata) {
    const TrialRunner runner(
        parse_plan("c.yaml", replaced(kHead, ", hw_configs/tiny_8x8.yaml", "") +
                                 "single_faults:\n  kinds: [flip]\n  shapes: [" + shape +
                                 "]\n  strata: [" + strata + "]\n  row_groups: 4\n  samples: 1\n"));
    std::map<std::string, std::int64_t> sites;
    for (const Population& own : runner.populations()) {
      if (own.model == 0) sites[own.label.describe()] = own.sites;
    }
    return sites;
  };
  using Sites = std::map<std::string, std::int64_t>;
  EXPECT_EQ(sites_of("cell", "bit"),
            (Sites{{"bit 0", 131072}, {"bit 1", 131072}, {"bit 2", 131072}, {"bit 3", 131072}}));
  // 2,047 first rows of 4 banks x 62 first bits of three side by side.
  const Sites clusters = sites_of("2x3", "bank");
  EXPECT_EQ(clusters.size(), 4U);
  EXPECT_EQ(clusters.at("bank 2"), 2047 * 62);
  EXPECT_EQ(sites_of("row", "bank, row").size(), 16U);
  EXPECT_EQ(sites_of("row", "bank, row").at("bank 1 rows 512-1023"), 512);
  EXPECT_EQ(sites_of("column", "bank").at("bank 3"), 64);
  EXPECT_EQ(sites_of("bank", "bank").at("bank 0"), 1);
  // 61,470 weights x 4 bits lie in the cells of their layers; nothing lies in the rest.
  const Sites layers = sites_of("cell", "layer");
  EXPECT_EQ(layers.at("conv1"), 600);
  EXPECT_EQ(layers.at("fc1"), 192000);
  EXPECT_EQ(layers.at("none"), 524288 - 245880);
}

TEST_F(CampaignPlan, GivenACellOfABufferThatIsFilledAgainThenItsLayersAreSeveral) {
  const TrialRunner runner(parse_plan(
      "c.yaml",
      replaced(replaced(kHead, "hw_configs/edge_16x16.yaml, ", ""), ", models/lenet5_as", "") +
          "single_faults:\n  kinds: [upset]\n  strata: [layer]\n  samples: 50\n"));
  std::map<std::string, std::int64_t> sites;
  std::int64_t all = 0;
  for (const Population& own : runner.populations()) {
    sites[own.label.describe()] = own.sites;
    all += own.sites;
  }
  EXPECT_GT(sites.at("several"), all / 2);
  // An upset's sites are cells x steps: 4 KiB, and the steps of the schedule.
  EXPECT_EQ(all % (4096 * 8), 0);
  const std::int64_t steps = all / (4096 * 8);
  std::set<std::int64_t> drawn;
  for (std::int64_t draw = 0; draw < 50; ++draw) {
    const std::int64_t step = runner.faults(runner.trial(draw)).step;
    EXPECT_GE(step, 0);
    EXPECT_LT(step, steps);
    drawn.insert(step);
  }
  EXPECT_GT(drawn.size(), 40U);
}

TEST_F(CampaignPlan, GivenAMistakeThenLineAndKeyAreNamed) {
  const std::string maps = kHead + kMaps;
  const std::string sites = kHead + kSites;
  EXPECT_EQ(message(maps), "");
  EXPECT_EQ(message(sites), "");
  EXPECT_EQ(message(kHead),
            "c.yaml:1: the campaign has no faults; random_maps, single_faults or fault_files");
  EXPECT_EQ(message(replaced(maps, "flip", "flop")),
            "c.yaml:7: random_maps.kinds: 'flop' is not known; flip, stuck_at_0, stuck_at_1 are "
            "allowed; did you mean 'flip'?");
  EXPECT_EQ(message(replaced(maps, "[0.001, 0.01]", "[0.01, 0.01]")),
            "c.yaml:8: random_maps.rates: an entry stands there twice");
  EXPECT_NE(message(replaced(maps, "0.01]", "1.5]")).find("c.yaml:8: random_maps.rates"),
            std::string::npos);
  EXPECT_NE(message(replaced(maps, "maps: 5", "map: 5")).find("did you mean 'maps'"),
            std::string::npos);
  EXPECT_NE(message(replaced(maps, "images: 2", "images: 0")).find("c.yaml:4: images"),
            std::string::npos);
  EXPECT_NE(message(replaced(maps, "maps: 5", "maps: 2000000")), "") << "no limit";
  const std::string contrast =
      "contrasts:\n  - name: c\n    first: [models/lenet5_as]\n    second: [models/lenet5_qdnn]\n";
  EXPECT_EQ(message(maps + contrast), "");
  EXPECT_EQ(message(replaced(maps + contrast, "first: [models/lenet5_as]", "first: [lenet5_as]")),
            "c.yaml:12: contrasts[0].first: 'lenet5_as' is none of the models; models/lenet5_qdnn, "
            "models/lenet5_as are");
  EXPECT_EQ(message(sites + contrast),
            "c.yaml:13: contrasts: there are no maps to compare on; contrasts go with random_maps");
  EXPECT_EQ(message(replaced(sites, "  at_most: 200\n", "")),
            "c.yaml:11: single_faults.half_width: a stop rule needs an end; at_most, a number of "
            "samples");
  EXPECT_EQ(message(replaced(sites, "  half_width: 0.1\n", "")),
            "c.yaml:11: single_faults.at_most: there is no stop rule; half_width, the half-width "
            "of an interval to be reached");
  EXPECT_EQ(message(replaced(sites, "at_most: 200", "at_most: 20")),
            "c.yaml:12: single_faults.at_most: is less than samples; at least 100");
  EXPECT_EQ(message(replaced(sites, "samples: 100", "samples: 30")),
            "c.yaml:10: single_faults.samples: an interval of so few says too little to stop by; "
            "at least 100 with a half_width");
  EXPECT_EQ(message(replaced(sites, "[layer, bit]", "[layer, bank]")),
            "c.yaml:9: single_faults.strata: a weight may lie in several places; layer and bit, or "
            "sites: cells");
  EXPECT_EQ(message(replaced(sites, "samples: 100", "exhaustive: true")),
            "c.yaml:11: single_faults.half_width: an exhaustive campaign strikes every site; "
            "exhaustive, or half_width");
  EXPECT_EQ(message(replaced(sites, "sites: weights", "shapes: [2x2]")), "");
  EXPECT_EQ(message(replaced(sites, "sites: weights", "shapes: [2by2]")),
            "c.yaml:8: single_faults.shapes: '2by2' is not a shape; cell, row, column, bank, or "
            "rows x bits of neighbours as 2x3");
  EXPECT_EQ(message(replaced(sites, "sites: weights", "shapes: [row]")),
            "c.yaml:9: single_faults.strata: a row has many bits and weights; bank and row");
}

}  // namespace
}  // namespace lacuna::campaign
