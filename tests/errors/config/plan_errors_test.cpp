// What a user who gets a fault plan wrong is told.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "errors/config/golden.hpp"
#include "fault/plan_file.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/fault/hand_weights.hpp"

namespace lacuna {
namespace {

struct PlanErrorCase {
  const char* golden;
  const char* text;
};

// The memory has 2 banks x 4 rows x 8 bits, the layer conv [2][1][1][2] weights of 4 bits, the
// schedule 30 steps (unit/fault/hand_weights.hpp).
const PlanErrorCase kPlanCases[] = {
    {"plan_no_list", "fault:\n  - a: 1\n"},
    {"plan_not_a_list", "faults: 3\n"},
    {"plan_item_not_a_map", "faults:\n  - flip\n"},
    {"plan_no_where", "faults:\n  - what: flip\n"},
    {"plan_no_what", "faults:\n  - where: {memory: weight_sram}\n"},
    {"plan_unknown_memory", "faults:\n  - where: {memory: wieght_sram}\n    what: flip\n"},
    {"plan_unknown_kind", "faults:\n  - where: {memory: weight_sram}\n    what: stuck_at\n"},
    {"plan_unknown_key", "faults:\n  - where: {memory: weight_sram, cow: 3}\n    what: flip\n"},
    {"plan_bank", "faults:\n  - where: {memory: weight_sram, bank: 2}\n    what: flip\n"},
    {"plan_row",
     "faults:\n  - where:\n      memory: weight_sram\n      row: 2-4\n    what: flip\n"},
    {"plan_bit", "faults:\n  - where: {memory: weight_sram, bit: [0, 8]}\n    what: flip\n"},
    {"plan_backwards", "faults:\n  - where: {memory: weight_sram, bit: 4-2}\n    what: flip\n"},
    {"plan_cell_not_there",
     "faults:\n  - where: {memory: weight_sram, bank: 1, row: 3}\n    what: flip\n"},
    {"plan_layer", "faults:\n  - where: {memory: weight_sram, layer: conv1}\n    what: flip\n"},
    {"plan_layer_and_row",
     "faults:\n  - where: {memory: weight_sram, layer: conv, row: 1}\n    what: flip\n"},
    {"plan_index_alone",
     "faults:\n  - where: {memory: weight_sram, index: [0, 0, 0, 0]}\n    what: flip\n"},
    {"plan_index_short",
     "faults:\n  - where: {memory: weight_sram, layer: conv, index: [0, 0]}\n    what: flip\n"},
    {"plan_index_outside",
     "faults:\n  - where: {memory: weight_sram, layer: conv, index: [0, 1, 0, 0]}\n"
     "    what: flip\n"},
    {"plan_weight_bit",
     "faults:\n  - where: {memory: weight_sram, layer: conv, bit: 4}\n    what: flip\n"},
    {"plan_weight_not_there",
     "faults:\n  - where: {memory: weight_sram, layer: conv}\n    what: flip\n"
     "    when: {step: 25}\n"},
    {"plan_cluster_shape",
     "faults:\n  - where: {memory: weight_sram, cluster: [2]}\n    what: flip\n"},
    {"plan_cluster_outside",
     "faults:\n  - where: {memory: weight_sram, bank: 0, row: 3, bit: 0, cluster: [2, 1]}\n"
     "    what: flip\n"},
    {"plan_step",
     "faults:\n  - where: {memory: weight_sram}\n    what: flip\n    when:\n"
     "      step: 30\n"},
    {"plan_stuck_at_step",
     "faults:\n  - where: {memory: weight_sram}\n    what: stuck_at_0\n    when: {step: 3}\n"},
    {"plan_when_word",
     "faults:\n  - where: {memory: weight_sram}\n    what: flip\n    when: always\n"},
    {"plan_contradiction",
     "faults:\n  - where: {memory: weight_sram, bank: 0, row: 1}\n    what: stuck_at_0\n"
     "  - where: {memory: weight_sram, bit: 5}\n    what: stuck_at_1\n"},
};

TEST(PlanErrors, ReadAsTheGoldenFilesSay) {
  const test::TempFolder folder;
  const fault::test::HandWeights weights;
  for (const PlanErrorCase& test : kPlanCases) {
    SCOPED_TRACE(test.golden);
    folder.write("plan.yaml", test.text);
    const std::string message = test::message_of<base::InputError>([&] {
      fault::load_plan("plan.yaml", {fault::test::small_memory(), &weights, 30});
    });
    EXPECT_NE(message, "") << "is accepted";
    test::expect_golden(test.golden, message);
  }
}

}  // namespace
}  // namespace lacuna
