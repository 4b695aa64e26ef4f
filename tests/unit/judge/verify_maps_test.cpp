// Maps that several layers write, and maps of sums: what is valid of them, broken once.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "unit/judge/breach.hpp"

namespace lacuna::judge {
namespace {

using schedule::testing::Case;
using test::Breach;
using test::breach_name;
using test::erase_step;
using test::swap_steps;

class VerifyMapsCatches : public ::testing::TestWithParam<Breach> {};

TEST_P(VerifyMapsCatches, Breach) { test::expect_caught(GetParam()); }

const std::function<Case()> kSliced = schedule::testing::sliced_case;
const std::function<Case()> kSums = schedule::testing::sums_case;

// Both slices go straight to the region that is read, and nothing to DRAM.
Case sliced_on_chip() {
  Case c = schedule::testing::sliced_case();
  c.step(3).output = c.step(7).output = 3;
  for (const schedule::StepId transfer : {10, 9, 8, 4}) erase_step(c, transfer);
  c.step(8).waits[static_cast<std::size_t>(schedule::Resource::kPost)] = 6;
  return c;
}

TEST(VerifySchedule, AcceptsSlicesOfAMapOnChipAndByWayOfDram) {
  EXPECT_EQ(all_of(judge(schedule::testing::sliced_case())), "");
  EXPECT_EQ(all_of(judge(sliced_on_chip())), "");
}

TEST(VerifySchedule, AcceptsAMapOfSums) {
  EXPECT_EQ(all_of(judge(schedule::testing::sums_case())), "");
}

INSTANTIATE_TEST_SUITE_P(
    Slices, VerifyMapsCatches,
    ::testing::Values(
        Breach{"ChannelsWrittenTwice", kSliced,
               [](Case& c) { c.network.layers[1].output_channel = 1; },
               "far does not write channels of its own of a map of its size"},
        Breach{"ChannelsThatNobodyWrites", kSliced,
               [](Case& c) { c.network.maps[1].shape.channels = 5; },
               "no layer writes channel 4 of map 1"},
        Breach{"ChannelsBeyondTheMap", kSliced,
               [](Case& c) { c.network.layers[1].output_channel = 3; },
               "far does not write channels of its own of a map of its size"},
        Breach{"MapReadBeforeAllOfItIsWritten", kSliced,
               [](Case& c) { std::swap(c.network.layers[1], c.network.layers[2]); },
               "point does not read an earlier map of its size"},
        Breach{"SliceNotLoaded", kSliced, [](Case& c) { erase_step(c, 10); },
               "step 11 (stream of point) reads row 0 of image 0 of map 1 at activation SRAM slot "
               "24, which is not written in all channels"},
        Breach{"SliceLoadedTwiceAndTheOtherNot", kSliced,
               [](Case& c) { c.step(10).rows.channel_begin = 0; },
               "step 12 (stream of point) reads row 0 of image 0 of map 1 at activation SRAM slot "
               "24, which is not written in all channels"},
        Breach{"SliceLoadedWithoutWaitingForItsStore", kSliced,
               [](Case& c) { c.step(10).waits[0] = 4; },
               "step 10 (load_activations of point) reads channels 2..3 of row 0 of image 0 of map "
               "1 at DRAM, channels 2..3 of map 1, row 0, but does not wait for its writer, step 8 "
               "(store_activations of far)"},
        Breach{
            "SliceNotStored", kSliced, [](Case& c) { erase_step(c, 8); },
            "step 9 (load_activations of point) reads channels 2..3 of row 0 of image 0 of map 1 "
            "at DRAM, channels 2..3 of map 1, row 0, where nothing was written"},
        Breach{"TransferAcrossSlices", kSliced, [](Case& c) { c.step(8).rows.channel_begin = 1; },
               "step 8 (store_activations of far) moves channels 1..2 of map 1, which no layer "
               "writes so"},
        Breach{"TransferOfAllChannels", kSliced, [](Case& c) { c.step(9).rows.channel_count = 4; },
               "step 9 (load_activations of point) moves channels 0..3 of map 1, which no layer "
               "writes so"},
        Breach{"TransferOfChannelsBeyondTheMap", kSliced,
               [](Case& c) { c.step(8).rows.channel_begin = 3; },
               "step 8 (store_activations of far) moves channels 3..4 of map 1, which no layer "
               "writes so"},
        Breach{"TransferOfNoChannels", kSliced, [](Case& c) { c.step(8).rows.channel_count = 0; },
               "step 8 (store_activations of far): channels 2 + 0 are ill formed"},
        Breach{"PostIntoTheRegionOfTheOtherSlice", kSliced, [](Case& c) { c.step(7).output = 1; },
               "step 7 (post of far): region 1 (channels 0..1 of map 1) does not contain channels "
               "2..3"},
        Breach{"StreamOfOneSlice", kSliced, [](Case& c) { c.step(12).input = 1; },
               "step 12 (stream of point): region 1 (channels 0..1 of map 1) does not contain "
               "channels 0..3"},
        Breach{"RegionOfChannelsBeyondTheMap", kSliced,
               [](Case& c) { c.region(2).channel_begin = 3; },
               "region 2 has channels 3 + 2 of a map of 4"},
        Breach{
            "SliceOverAnother", kSliced,
            [](Case& c) {
              // What far writes takes the place of what near wrote, before that is stored.
              c.region(2).base = 8;
              swap_steps(c, 4, 5);
              swap_steps(c, 5, 6);
              swap_steps(c, 6, 7);
            },
            "step 7 (store_activations of near) reads channels 0..1 of row 0 of image 0 of map 1 "
            "at activation SRAM slot 8, which holds channels 2..3 of row 0 of image 0 of map 1"},
        Breach{"SliceNotWrittenOnChip", sliced_on_chip,
               [](Case& c) {
                 c.schedule.regions.push_back(c.region(3));
                 c.schedule.regions.back().base = 40;
                 c.schedule.activation_slots = 56;
                 c.step(6).output = 4;
               },
               "step 8 (stream of point) reads row 0 of image 0 of map 1 at activation SRAM slot "
               "24, which is not written in all channels"},
        Breach{"SliceReadEarlyOnChip", sliced_on_chip,
               [](Case& c) {
                 c.step(8).waits[static_cast<std::size_t>(schedule::Resource::kPost)] = 3;
               },
               "step 8 (stream of point) reads row 0 of image 0 of map 1 at activation SRAM slot "
               "24, but does not wait for its writer, step 6 (post of far)"}),
    breach_name);

INSTANTIATE_TEST_SUITE_P(
    Sums, VerifyMapsCatches,
    ::testing::Values(
        Breach{"ReadByTheArray", kSums,
               [](Case& c) {
                 c.network.layers[1].inputs = {1, 1};
               },
               "sum reads a map of sums, which only the post unit adds"},
        Breach{"Multiplied", kSums,
               [](Case& c) { c.network.layers[1].combine = network::Combine::kMultiply; },
               "sum reads a map of sums, which only the post unit adds"},
        Breach{"OfALayerThatAddsAnother", kSums,
               [](Case& c) { c.network.layers[0].inputs.push_back(0); },
               "near cannot keep its sums as a map"},
        Breach{"AsAnOutput", kSums,
               [](Case& c) {
                 c.network.outputs.push_back({});
                 c.network.outputs.back().name = "kept";
                 c.network.outputs.back().map = 1;
               },
               "output kept is no layer's sums and no map that is written"},
        Breach{"InSlotsOfCodes", kSums, [](Case& c) { c.region(1).slots = 8; },
               "step 3 (post of near): region 1 has 8 slots for 8 values of 8"},
        Breach{"OverwrittenInPart", kSums, [](Case& c) { c.region(0).base = 64; },
               "step 5 (stream of sum) reads row 0 of image 0 of map 0 at activation SRAM slot 64, "
               "which holds row 1 of image 0 of map 1"}),
    breach_name);

}  // namespace
}  // namespace lacuna::judge
