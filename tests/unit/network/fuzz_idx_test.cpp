// Mutants of IDX files, plain and gzip.
#include <gtest/gtest.h>
#include <zlib.h>

#include "network/data_set.hpp"
#include "unit/network/fuzzing.hpp"

namespace lacuna::network::test {
namespace {

std::string big_endian(std::int64_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xFFU);
  }
  return bytes;
}

std::string images(std::mt19937& random) {
  const std::int64_t count = pick(random, 4) == 0 ? nasty_integer(random) : 3;
  const std::int64_t width = pick(random, 8) == 0 ? nasty_integer(random) : 5;
  std::string bytes = big_endian(0x803) + big_endian(count) + big_endian(4) + big_endian(width);
  for (int i = 0; i < 60; ++i) bytes += static_cast<char>(random() & 0xFFU);
  return bytes;
}

std::string packed(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, bytes.size()) + 64, '\0');
  std::string input = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

TEST(FuzzIdx, GivenMutantsThenOnlyInputErrorEscapes) {
  const std::string labels = big_endian(0x801) + big_endian(3) + "abc";
  std::mt19937 random(mutant_seed());
  int accepted = 0;
  for (int mutant = 0; mutant < mutant_count() && !HasFailure(); ++mutant) {
    std::string bytes = images(random);
    if (pick(random, 4) == 0) mutate_bytes(bytes, random);
    if (pick(random, 2) == 0) bytes = packed(bytes);
    if (pick(random, 2) == 0) mutate_bytes(bytes, random);
    const auto read = [&] {
      const DataSet data = test_set_from_bytes(bytes, labels, "images", "labels");
      EXPECT_EQ(data.pixels.size(), static_cast<std::size_t>(3 * data.image.values()));
    };
    accepted += accepts(read, bytes, mutant) ? 1 : 0;
  }
  RecordProperty("accepted", accepted);
  if (mutant_count() < 100) return;
  EXPECT_GT(20 * accepted, mutant_count());
  EXPECT_LT(accepted, mutant_count() / 2);
}

}  // namespace
}  // namespace lacuna::network::test
