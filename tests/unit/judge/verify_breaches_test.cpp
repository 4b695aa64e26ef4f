// Every property of a valid schedule, broken once: the judge says what is wrong and names the
// steps.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "unit/judge/breach.hpp"

namespace lacuna::judge {
namespace {

using schedule::testing::Case;
using test::Breach;
using test::breach_name;
using test::erase_step;
using test::expect_caught;
using test::insert_step;
using test::swap_steps;

class VerifyScheduleCatches : public ::testing::TestWithParam<Breach> {};

TEST_P(VerifyScheduleCatches, Breach) { expect_caught(GetParam()); }

const std::function<Case()> kResident = schedule::testing::resident_case;
const std::function<Case()> kSpilling = schedule::testing::spilling_case;
const std::function<Case()> kResidual = schedule::testing::residual_case;

INSTANTIATE_TEST_SUITE_P(
    Structure, VerifyScheduleCatches,
    ::testing::Values(
        Breach{"LayerPlanMissing", kResident, [](Case& c) { c.schedule.layers.pop_back(); },
               "4 layer plans for 5 layers"},
        Breach{"NetworkOfMapsThatDoNotFit", kResident,
               [](Case& c) {
                 c.network.layers[2].in = {2, 3, 3};
               },
               "point does not read an earlier map of its size"},
        Breach{"UnknownLayer", kResident, [](Case& c) { c.step(3).layer = 7; },
               "step 3 (load_pe of layer 7): the network has no such layer"},
        Breach{"UnknownBlock", kResident, [](Case& c) { c.step(3).block = 6; },
               "step 3 (load_pe of conv): block 6 is not one of the layer"},
        Breach{"BlockOfAnotherLayer", kResident, [](Case& c) { c.step(3).block = 4; },
               "step 3 (load_pe of conv): block 4 is not one of the layer"},
        Breach{"RangeOfAnotherLayer", kResident, [](Case& c) { c.step(22).range = 3; },
               "step 22 (stream of point): range 3 is not one of the layer"},
        Breach{"UnknownInputRegion", kResident, [](Case& c) { c.step(4).input = 4; },
               "step 4 (stream of conv): there is no input region 4"},
        Breach{"UnknownOutputRegion", kResident, [](Case& c) { c.step(5).output = -1; },
               "step 5 (post of conv): there is no output region -1"},
        Breach{"LogitsWrittenToARegion", kResident, [](Case& c) { c.step(27).output = 3; },
               "step 27 (post of fc): logits are written to region 3"},
        Breach{"PoolOfAGemmLayer", kResident, [](Case& c) { c.step(24).layer = 2; },
               "step 24 (pool of point): its layer is no pooling layer"},
        Breach{"WaitsForItself", kResident, [](Case& c) { c.step(5).waits[3] = 5; },
               "step 5 (post of conv) waits for step 5, which is not earlier"},
        Breach{"WaitsForTheFuture", kResident, [](Case& c) { c.step(5).waits[2] = 7; },
               "step 5 (post of conv) waits for step 7, which is not earlier"},
        Breach{"WaitsOnTheWrongResource", kResident, [](Case& c) { c.step(5).waits[0] = 4; },
               "step 5 (post of conv) waits for step 4 (stream of conv) on resource 0"},
        Breach{"NegativeAddress", kResident, [](Case& c) { c.step(5).address = -1; },
               "step 5 (post of conv): address -1"},
        Breach{"SetupIsNoWeightLoad", kResident,
               [](Case& c) { c.schedule.setup[1].kind = schedule::StepKind::kLoadPe; },
               "set-up step 1 (load_pe) is not a plain weight load"},
        Breach{"TooManyIndicesForTheArray", kResident,
               [](Case& c) { c.spec.array.weights_per_pe = 2; },
               "block 0 has 9 indices x 2 channels, the array holds 6 x 2"},
        Breach{"TooManyChannelsForTheArray", kResident, [](Case& c) { c.spec.array.cols = 1; },
               "block 0 has 9 indices x 2 channels, the array holds 12 x 1"},
        Breach{"BlockOutsideItsLayer", kResident, [](Case& c) { c.block(5).k_count = 3; },
               "block 5 (group 0, pass 0, k 0 + 3, n 0 + 2) is not inside fc"},
        Breach{"UnknownGroup", kResident, [](Case& c) { c.block(5).group = 1; },
               "block 5 (group 1, pass 0, k 0 + 2, n 0 + 2) is not inside fc"},
        Breach{"RangeOutsideTheBatch", kResident, [](Case& c) { c.range(3).row_count = 3; },
               "range 3 (rows 0 + 3) is not inside the batch's 2 rows"},
        Breach{"RegionOutsideTheBatch", kResident, [](Case& c) { c.region(1).image_count = 3; },
               "region 1 (map 2, images 0 + 3"},
        Breach{"SecondSetWithSerialLoad", kResident, [](Case& c) { c.step(3).set = 1; },
               "step 3 (load_pe of conv) fills register set 1 instead of 0"},
        Breach{"StreamFromASecondSetWithSerialLoad", kResident, [](Case& c) { c.step(4).set = 1; },
               "step 4 (stream of conv) uses register set 1"},
        Breach{"SetsDoNotAlternate", kSpilling, [](Case& c) { c.step(24).set = 0; },
               "step 24 (load_pe of second) fills register set 0 instead of 1"},
        Breach{"AfterStartWithSerialLoad", kResident, [](Case& c) { c.step(3).after_start = 2; },
               "step 3 (load_pe of conv) comes after the start of step 2 instead of -1"},
        Breach{"AfterStartMissing", kSpilling,
               [](Case& c) { c.step(24).after_start = schedule::kNoStep; },
               "step 24 (load_pe of second) comes after the start of step -1 instead of 23"},
        Breach{"AfterStartOfAnOlderStream", kSpilling, [](Case& c) { c.step(30).after_start = 25; },
               "step 30 (load_pe of second) comes after the start of step 25 instead of 27"},
        Breach{"AfterStartOfALaterStreamOfThePass", kSpilling,
               [](Case& c) { c.step(30).after_start = 29; },
               "step 30 (load_pe of second) comes after the start of step 29 instead of 27"},
        Breach{"AfterStartOfAStream", kSpilling, [](Case& c) { c.step(14).after_start = 11; },
               "step 14 (stream of first) has after_start 11, which only a PE load may have"},
        Breach{"LoadThatNoStreamUses", kSpilling, [](Case& c) { erase_step(c, 7); },
               "no stream uses what PE load step 5 brought"},
        Breach{"FusedPoolOfAnotherMap", kResident,
               [](Case& c) { c.schedule.layers[0].fused_pool = 3; },
               "layer 0 fuses layer 3, which is not a pool of its output map"},
        Breach{"FusedPoolWithOverlap", kResident,
               [](Case& c) { c.network.layers[1].window.stride_h = 1; },
               "layer 0 fuses layer 1, whose windows overlap"},
        Breach{"FusedPoolWithPadding", kResident,
               [](Case& c) { c.network.layers[1].window.pad_top = 1; },
               "layer 0 fuses layer 1, whose windows overlap, leave gaps or are padded"}),
    breach_name);

INSTANTIATE_TEST_SUITE_P(
    EveryMacOnce, VerifyScheduleCatches,
    ::testing::Values(
        Breach{"IndicesMissing", kResident, [](Case& c) { c.block(0).k_count = 8; },
               "conv, group 0: block 1 begins at k 9, the ones before it end at 8"},
        Breach{"IndicesTwice", kResident,
               [](Case& c) {
                 c.block(1).k_begin = 8;
                 c.block(1).k_count = 10;
               },
               "conv, group 0: block 1 begins at k 8, the ones before it end at 9"},
        Breach{"LastIndicesMissing", kResident, [](Case& c) { c.block(3).k_count = 8; },
               "conv, group 0: the passes from block 2 end at k 17 of 18"},
        Breach{"ChannelMissing", kResident, [](Case& c) { c.block(4).n_count = 1; },
               "point, group 0: the blocks end at channel 1 of 2"},
        Breach{"ChannelTwice", kResident,
               [](Case& c) {
                 for (const int b : {2, 3}) {
                   c.block(b).n_begin = 1;
                   c.block(b).n_count = 2;
                 }
               },
               "conv, group 0: block 2 begins at n 1, the ones before it end at 2"},
        Breach{"PassesOfDifferentWidth", kResident, [](Case& c) { c.block(1).n_count = 1; },
               "conv, group 0: blocks 0 and 1 share n 0 but hold 2 and 1 channels"},
        Breach{"PassNumber", kResident, [](Case& c) { c.block(1).pass = 0; },
               "conv, group 0: block 1 is pass 1 of its tile, but says 0"},
        Breach{"ABlockTooMany", kResident, [](Case& c) { c.schedule.blocks.push_back(c.block(4)); },
               "point, group 0: block 6 begins at k 0, the ones before it end at 3"},
        Breach{"GroupWithoutBlocks", kResident,
               [](Case& c) {
                 c.network.layers[4].groups = 2;
                 c.block(5).k_count = 1;
                 c.block(5).n_count = 1;
               },
               "fc, group 1: the blocks end at channel 0 of 1"},
        Breach{"RowsMissing", kResident,
               [](Case& c) {
                 c.range(1) = {0, 4, 4};
               },
               "no step streams rows 2..3 of conv with block 0"},
        Breach{"RowsTwice", kResident, [](Case& c) { c.range(0).row_count = 4; },
               "step 12 (stream of conv) streams row 2 with block 0 again after step 2"},
        Breach{"LastRowsMissing", kResident, [](Case& c) { c.range(1).row_count = 4; },
               "no step streams rows 6..7 of conv with block 0"},
        Breach{"APassIsMissing", kResident, [](Case& c) { erase_step(c, 4); },
               "step 4 (post of conv) posts a tile after 1 of its 2 passes"},
        Breach{"ABlockNeverStreams", kResident, [](Case& c) { erase_step(c, 22); },
               "no step streams rows 0..3 of point with block 4"},
        Breach{"FirstPassMissing", kResident, [](Case& c) { c.step(12).first_pass = false; },
               "step 12 (stream of conv) is the first pass of its tile over range 1, but adds"},
        Breach{"FirstPassTwice", kResident, [](Case& c) { c.step(14).first_pass = true; },
               "step 14 (stream of conv) says first pass, but step 12 has streamed its tile"},
        Breach{"PassesAccumulateElsewhere", kResident, [](Case& c) { c.step(14).address = 8; },
               "step 14 (stream of conv) accumulates at entry 8, step 12 did at 0"},
        Breach{"StreamOfAnotherBlockThanLoaded", kResident, [](Case& c) { c.step(4).block = 0; },
               "step 4 (stream of conv) uses block 0 from register set 0, which holds block 1 "
               "since step 3"},
        Breach{"StreamFromTheOtherSet", kSpilling,
               [](Case& c) {
                 c.step(29).set = 1;
                 c.step(29).block = 4;
               },
               "step 29 (stream of second) uses block 4 from register set 1, which holds block 3"},
        Breach{"LayersOverlap", kResident,
               [](Case& c) {
                 std::swap(c.step(17), c.step(22));
                 c.step(17).waits.fill(schedule::kNoStep);
               },
               "comes back to its layer after one of point"}),
    breach_name);

INSTANTIATE_TEST_SUITE_P(
    AccumulatorsAndPost, VerifyScheduleCatches,
    ::testing::Values(
        Breach{"EntriesOverwrittenBeforePost", kResident, [](Case& c) { c.step(7).address = 7; },
               // steps 5 posts it in list order, but step 7 does not wait for it
               "step 7 (stream of conv) overwrites accumulator entries 0..7 of the tile that step "
               "4 streamed, but does not wait for its post, step 5"},
        Breach{"EntriesOverwrittenWithoutPost", kResident,
               [](Case& c) {
                 swap_steps(c, 5, 6);
                 swap_steps(c, 6, 7);
                 c.step(6).address = 0;
               },
               "step 6 (stream of conv) overwrites accumulator entries 0..7 of the tile that step "
               "4 streamed, which is not posted yet"},
        Breach{"StreamDoesNotWaitForPost", kResident,
               [](Case& c) { c.step(12).waits[3] = schedule::kNoStep; },
               "step 12 (stream of conv) overwrites accumulator entries 0..7 of the tile that step "
               "4 streamed, but does not wait for its post, step 5"},
        Breach{"PostMissing", kResident, [](Case& c) { erase_step(c, 27); },
               "no step posts the tile that step 26 (stream of fc) streamed last"},
        Breach{"PostTwice", kResident, [](Case& c) { c.schedule.steps.push_back(c.step(27)); },
               "step 28 (post of fc) posts a tile again that step 27 has posted"},
        Breach{"PostBeforeTheLastPass", kResident,
               [](Case& c) {
                 swap_steps(c, 4, 5);
                 c.step(4).waits[2] = 2;
               },
               "step 4 (post of conv) posts a tile after 1 of its 2 passes"},
        Breach{"StreamAfterPost", kResident,
               [](Case& c) {
                 swap_steps(c, 4, 5);
                 c.step(4).waits[2] = 2;
               },
               "step 5 (stream of conv) streams a tile that step 4 has posted"},
        Breach{"PostBeforeAnyStream", kResident,
               [](Case& c) {
                 c.step(10).block = 0;
                 c.step(10).range = 1;
               },
               "step 10 (post of conv) posts a tile of range 1 that no earlier step has streamed"},
        Breach{"PostDoesNotWaitForTheLastPass", kResident,
               [](Case& c) { c.step(15).waits[2] = 12; },
               "step 15 (post of conv) takes accumulators, but does not wait for their writer, "
               "step 14"},
        Breach{"PostTakesOtherEntries", kResident, [](Case& c) { c.step(15).address = 32; },
               "step 15 (post of conv) takes accumulator entry 32, the passes went to 0"},
        Breach{"EntriesOutsideTheMemory", kResident,
               [](Case& c) { c.spec.accumulators.entries_per_lane = 55; },
               "step 17 (stream of conv) uses accumulator entries 32 + 24, a lane has 55"},
        Breach{
            "EntriesOutsideTheDeclaration", kResident,
            [](Case& c) { c.schedule.accumulator_entries = 55; },
            "step 17 (stream of conv) uses accumulator entries 32 + 24, the schedule declares 55"},
        Breach{"PostOutsideItsRegion", kResident,
               [](Case& c) {
                 c.region(1).image_count = 1;
                 c.region(1).slots = 12;
               },
               "step 15 (post of conv): region 1 (images 0, rows 0..1) does not contain rows 1 of "
               "image 0 to row 1 of image 1 of map 2"},
        Breach{"PostIntoTheUnpooledMap", kResident,
               [](Case& c) { c.schedule.layers[0].fused_pool = -1; },
               "step 5 (post of conv): region 1 is of map 2 instead of 1"},
        Breach{"RangeCutsAWindow", kResident,
               [](Case& c) {
                 c.range(0).row_count = 3;
                 c.range(1) = {0, 3, 5};
               },
               "step 5 (post of conv): range 0 cuts a window of pool"},
        Breach{"PoolMissing", kResident, [](Case& c) { erase_step(c, 24); },
               "no step computes row 0 of image 0 of overlap"},
        Breach{"PoolOfOneImageOnly", kResident,
               [](Case& c) {
                 c.region(3).image_count = 1;
                 c.region(3).slots = 2;
               },
               "no step computes row 0 of image 1 of overlap"},
        Breach{"PoolTwice", kResident,
               [](Case& c) {
                 c.schedule.steps.push_back(c.step(24));
                 c.schedule.steps.back().waits[3] = 27;
               },
               "step 28 (pool of overlap) computes row 0 of image 0 again"},
        Breach{"PoolOfAFusedLayer", kResident,
               [](Case& c) {
                 c.schedule.steps.push_back(c.step(24));
                 c.schedule.steps.back().layer = 1;
                 c.schedule.steps.back().output = 1;
               },
               "step 28 (pool of pool) computes a layer that the post unit fuses"}),
    breach_name);

INSTANTIATE_TEST_SUITE_P(
    Weights, VerifyScheduleCatches,
    ::testing::Values(
        Breach{"ReadBeforeWritten", kResident,
               [](Case& c) { c.schedule.setup.erase(c.schedule.setup.begin() + 4); },
               "step 21 (load_pe of point) reads block 4 at weight SRAM word 36, where nothing was "
               "written"},
        Breach{"ReadAtAnotherAddress", kResident, [](Case& c) { c.step(21).address = 37; },
               "step 21 (load_pe of point) reads block 4 at weight SRAM word 37, which holds block "
               "4"},
        Breach{"ReadOfAnotherBlock", kResident, [](Case& c) { c.step(3).address = 0; },
               "step 3 (load_pe of conv) reads block 1 at weight SRAM word 0, which holds block 0"},
        Breach{"LoadsWithoutWaitingForTheDma", kSpilling,
               [](Case& c) { c.step(3).waits[0] = schedule::kNoStep; },
               "step 3 (load_pe of first) reads block 0 at weight SRAM word 0, but does not wait "
               "for its writer, step 0 (load_weights of first)"},
        Breach{"OverwritesALiveBlock", kSpilling, [](Case& c) { c.step(18).address = 15; },
               // block 2 lies in words 4..15 and is loaded into PEs at step 22
               "step 22 (load_pe of second) reads block 2 at weight SRAM word 15, which holds "
               "block 3"},
        Breach{"OverwritesWithoutWaitingForTheReader", kSpilling,
               [](Case& c) { c.schedule.steps.push_back(c.step(17)); },
               "step 35 (load_weights of second) overwrites block 2 at weight SRAM word 4, but "
               "does not wait for its reader, step 32 (load_pe of second)"},
        Breach{"OverwritesInFlight", kSpilling, [](Case& c) { c.step(1).address = 1; },
               "step 1 (load_weights of first) overwrites block 0 at weight SRAM word 1, but does "
               "not wait for its writer, step 0 (load_weights of first)"},
        Breach{"BeyondTheMemory", kSpilling,
               [](Case& c) { c.spec.weight_sram.capacity_bytes = 27; },
               "step 18 (load_weights of second) has block 3 at weight SRAM words 16 + 12, the "
               "memory has 27"},
        Breach{"BeyondTheDeclaration", kSpilling, [](Case& c) { c.schedule.weight_words = 27; },
               "the schedule declares 27"},
        Breach{"SetupOverwritesItself", kResident,
               [](Case& c) { c.schedule.setup[4].address = 35; },
               "set-up puts block 4 over block 3 at weight SRAM word 35"},
        Breach{"ResidentWeightsAreLoaded", kResident,
               [](Case& c) {
                 c.schedule.steps.push_back(c.schedule.setup[0]);
                 c.schedule.steps.back().waits[1] = 25;
               },
               "step 28 (load_weights of conv) loads weights, although all of them stay"},
        Breach{"SetupWeightsAreOverwritten", kResident,
               [](Case& c) {
                 c.schedule.weights_resident = false;
                 c.schedule.steps.push_back(c.schedule.setup[0]);
                 c.schedule.steps.back().waits[1] = 25;
               },
               "step 28 (load_weights of conv) overwrites block 0 at weight SRAM word 0, which "
               "every batch needs"},
        Breach{"RegistersOverwrittenInUse", kSpilling,
               [](Case& c) {
                 // Set 0 streams again after the first stream from set 1, for which load 26 waits.
                 schedule::Step again = c.step(23);
                 again.range = 3;
                 again.input = 4;
                 again.address = 8;
                 insert_step(c, 26, again);
               },
               "step 27 (load_pe of second) overwrites register set 0, but does not wait for its "
               "reader, step 26"},
        Breach{"StreamDoesNotWaitForThePeLoad", kSpilling,
               [](Case& c) { c.step(25).waits[1] = 22; },
               "step 25 (stream of second) uses register set 1, but does not wait for its PE load, "
               "step 24"}),
    breach_name);

INSTANTIATE_TEST_SUITE_P(
    Activations, VerifyScheduleCatches,
    ::testing::Values(
        Breach{"ReadBeforeWritten", kResident,
               [](Case& c) {
                 c.step(0).rows.image_count = 1;
                 c.step(12).waits[0] = 0;
               },
               "step 12 (stream of conv) reads row 0 of image 1 of map 0 at activation SRAM slot "
               "32, where nothing was written"},
        Breach{"StreamDoesNotWaitForItsInput", kSpilling, [](Case& c) { c.step(4).waits[0] = 1; },
               "step 4 (stream of first) reads row 0 of image 0 of map 0 at activation SRAM slot "
               "0, but does not wait for its writer, step 2 (load_activations of first)"},
        Breach{"StreamDoesNotWaitForThePost", kResident, [](Case& c) { c.step(22).waits[3] = 15; },
               "step 22 (stream of point) reads row 1 of image 0 of map 2 at activation SRAM slot "
               "70, but does not wait for its writer, step 20 (post of conv)"},
        Breach{"HaloMissing", kSpilling,
               [](Case& c) {
                 c.region(3).row_count = 2;
                 c.region(3).slots = 24;
                 c.step(20).rows.row_count = 2;
               },
               "step 23 (stream of second): region 3 (images 0, rows 0..1) does not contain rows "
               "0..2 of image 0"},
        Breach{"HaloNotLoaded", kSpilling, [](Case& c) { c.step(20).rows.row_count = 2; },
               // slots 24..31 still hold the input, 32..35 row 2 by chance of the layout
               "step 23 (stream of second) reads row 2 of image 0 of map 1 at activation SRAM slot "
               "24, which holds row 3 of image 0 of map 0"},
        Breach{"AChannelTileIsNotPosted", kResident,
               [](Case& c) {
                 // The post of channels 0 and 1 over range 0 goes to slots that nobody reads.
                 c.schedule.regions.push_back(c.region(1));
                 c.schedule.regions.back().base = 88;
                 c.schedule.activation_slots = 112;
                 c.spec.activation_sram.capacity_bytes.reset();
                 c.step(5).output = 4;
               },
               "step 22 (stream of point) reads row 0 of image 0 of map 2 at activation SRAM slot "
               "64, which is not written in all channels"},
        Breach{"OverwritesLiveRows", kResident, [](Case& c) { c.region(1).base = 60; },
               // slots 60..63 are the last of image 1 of the input
               "step 17 (stream of conv) reads row 3 of image 1 of map 0 at activation SRAM slot "
               "60, which holds"},
        Breach{"OverwritesWithoutWaitingForTheReader", kSpilling,
               [](Case& c) { c.schedule.steps.push_back(c.step(20)); },
               "step 35 (load_activations of second) overwrites row 0 of image 0 of map 1 at "
               "activation SRAM slot 0, but does not wait for its reader, step 27 (stream of "
               "second)"},
        Breach{"OverwritesWithoutWaitingForTheStore", kSpilling,
               [](Case& c) { c.step(13).waits[0] = schedule::kNoStep; },
               "step 13 (post of first) overwrites row 0 of image 0 of map 1 at activation SRAM "
               "slot 32, but does not wait for its reader, step 9 (store_activations of first)"},
        Breach{"StoresBeforePosted", kSpilling, [](Case& c) { c.step(16).waits[3] = 13; },
               "step 16 (store_activations of first) reads row 2 of image 0 of map 1 at activation "
               "SRAM slot 32, but does not wait for its writer, step 15 (post of first)"},
        Breach{
            "LoadsWhatWasNeverStored", kSpilling, [](Case& c) { erase_step(c, 9); },
            "step 19 (load_activations of second) reads row 0 of image 0 of map 1 at DRAM, map 1, "
            "row 0, where nothing was written"},
        Breach{
            "LoadsBeforeTheStoreHasEnded", kSpilling,
            [](Case& c) {
              c.step(20).waits[0] = 9;
              c.step(21).waits[0] = 9;
            },
            "step 20 (load_activations of second) reads row 2 of image 0 of map 1 at DRAM, map 1, "
            "row 2, but does not wait for its writer, step 16 (store_activations of first)"},
        Breach{"PoolDoesNotWaitForThePost", kResident,
               [](Case& c) { c.step(24).waits[3] = schedule::kNoStep; },
               "step 24 (pool of overlap) reads row 0 of image 0 of map 3 at activation SRAM slot "
               "0, but does not wait for its writer, step 23 (post of point)"},
        Breach{"PoolOverItsOwnInput", kResident, [](Case& c) { c.region(3).base = 12; },
               "step 24 (pool of overlap) overwrites row 1 of image 1 of map 3 at activation SRAM "
               "slot 12, but does not wait for its reader, step 24 (pool of overlap)"},
        Breach{"RegionOfAnotherMap", kResident, [](Case& c) { c.step(22).input = 0; },
               "step 22 (stream of point): region 0 is of map 0 instead of 2"},
        Breach{"RegionSize", kResident, [](Case& c) { c.region(2).slots = 15; },
               "step 23 (post of point): region 2 has 15 slots for 16 values"},
        Breach{"RegionRowsOutsideTheMap", kResident,
               [](Case& c) {
                 c.region(1).row_count = 3;
                 c.region(1).slots = 36;
               },
               "step 5 (post of conv): region 1 has rows 0 + 3 of a map of 2"},
        Breach{"RegionBeyondTheMemory", kResident,
               [](Case& c) { c.spec.activation_sram.capacity_bytes = 43; },
               "step 5 (post of conv): region 1 takes slots 64 + 24, the schedule declares 88, the "
               "memory has 84"},
        Breach{"RegionBeyondTheDeclaration", kResident,
               [](Case& c) { c.schedule.activation_slots = 87; },
               "step 5 (post of conv): region 1 takes slots 64 + 24, the schedule declares 87"},
        Breach{"TransferOutsideTheMap", kSpilling, [](Case& c) { c.step(16).rows.row_count = 3; },
               "step 16 (store_activations of first) moves rows 2 + 3 of map 1; map 1 has 4 rows"},
        Breach{"TransferOfAnotherMap", kSpilling, [](Case& c) { c.step(20).rows.map = 0; },
               "step 20 (load_activations of second) moves rows 0 + 3 of map 0; map 1 has 4 rows"},
        Breach{"TransferThatIsNotContiguous", kResident,
               [](Case& c) { c.step(0).rows.row_count = 3; },
               "step 0 (load_activations of conv) moves parts of several images"}),
    breach_name);

// The residual operand comes to a region of its own, slots 24 to 31, just before it is added.
void load_residual_late(Case& c, bool wait) {
  c.schedule.regions.push_back({0, 0, 1, 0, 2, 24, 8, 0, 2});
  schedule::Step load = c.step(0);
  load.layer = 1;
  load.output = 3;
  insert_step(c, 6, load);
  c.step(7).residual = 3;
  if (wait) c.step(7).waits[static_cast<std::size_t>(schedule::Resource::kDma)] = 6;
}

TEST(VerifySchedule, AcceptsAResidualOperandOnChipAndFromDram) {
  Case c = schedule::testing::residual_case();
  EXPECT_EQ(all_of(judge(c)), "");
  load_residual_late(c, true);
  EXPECT_EQ(all_of(judge(c)), "");
}

INSTANTIATE_TEST_SUITE_P(
    Residual, VerifyScheduleCatches,
    ::testing::Values(
        Breach{"OperandMissing", kResidual, [](Case& c) { c.step(6).residual = -1; },
               "step 6 (post of sum): there is no region -1 of a residual operand"},
        Breach{"OperandOfALayerWithoutOne", kResidual, [](Case& c) { c.step(3).residual = 0; },
               "step 3 (post of near) has a residual operand, region 0, that its layer has not"},
        Breach{"OperandOfAStream", kResidual, [](Case& c) { c.step(5).residual = 0; },
               "step 5 (stream of sum) has a residual operand, region 0, that its layer has not"},
        Breach{"OperandOfAnotherMap", kResidual, [](Case& c) { c.step(6).residual = 1; },
               "step 6 (post of sum): region 1 is of map 1 instead of 0"},
        Breach{"OperandOverwritten", kResidual, [](Case& c) { c.region(1).base = 0; },
               "step 6 (post of sum) reads row 0 of image 0 of map 0 at activation SRAM slot 0, "
               "which holds row 0 of image 0 of map 1"},
        Breach{"OperandRegionWithoutItsRows", kResidual,
               [](Case& c) {
                 c.region(0).row_count = 1;
                 c.region(0).slots = 4;
               },
               "step 6 (post of sum): region 0 (images 0, rows 0) does not contain rows 0..1"},
        Breach{"OperandNotWaitedFor", kResidual, [](Case& c) { load_residual_late(c, false); },
               "step 7 (post of sum) reads row 0 of image 0 of map 0 at activation SRAM slot 24, "
               "but does not wait for its writer, step 6 (load_activations of sum)"},
        Breach{"OperandOfAMapThatComesLater", kResidual,
               [](Case& c) { c.network.layers[1].inputs[1] = 2; },
               "sum adds no earlier map of its output's size"},
        Breach{"OperandOfLogits", kResidual,
               [](Case& c) { c.network.layers[2].inputs.push_back(0); },
               "fc adds no earlier map of its output's size"},
        Breach{"FusedMapReadByAnotherLayer", kResident,
               [](Case& c) { c.network.layers[2].inputs.push_back(1); },
               "layer 0 fuses layer 1, but point reads its input"}),
    breach_name);

}  // namespace
}  // namespace lacuna::judge
