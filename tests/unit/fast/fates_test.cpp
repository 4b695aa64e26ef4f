// Where a difference ended, worked by hand on a network of six layers:
// conv1 -> pool1 -> conv2 -> sigmoid -> add (a GEMM layer with conv2's map as its second one) ->
// fc.
#include "fast/fates.hpp"

#include <gtest/gtest.h>

namespace lacuna::fast {
namespace {

using measure::Fate;
using measure::FateStage;

enum : std::size_t { kConv1, kPool1, kConv2, kSigmoid, kAdd, kFc, kLayers };

network::Network six_layers() {
  network::Network network;
  network.maps.resize(6);
  network.layers.resize(kLayers);
  for (std::size_t i = 0; i < kLayers; ++i) {
    network.layers[i].inputs = {static_cast<int>(i)};
    network.layers[i].output = static_cast<int>(i) + 1;
  }
  network.layers[kPool1].kind = network::LayerKind::kMaxPool;
  network.layers[kSigmoid].kind = network::LayerKind::kElementwise;
  network.layers[kAdd].inputs = {4, 3};
  network.layers[kFc].kind = network::LayerKind::kFullyConnected;
  network.layers[kFc].output = network::kNoMap;
  network.layers[kFc].logits = true;
  network.outputs.resize(1);
  network.outputs[0].layer = kFc;
  return network;
}

struct Case {
  const char* name;
  std::vector<std::size_t> read;
  std::vector<std::size_t> sums;
  std::vector<std::size_t> codes;
  bool output = false;
  Fate fate;
};

class FateOf : public testing::TestWithParam<Case> {};

TEST_P(FateOf, IsTheFirstStageThatApplies) {
  const Case& own = GetParam();
  std::vector<LayerChange> changes(kLayers);
  for (const std::size_t layer : own.read) changes[layer].read = true;
  for (const std::size_t layer : own.sums) changes[layer].sums = true;
  for (const std::size_t layer : own.codes) changes[layer].codes = true;
  const Fate fate = fate_of(six_layers(), changes, {own.output}, FateStage::kOverwritten);
  EXPECT_EQ(measure::fate_stage(fate.stage).key, measure::fate_stage(own.fate.stage).key);
  EXPECT_EQ(fate.layer, own.fate.layer);
}

INSTANTIATE_TEST_SUITE_P(
    Stages, FateOf,
    testing::Values(
        Case{"Unread", {}, {}, {}, false, {FateStage::kOverwritten, Fate::kNoLayer}},
        Case{"AWeightMeetsZeros", {kConv1}, {}, {}, false, {FateStage::kNoSumDiffers, kConv1}},
        Case{"ReadTwiceForNothing",
             {kSigmoid, kAdd},
             {},
             {},
             false,
             {FateStage::kNoSumDiffers, kAdd}},
        Case{
            "PoolingReadsALesserValue", {kPool1}, {}, {}, false, {FateStage::kPooledEqual, kPool1}},
        Case{"AFunctionIsFlat", {kSigmoid}, {}, {}, false, {FateStage::kCodesEqual, kSigmoid}},
        Case{
            "ASumRoundsToItsCode", {kConv1}, {kConv1}, {}, false, {FateStage::kCodesEqual, kConv1}},
        Case{"ItsOwnPoolingDropsIt",
             {kConv1},
             {kConv1},
             {kConv1},
             false,
             {FateStage::kPooledEqual, kPool1}},
        Case{"TheNextLayerRoundsItAway",
             {kConv1},
             {kConv1, kConv2},
             {kConv1, kPool1},
             false,
             {FateStage::kLaterMapEqual, kConv2}},
        Case{"TheNextLayerMultipliesItByZeros",
             {kConv1},
             {kConv1},
             {kConv1, kPool1},
             false,
             {FateStage::kLaterMapEqual, kConv2}},
        Case{"AChangedPoolingEndsInTheNextLayer",
             {kPool1},
             {},
             {kPool1},
             false,
             {FateStage::kLaterMapEqual, kConv2}},
        Case{"OfTwoReadersTheLastCounts",
             {kConv2},
             {kConv2},
             {kConv2},
             false,
             {FateStage::kLaterMapEqual, kAdd}},
        Case{"TheOutputsAreTheSame", {kAdd}, {kAdd}, {kAdd}, false, {FateStage::kLogitsEqual, kFc}},
        Case{"ReadByTheLastLayerForNothing", {kFc}, {}, {}, false, {FateStage::kNoSumDiffers, kFc}},
        Case{"TheOutputsDiffer",
             {kConv1},
             {kConv1, kFc},
             {kConv1, kPool1},
             true,
             {FateStage::kTop1Equal, kFc}}),
    [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

TEST(FateOfMaps, AnOutputThatIsAMapEndsWhereItIsWritten) {
  network::Network network = six_layers();
  network.layers[kFc].logits = false;
  network.layers[kFc].output = 0;
  network.layers[kConv1].inputs = {};
  network.outputs[0].layer = -1;
  network.outputs[0].map = 0;
  std::vector<LayerChange> changes(kLayers);
  changes[kFc] = {true, true, true};
  // Written otherwise, and read back as it would have been.
  EXPECT_EQ(fate_of(network, changes, {false}, FateStage::kNeverRead),
            (Fate{FateStage::kLogitsEqual, kFc}));
  EXPECT_EQ(fate_of(network, changes, {true}, FateStage::kNeverRead),
            (Fate{FateStage::kTop1Equal, kFc}));
}

// Two images through conv1 (1 x 2 pixels, 1 channel), pool1 and fc.
TEST(FatesOf, TellImagesAndLayersApart) {
  network::Network network = six_layers();
  network.layers.resize(2);
  network.layers.push_back(six_layers().layers[kFc]);
  network.layers[2].inputs = {2};
  network.outputs[0].layer = 2;
  network.layers[0].out = {1, 2, 1};
  network.layers[1].out = {1, 1, 1};
  network.layers[2].out = {1, 1, 2};
  WalkValues golden;
  golden.sums = {{10, 20, 30, 40}, {}, {1, 2, 3, 4}};
  golden.codes = {{1, 2, 3, 4}, {2, 4}, {0, 0, 0, 0}};
  golden.read = {{0, 0}, {0, 0}, {0, 0}};
  const std::vector<std::int32_t> outputs = {1, 2, 3, 4};
  const auto fates = [&](const WalkValues& now, const std::vector<std::int32_t>& now_outputs) {
    return fates_of(network, 2, golden, outputs.data(), now, now_outputs.data(),
                    FateStage::kNeverRead);
  };
  const Fate unread{FateStage::kNeverRead, Fate::kNoLayer};
  WalkValues now = golden;
  now.read[0][1] = 1;
  EXPECT_EQ(fates(now, outputs), (std::vector<Fate>{unread, {FateStage::kNoSumDiffers, 0}}));
  now.sums[0][2] = 31;
  EXPECT_EQ(fates(now, outputs), (std::vector<Fate>{unread, {FateStage::kCodesEqual, 0}}));
  now.codes[0][2] = 4;
  EXPECT_EQ(fates(now, outputs), (std::vector<Fate>{unread, {FateStage::kPooledEqual, 1}}));
  now.codes[1][1] = 5;
  EXPECT_EQ(fates(now, outputs), (std::vector<Fate>{unread, {FateStage::kLogitsEqual, 2}}));
  now.sums[2][3] = 7;
  EXPECT_EQ(fates(now, {1, 2, 3, 7}), (std::vector<Fate>{unread, {FateStage::kTop1Equal, 2}}));
  // The same of the other image, whose values lie in front.
  now = golden;
  now.read[0][0] = 1;
  now.sums[0][1] = 21;
  EXPECT_EQ(fates(now, outputs), (std::vector<Fate>{{FateStage::kCodesEqual, 0}, unread}));
}

// Sums that are a layer's map have no codes of their own: what differs in them is written.
TEST(FatesOf, SumsThatAreAMapAreWrittenAsTheyAre) {
  network::Network network = six_layers();
  for (network::Layer& layer : network.layers) layer.out = {1, 1, 1};
  network.maps[4].sums = true;
  network.layers[kSigmoid].kind = network::LayerKind::kConvolution;
  WalkValues golden;
  golden.sums.assign(kLayers, {5});
  golden.sums[kPool1] = {};
  golden.codes.assign(kLayers, {0});
  golden.read.assign(kLayers, {0});
  WalkValues now = golden;
  now.sums[kSigmoid][0] = 6;
  const std::int32_t outputs[] = {5};
  EXPECT_EQ(fates_of(network, 1, golden, outputs, now, outputs, FateStage::kNeverRead),
            (std::vector<Fate>{{FateStage::kLaterMapEqual, kAdd}}));
}

TEST(UnreadStage, IsOverwrittenWhereAWriteRemovedAnUpset) {
  EXPECT_EQ(unread_stage({{0, false}, {0, false}}), FateStage::kNeverRead);
  EXPECT_EQ(unread_stage({{0, false}, {0, true}}), FateStage::kOverwritten);
}

TEST(FateStages, AreInTheOrderOfTheirTable) {
  for (std::size_t i = 0; i < measure::kFateStageCount; ++i) {
    EXPECT_EQ(measure::index_of(measure::kFateStages[i].stage), i);
  }
}

}  // namespace
}  // namespace lacuna::fast
