// Mutants of every format of data sets and pictures.
#include <gtest/gtest.h>

#include "network/data/feeder.hpp"
#include "network/data/formats.hpp"
#include "network/data/picture.hpp"
#include "unit/network/data/data_files.hpp"
#include "unit/network/fuzzing.hpp"

namespace lacuna::network::test {
namespace {

std::string random_bytes(std::size_t count, std::mt19937& random) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(random() & 0xffU);
  return bytes;
}

/// Half of the files are sound, the others mutated before or after they are packed.
void fuzz(const std::function<std::string(std::mt19937&)>& make,
          const std::function<void(const std::string&)>& read, bool packs = true) {
  std::mt19937 random(mutant_seed());
  int accepted = 0;
  for (int mutant = 0; mutant < mutant_count() && !testing::Test::HasFailure(); ++mutant) {
    std::string bytes = make(random);
    const std::size_t fate = pick(random, 4);
    if (fate == 0) mutate_bytes(bytes, random);
    if (packs && pick(random, 3) == 0) bytes = gzipped(bytes);
    if (fate == 1) mutate_bytes(bytes, random);
    accepted += accepts([&] { read(bytes); }, bytes, mutant) ? 1 : 0;
  }
  if (mutant_count() < 300) return;
  EXPECT_GT(accepted, mutant_count() * 45 / 100);
  EXPECT_LT(accepted, mutant_count() * 97 / 100);
}

void read_array(const std::string& bytes) {
  DataSet data;
  take_images(array_from_bytes(bytes, "a"), data);
  std::int64_t values = data.images;
  for (const std::int64_t size : data.sizes) values *= size;
  EXPECT_EQ(values, static_cast<std::int64_t>(data.pixels.size() + data.reals.size()));
}

TEST(FuzzData, GivenMutantsOfIdxThenOnlyInputErrorEscapes) {
  fuzz(
      [](std::mt19937& random) {
        const auto side = [&] { return 1 + static_cast<std::int64_t>(pick(random, 5)); };
        std::vector<std::int64_t> sizes = {side(), side()};
        while (sizes.size() < 4 && pick(random, 2) == 0) sizes.push_back(side());
        std::size_t values = 1;
        for (const std::int64_t size : sizes) values *= static_cast<std::size_t>(size);
        const bool real = pick(random, 2) == 0;
        return idx_file(real ? 0x0d : 0x08, sizes, random_bytes(values * (real ? 4 : 1), random));
      },
      read_array);
}

TEST(FuzzData, GivenMutantsOfNumpyFilesThenOnlyInputErrorEscapes) {
  fuzz(
      [](std::mt19937& random) {
        const std::size_t count = 1 + pick(random, 4);
        const std::size_t size = 1 + pick(random, 5);
        static constexpr const char* kTypes[] = {"|u1", "|i1", "<f4", ">f8"};
        static constexpr std::size_t kSizes[] = {1, 1, 4, 8};
        const std::size_t type = pick(random, 4);
        return npy_file(kTypes[type],
                        "(" + std::to_string(count) + ", " + std::to_string(size) + ")",
                        random_bytes(count * size * kSizes[type], random));
      },
      read_array);
}

TEST(FuzzData, GivenNumpyHeadersWithNastyShapesThenOnlyInputErrorEscapes) {
  std::mt19937 random(mutant_seed());
  for (int mutant = 0; mutant < mutant_count() && !HasFailure(); ++mutant) {
    std::string shape = "(";
    for (std::size_t i = 0; i < 1 + pick(random, 4); ++i) {
      shape += std::to_string(nasty_integer(random)) + ", ";
    }
    const std::string bytes = npy_file("<f8", shape + ")", random_bytes(8, random));
    accepts([&] { read_array(bytes); }, bytes, mutant);
  }
}

TEST(FuzzData, GivenMutantsOfNpzThenOnlyInputErrorEscapes) {
  fuzz(
      [](std::mt19937& random) {
        const std::size_t count = 1 + pick(random, 4);
        const std::string shape = "(" + std::to_string(count);
        return zip_file(
            {{"x.npy", npy_file("|u1", shape + ", 3)", random_bytes(3 * count, random))},
             {"y.npy", npy_file("|u1", shape + ",)", random_bytes(count, random))}},
            pick(random, 2) == 0);
      },
      [](const std::string& bytes) {
        const DataSet data = npz_from_bytes(bytes, "a");
        EXPECT_TRUE(data.labels.empty() ||
                    static_cast<std::int64_t>(data.labels.size()) == data.images);
      },
      false);
}

TEST(FuzzData, GivenMutantsOfCifarThenOnlyInputErrorEscapes) {
  fuzz(
      [](std::mt19937& random) {
        const bool ten = pick(random, 2) == 0;
        std::string label(ten ? 1 : 2, '\5');
        return label + random_bytes(64, random) + std::string(3008, '\1') + label +
               std::string(3072, '\2');
      },
      [](const std::string& bytes) {
        DataSet data;
        add_cifar_batch(bytes, "a", data);
        EXPECT_EQ(data.pixels.size(), data.labels.size() * 3072);
      });
}

TEST(FuzzData, GivenMutantsOfRawFilesThenOnlyInputErrorEscapes) {
  RawFile raw;
  raw.shape = {2, 3};
  fuzz([](std::mt19937& random) { return random_bytes(6 * (1 + pick(random, 4)), random); },
       [&](const std::string& bytes) {
         const DataSet data = raw_from_bytes(bytes, "a", raw);
         EXPECT_EQ(data.pixels.size(), static_cast<std::size_t>(data.images) * 6);
       },
       false);
}

void read_picture(const std::string& bytes) {
  const Picture picture = decode_picture(bytes, "a");
  EXPECT_EQ(static_cast<std::int64_t>(picture.pixels.size()),
            picture.height * picture.width * picture.channels);
  EXPECT_TRUE(picture.channels == 1 || picture.channels == 3);
  if (picture.pixels.size() < 4096) resized(picture, 3, 5);
}

TEST(FuzzData, GivenMutantsOfPngThenOnlyInputErrorEscapes) {
  fuzz(
      [](std::mt19937& random) {
        const auto height = static_cast<std::int64_t>(1 + pick(random, 4));
        const auto width = static_cast<std::int64_t>(1 + pick(random, 4));
        static constexpr int kKinds[] = {0, 2, 3, 4, 6};
        static constexpr std::size_t kValues[] = {1, 3, 1, 2, 4};
        const std::size_t kind = pick(random, 5);
        return png_file(
            height, width, kKinds[kind],
            random_bytes(static_cast<std::size_t>(height * width) * kValues[kind], random));
      },
      read_picture, false);
}

TEST(FuzzData, GivenMutantsOfJpegThenOnlyInputErrorEscapes) {
  fuzz(
      [](std::mt19937& random) {
        const int height = static_cast<int>(1 + pick(random, 20));
        const int width = static_cast<int>(1 + pick(random, 20));
        const int channels = pick(random, 2) == 0 ? 1 : 3;
        return jpeg_file(height, width, channels,
                         random_bytes(static_cast<std::size_t>(height * width * channels), random),
                         pick(random, 2) == 0);
      },
      read_picture, false);
}

TEST(FuzzData, GivenMutantsOfPnmThenOnlyInputErrorEscapes) {
  fuzz(
      [](std::mt19937& random) {
        const std::size_t height = 1 + pick(random, 4);
        const std::size_t width = 1 + pick(random, 4);
        const std::string sizes = std::to_string(width) + " " + std::to_string(height);
        switch (pick(random, 3)) {
          case 0:
            return "P5 " + sizes + " 255\n" + random_bytes(height * width, random);
          case 1:
            return "P6 " + sizes + " 255\n" + random_bytes(3 * height * width, random);
          default: {
            std::string text = "P2 " + sizes + " 99";
            for (std::size_t i = 0; i < height * width; ++i) {
              text += " " + std::to_string(pick(random, 100));
            }
            return text;
          }
        }
      },
      read_picture, false);
}

TEST(FuzzData, GivenMutantsOfCardsThenOnlyInputErrorEscapes) {
  fuzz(
      [](std::mt19937& random) {
        std::string text = "name: n\ninput:\n  layout: nchw\n  mean: [0.1, 0.2]\n  std: [2]\n";
        if (pick(random, 2) == 0) text += "  size: [256]\n  channels: bgr\n";
        return text + "  raw: {shape: [3, 4], type: int8, skip: 7}\n";
      },
      [](const std::string& bytes) { parse_input_card("card.yaml", bytes); }, false);
}

}  // namespace
}  // namespace lacuna::network::test
