// Decoders of pictures, and how pictures become as large as a network's input.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.hpp"
#include "network/data/feeder.hpp"
#include "network/data/picture.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/network/data/data_files.hpp"

namespace lacuna::network::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes decoded(const std::string& bytes) { return decode_picture(bytes, "p").pixels; }

TEST(Pictures, GivenPngOfAnyKindThenEightBitsOfGreyOrColourComeOut) {
  const Picture grey = decode_picture(png_file(2, 3, 0, "abcdef"), "p");
  EXPECT_EQ(grey.height, 2);
  EXPECT_EQ(grey.width, 3);
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, (Bytes{'a', 'b', 'c', 'd', 'e', 'f'}));
  EXPECT_EQ(decoded(png_file(1, 2, 2, "abcdef")), (Bytes{'a', 'b', 'c', 'd', 'e', 'f'}));
  EXPECT_EQ(decoded(png_file(1, 2, 4, "aXbY")), (Bytes{'a', 'b'}));
  EXPECT_EQ(decoded(png_file(1, 2, 6, "abcXdefY")), (Bytes{'a', 'b', 'c', 'd', 'e', 'f'}));
  EXPECT_EQ(decoded(png_file(1, 2, 3, std::string("\0\x64", 2))), (Bytes{0, 255, 7, 100, 155, 7}));
}

TEST(Pictures, GivenPnmOfAnyKindThenTheLargestValueIs255) {
  EXPECT_EQ(decoded("P5 2 1 255\n\x07\xff"), (Bytes{7, 255}));
  EXPECT_EQ(decoded("P6\n# a comment\n1 1\n255\nabc"), (Bytes{'a', 'b', 'c'}));
  EXPECT_EQ(decoded("P2 3 1 15 0 15 7"), (Bytes{0, 255, 119}));
  EXPECT_EQ(decoded("P3 1 1 255 1 2 3"), (Bytes{1, 2, 3}));
  EXPECT_EQ(decoded("P1 3 1 010"), (Bytes{255, 0, 255}));
  EXPECT_EQ(decoded(std::string("P4 9 2\n\x80\x80\x7f\0", 11)),
            decoded("P5 9 2 1\n" + std::string("\0\1\1\1\1\1\1\1\0\1\0\0\0\0\0\0\0\1", 18)));
  EXPECT_EQ(decoded(std::string("P5 1 1 65535\n\x80\x80")), (Bytes{128}));
}

TEST(Pictures, GivenJpegThenValuesAreNearWhatWasPacked) {
  std::string values;
  for (int i = 0; i < 16 * 24; ++i) values += static_cast<char>(i / 2);
  for (const bool progressive : {false, true}) {
    const Picture grey = decode_picture(jpeg_file(16, 24, 1, values, progressive), "p");
    ASSERT_EQ(grey.channels, 1);
    ASSERT_EQ(grey.pixels.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(grey.pixels[i], static_cast<std::uint8_t>(values[i]), 2);
    }
  }
  const Picture red = decode_picture(jpeg_file(1, 1, 3, "\xf0\x10\x20"), "p");
  ASSERT_EQ(red.channels, 3);
  EXPECT_NEAR(red.pixels[0], 0xf0, 3);
  EXPECT_NEAR(red.pixels[1], 0x10, 3);
  EXPECT_NEAR(red.pixels[2], 0x20, 3);
}

// By hand from Pillow's definition: to twice the size, centres lie at quarters; to half of it, the
// triangle is four pixels wide: 0.75, 0.75, 0.25 of 1.75 at the edge.
TEST(Pictures, GivenAnotherSizeThenItIsPillowsBilinear) {
  const Picture two{1, 2, 1, {0, 255}};
  EXPECT_EQ(resized(two, 1, 4).pixels, (Bytes{0, 64, 191, 255}));
  const Picture four{4, 1, 1, {0, 100, 200, 40}};
  EXPECT_EQ(resized(four, 2, 1).pixels, (Bytes{71, 117}));
  const Picture colour{1, 2, 3, {0, 10, 20, 200, 210, 220}};
  EXPECT_EQ(resized(colour, 2, 1).pixels, (Bytes{100, 110, 120, 100, 110, 120}));
}

TEST(Pictures, GivenACropThenItIsTheMiddleAsTorchvisionRoundsIt) {
  const Picture row{1, 5, 1, {0, 1, 2, 3, 4}};
  EXPECT_EQ(cropped(row, 1, 3).pixels, (Bytes{1, 2, 3}));
  EXPECT_EQ(cropped(row, 1, 4).pixels, (Bytes{0, 1, 2, 3}));  // half a pixel: to the even side
  EXPECT_EQ(cropped(row, 1, 2).pixels, (Bytes{2, 3}));        // one and a half: to two
}

TEST(Pictures, GivenGreyOrColourThenItBecomesWhatTheNetworkReads) {
  EXPECT_EQ(with_channels({1, 1, 1, {9}}, 3).pixels, (Bytes{9, 9, 9}));
  // 0.299 R + 0.587 G + 0.114 B
  EXPECT_EQ(with_channels({1, 2, 3, {255, 0, 0, 10, 200, 30}}, 1).pixels, (Bytes{76, 124}));
}

TEST(Pictures, GivenACardWithASizeThenTheShorterSideAndTheMiddleAreTaken) {
  const lacuna::test::TempFolder folder;
  folder.write("a.png", png_file(2, 4, 0, std::string("\0\0\xff\xff\0\0\xff\xff", 8)));
  const DataSet data = load_data(".", 1);
  const Network network = reading({1, 1, 1});
  EXPECT_THROW(Feeder(data, network, {}).codes(0), base::InputError);
  InputCard card;
  card.size = {1};  // 1 x 2, of which the left one is the middle
  const Picture small = resized({2, 4, 1, {0, 0, 255, 255, 0, 0, 255, 255}}, 1, 2);
  EXPECT_EQ(Feeder(data, network, card).codes(0), Bytes{small.pixels[0]});
  card.size = {1, 1};
  EXPECT_EQ(Feeder(data, network, card).codes(0), Bytes{128});
}

TEST(Pictures, GivenANetworkOfFlatImagesThenTheCardSaysTheirSize) {
  const lacuna::test::TempFolder folder;
  folder.write("a.ppm", "P6 2 1 255\nabcdef");
  const DataSet data = load_data(".", 1);
  Network network = reading({1, 1, 6});
  EXPECT_THROW(Feeder(data, network, {}), base::InputError);
  InputCard card;
  card.size = {1, 2};
  EXPECT_EQ(Feeder(data, network, card).codes(0), (Bytes{'a', 'd', 'b', 'e', 'c', 'f'}));
  network.input_channels_last = true;
  EXPECT_EQ(Feeder(data, network, card).codes(0), (Bytes{'a', 'b', 'c', 'd', 'e', 'f'}));
  card.size = {1, 4};
  EXPECT_THROW(Feeder(data, network, card), base::InputError);
}

TEST(Pictures, GivenSizesThatBecomeHugeThenTheyAreRefused) {
  const lacuna::test::TempFolder folder;
  folder.write("a.pgm", "P5 1 5000 255\n" + std::string(5000, 'x'));
  const DataSet data = load_data(".", 1);
  InputCard card;
  for (const std::vector<std::int64_t>& size :
       {std::vector<std::int64_t>{1, 65536}, {65536, 65536}, {65536}}) {
    card.size = size;
    EXPECT_THROW(Feeder(data, reading({1, 1, 1}), card).codes(0), base::InputError);
  }
}

TEST(Pictures, GivenBombsThenTheyAreRefusedBeforeAnythingIsAllocated) {
  const auto message = [](const std::string& bytes) {
    try {
      decode_picture(bytes, "p");
    } catch (const base::InputError& error) {
      return std::string(error.what());
    }
    return std::string("read");
  };
  EXPECT_NE(message(png_file(1, 1, 0, "a", 1LL << 26)).find("claims 67108864 x 1 pixels"),
            std::string::npos);
  EXPECT_NE(message(png_file(1, 1, 0, "a", 0x7fffffff)).find("is a damaged PNG file"),
            std::string::npos);
  EXPECT_EQ(message("P5 50000 50000 255\n"),
            "p: claims 50000 x 50000 pixels (height x width) in 19 bytes; 1..67108864 pixels");
  EXPECT_EQ(message("P6 5000 5000 255\n"),
            "p: claims 5000 x 5000 pixels (height x width) in 17 bytes; at most 17 values are in "
            "so many bytes");
  EXPECT_EQ(message("P5 2147483648 2147483648 255\nx"),
            "p: claims 2147483648 x 2147483648 pixels (height x width) in 30 bytes; 1..67108864 "
            "pixels");
  std::string jpeg = jpeg_file(8, 8, 1, std::string(64, '\x55'));
  const std::size_t frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\x7f\xff\x7f\xff");
  EXPECT_NE(message(jpeg).find("claims 32767 x 32767 pixels"), std::string::npos) << message(jpeg);
}

}  // namespace
}  // namespace lacuna::network::test
