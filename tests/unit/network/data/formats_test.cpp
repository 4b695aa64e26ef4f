// Every format of data sets, read from files as other programs write them.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "network/data/feeder.hpp"
#include "network/data_set.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/network/data/data_files.hpp"

namespace lacuna::network::test {
namespace {

using lacuna::test::TempFolder;
using Sizes = std::vector<std::int64_t>;
using Bytes = std::vector<std::uint8_t>;
using Labels = std::vector<std::int32_t>;

std::string counting(std::size_t count, int first = 0) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    bytes += static_cast<char>(static_cast<std::size_t>(first) + i);
  }
  return bytes;
}

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

TEST(DataFormats, GivenIdxOfAnyRankTypeAndNameThenItIsRead) {
  const TempFolder folder;
  folder.write("colours", idx_file(0x08, {2, 3, 1, 2}, counting(12)));
  const DataSet colours = load_data("colours", 1);
  EXPECT_EQ(colours.format, "IDX");
  EXPECT_EQ(colours.count(), 2);
  EXPECT_EQ(colours.sizes, (Sizes{3, 1, 2}));
  EXPECT_EQ(colours.pixels, bytes_of(counting(12)));
  EXPECT_TRUE(colours.labels.empty());
  EXPECT_EQ(colours.images_sha256, base::sha256_hex(idx_file(0x08, {2, 3, 1, 2}, counting(12))));

  folder.write("reals.gz",
               gzipped(idx_file(0x0d, {1, 2}, std::string("\x3f\xc0\0\0\xbf\0\0\0", 8))));
  const DataSet reals = load_data("reals.gz", 1);
  EXPECT_EQ(reals.kind, ValueKind::kReal);
  EXPECT_EQ(reals.reals, (std::vector<float>{1.5F, -0.5F}));

  folder.write("my-images-idx3-ubyte.gz", gzipped(idx_file(0x08, {2, 1, 2}, counting(4))));
  folder.write("my-labels-idx1-ubyte", idx_file(0x08, {2}, {7, 3}));
  EXPECT_EQ(load_data("my-images-idx3-ubyte.gz", 1).labels, (Labels{7, 3}));
}

TEST(DataFormats, GivenAFolderWithT10kFilesThenItIsIdxWhateverElseLiesInIt) {
  const TempFolder folder;
  folder.write("t10k-images-idx3-ubyte", idx_file(0x08, {2, 1, 2}, counting(4)));
  folder.write("a.npy", npy_file("|u1", "(1, 1)", "x"));
  folder.write("b.bin", "nonsense");
  folder.write("c.png", "nonsense");
  folder.write("labels.csv", "nonsense");
  const DataSet data = load_data(".", 1);
  EXPECT_EQ(data.count(), 2);
  EXPECT_TRUE(data.labels.empty());
  folder.write("t10k-labels-idx1-ubyte.gz", gzipped(idx_file(0x08, {2}, {7, 3})));
  EXPECT_EQ(load_data(".", 1).labels, (Labels{7, 3}));
}

TEST(DataFormats, GivenAFolderOfTwoArraysThenTheOneOfOneDimensionIsLabels) {
  const TempFolder folder;
  folder.write("b", idx_file(0x08, {2, 1, 2}, counting(4)));
  folder.write("a", idx_file(0x0c, {2}, std::string("\0\0\1\0\0\0\0\2", 8)));
  EXPECT_EQ(load_data(".", 1).labels, (Labels{256, 2}));
  folder.write("c", idx_file(0x08, {2, 1, 2}, counting(4)));
  EXPECT_THROW(load_data(".", 1), base::InputError);
}

TEST(DataFormats, GivenNumpyArraysThenTheyAreRead) {
  const TempFolder folder;
  folder.write("u.npy", npy_file("|u1", "(2, 3, 1, 2)", counting(12)));
  EXPECT_EQ(load_data("u.npy", 1).pixels, bytes_of(counting(12)));
  EXPECT_EQ(load_data("u.npy", 1).sizes, (Sizes{3, 1, 2}));
  folder.write("i.npy", npy_file("|i1", "(1, 2)", "\xff\x7f"));
  EXPECT_EQ(load_data("i.npy", 1).kind, ValueKind::kInteger);
  folder.write("f.npy.gz", gzipped(npy_file("<f4", "(1, 2)", float_bytes({1.5F, -0.25F}))));
  EXPECT_EQ(load_data("f.npy.gz", 1).reals, (std::vector<float>{1.5F, -0.25F}));
  folder.write("d.npy",
               npy_file(">f8", "(1, 1)", std::string("\x3f\xb9\x99\x99\x99\x99\x99\x9a", 8)));
  EXPECT_EQ(load_data("d.npy", 1).reals, std::vector<float>{0.1F});

  folder.write("x_test.npy", npy_file("|u1", "(2, 1)", "ab"));
  folder.write("y_test.npy", npy_file("<i8", "(2,)", little_endian(9, 8) + little_endian(1, 8)));
  EXPECT_EQ(load_data("x_test.npy", 1).labels, (Labels{9, 1}));
  folder.write("y_test.npy",
               npy_file("<i8", "(2,)", little_endian(9, 8) + little_endian(~0ULL, 8)));
  EXPECT_THROW(load_data("x_test.npy", 1), base::InputError);
}

TEST(DataFormats, GivenAnNpzThenImagesAndLabelsAreItsMembers) {
  const TempFolder folder;
  const std::string images = npy_file("|u1", "(2, 1, 2)", counting(4));
  const std::string labels = npy_file("<i4", "(2,)", little_endian(3, 4) + little_endian(8, 4));
  for (const bool packed : {false, true}) {
    folder.write("a.npz", zip_file({{"y.npy", labels}, {"x.npy", images}, {"n.txt", "x"}}, packed));
    const DataSet data = load_data("a.npz", 1);
    EXPECT_EQ(data.pixels, bytes_of(counting(4)));
    EXPECT_EQ(data.labels, (Labels{3, 8}));
    EXPECT_EQ(data.labels_sha256, "");
  }
  // Keras' mnist.npz holds both parts.
  folder.write("k.npz", zip_file({{"x_train.npy", "?"},
                                  {"x_test.npy", images},
                                  {"y_train.npy", "?"},
                                  {"y_test.npy", labels}},
                                 true));
  EXPECT_EQ(load_data("k.npz", 1).labels, (Labels{3, 8}));
  folder.write("o.npz", zip_file({{"only.npy", images}}, true));
  EXPECT_TRUE(load_data("o.npz", 1).labels.empty());
}

TEST(DataFormats, GivenCifarThenPlanesAndFineLabelsAreRead) {
  const TempFolder folder;
  const std::string planes = counting(3072);
  folder.write("one.bin", '\4' + planes + '\2' + planes);
  const DataSet ten = load_data("one.bin", 1);
  EXPECT_EQ(ten.labels, (Labels{4, 2}));
  EXPECT_EQ(ten.layout, Layout::kChannelsFirst);
  EXPECT_EQ(Feeder(ten, reading({32, 32, 3}), {}).codes(1)[1], planes[1024]);
  folder.write("hundred.bin", std::string("\4\x63") + planes);
  EXPECT_EQ(load_data("hundred.bin", 1).labels, (Labels{99}));

  std::filesystem::create_directory("batches");
  folder.write("batches/data_batch_2.bin", '\2' + planes);
  folder.write("batches/data_batch_1.bin", '\1' + planes);
  EXPECT_EQ(load_data("batches", 1).labels, (Labels{1, 2}));
  folder.write("batches/test_batch.bin", '\5' + planes);
  EXPECT_EQ(load_data("batches", 1).labels, (Labels{5}));
  // As one file of that name: the hash is the file's.
  EXPECT_EQ(load_data("batches", 1).images_sha256, base::sha256_hex('\5' + planes));
}

TEST(DataFormats, GivenARawFileThenItIsWhatTheCardSays) {
  const TempFolder folder;
  folder.write("r.bin", "head" + float_bytes({0.5F, 1.0F, -1.0F, 2.0F}));
  RawFile raw;
  raw.shape = {1, 2};
  raw.kind = ValueKind::kReal;
  raw.skip = 4;
  const DataSet data = load_data("r.bin", 1, raw);
  EXPECT_EQ(data.count(), 2);
  EXPECT_EQ(data.reals, (std::vector<float>{0.5F, 1.0F, -1.0F, 2.0F}));
  raw.skip = 3;
  EXPECT_THROW(load_data("r.bin", 1, raw), base::InputError);
}

TEST(DataFormats, GivenRandomThenImagesAreDrawnBySeedAndDensity) {
  Network network = reading({8, 8, 4});
  network.maps.front().code = tensor::signed_code(8, 3);
  const auto zeros = [&](const char* path, std::int64_t image) {
    const DataSet data = load_data(path, 1);
    const Bytes codes = Feeder(data, network, {}).codes(image);
    return std::count(codes.begin(), codes.end(), 3);
  };
  EXPECT_EQ(zeros("random", 0), 0);
  EXPECT_EQ(zeros("random:5:0", 0), 256);
  EXPECT_NEAR(static_cast<double>(zeros("random:5:0.25", 1)), 192, 30);
  const auto codes = [&](const char* path, std::int64_t image) {
    const DataSet data = load_data(path, 1);
    return Feeder(data, network, {}).codes(image);
  };
  EXPECT_EQ(codes("random", 2), codes("random:1:1", 2));
  EXPECT_NE(codes("random", 2), codes("random", 3));
  EXPECT_NE(codes("random", 2), codes("random:2", 2));
  for (const char* wrong : {"random:", "random:x", "random:1:", "random:1:1.5", "random:1:nan"}) {
    EXPECT_THROW(load_data(wrong, 1), base::InputError) << wrong;
  }
}

TEST(DataFormats, GivenAFolderAClassThenLabelsFollowTheNamesOrder) {
  const TempFolder folder;
  for (const char* name : {"dog", "cat", "ant"}) std::filesystem::create_directory(name);
  folder.write("dog/1.PNG", png_file(1, 2, 0, "ab"));
  folder.write("cat/2.pgm", "P5 2 1 255\ncd");
  folder.write("cat/10.png", png_file(1, 2, 0, "ef"));
  folder.write("cat/read.me", "not a picture");
  const DataSet data = load_data(".", 3);
  EXPECT_EQ(data.labels, (Labels{1, 1, 2}));
  const Network network = reading({1, 2, 1});
  EXPECT_EQ(Feeder(data, network, {}).codes(0), (Bytes{'e', 'f'}));
  EXPECT_EQ(Feeder(data, network, {}).codes(2), (Bytes{'a', 'b'}));
  EXPECT_EQ(describe(data),
            "pictures data set, 3 images of 1 x 2 x 1, uint8 97..102, labels 1..2 of 2 classes");
  // The hash is over what is used.
  const std::string before = load_data(".", 1).images_sha256;
  folder.write("dog/1.PNG", png_file(1, 2, 0, "xy"));
  EXPECT_EQ(load_data(".", 1).images_sha256, before);
  EXPECT_NE(load_data(".", 3).images_sha256, data.images_sha256);
}

TEST(DataFormats, GivenLabelsCsvThenItsRowsAreTheImages) {
  const TempFolder folder;
  std::filesystem::create_directory("in");
  folder.write("in/a,b.png", png_file(1, 1, 0, "a"));
  folder.write("c.png", png_file(1, 1, 0, "c"));
  folder.write("labels.csv", "file,label\r\nc.png,7\r\nin/a,b.png,0\r\n");
  const DataSet data = load_data(".", 2);
  EXPECT_EQ(data.labels, (Labels{7, 0}));
  EXPECT_EQ(Feeder(data, reading({1, 1, 1}), {}).codes(1), (Bytes{'a'}));
  folder.write("labels.csv", "file\nc.png\n");
  EXPECT_TRUE(load_data(".", 1).labels.empty());
  for (const char* row : {"../c.png,1", "/etc/c.png,1", "c.png,-1", "c.png,", ",1", "c.png"}) {
    folder.write("labels.csv", std::string("file,label\n") + row + "\n");
    EXPECT_THROW(load_data(".", 1), base::InputError) << row;
  }
  for (const char* nothing : {"", "file,label\n"}) {
    folder.write("labels.csv", nothing);
    EXPECT_EQ(error_of([] { load_data(".", 1); }),
              "./labels.csv: names no picture; the header file,label or file, and a row for each");
  }
}

TEST(DataFormats, GivenPicturesWithoutClassesThenThereAreNoLabels) {
  const TempFolder folder;
  folder.write("b.png", png_file(1, 1, 0, "b"));
  folder.write("a.png", png_file(1, 1, 0, "a"));
  const DataSet data = load_data(".", 2);
  EXPECT_EQ(data.count(), 2);
  EXPECT_TRUE(data.labels.empty());
  EXPECT_TRUE(is_data("."));
  EXPECT_FALSE(is_data("nowhere"));
}

}  // namespace
}  // namespace lacuna::network::test
