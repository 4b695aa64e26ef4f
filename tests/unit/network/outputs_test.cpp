// Outputs as a file defines them, from the integers that engines give: by hand.
#include "network/outputs.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace lacuna::network {
namespace {

using Integers = std::vector<std::int32_t>;
using Floats = std::vector<float>;

/// A last layer whose `channels` sums are the only output.
Network sums_network(std::int64_t channels) {
  Network network;
  network.maps.resize(1);
  Layer layer;
  layer.logits = true;
  layer.out = {1, 1, channels};
  network.layers = {layer};
  Output output;
  output.name = "y";
  output.layer = 0;
  output.scale = {0.5F};
  network.outputs = {output};
  return network;
}

/// A map of codes as the only output.
Network map_network(const MapShape& shape, const tensor::Code& code, float scale) {
  Network network;
  network.maps.resize(2);
  network.maps[1] = {shape, code, scale, false};
  Output output;
  output.name = "map";
  output.map = 1;
  network.outputs = {output};
  return network;
}

Floats shown(const Network& network, const Integers& raw, std::size_t output = 0) {
  return file_values(network, output, raw.data());
}

TEST(Outputs, GivenSumsThenTheyAreScaledByChannel) {
  Network network = sums_network(3);
  EXPECT_EQ(shown(network, {4, -3, 1}), (Floats{2.0F, -1.5F, 0.5F}));
  network.outputs[0].scale = {0.5F, 0.25F, -2.0F};
  EXPECT_EQ(shown(network, {4, -3, 1}), (Floats{2.0F, -0.75F, -2.0F}));
}

TEST(Outputs, GivenAnOutputQuantiserThenSumsAreRoundedToItsCodes) {
  Network network = sums_network(4);
  Output& output = network.outputs[0];
  output.quantised = true;
  output.code = tensor::unsigned_code(8, 100);
  output.bounds = tensor::bounds_of(output.code);
  output.code_scale = 0.25F;
  output.code_factor = {0.5F};
  // 3 x 0.5 = 1.5 and 5 x 0.5 = 2.5 are ties, to even; 1000 and -1000 are cut at 155 and -100.
  EXPECT_EQ(shown(network, {3, 5, 1000, -1000}), (Floats{0.5F, 0.5F, 38.75F, -25.0F}));
  output.codes = true;
  EXPECT_EQ(shown(network, {3, 5, 1000, -1000}), (Floats{102.0F, 102.0F, 255.0F, 0.0F}));
}

TEST(Outputs, GivenATailThenItIsWorkedOutInDoubleAndRoundedOnce) {
  Network network = sums_network(3);
  Output& output = network.outputs[0];
  output.tail = Tail::kSoftmax;
  const double sum = 1.0 + std::exp(-1.0) + std::exp(-1.5);
  EXPECT_EQ(shown(network, {4, 2, 1}),
            (Floats{static_cast<float>(1.0 / sum), static_cast<float>(std::exp(-1.0) / sum),
                    static_cast<float>(std::exp(-1.5) / sum)}));
  // Subtracting the largest first: none of these overflows.
  EXPECT_EQ(shown(network, {2000000000, 0, 0}), (Floats{1.0F, 0.0F, 0.0F}));
  output.tail = Tail::kLogSoftmax;
  EXPECT_EQ(shown(network, {4, 2, 1})[1], static_cast<float>(-1.0 - std::log(sum)));
  output.tail = Tail::kSigmoid;
  EXPECT_EQ(shown(network, {4, 0, -4}),
            (Floats{static_cast<float>(1.0 / (1.0 + std::exp(-2.0))), 0.5F,
                    static_cast<float>(1.0 / (1.0 + std::exp(2.0)))}));
  output.tail = Tail::kNone;
  output.arg_max = true;
  EXPECT_EQ(shown(network, {1, 4, 4}), Floats{1.0F});
}

TEST(Outputs, GivenAQuantiserBehindATailThenItsStepsOrCodesAreShown) {
  Network network = sums_network(2);
  Output& output = network.outputs[0];
  output.tail = Tail::kSigmoid;
  output.tail_quantised = true;
  output.tail_code = tensor::signed_code(8, -128);
  output.tail_scale = 1.0F / 256.0F;
  EXPECT_EQ(shown(network, {0, 100}), (Floats{0.5F, 255.0F / 256.0F}));
  output.codes = true;
  EXPECT_EQ(shown(network, {0, 100}), (Floats{0.0F, 127.0F}));
  // Rounded to equal codes, the first of the largest is the index; before, the second was larger.
  output.arg_max = true;
  EXPECT_EQ(shown(network, {100, 101}), Floats{0.0F});
}

TEST(Outputs, GivenAMapThenItsValuesStandInTheFilesOrder) {
  // Two rows of three pixels of two channels.
  Network network = map_network({2, 3, 2}, tensor::signed_code(8, 3), 0.5F);
  const Integers raw = {0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15};
  EXPECT_EQ(shown(network, raw), (Floats{0, 0.5F, 1, 1.5F, 2, 2.5F, 5, 5.5F, 6, 6.5F, 7, 7.5F}));
  network.outputs[0].order = {Axis::kHeight, Axis::kWidth, Axis::kChannel};
  EXPECT_EQ(shown(network, raw), (Floats{0, 5, 0.5F, 5.5F, 1, 6, 1.5F, 6.5F, 2, 7, 2.5F, 7.5F}));
  network.outputs[0].codes = true;
  EXPECT_EQ(shown(network, raw)[1], 13.0F);
  network.outputs[0].order = {Axis::kWidth, Axis::kChannel, Axis::kHeight};
  EXPECT_EQ(shown(network, raw), (Floats{3, 6, 13, 16, 4, 7, 14, 17, 5, 8, 15, 18}));
}

TEST(Outputs, GivenATailOverAMapThenEachPixelHasItsOwn) {
  Network network = map_network({1, 2, 2}, tensor::unsigned_code(8), 1.0F);
  network.outputs[0].arg_max = true;
  EXPECT_EQ(shown(network, {3, 5, 9, 2}), (Floats{1.0F, 0.0F}));
  network.outputs[0].arg_max = false;
  network.outputs[0].tail = Tail::kSoftmax;
  const Floats values = shown(network, {3, 3, 7, 7});
  EXPECT_EQ(values, (Floats{0.5F, 0.5F, 0.5F, 0.5F}));
}

TEST(Outputs, GivenAFunctionThenItActsBeforeTheTail) {
  Network network = sums_network(2);
  tensor::Function& function = network.outputs[0].function;
  function.step(*tensor::find_operation("LeakyRelu"), {tensor::Function::input(0)}, {0.25});
  EXPECT_EQ(shown(network, {-8, 8}), (Floats{-1.0F, 4.0F}));
}

TEST(Outputs, GivenSeveralThenEachBeginsBehindTheOneBefore) {
  Network network = map_network({2, 1, 2}, tensor::unsigned_code(8), 1.0F);
  network.layers = sums_network(3).layers;
  network.outputs.push_back(sums_network(3).outputs[0]);
  EXPECT_EQ(network.output_values(), 7);
  EXPECT_EQ(output_offset(network, 1), 4);
  const Integers raw = {1, 2, 3, 4, 10, 30, 20};
  EXPECT_EQ(shown(network, raw, 0), (Floats{1, 3, 2, 4}));
  EXPECT_EQ(shown(network, raw, 1), (Floats{5, 15, 10}));
  // The first that is a vector says the class.
  EXPECT_EQ(class_output(network), 1);
  EXPECT_EQ(class_count(network), 3);
  EXPECT_EQ(top1(network, raw.data()), 1);
}

TEST(Outputs, GivenEqualsThenTheLargerSumThenTheFirstIsTheClass) {
  Network network = sums_network(3);
  EXPECT_EQ(top1(network, Integers{7, 9, 9}.data()), 1);
  // 2^24 + 1 is 2^24 in float32: the values are equal, the sums are not.
  EXPECT_EQ(top1(network, Integers{0, 16777216, 16777217}.data()), 2);
  // By the values: a channel's scale may turn the order around.
  network.outputs[0].scale = {1.0F, 0.01F, 1.0F};
  EXPECT_EQ(top1(network, Integers{7, 90, 3}.data()), 0);
  // A tail does not count.
  network.outputs[0].tail = Tail::kSoftmax;
  EXPECT_EQ(top1(network, Integers{0, 16777216, 16777217}.data()), 2);
}

TEST(Outputs, GivenNoVectorOfSeveralValuesThenThereIsNoClass) {
  EXPECT_EQ(class_output(map_network({2, 2, 3}, {}, 1.0F)), -1);
  EXPECT_EQ(class_output(sums_network(1)), -1);
  EXPECT_EQ(class_count(sums_network(1)), 0);
}

}  // namespace
}  // namespace lacuna::network
