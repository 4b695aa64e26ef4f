// What the mapper cannot map is the user's error, naming what is needed and what there is.
#include <gtest/gtest.h>

#include <string>

#include "base/error.hpp"
#include "mapping/mapper.hpp"
#include "unit/network/stack.hpp"

namespace lacuna::mapping {
namespace {

// 4 x 4 PEs of 4-bit weights, everything unlimited.
arch::AcceleratorSpec machine() {
  arch::AcceleratorSpec spec;
  spec.file = "m.yaml";
  spec.array.rows = 4;
  spec.array.cols = 4;
  spec.precision.weight_bits = 4;
  spec.precision.activation_bits = 4;
  spec.weight_sram.word_bits = 16;
  spec.weight_sram.banks = 1;
  spec.activation_sram.word_bits = 16;
  spec.activation_sram.banks = 1;
  return spec;
}

// A 3 x 3 convolution over 8 x 8 x 2 to 6 x 6 x 5.
network::Network one_layer() {
  network::Network network;
  network.name = "n";
  network::Layer layer;
  layer.name = "conv";
  layer.in = {8, 8, 2};
  layer.out = {6, 6, 5};
  layer.window.kernel_h = layer.window.kernel_w = 3;
  layer.weights.assign(static_cast<std::size_t>(5 * 18), 1);
  layer.bias.assign(5, 0);
  layer.scale.assign(5, 1.0F);
  layer.logits = true;
  network.layers.push_back(layer);
  network::test::give_maps(network, layer.in, 4, 4);
  return network;
}

std::string refusal(const arch::AcceleratorSpec& spec, const network::Network& network) {
  try {
    map_network(network, spec, {});
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(MapperRefusal, GivenRoomThenNothingIsRefused) {
  EXPECT_EQ(refusal(machine(), one_layer()), "");
}

TEST(MapperRefusal, GivenWiderCodesThanTheMachineThenThePrecisionIsNamed) {
  network::Network network = one_layer();
  network.maps.front().code = tensor::unsigned_code(5);
  EXPECT_EQ(refusal(machine(), network),
            "m.yaml: precision.activation_bits: network 'n' needs 5 bits; this machine has 4: "
            "--set precision.activation_bits=5, or a machine of more bits");
}

TEST(MapperRefusal, GivenTheLowestWeightThenSignMagnitudeIsRefusedAndTheOthersAreNot) {
  network::Network network = one_layer();
  network.layers[0].weights.set(7, -8);
  auto spec = machine();
  EXPECT_EQ(refusal(spec, network), "");
  spec.weight_sram.encoding = tensor::Encoding::kOffsetBinary;
  EXPECT_EQ(refusal(spec, network), "");
  spec.weight_sram.encoding = tensor::Encoding::kSignMagnitude;
  EXPECT_EQ(refusal(spec, network),
            "m.yaml: weight_sram.encoding: layer 'conv' has a weight of -8, which sign_magnitude "
            "cannot hold in 4 bits; twos_complement and offset_binary can");
  spec.precision.weight_bits = 5;  // five bits reach -15
  EXPECT_EQ(refusal(spec, network), "");
}

TEST(MapperRefusal, GivenZeroPointsThenTheStoredCodeCountsAndNotTheOperand) {
  network::Network network = one_layer();
  auto spec = machine();
  spec.weight_sram.encoding = tensor::Encoding::kSignMagnitude;
  tensor::WeightCode& code = network.layers[0].weight_code;
  code.zero_points = {1, 0, 0, 0, 0};
  network.layers[0].weights.set(7, -7);  // operand -8
  EXPECT_EQ(refusal(spec, network), "");
  network.layers[0].weights.set(7, -8);  // operand -9
  EXPECT_NE(refusal(spec, network).find("has a weight of -8"), std::string::npos);
  code.is_signed = false;  // plain binary, whatever the encoding
  network.layers[0].weights.set(7, 0);
  code.zero_points = {9, 0, 0, 0, 0};
  EXPECT_EQ(refusal(spec, network), "");
}

TEST(MapperRefusal, GivenFewAccumulatorsThenOneRowOfPixelsIsTheNeed) {
  auto spec = machine();
  spec.accumulators.entries_per_lane = 11;  // a half holds 5 of the row's 6 pixels
  EXPECT_EQ(refusal(spec, one_layer()),
            "m.yaml: accumulator_sram.entries_per_lane: layer 'conv' cannot be mapped: it needs 12 "
            "entries: twice the smallest range of output rows of a channel tile; there are 11 "
            "entries");
  spec.accumulators.entries_per_lane = 12;
  EXPECT_EQ(refusal(spec, one_layer()), "");
}

TEST(MapperRefusal, GivenAnOutputThatFitsNowhereThenAllItsChannelTilesAreTheNeed) {
  // Two layers; the first one's output, 6 x 6 x 5, stays on chip or is spilled with both tiles of a
  // row, 2 x 6 entries, twice.
  network::Network network = one_layer();
  network::Layer second = network.layers[0];
  network.layers[0].logits = false;
  second.name = "next";
  second.inputs = {1};
  second.in = network.layers[0].out;
  second.out = {4, 4, 1};
  second.weights.assign(45, 1);
  second.bias.assign(1, 0);
  second.scale.assign(1, 1.0F);
  network.layers.push_back(second);
  network::test::give_maps(network, network.layers[0].in, 4, 4);
  auto spec = machine();
  spec.activation_sram.capacity_bytes = 80;  // 160 values: less than an output of 180
  spec.accumulators.entries_per_lane = 23;
  EXPECT_EQ(refusal(spec, network),
            "m.yaml: accumulator_sram.entries_per_lane: layer 'conv' cannot be mapped: it needs 24 "
            "entries: twice the smallest range of output rows of all 2 channel tiles, since its "
            "output does not fit the activation SRAM whole; there are 23 entries");
  spec.accumulators.entries_per_lane = 24;
  EXPECT_EQ(refusal(spec, network), "");
}

TEST(MapperRefusal, GivenALayerOfTooManyPassesThenItIsRefusedBeforeMemoryIsTaken) {
  network::Network network = one_layer();
  network::Layer& layer = network.layers[0];
  network.maps[0].shape = layer.in = {1, 1, 32'768};
  layer.out = {1, 1, 4'096};
  layer.window = network::Window{};
  layer.weights.assign(std::size_t{32'768} * 4'096, 1);
  layer.bias.assign(4'096, 0);
  layer.scale.assign(4'096, 1.0F);
  auto spec = machine();
  spec.array.rows = 1;
  spec.array.cols = 1;
  EXPECT_EQ(refusal(spec, network),
            "m.yaml: array: layer 'conv' cannot be mapped: it needs more than 1048576 passes over "
            "ranges of pixels; there are at most 1048576 in a schedule");
}

TEST(MapperRefusal, GivenASmallActivationSramThenInputAndOutputOfOneRangeAreTheNeed) {
  auto spec = machine();
  // Logits leave through the host: only three input rows of 8 x 2 values must fit, 48 x 4 bits.
  spec.activation_sram.capacity_bytes = 22;
  EXPECT_EQ(refusal(spec, one_layer()),
            "m.yaml: activation_sram.capacity_bytes: layer 'conv' cannot be mapped: it needs 48 "
            "values (48 of its input and 0 of its output); there are 44 values");
  spec.activation_sram.capacity_bytes = 24;
  EXPECT_EQ(refusal(spec, one_layer()), "");
}

TEST(MapperRefusal, GivenASmallActivationSramThenTheResidualOperandIsPartOfTheNeed) {
  // 1 x 1 over rows of 8 x 2 values: a row each of input, residual operand and output.
  network::Network network = one_layer();
  network::Layer sum = network.layers[0];
  sum.name = "sum";
  sum.logits = false;
  sum.out = sum.in;
  sum.window = network::Window{};
  sum.inputs.push_back(0);
  sum.combine = network::Combine::kAdd;
  sum.operand_scale = {1.0F};
  sum.weights.assign(4, 1);
  network.layers[0].inputs = {1};
  network.layers.insert(network.layers.begin(), sum);
  network::test::give_maps(network, sum.in, 4, 4);
  auto spec = machine();
  spec.activation_sram.capacity_bytes = 22;
  EXPECT_EQ(refusal(spec, network),
            "m.yaml: activation_sram.capacity_bytes: layer 'sum' cannot be mapped: it needs 48 "
            "values (16 of its input, 16 of its residual operand and 16 of its output); there are "
            "44 values");
  spec.activation_sram.capacity_bytes = 24;
  EXPECT_EQ(refusal(spec, network), "");
}

TEST(MapperRefusal, GivenAWeightSramOfOneWordThenItStillMaps) {
  auto spec = machine();
  spec.weight_sram.capacity_bytes = 2;  // one index of four channels
  EXPECT_EQ(refusal(spec, one_layer()), "");
  // One channel tile of 5-bit weights in 16-bit words: 4 channels take two words.
  network::Network network = one_layer();
  spec.precision.weight_bits = 5;
  EXPECT_EQ(refusal(spec, network),
            "m.yaml: weight_sram.capacity_bytes: layer 'conv' cannot be mapped: it needs 2 words "
            "for one reduction index; there are 1 words");
}

}  // namespace
}  // namespace lacuna::mapping
