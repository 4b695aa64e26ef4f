// The residency map against numbers worked out by hand, against a replay of the schedule weight by
// weight, and against the cells themselves.
#include "schedule/residency.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/error.hpp"
#include "mapping/mapper.hpp"
#include "memory/cell_array.hpp"
#include "share.hpp"
#include "unit/mapping/random_case.hpp"
#include "unit/schedule/hand_schedules.hpp"

namespace lacuna::schedule {
namespace {

using memory::CellPosition;
using testing::Case;

using Key = std::tuple<std::int32_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
using Times = std::tuple<StepId, StepId, std::vector<StepId>>;

Key key(const WeightIndex& w) { return {w.layer, w.out, w.ky, w.kx, w.in}; }
Times times(const Stay& stay) { return {stay.from, stay.until, stay.reads}; }

TEST(Residency, AResidentWeightStaysFromSetUpToTheEnd) {
  // Weight conv[1][1][2][1]: k = (1 * 3 + 2) * 2 + 1 = 11, in block 1 (k 9..17, channels 0 and 1)
  // at word 9; one word an index (two 4-bit weights a word): word 9 + 2 = 11, lane 1. Two banks:
  // bank 1, row 5, bits 4..7. Its block is loaded into the PEs at steps 3 and 13.
  const Case c = testing::resident_case();
  const ResidencyMap map(c.schedule, c.network, c.spec);
  const std::vector<WeightStay> stays = map.stays(WeightIndex{0, 1, 1, 2, 1});
  ASSERT_EQ(stays.size(), 1U);
  EXPECT_EQ(stays[0].slot, 23);
  EXPECT_EQ(stays[0].first_cell.bank, 1);
  EXPECT_EQ(stays[0].first_cell.row, 5);
  EXPECT_EQ(stays[0].first_cell.bit, 4);
  EXPECT_EQ(times(stays[0].stay), Times(kSetup, 28, {3, 13}));

  const std::vector<CellStay> there = map.stays(CellPosition{1, 5, 6});
  ASSERT_EQ(there.size(), 1U);
  EXPECT_EQ(key(there[0].weight), Key(0, 1, 1, 2, 1));
  EXPECT_EQ(there[0].code_bit, 2);
  EXPECT_EQ(times(there[0].stay), Times(kSetup, 28, {3, 13}));
}

TEST(Residency, ACellServesTheWeightsThatPassThroughIt) {
  // Words 0 and 1 hold block 0 (first, channels 0 and 1) from step 0; step 19 puts block 4 (second,
  // k 24..26) over words 0..2. Word 0, lane 0: first[0][0][0][0], then second[0] at k = 24, which
  // is tap 8 = (2, 2), channel 0.
  const Case c = testing::spilling_case();
  const ResidencyMap map(c.schedule, c.network, c.spec);
  const std::vector<CellStay> there = map.stays(CellPosition{0, 0, 3});
  ASSERT_EQ(there.size(), 2U);
  EXPECT_EQ(key(there[0].weight), Key(0, 0, 0, 0, 0));
  EXPECT_EQ(times(there[0].stay), Times(0, 19, {3, 10}));
  EXPECT_EQ(key(there[1].weight), Key(1, 0, 2, 2, 0));
  EXPECT_EQ(times(there[1].stay), Times(19, 35, {26}));
}

TEST(Residency, APartlyOverwrittenBlockEndsWordByWord) {
  // Block 1 lies in words 2 and 3; block 4 takes word 2 only.
  const Case c = testing::spilling_case();
  const ResidencyMap map(c.schedule, c.network, c.spec);
  EXPECT_EQ(times(map.stays(WeightIndex{0, 2, 0, 0, 0}).at(0).stay), Times(1, 19, {5, 12}));
  EXPECT_EQ(times(map.stays(WeightIndex{0, 2, 0, 0, 1}).at(0).stay), Times(1, 35, {5, 12}));
}

TEST(Residency, AWeightFetchedAgainElsewhereHasTwoHomes) {
  Case c = testing::spilling_case();
  Step again = c.step(17);  // block 2, now at words 0..11
  again.address = 0;
  again.waits[1] = 32;
  c.schedule.steps.push_back(again);
  const ResidencyMap map(c.schedule, c.network, c.spec);
  const std::vector<WeightStay> stays = map.stays(WeightIndex{1, 1, 0, 0, 0});
  ASSERT_EQ(stays.size(), 2U);
  EXPECT_EQ(stays[0].slot, 9);  // word 4, lane 1
  EXPECT_EQ(times(stays[0].stay), Times(17, 35, {22, 32}));
  EXPECT_EQ(stays[1].slot, 1);
  EXPECT_EQ(times(stays[1].stay), Times(35, 36, {}));
}

TEST(Residency, LeftOverCellsHoldNothing) {
  Case c = testing::resident_case();
  {
    // Block 2 holds one channel: lane 1 of its words (18..26) holds nothing.
    const ResidencyMap map(c.schedule, c.network, c.spec);
    EXPECT_EQ(map.stays(CellPosition{0, 9, 3}).size(), 1U);
    EXPECT_TRUE(map.stays(CellPosition{0, 9, 4}).empty());
    EXPECT_EQ(map.next_read(CellPosition{0, 9, 4}, 0), kNoStep);
    // Beyond the words of the schedule, the banks, the word.
    EXPECT_TRUE(map.stays(CellPosition{1, 20, 0}).empty());
    EXPECT_TRUE(map.stays(CellPosition{2, 0, 0}).empty());
    EXPECT_TRUE(map.stays(CellPosition{0, 0, 8}).empty());
  }
  // Words of 11 bits hold two weights of 4; bits 8..10 are left over.
  c.spec.weight_sram.word_bits = 11;
  const ResidencyMap map(c.schedule, c.network, c.spec);
  EXPECT_EQ(map.stays(CellPosition{0, 0, 7}).size(), 1U);
  EXPECT_TRUE(map.stays(CellPosition{0, 0, 8}).empty());
  EXPECT_TRUE(map.masked(CellPosition{0, 0, 10}, memory::kPermanent));
}

TEST(Residency, TellsTheNextReadAndWhatIsMasked) {
  // Cell (0, 0, 0): block 0 written at step 0, read at 3 and 10; block 4 written at 19, read at 26.
  const Case c = testing::spilling_case();
  const ResidencyMap map(c.schedule, c.network, c.spec);
  const CellPosition cell{0, 0, 0};
  EXPECT_EQ(map.next_read(cell, 0), 3);
  EXPECT_EQ(map.next_read(cell, 3), 3);
  EXPECT_EQ(map.next_read(cell, 4), 10);
  EXPECT_EQ(map.next_read(cell, 11), 26);
  EXPECT_EQ(map.next_read(cell, 27), kNoStep);
  EXPECT_FALSE(map.masked(cell, memory::kPermanent));
  EXPECT_TRUE(map.masked(cell, 0));    // its first access at 0 or later is the write of step 0
  EXPECT_FALSE(map.masked(cell, 1));   // read at 3
  EXPECT_FALSE(map.masked(cell, 10));  // read at 10
  EXPECT_TRUE(map.masked(cell, 11));   // written at 19
  EXPECT_TRUE(map.masked(cell, 19));
  EXPECT_FALSE(map.masked(cell, 20));  // read at 26
  EXPECT_FALSE(map.masked(cell, 26));
  EXPECT_TRUE(map.masked(cell, 27));  // never read again
  // A weight from set-up has been written before every step.
  const Case r = testing::resident_case();
  const ResidencyMap resident(r.schedule, r.network, r.spec);
  EXPECT_FALSE(resident.masked(cell, 0));
  EXPECT_FALSE(resident.masked(cell, 11));
  EXPECT_TRUE(resident.masked(cell, 12));
}

TEST(Residency, RefusesWeightsThatDoNotExist) {
  const Case c = testing::resident_case();
  const ResidencyMap map(c.schedule, c.network, c.spec);
  EXPECT_THROW(map.stays(WeightIndex{5, 0, 0, 0, 0}), base::InternalError);
  EXPECT_THROW(map.stays(WeightIndex{1, 0, 0, 0, 0}), base::InternalError);  // a pool
  EXPECT_THROW(map.stays(WeightIndex{0, 3, 0, 0, 0}), base::InternalError);
  EXPECT_THROW(map.stays(WeightIndex{0, 0, 3, 0, 0}), base::InternalError);
  EXPECT_THROW(map.stays(WeightIndex{0, 0, 0, 0, 2}), base::InternalError);
}

struct Resident {
  WeightIndex weight;
  Stay stay;
};

// Every weight of every load and every read, one by one.
std::map<std::int64_t, std::vector<Resident>> replay(const Case& c) {
  std::map<std::int64_t, std::vector<Resident>> slots;
  const int per_word = arch::AcceleratorSpec::values_per_word(c.spec.weight_sram.word_bits,
                                                              c.spec.precision.weight_bits);
  const auto end = static_cast<StepId>(c.schedule.steps.size());
  const auto each = [&](const Step& s, const auto& visit) {
    const Block& b = c.schedule.blocks[static_cast<std::size_t>(s.block)];
    const network::Layer& layer = c.network.layers[static_cast<std::size_t>(b.layer)];
    for (std::int64_t k = b.k_begin; k < b.k_begin + b.k_count; ++k) {
      for (std::int64_t n = b.n_begin; n < b.n_begin + b.n_count; ++n) {
        const std::int64_t in = k % layer.group_in();
        const std::int64_t kx = k / layer.group_in() % layer.window.kernel_w;
        const std::int64_t ky = k / layer.group_in() / layer.window.kernel_w;
        visit(weight_slot(b, s.address, k, n, c.spec),
              WeightIndex{b.layer, b.group * layer.n() + n, ky, kx, in});
      }
    }
  };
  const auto load = [&](const Step& s, StepId id) {
    // A load ends the stay of everything in its words, also where it puts no weight itself.
    const Block& b = c.schedule.blocks[static_cast<std::size_t>(s.block)];
    const std::int64_t words = b.k_count * words_per_index(b, c.spec);
    for (std::int64_t slot = s.address * per_word; slot < (s.address + words) * per_word; ++slot) {
      std::vector<Resident>& list = slots[slot];
      if (!list.empty() && list.back().stay.until == end) list.back().stay.until = id;
    }
    each(s, [&](std::int64_t slot, const WeightIndex& w) {
      slots[slot].push_back({w, {id, end, {}}});
    });
  };
  for (const Step& s : c.schedule.setup) load(s, kSetup);
  for (StepId id = 0; id < end; ++id) {
    const Step& s = c.schedule.steps[static_cast<std::size_t>(id)];
    if (s.kind == StepKind::kLoadWeights) load(s, id);
    if (s.kind == StepKind::kLoadPe) {
      each(s, [&](std::int64_t slot, const WeightIndex&) {
        slots[slot].back().stay.reads.push_back(id);
      });
    }
  }
  return slots;
}

// What next_read() and masked() say of a cell of the slot, against its whole history.
void expect_reads(const ResidencyMap& map, const CellPosition& cell,
                  const std::vector<Resident>& history, StepId steps) {
  const auto first_from = [&](StepId from, const auto& list) {
    StepId first = steps;
    for (const StepId id : list) {
      if (id >= from) first = std::min(first, id);
    }
    return first;
  };
  std::vector<StepId> reads;
  std::vector<StepId> writes;
  for (const Resident& r : history) {
    writes.push_back(r.stay.from);
    reads.insert(reads.end(), r.stay.reads.begin(), r.stay.reads.end());
  }
  EXPECT_EQ(map.masked(cell, memory::kPermanent), reads.empty());
  for (StepId from = 0; from <= steps; from += 1 + steps / 40) {
    const StepId read = first_from(from, reads);
    EXPECT_EQ(map.next_read(cell, from), read == steps ? kNoStep : read);
    EXPECT_EQ(map.masked(cell, from), read == steps || first_from(from, writes) < read);
  }
}

void expect_replay(const Case& c) {
  const ResidencyMap map(c.schedule, c.network, c.spec);
  const int bits = c.spec.precision.weight_bits;
  const int per_word = arch::AcceleratorSpec::values_per_word(c.spec.weight_sram.word_bits, bits);
  const std::map<std::int64_t, std::vector<Resident>> slots = replay(c);
  std::map<Key, std::vector<std::pair<std::int64_t, Times>>> by_weight;
  for (std::int64_t slot = 0; slot < c.schedule.weight_words * per_word; ++slot) {
    const auto found = slots.find(slot);
    const std::vector<Resident> expected =
        found == slots.end() ? std::vector<Resident>{} : found->second;
    for (int bit = 0; bit < bits; ++bit) {
      const std::int64_t word = slot / per_word;
      const CellPosition cell{word % c.spec.weight_sram.banks, word / c.spec.weight_sram.banks,
                              slot % per_word * bits + bit};
      const std::vector<CellStay> stays = map.stays(cell);
      ASSERT_EQ(stays.size(), expected.size()) << "slot " << slot;
      for (std::size_t i = 0; i < stays.size(); ++i) {
        EXPECT_EQ(key(stays[i].weight), key(expected[i].weight));
        EXPECT_EQ(times(stays[i].stay), times(expected[i].stay));
        EXPECT_EQ(stays[i].code_bit, bit);
      }
      if (bit == slot % bits) {
        expect_reads(map, cell, expected, static_cast<StepId>(c.schedule.steps.size()));
      }
    }
    for (const Resident& r : expected) by_weight[key(r.weight)].push_back({slot, times(r.stay)});
  }
  for (const auto& [weight, expected] : by_weight) {
    const auto [layer, out, ky, kx, in] = weight;
    std::vector<std::pair<std::int64_t, Times>> found;
    for (const WeightStay& stay : map.stays(WeightIndex{layer, out, ky, kx, in})) {
      found.push_back({stay.slot, times(stay.stay)});
    }
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected);  // by slot, as they were collected
  }
}

TEST(Residency, AgreesWithAReplayOfEveryWeight) {
  expect_replay(testing::resident_case());
  expect_replay(testing::spilling_case());
}

TEST(Residency, AgreesWithAReplayInWordsOfOddWidth) {
  Case c = testing::spilling_case();
  c.spec.weight_sram.word_bits = 5;  // one weight a word, one bit left over: two words an index
  c.spec.weight_sram.banks = 3;
  c.step(1).address = 4;
  c.step(5).address = c.step(12).address = 4;
  c.step(17).address = c.step(22).address = c.step(32).address = 8;
  c.step(18).address = c.step(24).address = c.step(30).address = 32;
  c.schedule.weight_words = 56;
  expect_replay(c);
}

TEST(Residency, AgreesWithAReplayOfRandomSchedules) {
  const std::uint32_t seeds = lacuna::test::case_count(400, 400, 160);
  std::uint32_t overwritten = 0;
  for (std::uint32_t seed = 0; seed < seeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const mapping::testing::RandomCase random = mapping::testing::random_case(seed);
    Case c{random.network, random.spec, {}};
    try {
      c.schedule = mapping::map_network(c.network, c.spec, {random.batch, 0, seed % 3 == 0, {}});
    } catch (const base::InputError&) {
      continue;
    }
    expect_replay(c);
    const auto slots = replay(c);
    const bool again = std::any_of(slots.begin(), slots.end(),
                                   [](const auto& slot) { return slot.second.size() > 1; });
    overwritten += again ? 1 : 0;
  }
  EXPECT_GT(overwritten, seeds / 8);
}

TEST(Residency, CodeBitsLieInTheCellsThatItNames) {
  const Case c = testing::resident_case();
  const ResidencyMap map(c.schedule, c.network, c.spec);
  const int bits = c.spec.precision.weight_bits;
  for (std::int64_t out = 0; out < 3; ++out) {
    for (std::int64_t tap = 0; tap < 9; ++tap) {
      const WeightStay home = map.stays(WeightIndex{0, out, tap / 3, tap % 3, 1}).at(0);
      for (int bit = 0; bit < bits; ++bit) {
        memory::CellArray cells(c.schedule.weight_words, c.spec.weight_sram.word_bits,
                                c.spec.weight_sram.banks, bits);
        measure::FaultOutcome outcome;
        CellPosition cell = home.first_cell;
        cell.bit += bit;
        cells.arm(cell, memory::FaultKind::kStuckAt1, memory::kPermanent, &outcome);
        EXPECT_EQ(cells.read(home.slot, 0), 1 << bit);
      }
    }
  }
}

}  // namespace
}  // namespace lacuna::schedule
