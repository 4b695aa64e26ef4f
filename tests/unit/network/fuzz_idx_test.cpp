// Mutants of IDX files, plain and gzip.
#include <gtest/gtest.h>

#include "network/data_set.hpp"
#include "unit/network/data/data_files.hpp"
#include "unit/network/fuzzing.hpp"

namespace lacuna::network::test {
namespace {

/// An IDX file with a sound header, or with one of its numbers replaced by a nasty one.
std::string idx(const std::vector<std::int64_t>& sizes, bool sound, std::mt19937& random) {
  std::vector<std::int64_t> header = {0x800 + static_cast<std::int64_t>(sizes.size())};
  header.insert(header.end(), sizes.begin(), sizes.end());
  std::int64_t values = 1;
  for (const std::int64_t size : sizes) values *= size;
  if (!sound) header[pick(random, header.size())] = nasty_integer(random);
  std::string bytes;
  for (const std::int64_t number : header) bytes += big_endian_word(number);
  for (std::int64_t i = 0; i < values; ++i) bytes += static_cast<char>(random() & 0xFFU);
  return bytes;
}

std::int64_t values_of(const DataSet& data) {
  std::int64_t values = 1;
  for (const std::int64_t size : data.sizes) values *= size;
  return values;
}

TEST(FuzzIdx, GivenMutantsThenOnlyInputErrorEscapes) {
  std::mt19937 random(mutant_seed());
  int accepted = 0;
  for (int mutant = 0; mutant < mutant_count() && !HasFailure(); ++mutant) {
    const auto side = [&] { return 1 + static_cast<std::int64_t>(pick(random, 6)); };
    const std::int64_t count = side();
    const bool sound = pick(random, 5) < 3;
    const bool in_labels = !sound && pick(random, 4) == 0;
    const bool in_header = !sound && pick(random, 2) == 0;
    std::string images = idx({count, side(), side()}, !in_header || in_labels, random);
    std::string labels = idx({count}, !in_header || !in_labels, random);
    std::string& bytes = in_labels ? labels : images;
    const bool before = pick(random, 2) == 0;
    if (!sound && !in_header && before) mutate_bytes(bytes, random);
    if (pick(random, 2) == 0) bytes = gzipped(bytes, static_cast<int>(pick(random, 10)));
    if (!sound && !in_header && !before) mutate_bytes(bytes, random);
    const auto read = [&] {
      const DataSet data = test_set_from_bytes(images, labels, "images", "labels");
      EXPECT_EQ(data.labels.size(), static_cast<std::size_t>(data.count()));
      EXPECT_EQ(data.images * values_of(data),
                static_cast<std::int64_t>(data.pixels.size() + data.reals.size()));
    };
    accepted += accepts(read, bytes, mutant) ? 1 : 0;
  }
  RecordProperty("accepted", accepted);
  if (mutant_count() < 300) return;
  EXPECT_GT(2 * accepted, mutant_count());  // the mutants reach behind the header
  EXPECT_LT(accepted, mutant_count() * 9 / 10);
}

}  // namespace
}  // namespace lacuna::network::test
