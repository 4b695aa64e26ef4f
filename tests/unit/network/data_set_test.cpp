#include "network/data_set.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "network/data/feeder.hpp"
#include "unit/network/data/data_files.hpp"
#include "unit/network/stack.hpp"

namespace lacuna::network::test {
namespace {

// Two images of 2 x 3.
const std::string& images() {
  static const std::string kImages(
      "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03"
      "\x00\x01\x08\x09\x80\xff\x10\x20\x30\x40\x50\x60",
      28);
  return kImages;
}
const std::string& labels() {
  static const std::string kLabels("\0\0\x08\x01\0\0\0\x02\x07\x00", 10);
  return kLabels;
}

Network network_for(int bits, float scale) {
  Network network;
  network.name = "n";
  Layer layer;
  layer.out = {1, 1, 10};
  network.layers.push_back(layer);
  test::give_maps(network, {2, 3, 1}, bits);
  network.maps.front().scale = scale;
  return network;
}

TEST(DataSet, GivenPlainFilesThenPixelsLabelsAndHashesAreRead) {
  const DataSet data = test_set_from_bytes(images(), labels(), "i", "l");
  EXPECT_EQ(data.count(), 2);
  EXPECT_EQ(data.sizes, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(data.pixels[5], 255);
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{7, 0}));
  EXPECT_EQ(data.images_sha256, base::sha256_hex(images()));
  EXPECT_EQ(data.labels_sha256, base::sha256_hex(labels()));
}

TEST(DataSet, GivenGzipFilesThenTheSameIsRead) {
  const DataSet data = test_set_from_bytes(gzipped(images()), gzipped(labels()), "i", "l");
  EXPECT_EQ(data.pixels, test_set_from_bytes(images(), labels(), "i", "l").pixels);
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{7, 0}));
}

TEST(DataSet, GivenAFolderWithBothFormsThenThePlainOneIsRead) {
  const std::string folder = testing::TempDir() + "lacuna_both_forms";
  std::filesystem::create_directories(folder);
  base::write_file(folder + "/t10k-images-idx3-ubyte", images());
  base::write_file(folder + "/t10k-images-idx3-ubyte.gz", "nonsense");
  base::write_file(folder + "/t10k-labels-idx1-ubyte.gz", gzipped(labels()));
  const DataSet data = load_test_set(folder);
  EXPECT_EQ(data.images_file, folder + "/t10k-images-idx3-ubyte");
  EXPECT_EQ(data.labels_file, folder + "/t10k-labels-idx1-ubyte.gz");
  std::filesystem::remove_all(folder);
}

TEST(QuantisePixels, GivenFourBitsThenCodesAreRoundedToEvenAndClamped) {
  const DataSet data = test_set_from_bytes(images(), labels(), "i", "l");
  // scale 1/15: pixel 17 is code 1; 8 is 0.47, 9 is 0.53, 128 is 7.53
  EXPECT_EQ(quantise_pixels(data, 0, network_for(4, 1.0F / 15)),
            (std::vector<std::uint8_t>{0, 0, 0, 1, 8, 15}));
  // scale 1/64: 255 would be 64, but the top code is 15
  EXPECT_EQ(quantise_pixels(data, 0, network_for(4, 1.0F / 64)),
            (std::vector<std::uint8_t>{0, 0, 2, 2, 15, 15}));
  // scale 2: 255 is half a code, which goes to the even one
  EXPECT_EQ(quantise_pixels(data, 0, network_for(4, 2.0F)), std::vector<std::uint8_t>(6, 0));
  // scale 0.4: 255 is two and a half codes
  EXPECT_EQ(quantise_pixels(data, 0, network_for(4, 0.4F)),
            (std::vector<std::uint8_t>{0, 0, 0, 0, 1, 2}));
}

TEST(QuantisePixels, GivenEightBitsThenCodesArePixels) {
  const DataSet data = test_set_from_bytes(images(), labels(), "i", "l");
  EXPECT_EQ(quantise_pixels(data, 1, network_for(8, 1.0F / 255)),
            (std::vector<std::uint8_t>{0x10, 0x20, 0x30, 0x40, 0x50, 0x60}));
}

TEST(DataSet, GivenDebiansFashionMnistThenItHasTenThousandImages) {
  if (!std::filesystem::exists(kDefaultDataDir)) GTEST_SKIP() << "dataset-fashion-mnist is absent";
  const DataSet data = load_test_set(kDefaultDataDir);
  EXPECT_EQ(data.count(), 10000);
  EXPECT_EQ(data.sizes, (std::vector<std::int64_t>{28, 28}));
  std::vector<int> per_class(10);
  for (const std::int32_t label : data.labels) {
    ++per_class.at(static_cast<std::size_t>(label));
  }
  EXPECT_EQ(per_class, std::vector<int>(10, 1000));
}

}  // namespace
}  // namespace lacuna::network::test
