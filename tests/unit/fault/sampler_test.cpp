#include "fault/sampler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/random.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/fault/hand_weights.hpp"

namespace lacuna::fault {
namespace {

using memory::FaultKind;
using test::Site;
using test::sites;

MemoryGeometry memory_of(std::int64_t words, int word_bits, int banks) {
  MemoryGeometry geometry;
  geometry.words = words;
  geometry.word_bits = word_bits;
  geometry.banks = banks;
  return geometry;
}

TEST(SampleMap, IsTheUniformNumberOfEachCellComparedWithTheRate) {
  const MemoryGeometry geometry = memory_of(7, 8, 2);
  const FaultPlan plan = sample_map(geometry, 0.3, 11, FaultKind::kStuckAt1);
  std::set<Site> expected;
  for (std::int64_t word = 0; word < 7; ++word) {
    for (std::int64_t bit = 0; bit < 8; ++bit) {
      const auto cell = static_cast<std::uint64_t>(word * 8 + bit);
      if (base::random_uniform(11, base::RandomStream::kWeightFaultMap, cell) < 0.3) {
        expected.emplace(word % 2, word / 2, bit);
      }
    }
  }
  EXPECT_EQ(sites(plan), std::vector<Site>(expected.begin(), expected.end())) << "and sorted";
  ASSERT_FALSE(plan.faults.empty());
  for (const Fault& fault : plan.faults) {
    EXPECT_EQ(fault.kind, FaultKind::kStuckAt1);
    EXPECT_EQ(fault.step, memory::kPermanent);
  }
  EXPECT_EQ(plan.origin, "ber 0.3 seed 11 stuck_at_1");
}

TEST(SampleMap, WhenTheRateRisesThenTheMapContainsTheLowerOne) {
  const MemoryGeometry geometry = memory_of(1024, 64, 4);
  std::vector<Site> last;
  for (const double rate : {0.0, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 1.0}) {
    const std::vector<Site> map = sites(sample_map(geometry, rate, 3, FaultKind::kFlip));
    EXPECT_TRUE(std::includes(map.begin(), map.end(), last.begin(), last.end())) << rate;
    EXPECT_GE(map.size(), last.size());
    last = map;
  }
  EXPECT_EQ(last.size(), 65536U) << "at rate 1 every cell is faulty";
}

TEST(SampleMap, HitsAsManyCellsAsTheRateSays) {
  // 2^20 cells at 0.01: 10486 expected, standard deviation sqrt(10486 x 0.99) = 102; five of them.
  const MemoryGeometry geometry = memory_of(16384, 64, 4);
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const auto count = sample_map(geometry, 0.01, seed, FaultKind::kFlip).faults.size();
    EXPECT_LT(std::abs(static_cast<double>(count) - 10485.76), 510) << "seed " << seed;
  }
}

TEST(SampleMap, DependsOnTheSeedAndNotOnTheKind) {
  const MemoryGeometry geometry = memory_of(512, 64, 4);
  const auto map = [&](std::uint64_t seed, FaultKind kind) {
    return sites(sample_map(geometry, 0.01, seed, kind));
  };
  EXPECT_EQ(map(1, FaultKind::kFlip), map(1, FaultKind::kStuckAt0));
  EXPECT_NE(map(1, FaultKind::kFlip), map(2, FaultKind::kFlip));
}

TEST(SampleMap, DrawsFromTheCellAndNotFromTheNumberOfBanks) {
  // The same 64 words in one bank: word w is then row w.
  const auto banked = sites(sample_map(memory_of(64, 8, 4), 0.1, 9, FaultKind::kFlip));
  const auto plain = sites(sample_map(memory_of(64, 8, 1), 0.1, 9, FaultKind::kFlip));
  std::set<Site> words;
  for (const auto& [bank, row, bit] : banked) words.emplace(0, row * 4 + bank, bit);
  EXPECT_EQ(plain, std::vector<Site>(words.begin(), words.end()));
}

TEST(SampleMap, RefusesRatesThatAreNone) {
  const auto error = [](double rate, std::int64_t words) {
    return lacuna::test::message_of<base::InputError>(
        [&] { sample_map(memory_of(words, 64, 4), rate, 1, FaultKind::kFlip); });
  };
  EXPECT_EQ(error(-0.1, 4), "bit error rate: -0.1 is out of range; a number from 0 to 1");
  EXPECT_EQ(error(1.5, 4), "bit error rate: 1.5 is out of range; a number from 0 to 1");
  EXPECT_NE(error(std::nan(""), 4), "");
  EXPECT_EQ(error(0.5, 1 << 20),
            "bit error rate: 0.5 makes about 33554432 faults; at most 16777216 are run");
}

TEST(SampleMap, ReportsHowManyCellsAreDrawn) {
  std::vector<std::int64_t> cells;
  const auto geometry = memory_of(3 << 16, 2, 3);
  const FaultPlan plan = sample_map(geometry, 1e-3, 5, FaultKind::kFlip,
                                    [&](std::int64_t drawn) { cells.push_back(drawn); });
  EXPECT_EQ(cells, (std::vector<std::int64_t>{2 << 16, 4 << 16, 6 << 16}));
  EXPECT_EQ(plan.faults.size(), sample_map(geometry, 1e-3, 5, FaultKind::kFlip).faults.size());
}

}  // namespace
}  // namespace lacuna::fault
