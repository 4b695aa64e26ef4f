#include "fault/selector.hpp"

#include <gtest/gtest.h>

#include "unit/base/temp_folder.hpp"
#include "unit/fault/hand_weights.hpp"

namespace lacuna::fault {
namespace {

using base::InputError;
using lacuna::test::message_of;
using test::HandWeights;
using test::Site;
using test::sites;
using test::small_memory;

using Ranges = std::vector<config::IntegerRange>;

Axis at(std::int64_t first, std::int64_t last) { return {Ranges{{first, last}}, {}}; }
Axis at(std::int64_t position) { return at(position, position); }

Where physical(Axis bank, Axis row, Axis bit) {
  Where where;
  where.selector = PhysicalSelector{{std::move(bank)}, {std::move(row)}, std::move(bit)};
  return where;
}

Where weights(std::optional<std::array<std::int64_t, 4>> index, Axis bit) {
  WeightSelector selector;
  selector.layer = "conv";
  selector.index = index;
  selector.bit = std::move(bit);
  Where where;
  where.selector = selector;
  return where;
}

std::vector<Site> select(const Where& where, std::int64_t step = memory::kPermanent) {
  const HandWeights cells;
  return sites(select_cells(where, small_memory(), &cells, step));
}

std::string error(const Where& where, std::int64_t step = memory::kPermanent) {
  return message_of<InputError>([&] { select(where, step); });
}

TEST(PhysicalSelector, PicksACellARowAColumnABankOrAll) {
  EXPECT_EQ(select(physical(at(1), at(2), at(5))), (std::vector<Site>{{1, 2, 5}}));
  EXPECT_EQ(select(physical(at(0), at(3), {})).size(), 8U) << "a row of one bank";
  EXPECT_EQ(select(physical({}, at(0), {})).size(), 16U) << "a row of both";
  EXPECT_EQ(select(physical(at(0), {}, at(7))).size(), 4U) << "a column";
  EXPECT_EQ(select(physical(at(0), {}, {})).size(), 32U) << "a bank";
  EXPECT_EQ(select(physical({}, {}, {})).size(), 56U) << "7 words x 8 bits";
}

TEST(PhysicalSelector, TakesOverlappingRangesOnce) {
  const Axis rows{Ranges{{2, 2}, {0, 1}, {1, 2}, {0, 0}}, {}};
  EXPECT_EQ(select(physical(at(0), rows, at(0))),
            (std::vector<Site>{{0, 0, 0}, {0, 1, 0}, {0, 2, 0}}));
}

TEST(PhysicalSelector, LeavesOutThePartOfTheLastRowThatIsNotThere) {
  EXPECT_EQ(select(physical({}, at(3), at(0))), (std::vector<Site>{{0, 3, 0}}));
  EXPECT_EQ(error(physical(at(1), at(3), at(0))),
            "selects no cell; weight_sram has 2 banks x 4 rows x 8 bits and 7 words: the last row "
            "is not full");
}

TEST(PhysicalSelector, NamesTheMemoryAndItsLimits) {
  const std::string memory = "weight_sram has 2 banks x 4 rows x 8 bits: ";
  EXPECT_EQ(error(physical(at(2), {}, {})), "bank 2 does not exist; " + memory + "0 to 1");
  EXPECT_EQ(error(physical({}, at(1, 4), {})), "row 4 does not exist; " + memory + "0 to 3");
  EXPECT_EQ(error(physical({}, {}, at(8))), "bit 8 does not exist; " + memory + "0 to 7");
  Axis bit = at(9);
  bit.place = {"plan.yaml", 4, "faults[0].where.bit"};
  EXPECT_EQ(error(physical({}, {}, bit)),
            "plan.yaml:4: faults[0].where.bit: bit 9 does not exist; " + memory + "0 to 7");
}

TEST(PhysicalSelector, RefusesMoreCellsThanAPlanHolds) {
  MemoryGeometry large;
  large.words = std::int64_t{1} << 19;
  large.word_bits = 64;
  large.banks = 4;
  const Where all = physical({}, {}, {});
  EXPECT_EQ(message_of<InputError>([&] { select_cells(all, large, nullptr, -1); }),
            "selects 33554432 cells; at most 16777216 faults are run");
}

TEST(WeightSelector, PicksEveryCellThatEverHoldsTheWeight) {
  EXPECT_EQ(select(weights({{1, 0, 0, 1}}, at(2))), (std::vector<Site>{{1, 0, 6}, {1, 1, 6}}));
}

TEST(WeightSelector, WhenAStepIsGivenThenPicksTheCellThatHoldsTheWeightThen) {
  EXPECT_EQ(select(weights({{1, 0, 0, 1}}, at(2)), 9), (std::vector<Site>{{1, 0, 6}}));
  EXPECT_EQ(select(weights({{1, 0, 0, 1}}, at(2)), 10), (std::vector<Site>{{1, 1, 6}}));
  EXPECT_EQ(error(weights({{1, 0, 0, 1}}, at(2)), 20),
            "no such weight is in weight_sram at step 20");
}

TEST(WeightSelector, WithoutIndexOrBitPicksAll) {
  EXPECT_EQ(select(weights({{0, 0, 0, 0}}, {})).size(), 8U) << "4 bits in two places";
  EXPECT_EQ(select(weights({}, at(3))).size(), 8U) << "4 weights in two places";
  EXPECT_EQ(select(weights({}, {}), 0).size(), 16U) << "4 weights x 4 bits in one place";
}

TEST(WeightSelector, NamesTheLayerAndItsLimits) {
  EXPECT_EQ(error(weights({{2, 0, 0, 0}}, {})),
            "weight [2, 0, 0, 0] does not exist; layer conv has [out, ky, kx, in] from "
            "[0, 0, 0, 0] to [1, 0, 0, 1]");
  EXPECT_EQ(error(weights({{0, 0, 0, 0}}, at(4))), "bit 4 does not exist; weights of conv: 0 to 3");
  Where where = weights({}, {});
  std::get<WeightSelector>(where.selector).layer = "conf";
  EXPECT_EQ(error(where), "no layer 'conf' with weights; one of conv; did you mean 'conv'?");
}

TEST(Cluster, WidensEverySelectedCellAndKeepsEachOnce) {
  Where where = physical(at(0), at(1), at(3));
  where.cluster = Cluster{2, 3};
  EXPECT_EQ(select(where),
            (std::vector<Site>{{0, 1, 3}, {0, 1, 4}, {0, 1, 5}, {0, 2, 3}, {0, 2, 4}, {0, 2, 5}}));
  where = physical(at(0), at(1), at(3, 4));
  where.cluster = Cluster{1, 2};
  EXPECT_EQ(select(where), (std::vector<Site>{{0, 1, 3}, {0, 1, 4}, {0, 1, 5}}));
}

TEST(Cluster, MustFitIntoTheMemory) {
  Where where = physical(at(0), at(3), at(0));
  where.cluster = Cluster{2, 1};
  EXPECT_EQ(error(where),
            "the cluster reaches bank 0 row 4 bit 0, which does not exist; weight_sram has 2 banks "
            "x 4 rows x 8 bits");
  where = physical(at(0), at(0), at(7));
  where.cluster = Cluster{1, 2};
  EXPECT_NE(error(where), "") << "a cluster does not run into the next word";
}

TEST(Geometry, CountsRowsOfAMemoryThatIsNotFull) {
  const MemoryGeometry memory = small_memory();
  EXPECT_EQ(memory.cells(), 56);
  EXPECT_EQ(memory.rows(), 4);
  EXPECT_TRUE(memory.contains({0, 3, 7}));
  EXPECT_FALSE(memory.contains({1, 3, 0}));
  EXPECT_FALSE(memory.contains({0, 4, 0}));
  EXPECT_FALSE(memory.contains({2, 0, 0}));
  EXPECT_FALSE(memory.contains({0, 0, 8}));
  EXPECT_FALSE(memory.contains({0, -1, 0}));
}

TEST(Geometry, TakesTheWordsOfTheScheduleWhereTheMemoryIsUnlimited) {
  arch::AcceleratorSpec spec;
  spec.array.rows = spec.array.cols = 2;
  spec.activation_sram.word_bits = 64;
  spec.activation_sram.banks = 4;
  spec.weight_sram.word_bits = 64;
  spec.weight_sram.banks = 4;
  EXPECT_EQ(Memories(spec, {17})[MemoryId::kWeightSram].words, 17);
  spec.weight_sram.capacity_bytes = 65536;
  EXPECT_EQ(Memories(spec, {17})[MemoryId::kWeightSram].words, 8192);  // 65536 x 8 / 64
}

}  // namespace
}  // namespace lacuna::fault
