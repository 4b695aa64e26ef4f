// How values become input codes: steps in float32, layouts, ranges.
#include "network/data/feeder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/error.hpp"
#include "network/outputs.hpp"
#include "unit/network/data/data_files.hpp"

namespace lacuna::network::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

DataSet pixels(const std::vector<std::int64_t>& sizes, const Bytes& values,
               Layout layout = Layout::kAny) {
  DataSet data;
  data.sizes = sizes;
  data.layout = layout;
  data.pixels = values;
  data.images = 1;
  data.images_file = "images";
  return data;
}

DataSet reals(const std::vector<std::int64_t>& sizes, const std::vector<float>& values) {
  DataSet data = pixels(sizes, {});
  data.kind = ValueKind::kReal;
  data.reals = values;
  return data;
}

InputCard card_of(const std::string& input) { return parse_input_card("card.yaml", input); }

TEST(Feeder, GivenArraysInEitherLayoutThenCodesAreChannelsLast) {
  const Bytes first = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};  // 3 channels of 2 x 2
  const Bytes last = {1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12};
  const Network network = reading({2, 2, 3});
  EXPECT_EQ(quantise_pixels(pixels({3, 2, 2}, first), 0, network), last);
  EXPECT_EQ(quantise_pixels(pixels({2, 2, 3}, last), 0, network), last);
  // Flat: as the network's file has it.
  EXPECT_EQ(quantise_pixels(pixels({12}, first), 0, network), last);
  EXPECT_EQ(quantise_pixels(pixels({3, 2, 2}, first), 0, reading({1, 1, 12})), first);
  Network channels_last = network;
  channels_last.input_channels_last = true;
  EXPECT_EQ(quantise_pixels(pixels({12}, last), 0, channels_last), last);
  // A sequence of one channel is as flat as a vector.
  EXPECT_EQ(quantise_pixels(pixels({3, 4}, first), 0, reading({1, 12, 1})), first);
  // Sizes of 1 say nothing.
  EXPECT_EQ(quantise_pixels(pixels({1, 3, 2}, {1, 2, 3, 4, 5, 6}), 0, reading({3, 2, 1})),
            (Bytes{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(quantise_pixels(pixels({2, 3}, {1, 2, 3, 4, 5, 6}), 0, reading({1, 3, 2})),
            (Bytes{1, 4, 2, 5, 3, 6}));
  EXPECT_THROW(Feeder(pixels({2, 3, 2}, first), network, {}), base::InputError);
}

TEST(Feeder, GivenAnAmbiguousArrayThenTheCardThenTheFileDecide) {
  Bytes values;
  for (std::uint8_t i = 0; i < 27; ++i) values.push_back(i);
  Network network = reading({3, 3, 3});
  const Bytes as_first = quantise_pixels(pixels({3, 3, 3}, values), 0, network);
  EXPECT_EQ(as_first[1], 9);
  EXPECT_EQ(
      quantise_pixels(pixels({3, 3, 3}, values), 0, network, card_of("input: {layout: nhwc}")),
      values);
  network.input_channels_last = true;
  EXPECT_EQ(quantise_pixels(pixels({3, 3, 3}, values), 0, network), values);
  EXPECT_EQ(
      quantise_pixels(pixels({3, 3, 3}, values), 0, network, card_of("input: {layout: nchw}")),
      as_first);
}

TEST(Feeder, GivenBgrThenColoursAndTheirNumbersAreInTheNetworksOrder) {
  const Network network = reading({1, 1, 3});
  EXPECT_EQ(
      quantise_pixels(pixels({1, 1, 3}, {1, 2, 3}), 0, network, card_of("input: {channels: bgr}")),
      (Bytes{3, 2, 1}));
  EXPECT_EQ(quantise_pixels(pixels({1, 1, 3}, {10, 20, 30}), 0, network,
                            card_of("input: {channels: bgr, scale: 255, std: [1, 2, 5]}")),
            (Bytes{30, 10, 2}));
}

TEST(Feeder, GivenACardThenEachStepIsOneOperationInFloat32) {
  Network network = reading({1, 1, 3});
  network.maps.front().scale = 0.0186584499F;
  network.maps.front().code = tensor::unsigned_code(8, 114);
  const InputCard card =
      card_of("input:\n  mean: [0.485, 0.456, 0.406]\n  std: [0.229, 0.224, 0.225]\nname: other\n");
  const float mean[] = {0.485F, 0.456F, 0.406F};
  const float deviation[] = {0.229F, 0.224F, 0.225F};
  for (int pixel = 0; pixel < 256; ++pixel) {
    const auto byte = static_cast<std::uint8_t>(pixel);
    const Bytes codes = quantise_pixels(pixels({3, 1, 1}, {byte, byte, byte}), 0, network, card);
    for (std::size_t c = 0; c < 3; ++c) {
      volatile float x = static_cast<float>(pixel) / 255.0F;
      x = x - mean[c];
      x = x / deviation[c];
      x = x / 0.0186584499F;
      const int code = static_cast<int>(std::nearbyint(x)) + 114;
      EXPECT_EQ(codes[c], std::min(std::max(code, 0), 255)) << pixel;
    }
  }
}

TEST(Feeder, GivenStepsOfTheFileThenTheyFollowTheCardInTheirOrder) {
  Network network = reading({1, 1, 1});
  network.maps.front().scale = 1;
  network.maps.front().code = tensor::signed_code(8, -1);
  network.input_steps = {{InputStep::Kind::kSubtract, {100}},
                         {InputStep::Kind::kMultiply, {0.5F}},
                         {InputStep::Kind::kAdd, {3}}};
  const InputCard card = card_of("input: {scale: 1}");
  // (11 - 100) / 2 + 3 = -41.5, to the even -42, then the zero point
  EXPECT_EQ(quantise_pixels(pixels({1, 1, 1}, {11}), 0, network, card), Bytes{256 - 43});
  // Rounded before the zero point is added: 3.5 -> 4, less 1; from 2.5 it would be 2
  EXPECT_EQ(quantise_pixels(pixels({1, 1, 1}, {101}), 0, network, card), Bytes{3});
}

TEST(Feeder, GivenAFileThatReadsHalfPrecisionThenImagesAreRoundedToItFirst) {
  Network network = reading({1, 1, 4});
  network.maps.front().scale = 1;
  network.maps.front().code = tensor::signed_code(8);
  // Steps of float16 are 2^-11 above 0.5, and ties go to even; here they are two codes.
  constexpr float kStep = 0x1p-11F;
  network.input_steps = {{InputStep::Kind::kHalf, {}},
                         {InputStep::Kind::kSubtract, {0.5F}},
                         {InputStep::Kind::kDivide, {kStep / 2}}};
  const DataSet data = reals(
      {4}, {0.5F + 0.4F * kStep, 0.5F + 0.5F * kStep, 0.5F + 0.6F * kStep, 0.5F + 1.5F * kStep});
  EXPECT_EQ(quantise_pixels(data, 0, network), (Bytes{0, 0, 2, 4}));
  // The least step, and what is more than float16 has.
  network.input_steps = {{InputStep::Kind::kHalf, {}}, {InputStep::Kind::kMultiply, {0x1p24F}}};
  const DataSet small = reals({4}, {0x1p-25F, 0x3p-25F, -0x3p-25F, 0.0F});
  EXPECT_EQ(quantise_pixels(small, 0, network), (Bytes{0, 2, 254, 0}));
  network.input_steps[1].values = {0x1p-10F};
  const DataSet large = reals({4}, {65519.0F, 65520.0F, -1e30F, 2049.0F});
  EXPECT_EQ(quantise_pixels(large, 0, network), (Bytes{64, 127, 128, 2}));
}

TEST(Feeder, GivenRealsThenTheyAreThemselvesUnlessTheCardNamesSteps) {
  const Network network = reading({1, 1, 4});
  const float infinite = std::numeric_limits<float>::infinity();
  const DataSet data = reals({4}, {0.5F, 1.5F, -infinite, 1.0F / 255});
  // f32(1/255) is above 1/255: 0.5 is just below 127.5 steps
  EXPECT_EQ(quantise_pixels(data, 0, network), (Bytes{127, 255, 0, 1}));
  EXPECT_EQ(quantise_pixels(data, 0, network, card_of("input: {scale: 2, mean: [-0.25]}")),
            (Bytes{127, 255, 0, 64}));
  EXPECT_EQ(error_of([&] {
              quantise_pixels(reals({4}, {0, 0, std::nanf(""), 0}), 0, network);
            }),
            "images: image 0 has a value of nan; numbers");
}

TEST(Feeder, GivenANetworkThatReadsCodesThenValuesAreCodes) {
  Network network = reading({1, 1, 2});
  network.input_codes = true;
  network.maps.front().code = tensor::signed_code(8, 5);
  network.maps.front().scale = 0.1F;
  DataSet integers = pixels({2}, {0x80, 0x7f});
  integers.kind = ValueKind::kInteger;
  EXPECT_EQ(quantise_pixels(integers, 0, network), (Bytes{0x80, 0x7f}));
  EXPECT_EQ(quantise_pixels(reals({2}, {-3, 7}), 0, network), (Bytes{0xfd, 7}));
  EXPECT_EQ(error_of([&] {
              quantise_pixels(pixels({2}, {1, 200}), 0, network);
            }),
            "images: image 0 has a value of 200; integers of -128..127, the codes that net reads");
  EXPECT_THROW(quantise_pixels(reals({2}, {0.5F, 0}), 0, network), base::InputError);
  EXPECT_EQ(
      error_of([&] { quantise_pixels(integers, 0, network, card_of("input: {mean: [0.5]}")); }),
      "card.yaml: input: says scale, mean or std, but net reads codes; layout, channels, size "
      "and raw go with it");
}

TEST(Feeder, GivenLabelsThenTheyAreClassesWhereTheOutputIsAVector) {
  DataSet data = pixels({1, 1, 1}, {3});
  data.labels = {10};
  data.labels_file = "labels";
  Network network = reading({1, 1, 1});
  EXPECT_EQ(error_of([&] { check_data_fits(data, network); }),
            "labels: the label of image 0 is 10; 0..9, the classes of net");
  network.layers.back().out = {1, 2, 3};
  EXPECT_EQ(class_output(network), -1);
  EXPECT_EQ(error_of([&] { check_data_fits(data, network); }), "");
}

std::string range_trouble(const DataSet& data, const Network& network,
                          const std::string& card = "name: n") {
  const InputCard input = card_of(card);
  return error_of([&] { Feeder(data, network, input).check_range(1); });
}

TEST(Feeder, GivenRangesThatAreFarApartThenBothAreNamed) {
  const DataSet image = pixels({1, 1, 1}, {3});
  Network network = reading({1, 1, 1});
  EXPECT_EQ(range_trouble(image, network), "");
  EXPECT_EQ(range_trouble(image, network, "input: {scale: 1}"),
            "images: its values come to the network as 0..255, but the first quantiser of net is "
            "for 0..1 (steps of 0.003921569); ranges that meet; scale, mean and std in the section "
            "input of the model's card say how values become the network's");
  network.maps.front().scale = 1;
  EXPECT_EQ(range_trouble(image, network).substr(0, 105),
            "images: its values come to the network as 0..1, but the first quantiser of net is for "
            "0..255 (steps of 1)");
  EXPECT_EQ(range_trouble(image, network, "input: {scale: 1}"), "");
  network.maps.front().code = tensor::unsigned_code(4);
  EXPECT_NE(range_trouble(image, network), "");
  // Below 1/255.5 it saturates, as uint8 does.
  network.maps.front().code = tensor::unsigned_code(8);
  network.maps.front().scale = 1.0F / 400;
  EXPECT_EQ(range_trouble(image, network), "");
  EXPECT_EQ(quantise_pixels(pixels({1, 1, 1}, {200}), 0, network), Bytes{255});
}

TEST(Feeder, GivenRealsThenTheirOwnRangeCounts) {
  Network network = reading({1, 1, 4});
  EXPECT_EQ(range_trouble(reals({4}, {0, 0, 0, 0}), network), "");
  EXPECT_EQ(range_trouble(reals({4}, {0, 0.1F, 0, 0}), network), "");
  EXPECT_NE(range_trouble(reals({4}, {0, 255, 0, 0}), network), "");
  network.maps.front().scale = 1;
  EXPECT_NE(range_trouble(reals({4}, {0, 1, 0.3F, 0}), network), "");
  EXPECT_EQ(range_trouble(reals({4}, {0, 100, 0.3F, 0}), network), "");
}

TEST(Feeder, GivenImagesInAnotherOrderThanTheCardSaysThenTheErrorSaysWhoOrdersThem) {
  const Network network = reading({2, 4, 3});
  const DataSet image = pixels({2, 4, 3}, Bytes(24));
  EXPECT_EQ(error_of([&] { Feeder(image, network, card_of("input: {layout: nchw}")); }),
            "images: its images are 2 x 4 x 3; 2 x 4 x 3 as the input of net (height x width x "
            "channels), channels first, as input.layout of the model's card says; --data random "
            "needs no images");
}

TEST(InputCard, GivenMistakesThenTheKeyIsNamed) {
  const auto trouble = [](const std::string& text) { return error_of([&] { card_of(text); }); };
  EXPECT_EQ(trouble("name: n\nrecipe: {x: 1}"), "");
  EXPECT_EQ(trouble("input: {men: [1]}"),
            "card.yaml:1: input.men: is not known; layout, channels, scale, mean, std, size, raw "
            "are allowed; did you mean 'mean'?");
  for (const char* wrong :
       {"input: {std: [0]}", "input: {mean: []}", "input: {size: [1, 2, 3]}", "input: {scale: 0}",
        "input: {layout: chwn}", "input: {raw: {type: uint8}}", "input: {raw: {shape: []}}",
        "input: {raw: {shape: [65536, 65536, 65536]}}", "input: {raw: {shape: [1], x: 1}}"}) {
    EXPECT_NE(trouble(wrong), "") << wrong;
  }
  EXPECT_EQ(trouble("input: {scale: 0}"),
            "card.yaml:1: input.scale: '0' is out of range; a number from 1e-30 to 1e+30");
  const Network network = reading({1, 1, 3});
  const DataSet image = pixels({1, 1, 3}, {1, 2, 3});
  const InputCard two = card_of("input: {mean: [1, 2]}");
  EXPECT_EQ(error_of([&] { Feeder(image, network, two); }),
            "card.yaml: input.mean: has 2 numbers; 1, or 3 as net has channels");
}

}  // namespace
}  // namespace lacuna::network::test
