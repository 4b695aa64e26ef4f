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

// Of a machine of 4 x 4 PEs that gates, with FIFOs of 2 places, D 2 and two register sets; a batch
// takes at most 50 cycles, and there are three.
const PlanErrorCase kMemoryCases[] = {
    {"plan_memory_absent", "faults:\n  - where: {memory: activation_bitmap}\n    what: flip\n"},
    {"plan_tables_absent", "faults:\n  - where: {memory: lookup_tables}\n    what: flip\n"},
    {"plan_pe_row", "faults:\n  - where: {memory: pe_accumulators, row: 4}\n    what: flip\n"},
    {"plan_fifo_row", "faults:\n  - where: {memory: psum_fifos, row: 0-2}\n    what: flip\n"},
    {"plan_pe_bank", "faults:\n  - where: {memory: pe_weights, bank: 0}\n    what: flip\n"},
    {"plan_pe_layer", "faults:\n  - where: {memory: pe_weights, layer: conv}\n    what: flip\n"},
    {"plan_pe_cluster",
     "faults:\n  - where: {memory: pe_weights, row: 0, col: 0, slot: 0, set: 0, bit: 0,\n"
     "            cluster: [2, 1]}\n    what: flip\n"},
    {"plan_register_step",
     "faults:\n  - where: {memory: psum_fifos}\n    what: flip\n    when: {step: 3}\n"},
    {"plan_cycle",
     "faults:\n  - where: {memory: accumulator_sram, row: 0}\n    what: flip\n"
     "    when: {cycle: 51}\n"},
    {"plan_batch",
     "faults:\n  - where: {memory: accumulator_sram, row: 0}\n    what: flip\n"
     "    when: {cycle: 5, batch: 3}\n"},
    {"plan_cycle_of_layer",
     "faults:\n  - where: {memory: accumulator_sram, row: 0}\n    what: flip\n"
     "    when: {cycle: 5, layer: conv}\n"},
    {"plan_window",
     "faults:\n  - where: {memory: accumulator_sram, row: 0}\n    what: stuck_at_0\n"
     "    when: {window: [7, 7]}\n"},
    {"plan_two_times",
     "faults:\n  - where: {memory: accumulator_sram, row: 0}\n    what: flip\n"
     "    when: {cycle: 5, step: 3}\n"},
    {"plan_stuck_at_cycle",
     "faults:\n  - where: {memory: accumulator_sram, row: 0}\n    what: stuck_at_0\n"
     "    when: {cycle: 5}\n"},
    {"plan_disturb_alone",
     "faults:\n  - where: {memory: accumulator_sram, row: 0}\n    what: read_disturb\n"},
    {"plan_disturb_share",
     "faults:\n  - where: {memory: accumulator_sram, row: 0}\n    what: {read_disturb: 1.5}\n"},
};

fault::PlanTarget gating_machine() {
  arch::AcceleratorSpec spec;
  spec.array.rows = spec.array.cols = 4;
  spec.array.weights_per_pe = 2;
  spec.array.weight_load = arch::WeightLoad::kShadowed;
  spec.array.psum_fifo_depth = 2;
  spec.array.local_accumulators = 1;
  spec.zero_skipping = arch::ZeroSkipping::kGate;
  spec.weight_sram.word_bits = spec.activation_sram.word_bits = 32;
  spec.weight_sram.banks = spec.activation_sram.banks = 1;
  fault::PlanTarget target{fault::Memories(spec, {16, 64, 8, 0}), nullptr, 30};
  target.parts = {{"net", 3, 50}};
  return target;
}

TEST(PlanErrors, OfEveryMemoryReadAsTheGoldenFilesSay) {
  const test::TempFolder folder;
  for (const PlanErrorCase& test : kMemoryCases) {
    SCOPED_TRACE(test.golden);
    folder.write("plan.yaml", test.text);
    const std::string message = test::message_of<base::InputError>(
        [&] { fault::load_plan("plan.yaml", gating_machine()); });
    EXPECT_NE(message, "") << "is accepted";
    test::expect_golden(test.golden, message);
  }
}

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
