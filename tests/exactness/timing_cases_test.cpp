// Small cases whose cycles are derived by hand from the timing rules (docs/timing.md): where each
// class of cycle comes from. Every number is worked out in the comment above it.
#include <gtest/gtest.h>

#include <numeric>

#include "run/simulate.hpp"
#include "unit/network/stack.hpp"

namespace lacuna {
namespace {

// 2 x 2 PEs of one 8-bit weight, one accumulator, serial load; everything else unlimited and free.
arch::AcceleratorSpec small_machine() {
  arch::AcceleratorSpec spec;
  spec.name = "small";
  spec.array.rows = 2;
  spec.array.cols = 2;
  spec.weight_sram.word_bits = 64;
  spec.weight_sram.banks = 2;
  spec.activation_sram.word_bits = 64;
  spec.activation_sram.banks = 2;
  spec.post.latency_cycles = 0;
  return spec;
}

// A 1 x 1 convolution over a map of one row: M = width, K = in_channels, N = out_channels.
network::Layer pointwise(std::int32_t input, std::int64_t width, std::int64_t in_channels,
                         std::int64_t out_channels) {
  network::Layer layer;
  layer.name = "l" + std::to_string(input);
  layer.inputs = {input};
  layer.in = {1, width, in_channels};
  layer.out = {1, width, out_channels};
  layer.weights.assign(static_cast<std::size_t>(in_channels * out_channels), 1);
  layer.bias.assign(static_cast<std::size_t>(out_channels), 0);
  layer.scale.assign(static_cast<std::size_t>(out_channels), 1.0F);
  return layer;
}

// Average pooling over windows of `kernel` columns of a map of one row, each its own.
network::Layer average(std::int32_t input, std::int64_t width, std::int64_t channels, int kernel) {
  network::Layer layer;
  layer.name = "l" + std::to_string(input);
  layer.kind = network::LayerKind::kAveragePool;
  layer.inputs = {input};
  layer.in = {1, width, channels};
  layer.out = {1, width / kernel, channels};
  layer.window.kernel_w = layer.window.stride_w = kernel;
  layer.scale = {1.0F / static_cast<float>(kernel)};
  return layer;
}

network::Network chain(std::vector<network::Layer> layers) {
  network::Network network;
  network.name = "chain";
  layers.back().logits = true;
  network.layers = std::move(layers);
  network::test::give_maps(network, network.layers.front().in);
  return network;
}

run::Measurement run(const arch::AcceleratorSpec& spec, const network::Network& network,
                     std::uint8_t code = 1) {
  const std::vector<std::uint8_t> image(static_cast<std::size_t>(network.input().shape.values()),
                                        code);
  return run::simulate(run::model_job(spec, network, {image}, 1), run::EngineKind::kSystemc);
}

struct Expected {
  std::int64_t stream;
  std::int64_t weight_load;
  std::int64_t memory_wait;
  std::int64_t post_wait;
};

void expect(const measure::CycleClasses& cycles, const Expected& expected) {
  EXPECT_EQ(cycles.stream.value, expected.stream);
  EXPECT_EQ(cycles.weight_load.value, expected.weight_load);
  EXPECT_EQ(cycles.memory_wait.value, expected.memory_wait);
  EXPECT_EQ(cycles.post_wait.value, expected.post_wait);
  EXPECT_EQ(cycles.idle.value, 0);
}

TEST(TimingCases, GivenOnePassOfOnePixelThenItTakesFillAndDrainOnly) {
  // Load 2 indices: 2. Stream: S M + (R-1) + (C-1) = 1 + 1 + 1 = 3.
  const auto measured = run(small_machine(), chain({pointwise(0, 1, 2, 2)}));
  expect(measured.layers[0].cycles, {3, 2, 0, 0});
}

TEST(TimingCases, GivenOneIndexAndOneChannelThenOneRowAndOneColumnAreUsed) {
  // K = 1, N = 1: load 1, stream M = 5 with nothing to fill or drain.
  const auto measured = run(small_machine(), chain({pointwise(0, 5, 1, 1)}));
  expect(measured.layers[0].cycles, {5, 1, 0, 0});
}

TEST(TimingCases, GivenANarrowDramThenTheFirstStreamWaitsForItsInput) {
  // Input 2 pixels x 2 channels x 8 bits = 4 bytes at 1 byte a cycle after 3 cycles: ends at 7.
  // The PE load runs in cycles 0 and 1; cycles 2..6 wait for memory. Stream 2 + 1 + 1 = 4.
  auto spec = small_machine();
  spec.dram.latency_cycles = 3;
  spec.dram.bytes_per_cycle = 1;
  const auto measured = run(spec, chain({pointwise(0, 2, 2, 2)}));
  expect(measured.layers[0].cycles, {4, 2, 5, 0});
  EXPECT_EQ(measured.layers[0].dram_read.value, 4);
}

TEST(TimingCases, GivenAFractionOfBytesACycleThenATransferTakesTheWholeCyclesThatItNeeds) {
  // Input 50 pixels x 2 channels = 100 bytes, at 12.8 a cycle 7.8, so 8 cycles after 3: ends at 11.
  // PE load in cycles 0 and 1, cycles 2..10 wait. Stream 50 + 1 + 1. Set-up: 4 bytes, 3 + 1.
  auto spec = small_machine();
  spec.dram.latency_cycles = 3;
  spec.dram.bytes_per_cycle = base::Ratio(128, 10);
  const auto measured = run(spec, chain({pointwise(0, 50, 2, 2)}));
  expect(measured.layers[0].cycles, {52, 2, 9, 0});
  EXPECT_EQ(measured.setup.value, 4);
  // Below one: 4 bytes at a quarter are 16 cycles, after 3; a PE load of 2; stream 2 + 1 + 1.
  spec.dram.bytes_per_cycle = base::Ratio(1, 4);
  const auto slow = run(spec, chain({pointwise(0, 2, 2, 2)}));
  expect(slow.layers[0].cycles, {4, 2, 17, 0});
  EXPECT_EQ(slow.setup.value, 19);
}

TEST(TimingCases, GivenBytesASecondThenTheClockMakesThemExactlyBytesACycle) {
  // 19.2 x 10^9 / 900 x 10^6 = 64/3 bytes a cycle: 64 bytes take 3 cycles to the bit, 65 take 4.
  // One index and one channel: load 1, so the rest is waited for; stream M.
  auto spec = small_machine();
  spec.clock_mhz = 900;
  spec.dram.gigabytes_per_second = base::Ratio(192, 10);
  spec.dram.bytes_per_cycle = arch::bytes_per_cycle(base::Ratio(192, 10), 900);
  expect(run(spec, chain({pointwise(0, 64, 1, 1)})).layers[0].cycles, {64, 1, 2, 0});
  expect(run(spec, chain({pointwise(0, 65, 1, 1)})).layers[0].cycles, {65, 1, 3, 0});
}

TEST(TimingCases, GivenAPostLatencyThenTheEndWaitsForThePostUnit) {
  // Load 2, stream 4 (two pixels); post: 4 latency + 2 entries of 2 lanes = 6 after the drain.
  auto spec = small_machine();
  spec.post.lanes = 2;
  spec.post.latency_cycles = 4;
  const auto measured = run(spec, chain({pointwise(0, 2, 2, 2)}));
  expect(measured.layers[0].cycles, {4, 2, 0, 6});
}

TEST(TimingCases, GivenOneLaneThenAnEntryOfTwoChannelsTakesTwoCycles) {
  // As above, 2 entries x 2 cycles: 4 + 4 = 8.
  auto spec = small_machine();
  spec.post.lanes = 1;
  spec.post.latency_cycles = 4;
  const auto measured = run(spec, chain({pointwise(0, 2, 2, 2)}));
  expect(measured.layers[0].cycles, {4, 2, 0, 8});
}

TEST(TimingCases, GivenTwoLayersThenTheSecondStreamWaitsForThePostOfTheFirst) {
  // M = 1. Layer 0: load 0..2, stream 2..5 (1 + 1 + 1), post 5 + 4 + 1 = 10.
  // Serial load of layer 1 may start at 5 and ends at 7; its stream needs the post: 7..10 post_wait
  // (3 cycles, layer 1's), stream 10..13, post 13..18: post_wait 5.
  auto spec = small_machine();
  spec.post.lanes = 2;
  spec.post.latency_cycles = 4;
  const auto measured = run(spec, chain({pointwise(0, 1, 2, 2), pointwise(1, 1, 2, 2)}));
  expect(measured.layers[0].cycles, {3, 2, 0, 0});
  expect(measured.layers[1].cycles, {3, 2, 0, 8});
}

TEST(TimingCases, GivenAveragePoolingThenItIsAPostStepOfOneEntryATap) {
  // Layer 0: load 0..2, stream 2..8 (4 + 1 + 1), post 8 + 4 + 4 entries = 16. Pooling is not done
  // on the way: 2 outputs x 2 taps = 4 entries, 16 + 4 + 4 = 24. Layer 2: load 8..10,
  // post_wait 10..24, stream 24..28 (2 + 1 + 1), post 28 + 4 + 2 = 34: post_wait 14 + 6.
  auto spec = small_machine();
  spec.post.lanes = 2;
  spec.post.latency_cycles = 4;
  const auto measured =
      run(spec, chain({pointwise(0, 4, 2, 2), average(1, 4, 2, 2), pointwise(2, 2, 2, 2)}));
  expect(measured.layers[0].cycles, {6, 2, 0, 0});
  expect(measured.layers[1].cycles, {0, 0, 0, 0});
  expect(measured.layers[2].cycles, {4, 2, 0, 20});
  // Every tap of every channel is read, every output written; the layer before wrote its 4 pixels
  // of 2 channels besides the image.
  EXPECT_EQ(measured.layers[1].activation_sram.reads, 2 * 2 * 2);
  EXPECT_EQ(measured.layers[1].activation_sram.writes, 2 * 2);
  EXPECT_EQ(measured.layers[0].activation_sram.writes, 4 * 2 + 4 * 2);
  // Sums of 2 ones are requantised to 2, their average is 2, again 2 products of it: 4.
  EXPECT_EQ(measured.logits, (std::vector<std::int32_t>{4, 4, 4, 4}));
}

TEST(TimingCases, GivenGlobalAveragePoolingOfTwoTilesOnOneLaneThenEveryTapTakesAllChannels) {
  // Layer 0, N = 3 in tiles of 2 and 1: load 0..2, stream 2..8, load 8..10, stream 10..15
  // (4 + 1 + 0). Post: 8 + 4 + 4 x 2 = 20, max(15 + 4, 20) + 4 x 1 = 24. Pooling: 1 output x 4 taps
  // x (2 + 1) = 12 cycles: 24 + 4 + 12 = 40. Layer 2, K = 3 in passes of 2 and 1: load 15..17,
  // post_wait 17..40, stream 40..43, load 43..44, stream 44..46 (1 + 0 + 1), post 46 + 4 + 2 = 52.
  auto spec = small_machine();
  spec.post.lanes = 1;
  spec.post.latency_cycles = 4;
  const auto measured =
      run(spec, chain({pointwise(0, 4, 2, 3), average(1, 4, 3, 4), pointwise(2, 1, 3, 2)}));
  expect(measured.layers[0].cycles, {11, 4, 0, 0});
  expect(measured.layers[2].cycles, {5, 3, 0, 23 + 6});
  EXPECT_EQ(measured.logits, (std::vector<std::int32_t>{6, 6}));
}

// Two layers that read the image write two channels each of one map, which a third one reads.
network::Network sliced(std::int64_t width) {
  network::Network network =
      chain({pointwise(0, width, 2, 2), pointwise(0, width, 2, 2), pointwise(1, width, 4, 2)});
  network.maps.resize(2);
  network.maps[1].shape = {1, width, 4};
  network.layers[1].output = 1;
  network.layers[1].output_channel = 2;
  return network;
}

TEST(TimingCases, GivenTwoLayersThatWriteSlicesOfAMapThenNothingIsCopied) {
  // Layer 0: load 0..2, stream 2..6 (2 + 1 + 1), post 6 + 4 + 2 = 12. Layer 1: load 6..8, stream
  // 8..12, post max(12 + 4, 12) + 2 = 18. Layer 2, K = 4 in two passes: load 12..14, post_wait
  // 14..18, stream 18..22, load 22..24, stream 24..28, post 28 + 4 + 2 = 34.
  auto spec = small_machine();
  spec.post.lanes = 2;
  spec.post.latency_cycles = 4;
  const auto measured = run(spec, sliced(2));
  expect(measured.layers[0].cycles, {4, 2, 0, 0});
  expect(measured.layers[1].cycles, {4, 2, 0, 0});
  expect(measured.layers[2].cycles, {8, 4, 0, 4 + 6});
  // Each brings the image (4 values) and writes its own 4; every value is read once, by its pass.
  EXPECT_EQ(measured.layers[0].activation_sram.writes, 4 + 4);
  EXPECT_EQ(measured.layers[1].activation_sram.writes, 4 + 4);
  EXPECT_EQ(measured.layers[2].activation_sram.writes, 0);
  EXPECT_EQ(measured.layers[2].activation_sram.reads, 2 * 4);
  // Sums of 2 ones in all four channels.
  EXPECT_EQ(measured.logits, (std::vector<std::int32_t>{8, 8, 8, 8}));
}

TEST(TimingCases, GivenNoRoomForTheWholeMapThenEachSliceIsATransferOfItsOwn) {
  // 8 values: the image (4) and a slice (4), or the whole map. A byte a cycle after 3 cycles.
  // Layer 0: the image comes 0 + 3 + 4 = 7: load 0..2, memory_wait 2..7, stream 7..11, post 11 + 4
  // + 2 = 17; its slice is stored 17 + 3 + 4 = 24. Layer 1: the image comes after that, max(17 + 3,
  // 24) + 4 = 28; load 11..13, post_wait 13..17, memory_wait 17..28, stream 28..32, post 38, stored
  // 38 + 3 + 4 = 45. Layer 2 takes all slots: its two slices begin at 45 and end 45 + 3 + 4 = 52
  // and max(45 + 3, 52) + 4 = 56. Load 32..34, post_wait 34..38, memory_wait 38..56, stream 56..60,
  // load 60..62, stream 62..66, post 66 + 4 + 2 = 72.
  auto spec = small_machine();
  spec.post.lanes = 2;
  spec.post.latency_cycles = 4;
  spec.dram.latency_cycles = 3;
  spec.dram.bytes_per_cycle = 1;
  spec.activation_sram.banks = 1;
  spec.activation_sram.capacity_bytes = 8;
  const auto measured = run(spec, sliced(2));
  expect(measured.layers[0].cycles, {4, 2, 5, 0});
  expect(measured.layers[1].cycles, {4, 2, 11, 4});
  expect(measured.layers[2].cycles, {8, 4, 18, 4 + 6});
  EXPECT_EQ(measured.layers[0].dram_written.value, 4);
  EXPECT_EQ(measured.layers[1].dram_written.value, 4);
  EXPECT_EQ(measured.layers[2].dram_read.value, 4 + 4);
  EXPECT_EQ(measured.layers[2].activation_sram.writes, 4 + 4);
  EXPECT_EQ(measured.logits, (std::vector<std::int32_t>{8, 8, 8, 8}));
}

TEST(TimingCases, GivenSumsThatAreKeptThenAValueTakesFourSlotsAndTheTimeOfAnyOperand) {
  // Layer 0: load 0..2, stream 2..6, post 6 + 4 + 2 = 12. Layer 1, of the image, adds its sums:
  // load 6..8, stream 8..12, post 12 + 4 + 2 x 2 = 20. Layer 2: load 12..14, post_wait 14..20,
  // stream 20..24, post 24 + 4 + 2 = 30.
  auto spec = small_machine();
  spec.post.lanes = 2;
  spec.post.latency_cycles = 4;
  network::Network network =
      chain({pointwise(0, 2, 2, 2), pointwise(0, 2, 2, 2), pointwise(2, 2, 2, 2)});
  network.maps[1].sums = true;
  network.layers[1].inputs = {0, 1};
  network.layers[1].combine = network::Combine::kAdd;
  network.layers[1].operand_scale = {1.0F, -2.0F};
  network.layers[0].bias = {300, -700};
  const auto measured = run(spec, network);
  expect(measured.layers[0].cycles, {4, 2, 0, 0});
  expect(measured.layers[1].cycles, {4, 2, 0, 0});
  expect(measured.layers[2].cycles, {4, 2, 0, 6 + 6});
  // The image's 4 values come in, 4 sums of four 8-bit slots go out; each is read once.
  EXPECT_EQ(measured.layers[0].activation_sram.writes, 4 + 4 * 4);
  EXPECT_EQ(measured.layers[1].activation_sram.reads, 4 + 4 * 4);
  // Sums 302 and -698; 2 + 302 and 2 + 1396 saturate at 255.
  EXPECT_EQ(measured.logits, (std::vector<std::int32_t>{510, 510, 510, 510}));
}

TEST(TimingCases, GivenAResidualOperandThenEveryEntryTakesTwice) {
  // Layer 0: load 0..2, stream 2..8, post 8 + 4 + 4 = 16. Layer 1 adds the image: load 8..10,
  // post_wait 10..16, stream 16..22, post 22 + 4 + 4 x 2 = 34. Layer 2: load 22..24, post_wait
  // 24..34, stream 34..40, post 40 + 4 + 4 = 48.
  auto spec = small_machine();
  spec.post.lanes = 2;
  spec.post.latency_cycles = 4;
  auto network = chain({pointwise(0, 4, 2, 2), pointwise(1, 4, 2, 2), pointwise(2, 4, 2, 2)});
  network.layers[1].inputs.push_back(0);
  network.layers[1].combine = network::Combine::kAdd;
  network.layers[1].operand_scale = {1.0F};
  const auto measured = run(spec, network);
  expect(measured.layers[0].cycles, {6, 2, 0, 0});
  expect(measured.layers[1].cycles, {6, 2, 0, 6});
  expect(measured.layers[2].cycles, {6, 2, 0, 10 + 8});
  // 4 pixels of 2 values go through the array, and 4 of 2 to the post unit.
  EXPECT_EQ(measured.layers[1].activation_sram.reads, 4 * 2 + 4 * 2);
  EXPECT_EQ(measured.layers[0].activation_sram.reads, 4 * 2);
  // Ones give twos, twos give 4 + 1.
  EXPECT_EQ(measured.logits, std::vector<std::int32_t>(8, 10));
}

TEST(TimingCases, GivenTwoTilesWithAResidualOperandThenTheSecondWaitsForTheFirst) {
  // D = 2: K = 3 in one pass, S = 2. Tile of 2: load 0..3, stream 3..13 (8 + 1 + 1); tile of 1:
  // load 13..16, stream 16..25 (8 + 1 + 0). One lane, with the residual operand 4 cycles an entry
  // of two channels, 2 of one: 13 + 4 + 4 x 4 = 33, max(25 + 4, 33) + 4 x 2 = 41. Layer 1:
  // load 25..28, post_wait 28..41, stream 41..51, post 51 + 4 + 4 x 2 = 63.
  auto spec = small_machine();
  spec.array.weights_per_pe = 2;
  spec.post.lanes = 1;
  spec.post.latency_cycles = 4;
  auto network = chain({pointwise(0, 4, 3, 3), pointwise(1, 4, 3, 2)});
  network.layers[0].inputs.push_back(0);
  network.layers[0].combine = network::Combine::kAdd;
  network.layers[0].operand_scale = {2.0F};
  const auto measured = run(spec, network);
  expect(measured.layers[0].cycles, {19, 6, 0, 0});
  expect(measured.layers[1].cycles, {10, 3, 0, 13 + 12});
  EXPECT_EQ(measured.logits, std::vector<std::int32_t>(8, 15));  // 3 x (3 + 2 x 1)
}

// A function of maps of one row: of one, or of two.
network::Layer elementwise(std::vector<int> inputs, std::int64_t width, std::int64_t channels,
                           const char* operation) {
  network::Layer layer;
  layer.name = "f" + std::to_string(inputs.front());
  layer.kind = network::LayerKind::kElementwise;
  layer.inputs = std::move(inputs);
  layer.in = layer.out = {1, width, channels};
  std::vector<tensor::Function::Source> sources{tensor::Function::input(0)};
  if (layer.inputs.size() > 1) sources.push_back(tensor::Function::input(1));
  layer.function.step(*tensor::find_operation(operation), sources);
  return layer;
}

TEST(TimingCases, GivenAFunctionOfTwoMapsThenEveryOperandTakesAnEntry) {
  // Layer 0: load 0..2, stream 2..8, post 8 + 4 + 4 = 16. The sum of its map and the image: 4
  // pixels x 2 entries, 16 + 4 + 8 = 28. Layer 2: load 8..10, post_wait 10..28, stream 28..34, post
  // 34 + 4 + 4 = 42.
  auto spec = small_machine();
  spec.post.lanes = 2;
  spec.post.latency_cycles = 4;
  const auto measured =
      run(spec,
          chain({pointwise(0, 4, 2, 2), elementwise({1, 0}, 4, 2, "Add"), pointwise(2, 4, 2, 2)}));
  expect(measured.layers[0].cycles, {6, 2, 0, 0});
  expect(measured.layers[1].cycles, {0, 0, 0, 0});
  expect(measured.layers[2].cycles, {6, 2, 0, 18 + 8});
  EXPECT_EQ(measured.layers[1].activation_sram.reads, 4 * 2 * 2);
  // The image is fetched again.
  EXPECT_EQ(measured.layers[1].activation_sram.writes, 4 * 2 + 4 * 2);
  // Ones give twos, 2 + 1 = 3, and twice 3.
  EXPECT_EQ(measured.logits, std::vector<std::int32_t>(8, 6));
}

TEST(TimingCases, GivenASecondMapOfOnePixelThenItIsReadOnce) {
  // As before until 16. Average of 4 pixels: 16 + 4 + 4 = 24. Its product with the map: 4 pixels
  // and the one, 24 + 4 + 5 = 33. Layer 3: load 8..10, post_wait 10..33, stream 33..39, post 39 + 4
  // + 4 = 47.
  auto spec = small_machine();
  spec.post.lanes = 2;
  spec.post.latency_cycles = 4;
  const auto measured = run(spec, chain({pointwise(0, 4, 2, 2), average(1, 4, 2, 4),
                                         elementwise({1, 2}, 4, 2, "Mul"), pointwise(3, 4, 2, 2)}));
  expect(measured.layers[3].cycles, {6, 2, 0, 23 + 8});
  EXPECT_EQ(measured.layers[2].activation_sram.reads, 4 * 2 + 2);
  // Twos, their average 2, 2 x 2 = 4, and twice 4.
  EXPECT_EQ(measured.logits, std::vector<std::int32_t>(8, 8));
}

TEST(TimingCases, GivenALinearlyResizedMapThenEveryPixelTakesFourEntries) {
  // Layer 0, two pixels: load 0..2, stream 2..6, post 6 + 4 + 2 = 12. Four pixels of four entries:
  // 12 + 4 + 16 = 32. Layer 2: load 6..8, post_wait 8..32, stream 32..38, post 38 + 4 + 4 = 46.
  auto spec = small_machine();
  spec.post.lanes = 2;
  spec.post.latency_cycles = 4;
  network::Layer resize;
  resize.name = "r";
  resize.kind = network::LayerKind::kResize;
  resize.inputs = {1};
  resize.in = {1, 2, 2};
  resize.out = {1, 4, 2};
  resize.linear = true;
  resize.sample_rows = {{0, 0, 1.0F, 0.0F}};
  resize.sample_columns = {
      {0, 0, 1.0F, 0.0F}, {0, 1, 0.75F, 0.25F}, {0, 1, 0.25F, 0.75F}, {1, 1, 1.0F, 0.0F}};
  const auto measured = run(spec, chain({pointwise(0, 2, 2, 2), resize, pointwise(2, 4, 2, 2)}));
  expect(measured.layers[2].cycles, {6, 2, 0, 24 + 8});
  EXPECT_EQ(measured.layers[1].activation_sram.reads, 4 * 4 * 2);
  EXPECT_EQ(measured.logits, std::vector<std::int32_t>(8, 4));
}

TEST(TimingCases, GivenATransposedConvolutionThenTheZerosBetweenAreSkippedAndNotRead) {
  // Two pixels with a zero between: M = 3. K = 2 on 2 rows, a bitmap word and an activation a row,
  // or neither: S = 1 each, stream 3 + 1 + 1.
  auto spec = small_machine();
  spec.zero_skipping = arch::ZeroSkipping::kSkip;
  network::Layer layer = pointwise(0, 2, 2, 2);
  layer.window.insert_w = 2;
  layer.out.width = 3;
  const auto measured = run(spec, chain({layer}));
  expect(measured.layers[0].cycles, {5, 2, 0, 0});
  EXPECT_EQ(measured.layers[0].macs.total, 3 * 2 * 2);
  EXPECT_EQ(measured.layers[0].macs.skipped, 2 * 2);
  EXPECT_EQ(measured.layers[0].activation_sram.reads, 2 * 2);
  EXPECT_EQ(measured.logits, (std::vector<std::int32_t>{2, 2, 0, 0, 2, 2}));
}

TEST(TimingCases, GivenAZeroPointThenItsCodeIsWhatIsSkipped) {
  // D = 2, K = 4: rows of two indices, whose bits lie in one bitmap word. Codes of 7 are real zero.
  auto spec = small_machine();
  spec.zero_skipping = arch::ZeroSkipping::kSkip;
  spec.array.weights_per_pe = 2;
  auto network = chain({pointwise(0, 4, 4, 2)});
  network.maps[0].code = tensor::unsigned_code(8, 7);
  const auto zeros = run(spec, network, 7);
  EXPECT_EQ(zeros.layers[0].macs.skipped, 4 * 4 * 2);
  EXPECT_EQ(zeros.logits, std::vector<std::int32_t>(8, 0));
  const auto none = run(spec, network, 0);
  EXPECT_EQ(none.layers[0].macs.skipped, 0);
  EXPECT_EQ(none.logits, std::vector<std::int32_t>(8, -28));  // 4 x (0 - 7)
  // Two values a row and pixel against one bitmap word: 4 x 2 + 1 + 1 and 4 + 1 + 1.
  EXPECT_EQ(none.layers[0].cycles.stream.value, 10);
  EXPECT_EQ(zeros.layers[0].cycles.stream.value, 6);
}

TEST(TimingCases, GivenTwoKPassesThenSerialLoadAlternatesWithStreams) {
  // K = 4 on 2 rows: 2 passes, each load 2 + stream (3 + 1 + 1) = 7; serial: 14.
  const auto measured = run(small_machine(), chain({pointwise(0, 3, 4, 2)}));
  expect(measured.layers[0].cycles, {10, 4, 0, 0});
}

TEST(TimingCases, GivenShadowedLoadThenLoadsHideBehindStreams) {
  // K = 6: 3 passes. Load 0 in cycles 0..2; stream 0 in 2..7, meanwhile load 1 (from its start);
  // stream 1 in 7..12, stream 2 in 12..17: only the first load shows.
  auto spec = small_machine();
  spec.array.weight_load = arch::WeightLoad::kShadowed;
  const auto measured = run(spec, chain({pointwise(0, 3, 6, 2)}));
  expect(measured.layers[0].cycles, {15, 2, 0, 0});
}

TEST(TimingCases, GivenShadowedLoadsLongerThanStreamsThenLoadsAreTheBound) {
  // D = 4, 8 indices a pass, K = 16: 2 passes; M = 1. Load 0: 0..8. Stream 0 starts at 8 and takes
  // S = 4, + 1 + 1 = 6: 8..14. Load 1 starts with it: 8..16. 14..16 weight_load; stream 1: 16..22.
  auto spec = small_machine();
  spec.array.weights_per_pe = 4;
  spec.array.weight_load = arch::WeightLoad::kShadowed;
  const auto measured = run(spec, chain({pointwise(0, 1, 16, 2)}));
  expect(measured.layers[0].cycles, {12, 10, 0, 0});
}

TEST(TimingCases, GivenWeightsThatDoNotFitThenFetchesShowPastTheBandwidth) {
  // 8 words of 64 bits hold 4 indices of 2 channels each... one index takes a word: K = 16 does not
  // fit. The mapper may use blocks of up to 4 words (two in the buffer) or 8; here every pass has 2
  // indices (R D = 2), 8 passes of 4 bytes at 1 byte a cycle, no latency. Input: 16 bytes, first in
  // the queue: ends at 16. Fetch p ends at 16 + 4 (p + 1) while room lasts; each pass then loads 2
  // and streams 1 + 1 + 1 = 3 cycles, serially: 5 a pass, more than the 4 of a fetch. So the first
  // load starts at 20 and the array is busy for 8 x 5 cycles from then on.
  auto spec = small_machine();
  spec.weight_sram.capacity_bytes = 64;
  spec.dram.bytes_per_cycle = 1;
  const auto measured = run(spec, chain({pointwise(0, 1, 16, 2)}));
  expect(measured.layers[0].cycles, {24, 16, 20, 0});
  EXPECT_EQ(measured.setup.value, 0);
  EXPECT_EQ(measured.layers[0].dram_read.value, 16 + 32);
}

TEST(TimingCases, GivenHalfTheBandwidthOfTheArrayThenEveryFetchIsWaitedFor) {
  // As above with 16-bit worth of weights a byte-cycle halved: latency 0, but 8 channels' fetch is
  // slower than the array. M = 1, K = 16, N = 2 on D = 2: 4 indices a pass, 4 passes of 8 bytes:
  // 8 cycles a fetch. Pass: load 4, stream S = 2, + 1 + 1 = 4: 8. Fetches end at 16 + 8 (p + 1):
  // 24, 32, 40, 48; loads start there exactly (24 + 8 = 32): nothing more is waited for than 24.
  auto spec = small_machine();
  spec.array.weights_per_pe = 2;
  spec.weight_sram.capacity_bytes = 64;
  spec.dram.bytes_per_cycle = 1;
  const auto measured = run(spec, chain({pointwise(0, 1, 16, 2)}));
  expect(measured.layers[0].cycles, {16, 16, 24, 0});
}

TEST(TimingCases, GivenSetUpThenItsCyclesAreCountedApart) {
  // 2 x 2 weights of 8 bits = 4 bytes at 2 a cycle after 5 of latency: 7 cycles of set-up, and the
  // batch reads its input only: 2 bytes, 5 + 1 = 6; load 0..2, memory_wait 2..6, stream 3.
  auto spec = small_machine();
  spec.dram.latency_cycles = 5;
  spec.dram.bytes_per_cycle = 2;
  const auto measured = run(spec, chain({pointwise(0, 1, 2, 2)}));
  EXPECT_EQ(measured.setup.value, 7);
  expect(measured.layers[0].cycles, {3, 2, 4, 0});
}

TEST(TimingCases, GivenSkippingThenZerosCostNothingButAnEmptyTokenRemains) {
  // D = 4, one tap of 8 channels on 2 rows: each row holds 4 indices in one or two bitmap words of
  // D = 4 aligned channels (blocked order: exactly one). All zero: s = max(1, 0, 1) = 1 a pixel.
  // M = 6: 6 + 1 + 1 = 8. All ones: S = 4: 24 + 2 = 26.
  auto spec = small_machine();
  spec.array.weights_per_pe = 4;
  spec.zero_skipping = arch::ZeroSkipping::kSkip;
  const network::Network network = chain({pointwise(0, 6, 8, 2)});
  EXPECT_EQ(run(spec, network, 0).layers[0].cycles.stream.value, 8);
  EXPECT_EQ(run(spec, network, 0).layers[0].macs.skipped, 6 * 8 * 2);
  EXPECT_EQ(run(spec, network, 1).layers[0].cycles.stream.value, 26);
  EXPECT_EQ(run(spec, network, 1).layers[0].macs.issued, 6 * 8 * 2);
}

TEST(TimingCases, GivenInterleavedIndicesThenEveryRowReadsMoreBitmapWords) {
  // Interleaved, row r holds channels r, r + 2, r + 4, r + 6: two words of 4 channels each, so a
  // pixel takes at least 2 cycles even when all is zero: 12 + 2 = 14.
  auto spec = small_machine();
  spec.array.weights_per_pe = 4;
  spec.array.k_order = arch::KOrder::kInterleaved;
  spec.zero_skipping = arch::ZeroSkipping::kSkip;
  EXPECT_EQ(run(spec, chain({pointwise(0, 6, 8, 2)}), 0).layers[0].cycles.stream.value, 14);
}

TEST(TimingCases, GivenGatingThenZerosCostTheirCycle) {
  auto spec = small_machine();
  spec.array.weights_per_pe = 4;
  spec.zero_skipping = arch::ZeroSkipping::kGate;
  const auto measured = run(spec, chain({pointwise(0, 6, 8, 2)}), 0);
  EXPECT_EQ(measured.layers[0].cycles.stream.value, 26);  // as dense: 4 x 6 + 2
  EXPECT_EQ(measured.layers[0].macs.gated, 6 * 8 * 2);
  EXPECT_EQ(measured.layers[0].macs.issued, 0);
}

}  // namespace
}  // namespace lacuna
