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

TEST(SampleMaps, WhenAMemoryIsAddedThenTheOthersKeepTheirFaults) {
  arch::AcceleratorSpec spec;
  spec.array.rows = 4;
  spec.array.cols = 4;
  spec.weight_sram.word_bits = spec.activation_sram.word_bits = 64;
  spec.weight_sram.banks = spec.activation_sram.banks = 2;
  MemorySizes sizes;
  sizes.weight_words = 512;
  sizes.activation_slots = 4096;
  sizes.accumulator_entries = 64;
  const Memories memories(spec, sizes);
  const auto of = [](const FaultPlan& plan, MemoryId memory) {
    FaultPlan own;
    for (const Fault& fault : plan.faults) {
      if (fault.memory == memory) own.faults.push_back(fault);
    }
    return sites(own);
  };
  const FaultPlan both =
      sample_maps(memories, {{MemoryId::kActivationSram, 0.02}, {MemoryId::kWeightSram, 0.01}}, 7,
                  FaultKind::kFlip);
  EXPECT_EQ(both.origin, "ber weight_sram=0.01 activation_sram=0.02 seed 7 flip");
  EXPECT_TRUE(std::is_sorted(both.faults.begin(), both.faults.end(),
                             [](const Fault& a, const Fault& b) { return a.memory < b.memory; }));
  const FaultPlan weights =
      sample_maps(memories, {{MemoryId::kWeightSram, 0.01}}, 7, FaultKind::kFlip);
  EXPECT_EQ(weights.origin, "ber 0.01 seed 7 flip");
  EXPECT_EQ(sites(weights),
            sites(sample_map(memories[MemoryId::kWeightSram], 0.01, 7, FaultKind::kFlip)));
  EXPECT_EQ(of(both, MemoryId::kWeightSram), sites(weights));
  const FaultPlan values =
      sample_maps(memories, {{MemoryId::kActivationSram, 0.02}}, 7, FaultKind::kFlip);
  EXPECT_EQ(values.origin, "ber activation_sram=0.02 seed 7 flip");
  EXPECT_EQ(of(both, MemoryId::kActivationSram), sites(values));
  EXPECT_FALSE(weights.faults.empty());
  EXPECT_FALSE(values.faults.empty());
  // Streams of their own: the same numbers would make the same pattern.
  const FaultPlan sums =
      sample_maps(memories, {{MemoryId::kAccumulatorSram, 0.02}}, 7, FaultKind::kFlip);
  EXPECT_NE(sites(sums), sites(values));
}

TEST(SampleMaps, RefusesAMemoryThatIsNotThereOrIsThereTwice) {
  const Memories one(memory_of(512, 64, 4));
  const auto error = [&](std::vector<MemoryRate> rates) {
    return lacuna::test::message_of<base::InputError>(
        [&] { sample_maps(one, std::move(rates), 1, FaultKind::kFlip); });
  };
  EXPECT_EQ(error({{MemoryId::kPsumFifos, 0.1}}),
            "memory: there is no psum_fifos; only weight_sram");
  EXPECT_EQ(error({{MemoryId::kWeightSram, 0.1}, {MemoryId::kWeightSram, 0.2}}),
            "memory: weight_sram stands there twice; each memory once");
  EXPECT_EQ(error({{MemoryId::kWeightSram, 2}}),
            "bit error rate: 2 is out of range; a number from 0 to 1");
}

}  // namespace
}  // namespace lacuna::fault
