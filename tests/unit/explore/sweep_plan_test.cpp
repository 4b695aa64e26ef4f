#include "explore/sweep_plan.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace lacuna::explore {
namespace {

const std::string kText =
    "name: small\n"
    "machine: m.yaml\n"
    "models: [a, b]\n"
    "workloads: [w.csv]\n"
    "images: 10\n"
    "grid:\n"
    "  array.rows: [4, 8]\n"
    "  dram.bytes_per_cycle: {from: 1, to: 30, times: 3}\n"
    "  batch: {from: 2, to: 6, step: 2}\n"
    "pareto: [cycles, sram_bits]\n";

std::string plan_message(const std::string& text) {
  try {
    parse_sweep("s.yaml", text);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

std::string replaced(const std::string& from, const std::string& to) {
  std::string text = kText;
  return text.replace(text.find(from), from.size(), to);
}

TEST(SweepPlan, GivenAColumnByItsHeaderOrItsOldNameThenItIsThatColumn) {
  const std::string front = kText.substr(0, kText.find("pareto"));
  for (const char* name : {"energy", "energy_pj"}) {
    const SweepPlan plan = parse_sweep("s.yaml", front + "pareto: [cycles, " + name + "]\n");
    EXPECT_EQ(plan.pareto, (std::vector<std::string>{"cycles", "energy"}));
  }
}

TEST(SweepPlan, GivenAGridThenEveryCombinationIsAPointAndTheLastAxisRunsFastest) {
  const SweepPlan plan = parse_sweep("s.yaml", kText);
  ASSERT_EQ(plan.axes.size(), 3U);
  EXPECT_EQ(plan.axes[1].values, (std::vector<std::string>{"1", "3", "9", "27"}));
  EXPECT_EQ(plan.axes[2].values, (std::vector<std::string>{"2", "4", "6"}));
  ASSERT_EQ(point_count(plan), 3 * 2 * 4 * 3);
  const SweepPoint first = point_of(plan, 0);
  EXPECT_EQ(first.input, "a");
  EXPECT_EQ(first.values, (std::vector<std::string>{"4", "1", "2"}));
  EXPECT_EQ(point_of(plan, 1).values, (std::vector<std::string>{"4", "1", "4"}));
  EXPECT_EQ(point_of(plan, 3).values, (std::vector<std::string>{"4", "3", "2"}));
  const SweepPoint last = point_of(plan, 71);
  EXPECT_TRUE(last.workload);
  EXPECT_EQ(last.input, "w.csv");
  EXPECT_EQ(last.values, (std::vector<std::string>{"8", "27", "6"}));
  // The batch is not the machine's.
  EXPECT_EQ(overrides_of(plan, last).size(), 2U);
}

TEST(SweepPlan, GivenARangeToTheLargestNumberThenItEndsThere) {
  const auto values = [](const std::string& range) {
    return parse_sweep("s.yaml", replaced("{from: 2, to: 6, step: 2}", range)).axes[2].values;
  };
  const std::string most = "1125899906842624";  // 2^50
  EXPECT_EQ(values("{from: " + most + ", to: " + most + ", times: " + most + "}"),
            std::vector<std::string>{most});
  EXPECT_EQ(values("{from: 1, to: " + most + ", times: " + most + "}"),
            (std::vector<std::string>{"1", most}));
  EXPECT_EQ(values("{from: 1, to: " + most + ", step: " + most + "}"),
            std::vector<std::string>{"1"});
  EXPECT_EQ(values("{from: 1, to: " + most + ", times: 2}").size(), 51U);
  EXPECT_NE(plan_message(replaced("{from: 2, to: 6, step: 2}", "{from: 2, to: 1, step: 2}"))
                .find("there are no values"),
            std::string::npos);
}

TEST(SweepPlan, GivenMorePointsThanARunTakesThenTheGridSaysSoBeforeTheyAreListed) {
  EXPECT_EQ(plan_message(replaced("{from: 2, to: 6, step: 2}", "{from: 1, to: 10000, step: 1}")),
            "");
  const std::string three = replaced("{from: 2, to: 6, step: 2}", "{from: 1, to: 10000, step: 1}");
  EXPECT_EQ(
      plan_message(
          std::string(three).replace(three.find("[4, 8]"), 6, "{from: 1, to: 9, step: 1}")),
      "s.yaml:6: grid: the grid has more than 1000000 points; fewer values, or several sweeps");
}

TEST(SweepPlan, GivenAMistakeThenLineAndKeyAreNamed) {
  EXPECT_EQ(plan_message(kText), "");
  EXPECT_EQ(plan_message(replaced("images: 10\n", "")),
            "s.yaml:1: images is missing; images, for models");
  EXPECT_EQ(plan_message(replaced("[4, 8]", "[4, 4]")),
            "s.yaml:7: grid.array.rows: '4' stands there twice");
  EXPECT_NE(plan_message(replaced("times: 3", "times: 1")).find("s.yaml:8:"), std::string::npos);
  EXPECT_EQ(plan_message(replaced(", times: 3", "")),
            "s.yaml:8: grid.dram.bytes_per_cycle: a range needs one of step and times; {from, to, "
            "step} or {from, to, times}");
  EXPECT_NE(plan_message(replaced("cycles, sram", "cycle, sram")).find("did you mean 'cycles'"),
            std::string::npos);
  EXPECT_NE(plan_message(replaced("machine:", "machina:")).find("did you mean 'machine'"),
            std::string::npos);
  EXPECT_EQ(plan_message(kText + "faults:\n  maps: 5\n"),
            "s.yaml:11: faults: there are no faults; rates or cells");
  EXPECT_NE(plan_message(replaced("batch:", "density:")).find("density goes with workloads"),
            std::string::npos);
  EXPECT_NE(plan_message(replaced("{from: 2, to: 6, step: 2}", "{from: 1, to: 900000, step: 1}")),
            "");
}

}  // namespace
}  // namespace lacuna::explore
