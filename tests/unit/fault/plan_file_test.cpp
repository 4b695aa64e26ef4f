#include "fault/plan_file.hpp"

#include <gtest/gtest.h>

#include "unit/base/temp_folder.hpp"
#include "unit/fault/hand_weights.hpp"

namespace lacuna::fault {
namespace {

using memory::FaultKind;
using test::HandWeights;
using test::Site;
using test::sites;

constexpr std::int64_t kSteps = 30;

FaultPlan load(const std::string& text) {
  const lacuna::test::TempFolder folder;
  folder.write("plan.yaml", text);
  const HandWeights weights;
  return load_plan("plan.yaml", {test::small_memory(), &weights, kSteps});
}

TEST(PlanFile, ReadsEveryFormOfWhereWhatAndWhen) {
  const FaultPlan plan = load(R"(
faults:
  - where:
      memory: weight_sram
      bank: 1
      row: 2
      bit: 5
    what: stuck_at_1
    when: permanent
  - where: {memory: weight_sram, bank: all, row: 0-1, bit: [6, 7]}
    what: stuck_at_0
  - where: {memory: weight_sram, layer: conv, index: [0, 0, 0, 1], bit: 0}
    what: flip
    when: {step: 12}
  - where: {memory: weight_sram, row: 2, bank: 0, bit: 4, cluster: [2, 3]}
    what: flip
)");
  EXPECT_EQ(plan.origin, "plan.yaml");
  EXPECT_EQ(sites(plan), (std::vector<Site>{{0, 0, 6},
                                            {0, 0, 7},
                                            {0, 1, 4},  // weight [0, 0, 0, 1] at step 12
                                            {0, 1, 6},
                                            {0, 1, 7},
                                            {0, 2, 4},  // the cluster
                                            {0, 2, 5},
                                            {0, 2, 6},
                                            {0, 3, 4},
                                            {0, 3, 5},
                                            {0, 3, 6},
                                            {1, 0, 6},
                                            {1, 0, 7},
                                            {1, 1, 6},
                                            {1, 1, 7},
                                            {1, 2, 5}}));
  EXPECT_EQ(plan.faults[0].kind, FaultKind::kStuckAt0);
  EXPECT_EQ(plan.faults[0].step, memory::kPermanent);
  EXPECT_EQ(plan.faults[2].kind, FaultKind::kFlip);
  EXPECT_EQ(plan.faults[2].step, 12);
  EXPECT_EQ(plan.faults.back().kind, FaultKind::kStuckAt1);
}

TEST(PlanFile, MergesExactDuplicatesAndOverlaps) {
  const FaultPlan plan = load(R"(
faults:
  - where: {memory: weight_sram, bank: 0, row: 0}
    what: stuck_at_0
  - where: {memory: weight_sram, bank: 0, bit: 0}
    what: stuck_at_0
)");
  EXPECT_EQ(plan.faults.size(), 8U + 4U - 1U);
}

TEST(PlanFile, KeepsUpsetsAtSeveralStepsBesideAPermanentFault) {
  const FaultPlan plan = load(R"(
faults:
  - {where: {memory: weight_sram, bank: 0, row: 0, bit: 0}, what: flip, when: {step: 7}}
  - {where: {memory: weight_sram, bank: 0, row: 0, bit: 0}, what: flip, when: {step: 3}}
  - {where: {memory: weight_sram, bank: 0, row: 0, bit: 0}, what: flip, when: {step: 3}}
  - {where: {memory: weight_sram, bank: 0, row: 0, bit: 0}, what: stuck_at_1}
)");
  ASSERT_EQ(plan.faults.size(), 3U);
  EXPECT_EQ(plan.faults[0].step, memory::kPermanent);
  EXPECT_EQ(plan.faults[1].step, 3);
  EXPECT_EQ(plan.faults[2].step, 7);
}

TEST(PlanFile, TakesAnEmptyList) { EXPECT_TRUE(load("faults: []\n").faults.empty()); }

TEST(PlanFile, GivenARuleForAnotherMemoryThenItDoesNotBecomeAFaultOfTheWeights) {
  FaultRule rule;
  rule.where.memory = MemoryId::kLookupTables;
  RuleFile file;
  file.rules = {rule};
  EXPECT_THROW(resolve_plan(file, {test::small_memory(), nullptr, kSteps}), base::InputError);
}

}  // namespace
}  // namespace lacuna::fault
