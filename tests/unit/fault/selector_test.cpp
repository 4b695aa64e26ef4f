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

/// As a plan's: what stands between the braces, beside the memory.
Where where(const std::string& keys) {
  const std::string text = "where: {memory: weight_sram" + (keys.empty() ? "" : ", " + keys) + "}";
  return read_where(config::Document::parse("f.yaml", text).section("where"));
}

std::vector<Site> select(const std::string& keys, std::int64_t step = memory::kPermanent) {
  const HandWeights cells;
  return sites(select_cells(where(keys), small_memory(), &cells, step));
}

std::string error(const std::string& keys, std::int64_t step = memory::kPermanent) {
  return message_of<InputError>([&] { select(keys, step); });
}

TEST(PhysicalSelector, PicksACellARowAColumnABankOrAll) {
  EXPECT_EQ(select("bank: 1, row: 2, bit: 5"), (std::vector<Site>{{1, 2, 5}}));
  EXPECT_EQ(select("bank: 0, row: 3").size(), 8U) << "a row of one bank";
  EXPECT_EQ(select("row: 0").size(), 16U) << "a row of both";
  EXPECT_EQ(select("bank: 0, bit: 7").size(), 4U) << "a column";
  EXPECT_EQ(select("bank: 0").size(), 32U) << "a bank";
  EXPECT_EQ(select("").size(), 56U) << "7 words x 8 bits";
}

TEST(PhysicalSelector, TakesOverlappingRangesOnce) {
  EXPECT_EQ(select("bank: 0, row: [2, 0-1, 1-2, 0], bit: 0"),
            (std::vector<Site>{{0, 0, 0}, {0, 1, 0}, {0, 2, 0}}));
}

TEST(PhysicalSelector, LeavesOutThePartOfTheLastRowThatIsNotThere) {
  EXPECT_EQ(select("row: 3, bit: 0"), (std::vector<Site>{{0, 3, 0}}));
  EXPECT_EQ(error("bank: 1, row: 3, bit: 0"),
            "f.yaml:1: where: selects no cell; weight_sram has 2 banks x 4 rows x 8 bits and 7 "
            "words: the last row "
            "is not full");
}

TEST(PhysicalSelector, NamesTheMemoryAndItsLimits) {
  const std::string memory = "weight_sram has 2 banks x 4 rows x 8 bits: ";
  EXPECT_EQ(error("bank: 2"), "f.yaml:1: where.bank: bank 2 does not exist; " + memory + "0 to 1");
  EXPECT_EQ(error("row: 1-4"), "f.yaml:1: where.row: row 4 does not exist; " + memory + "0 to 3");
  EXPECT_EQ(error("bit: 8"), "f.yaml:1: where.bit: bit 8 does not exist; " + memory + "0 to 7");
}

TEST(PhysicalSelector, RefusesMoreCellsThanAPlanHolds) {
  MemoryGeometry large;
  large.words = std::int64_t{1} << 19;
  large.word_bits = 64;
  large.banks = 4;
  EXPECT_EQ(message_of<InputError>([&] { select_cells(where(""), large, nullptr, -1); }),
            "f.yaml:1: where: selects 33554432 cells; at most 16777216 faults are run");
}

TEST(WeightSelector, PicksEveryCellThatEverHoldsTheWeight) {
  EXPECT_EQ(select("layer: conv, index: [1, 0, 0, 1], bit: 2"),
            (std::vector<Site>{{1, 0, 6}, {1, 1, 6}}));
}

TEST(WeightSelector, WhenAStepIsGivenThenPicksTheCellThatHoldsTheWeightThen) {
  EXPECT_EQ(select("layer: conv, index: [1, 0, 0, 1], bit: 2", 9), (std::vector<Site>{{1, 0, 6}}));
  EXPECT_EQ(select("layer: conv, index: [1, 0, 0, 1], bit: 2", 10), (std::vector<Site>{{1, 1, 6}}));
  EXPECT_EQ(error("layer: conv, index: [1, 0, 0, 1], bit: 2", 20),
            "f.yaml:1: where: no such weight is in weight_sram at step 20");
}

TEST(WeightSelector, WithoutIndexOrBitPicksAll) {
  EXPECT_EQ(select("layer: conv, index: [0, 0, 0, 0]").size(), 8U) << "4 bits in two places";
  EXPECT_EQ(select("layer: conv, bit: 3").size(), 8U) << "4 weights in two places";
  EXPECT_EQ(select("layer: conv", 0).size(), 16U) << "4 weights x 4 bits in one place";
}

TEST(WeightSelector, NamesTheLayerAndItsLimits) {
  EXPECT_EQ(error("layer: conv, index: [2, 0, 0, 0]"),
            "f.yaml:1: where.index: weight [2, 0, 0, 0] does not exist; layer conv has [out, ky, "
            "kx, in] from "
            "[0, 0, 0, 0] to [1, 0, 0, 1]");
  EXPECT_EQ(error("layer: conv, index: [0, 0, 0, 0], bit: 4"),
            "f.yaml:1: where.bit: bit 4 does not exist; weights of conv: 0 to 3");
  EXPECT_EQ(
      error("layer: conf"),
      "f.yaml:1: where.layer: no layer 'conf' with weights; one of conv; did you mean 'conv'?");
}

TEST(Selectors, SayWhichMemoriesTheyGoWith) {
  const auto refusal = [](const std::string& text) {
    return message_of<InputError>(
        [&] { read_where(config::Document::parse("f.yaml", "where: " + text).section("where")); });
  };
  EXPECT_EQ(
      refusal("{memory: psum_fifos, layer: conv}"),
      "f.yaml:1: where.layer: psum_fifos holds no tensor of a layer; cells by position; layer "
      "goes with weight_sram, activation_sram and activation_bitmap");
  EXPECT_EQ(refusal("{memory: weight_sram, layer: conv, row: 3}"),
            "f.yaml:1: where.row: cannot stand beside layer; either layer and index, or bank and "
            "row");
  EXPECT_EQ(refusal("{memory: weight_sram, index: [0, 0, 0, 0]}"),
            "f.yaml:1: where.index: needs a layer; layer: the name of one");
}

TEST(Cluster, WidensEverySelectedCellAndKeepsEachOnce) {
  EXPECT_EQ(select("bank: 0, row: 1, bit: 3, cluster: [2, 3]"),
            (std::vector<Site>{{0, 1, 3}, {0, 1, 4}, {0, 1, 5}, {0, 2, 3}, {0, 2, 4}, {0, 2, 5}}));
  EXPECT_EQ(select("bank: 0, row: 1, bit: 3-4, cluster: [1, 2]"),
            (std::vector<Site>{{0, 1, 3}, {0, 1, 4}, {0, 1, 5}}));
}

TEST(Cluster, MustFitIntoTheMemory) {
  EXPECT_EQ(error("bank: 0, row: 3, bit: 0, cluster: [2, 1]"),
            "f.yaml:1: where: the cluster reaches bank 0 row 4 bit 0, which does not exist; "
            "weight_sram has 2 banks x 4 rows x 8 bits");
  EXPECT_NE(error("bank: 0, row: 0, bit: 7, cluster: [1, 2]"), "")
      << "a cluster does not run into the next word";
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
