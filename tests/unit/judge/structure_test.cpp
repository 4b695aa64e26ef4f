// Ill-formed schedules that the judge must refuse before it uses their indices: layer plans,
// blocks, ranges, transfers and declared sizes.
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "judge/verify_schedule.hpp"
#include "unit/schedule/hand_schedules.hpp"

namespace lacuna::judge {
namespace {

using schedule::testing::Case;

/// A resident or spilling case with one property broken, and a part of what the judge says.
struct IllFormed {
  std::string name;
  std::function<void(Case&)> breaks;
  std::string message;
  std::function<Case()> valid = schedule::testing::resident_case;
};

void PrintTo(const IllFormed& breach, std::ostream* out) { *out << breach.name; }

class VerifyStructure : public ::testing::TestWithParam<IllFormed> {};

TEST_P(VerifyStructure, Refuses) {
  Case c = GetParam().valid();
  GetParam().breaks(c);
  std::string found;
  for (const std::string& message : schedule_violations(c.schedule, c.network, c.spec)) {
    found += message + "\n";
  }
  EXPECT_NE(found.find(GetParam().message), std::string::npos) << found;
}

constexpr std::int32_t kFarLayer = 1 << 20;

INSTANTIATE_TEST_SUITE_P(
    FusedPools, VerifyStructure,
    ::testing::Values(
        IllFormed{"NotInTheNetwork", [](Case& c) { c.schedule.layers[0].fused_pool = kFarLayer; },
                  "layer 0 fuses layer 1048576, which is not in the network"},
        IllFormed{"NotAPool", [](Case& c) { c.schedule.layers[0].fused_pool = 2; },
                  "layer 0 fuses layer 2, which is not a pool of its output map"},
        IllFormed{"OfAnotherMap", [](Case& c) { c.schedule.layers[2].fused_pool = 1; },
                  "layer 2 fuses layer 1, which is not a pool of its output map"},
        IllFormed{"OfLogits", [](Case& c) { c.network.layers[0].logits = true; },
                  "layer 0 fuses layer 1, which is not a pool of its output map"},
        IllFormed{"WithOverlap", [](Case& c) { c.network.layers[1].window.stride_h = 1; },
                  "whose windows overlap, leave gaps or are padded"},
        IllFormed{"WithPadding", [](Case& c) { c.network.layers[1].window.pad_left = 1; },
                  "whose windows overlap, leave gaps or are padded"},
        IllFormed{"OfAnotherHeight",
                  [](Case& c) {
                    c.network.layers[1].out.height = 3;
                    c.network.layers[2].in.height = 3;
                  },
                  "whose output is not one value a whole window"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    BlocksAndRanges, VerifyStructure,
    ::testing::Values(IllFormed{"BlockOfAPool", [](Case& c) { c.block(4).layer = 1; },
                                "block 4 is of layer 1, no GEMM layer"},
                      IllFormed{"BlockOfNoLayer", [](Case& c) { c.block(4).layer = -1; },
                                "block 4 is of layer -1, no GEMM layer"},
                      IllFormed{"BlockOfAFarLayer", [](Case& c) { c.block(4).layer = kFarLayer; },
                                "block 4 is of layer 1048576, no GEMM layer"},
                      IllFormed{"BlockOfTheLayerBehindTheLast",
                                [](Case& c) { c.block(4).layer = 5; },
                                "block 4 is of layer 5, no GEMM layer"},
                      IllFormed{"BlockWithoutIndices", [](Case& c) { c.block(4).k_count = 0; },
                                "block 4 (group 0, pass 0, k 0 + 0, n 0 + 2) is not inside point"},
                      IllFormed{"BlockWithoutChannels", [](Case& c) { c.block(4).n_count = 0; },
                                "block 4 (group 0, pass 0, k 0 + 3, n 0 + 0) is not inside point"},
                      IllFormed{"RangeOfAPool", [](Case& c) { c.range(2).layer = 3; },
                                "range 2 is of layer 3, no GEMM layer"},
                      IllFormed{"RangeOfAFarLayer", [](Case& c) { c.range(2).layer = kFarLayer; },
                                "range 2 is of layer 1048576, no GEMM layer"},
                      IllFormed{"RangeWithoutRows", [](Case& c) { c.range(2).row_count = 0; },
                                "range 2 (rows 0 + 0) is not inside the batch's 4 rows"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    RegionsAndTransfers, VerifyStructure,
    ::testing::Values(
        IllFormed{"RegionWithoutImages", [](Case& c) { c.region(1).image_count = 0; },
                  "region 1 (map 2, images 0 + 0"},
        IllFormed{"RegionWithoutRows", [](Case& c) { c.region(1).row_count = 0; },
                  "region 1 (map 2, images 0 + 2, rows 0 + 0"},
        IllFormed{"RegionWithoutSlots", [](Case& c) { c.region(1).slots = 0; },
                  "region 1 (map 2, images 0 + 2, rows 0 + 2, slots 64 + 0) is ill formed"},
        IllFormed{"RegionOfAFarMap", [](Case& c) { c.region(1).map = kFarLayer; },
                  "region 1 (map 1048576"},
        IllFormed{"RegionOfTheMapBehindTheLast", [](Case& c) { c.region(1).map = 5; },
                  "region 1 (map 5, images 0 + 2, rows 0 + 2, slots 64 + 24) is ill formed"},
        IllFormed{"RegionBeyondAllNumbers",
                  [](Case& c) { c.region(1).base = std::numeric_limits<std::int64_t>::max() - 23; },
                  "region 1 (map 2, images 0 + 2, rows 0 + 2, slots 9223372036854775784 + 24)"},
        IllFormed{"TransferOfAFarMap", [](Case& c) { c.step(0).rows.map = kFarLayer; },
                  "rows 0 + 4 of images 0 + 2 of map 1048576 are ill formed"},
        IllFormed{"TransferOfNoMap", [](Case& c) { c.step(0).rows.map = -1; },
                  "rows 0 + 4 of images 0 + 2 of map -1 are ill formed"},
        IllFormed{"TransferOfNoImages", [](Case& c) { c.step(0).rows.image_count = 0; },
                  "rows 0 + 4 of images 0 + 0 of map 0 are ill formed"},
        IllFormed{"TransferOfNoRows", [](Case& c) { c.step(0).rows.row_count = 0; },
                  "rows 0 + 0 of images 0 + 2 of map 0 are ill formed"},
        IllFormed{"TransferOutsideTheBatch", [](Case& c) { c.step(0).rows.image_begin = 1; },
                  "rows 0 + 4 of images 1 + 2 of map 0 are ill formed"},
        IllFormed{"StoreOfAFarMap", [](Case& c) { c.step(9).rows.map = kFarLayer; },
                  "rows 0 + 2 of images 0 + 1 of map 1048576 are ill formed",
                  schedule::testing::spilling_case}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Sizes, VerifyStructure,
    ::testing::Values(
        IllFormed{"NoImages", [](Case& c) { c.schedule.batch = 0; }, "the schedule has batch 0"},
        IllFormed{"NegativeWords", [](Case& c) { c.schedule.weight_words = -1; },
                  "the schedule's sizes are out of range"},
        IllFormed{"NegativeSlots", [](Case& c) { c.schedule.activation_slots = -1; },
                  "the schedule's sizes are out of range"},
        IllFormed{"NegativeEntries", [](Case& c) { c.schedule.accumulator_entries = -1; },
                  "the schedule's sizes are out of range"},
        IllFormed{"MoreWordsThanTheMemory", [](Case& c) { c.schedule.weight_words = 42; },
                  "the schedule declares 42 weight SRAM words of 41"},
        IllFormed{"MoreSlotsThanTheMemory", [](Case& c) { c.schedule.activation_slots = 89; },
                  "the schedule declares 89 activation SRAM slots of 88"},
        IllFormed{"MoreEntriesThanALane", [](Case& c) { c.schedule.accumulator_entries = 57; },
                  "the schedule declares 57 accumulator entries of 56"}),
    [](const auto& info) { return info.param.name; });

TEST(VerifyStructureSizes, AnEmptyNetworkNeedsNoMemory) {
  Case c = schedule::testing::resident_case();
  c.network = network::Network();
  c.schedule = schedule::Schedule();
  EXPECT_TRUE(schedule_violations(c.schedule, c.network, c.spec).empty());
}

}  // namespace
}  // namespace lacuna::judge
