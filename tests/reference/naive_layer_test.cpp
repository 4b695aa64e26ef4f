// A layer in direct loops, against sums written down by hand.
#include "reference/naive_layer.hpp"

#include <gtest/gtest.h>

namespace lacuna::reference {
namespace {

using Codes = std::vector<std::uint8_t>;
using Sums = std::vector<std::int32_t>;

network::Layer convolution(network::MapShape in, network::MapShape out, network::Window window) {
  network::Layer layer;
  layer.in = in;
  layer.out = out;
  layer.window = window;
  return layer;
}

TEST(NaiveLayer, ConvolvesWithStrideAndPadding) {
  // Map 3 x 3: 1 2 3 / 4 5 6 / 7 8 9. Kernel 2 x 2: 1 2 / 3 4, stride 2, one row of padding above
  // and one column to the left: windows at (-1, -1), (-1, 1), (1, -1), (1, 1).
  //   0 0 / 0 1 -> 4      0 0 / 2 3 -> 3*2 + 4*3 = 18
  //   0 4 / 0 7 -> 8 + 28 = 36      5 6 / 8 9 -> 5 + 12 + 24 + 36 = 77
  network::Layer layer = convolution({3, 3, 1}, {2, 2, 1}, {2, 2, 2, 2, 1, 1, 0, 0});
  layer.weights = {1, 2, 3, 4};
  layer.bias = {100};
  layer.scale = {0.25F};
  const LayerResult result = evaluate_layer(layer, 8, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(result.sums, (Sums{104, 118, 136, 177}));
  // 26, 29.5 to even, 34, 44.25
  EXPECT_EQ(result.codes, (Codes{26, 30, 34, 44}));
  EXPECT_EQ(evaluate_layer(layer, 5, {1, 2, 3, 4, 5, 6, 7, 8, 9}).codes, (Codes{26, 30, 31, 31}));
}

TEST(NaiveLayer, ReadsChannelsLastInGroups) {
  // One pixel, four channels (1, 2, 3, 4), two groups of 2 -> 1 channels: 1*10 + 2*20, 3*-1 + 4*-2.
  network::Layer layer = convolution({1, 1, 4}, {1, 1, 2}, {});
  layer.groups = 2;
  layer.weights = {10, 20, -1, -2};
  layer.logits = true;
  const LayerResult result = evaluate_layer(layer, 8, {1, 2, 3, 4});
  EXPECT_EQ(result.sums, (Sums{50, -11}));
  EXPECT_TRUE(result.codes.empty());
}

TEST(NaiveLayer, PoolsEachChannel) {
  // 2 x 2 pixels of two channels.
  network::Layer layer = convolution({2, 2, 2}, {1, 1, 2}, {2, 2, 2, 2, 0, 0, 0, 0});
  layer.kind = network::LayerKind::kMaxPool;
  EXPECT_EQ(evaluate_layer(layer, 8, {1, 9, 5, 2, 3, 3, 4, 8}).codes, (Codes{5, 9}));
}

TEST(NaiveLayer, AveragesEachChannel) {
  // As above: sums 1 + 5 + 3 + 4 = 13 and 9 + 2 + 3 + 8 = 22, quarters 3.25 and 5.5 to even.
  network::Layer layer = convolution({2, 2, 2}, {1, 1, 2}, {2, 2, 2, 2, 0, 0, 0, 0});
  layer.kind = network::LayerKind::kAveragePool;
  layer.scale = {0.25F};
  EXPECT_EQ(evaluate_layer(layer, 8, {1, 9, 5, 2, 3, 3, 4, 8}).codes, (Codes{3, 6}));
  EXPECT_EQ(evaluate_layer(layer, 2, {1, 9, 5, 2, 3, 3, 4, 8}).codes, (Codes{3, 3}));
}

TEST(NaiveLayer, KeepsWhatIsAboveTheThreshold) {
  // 5 x 0.5 = 2.5 is not above 2.5; 6 x 0.5 = 3; 1 x 0.5 + 4 = 4.5 to even, 0.5 + 2 is not above.
  network::Layer layer = convolution({2, 1, 1}, {2, 1, 1}, {});
  layer.weights = {1};
  layer.scale = {0.5F};
  layer.bounds.threshold = 2.5F;
  EXPECT_EQ(evaluate_layer(layer, 8, {5, 6}).codes, (Codes{0, 3}));
  layer.inputs.push_back(0);
  layer.combine = network::Combine::kAdd;
  layer.operand_scale = {2.0F};
  EXPECT_EQ(evaluate_layer(layer, 8, {1, 1}, 0, 0, {}, {2, 1}).codes, (Codes{4, 0}));
}

TEST(NaiveLayer, AddsTheResidualOperandBeforeItRounds) {
  // 3 x 0.25 + 1 x 0.75 = 1.5 to even; -6 x 0.25 + 3 x 0.75 = 0.75; 40 x 0.25 + 9 x 0.75 = 16.75,
  // clamped; each part rounded alone would give 1 + 1 = 2, -2 + 2 = 0.
  network::Layer layer = convolution({3, 1, 1}, {3, 1, 1}, {});
  layer.weights = {1};
  layer.bias = {-10};
  layer.scale = {0.25F};
  layer.inputs.push_back(0);
  layer.combine = network::Combine::kAdd;
  layer.operand_scale = {0.75F};
  EXPECT_EQ(evaluate_layer(layer, 4, {13, 4, 50}, 0, 0, {}, {1, 3, 9}).codes, (Codes{2, 1, 15}));
}

TEST(NaiveLayer, SumsWrap) {
  network::Layer layer = convolution({1, 1, 1}, {1, 1, 1}, {});
  layer.weights = {1};
  layer.bias = {INT32_MAX};
  layer.logits = true;
  EXPECT_EQ(evaluate_layer(layer, 8, {1}).sums, Sums{INT32_MIN});
}

TEST(NaiveLayer, TheHookReplacesAWeightForOnePixelOfOneImage) {
  network::Layer layer = convolution({2, 1, 1}, {2, 1, 1}, {});
  layer.weights = {3};
  layer.logits = true;
  const WeightHook hook = [](const WeightUse& use) {
    return use.layer == 4 && use.image == 7 && use.out_y == 1 ? -use.value : use.value;
  };
  EXPECT_EQ(evaluate_layer(layer, 8, {10, 20}, 4, 7, hook).sums, (Sums{30, -60}));
  EXPECT_EQ(evaluate_layer(layer, 8, {10, 20}, 4, 6, hook).sums, (Sums{30, 60}));
  EXPECT_EQ(evaluate_layer(layer, 8, {10, 20}, 3, 7, hook).sums, (Sums{30, 60}));
}

}  // namespace
}  // namespace lacuna::reference
