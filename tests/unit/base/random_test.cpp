#include "base/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace lacuna::base {
namespace {

using Block = std::array<std::uint32_t, 4>;

// Known answers published with Random123 (kat_vectors, philox4x32-10).
TEST(Philox, GivesThePublishedKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomBits, IsTheFirstHalfOfTheBlockOfIndexStreamAndSeed) {
  const Block block = philox4x32({0x9abcdef0, 0x12345678, 3, 0}, {0x55667788, 0x11223344});
  EXPECT_EQ(
      random_bits(0x1122334455667788, RandomStream::kSyntheticActivations, 0x123456789abcdef0),
      (std::uint64_t{block[1]} << 32) | block[0]);
}

TEST(RandomBits, DiffersBetweenSeedsStreamsAndIndices) {
  const std::uint64_t bits = random_bits(1, RandomStream::kWeightFaultMap, 2);
  EXPECT_EQ(bits, random_bits(1, RandomStream::kWeightFaultMap, 2));
  EXPECT_NE(bits, random_bits(2, RandomStream::kWeightFaultMap, 2));
  EXPECT_NE(bits, random_bits(1, RandomStream::kSyntheticWeights, 2));
  EXPECT_NE(bits, random_bits(1, RandomStream::kWeightFaultMap, 3));
}

// Spans that begin and end anywhere, also where the low word of the index overflows.
TEST(RandomRun, IsWhatAskingEachIndexGives) {
  for (const std::uint64_t first :
       {std::uint64_t{0}, (std::uint64_t{1} << 32) - 5, ~std::uint64_t{0} - 3}) {
    const RandomRun run = random_run(0x123456789ABCDEF, RandomStream::kSyntheticWeights, first);
    for (std::size_t i = 0; i < run.size(); ++i) {
      EXPECT_EQ(run[i], random_bits(0x123456789ABCDEF, RandomStream::kSyntheticWeights, first + i));
    }
  }
}

TEST(AppendBelow, FindsWhatAskingEachIndexFinds) {
  constexpr auto kStream = RandomStream::kWeightFaultMap;
  std::size_t found_in_all = 0;
  for (const double limit : {0.0, 1e-9, 0.001, 0.25, 0.5, 0.999, 1.0}) {
    for (const std::uint64_t first : {0ULL, 5ULL, 0xffffffe0ULL, 0xfffffffffffffULL}) {
      for (const std::uint64_t count : {0U, 1U, 15U, 16U, 17U, 64U, 1'000U}) {
        std::vector<std::uint64_t> expected{42};
        for (std::uint64_t index = first; index < first + count; ++index) {
          if (random_uniform(9, kStream, index) < limit) expected.push_back(index);
        }
        std::vector<std::uint64_t> found{42};
        append_below(limit, 9, kStream, first, count, found);
        ASSERT_EQ(found, expected) << limit << ", " << count << " from " << first;
        found_in_all += found.size() - 1;
      }
    }
  }
  EXPECT_GT(found_in_all, 10'000U);
}

TEST(RandomUniform, FillsTheUnitIntervalEvenly) {
  constexpr int kDraws = 100'000;
  std::array<int, 10> tenths{};
  for (int i = 0; i < kDraws; ++i) {
    const double u = random_uniform(7, RandomStream::kWeightFaultMap, static_cast<unsigned>(i));
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++tenths.at(static_cast<std::size_t>(u * 10));
  }
  // A tenth has 10,000 draws, standard deviation sqrt(1e5 * 0.1 * 0.9) = 95: five of them.
  for (const int count : tenths) EXPECT_LT(std::abs(count - kDraws / 10), 475);
}

}  // namespace
}  // namespace lacuna::base
