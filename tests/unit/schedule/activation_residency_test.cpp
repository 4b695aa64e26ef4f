// What lies in the activation SRAM and its bitmap over time: by hand, and against a replay of every
// value that the machine reads and writes.
#include "schedule/activation_residency.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "mapping/mapper.hpp"
#include "share.hpp"
#include "unit/mapping/random_case.hpp"
#include "unit/schedule/hand_schedules.hpp"

namespace lacuna::schedule {
namespace {

using memory::CellPosition;
using testing::Case;

using ValueKey = std::tuple<std::int32_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
using StayKey = std::tuple<StepId, StepId, std::vector<StepId>>;

ValueKey key_of(const MapValue& v) { return {v.map, v.image, v.channel, v.y, v.x}; }
StayKey stay_key(const Stay& stay) { return {stay.from, stay.until, stay.reads}; }

constexpr auto kSram = MemoryId::kActivationSram;
constexpr auto kBitmap = MemoryId::kActivationBitmap;

CellPosition cell_of(std::int64_t slot, const arch::AcceleratorSpec& spec,
                     MemoryId memory = kSram) {
  const bool codes = memory == kSram;
  const std::int64_t slots = codes ? spec.activations_per_word() : spec.bitmap_word_bits();
  const std::int64_t word = slot / slots;
  return {word % spec.activation_sram.banks, word / spec.activation_sram.banks,
          slot % slots * (codes ? spec.precision.activation_bits : 1)};
}

TEST(ActivationResidency, AHaloRowLiesInTwoCellsAndACellServesWhatPassesThroughIt) {
  // Map 1 (4 x 4 x 3): row 2 lies in region 2 (base 32, its first row) as step 13 and 15 write it,
  // in region 3 (rows 0..2 from slot 0) from step 20 and in region 4 (rows 1..3 from slot 36) from
  // step 21. Slot 32 is the lowest channel of pixel (0, 0) of rows 0, then 2, then, in region 3 (12
  // slots a row), row 2, pixel 2 (24 + 8): channel 2.
  const Case c = testing::spilling_case();
  const ActivationResidency map(c.schedule, c.network, c.spec, kSram);
  const std::vector<ValueStay> there = map.stays(cell_of(32, c.spec));
  ASSERT_EQ(there.size(), 3U);
  EXPECT_EQ(key_of(there[0].value), ValueKey(1, 0, 0, 0, 0));
  EXPECT_EQ(stay_key(there[0].stay), StayKey(6, 13, {9}));
  EXPECT_EQ(key_of(there[1].value), ValueKey(1, 0, 0, 2, 0));
  EXPECT_EQ(stay_key(there[1].stay), StayKey(13, 20, {16}));
  // Rows 0 and 1 of the second layer read row 2 under kernel row 2 of row 1: k 18 and above, with
  // channel 2 at k = 20 (block 3) under window column 0, 23 (block 3) and 26 (block 4).
  EXPECT_EQ(key_of(there[2].value), ValueKey(1, 0, 2, 2, 2));
  EXPECT_EQ(stay_key(there[2].stay), StayKey(20, 35, {25, 27}));

  const std::vector<ValueHome> homes = map.homes({1, 0, 1, 2, 3});
  ASSERT_EQ(homes.size(), 3U);
  EXPECT_EQ(homes[0].slot, 32 + 10);
  EXPECT_EQ(stay_key(homes[0].stay), StayKey(13, 21, {16}));
  EXPECT_EQ(homes[1].slot, 24 + 10);
  EXPECT_EQ(homes[2].slot, 36 + 12 + 10);
  // Two 16-bit banks with four values a word: slot 58 is lane 2 of word 14.
  EXPECT_EQ(homes[2].first_cell.bank, 0);
  EXPECT_EQ(homes[2].first_cell.row, 7);
  EXPECT_EQ(homes[2].first_cell.bit, 8);
}

TEST(ActivationResidency, AWriterOfAChannelTileLeavesTheOtherChannelsAlone) {
  // Channels 0 and 1 of map 1 come with step 6, channel 2 with step 8.
  const Case c = testing::spilling_case();
  const ActivationResidency map(c.schedule, c.network, c.spec, kSram);
  EXPECT_EQ(stay_key(map.stays(cell_of(33, c.spec)).at(0).stay), StayKey(6, 13, {9}));
  EXPECT_EQ(stay_key(map.stays(cell_of(34, c.spec)).at(0).stay), StayKey(8, 15, {9}));
}

TEST(ActivationResidency, SlicesMeetInTheRegionOfTheirReader) {
  const Case c = testing::sliced_case();
  const ActivationResidency map(c.schedule, c.network, c.spec, kSram);
  // Channel 3 of map 1: channel 1 of what far writes (region 2, slot 16), then in region 3.
  const std::vector<ValueHome> homes = map.homes({1, 0, 3, 0, 1});
  ASSERT_EQ(homes.size(), 2U);
  EXPECT_EQ(homes[0].slot, 19);
  EXPECT_EQ(stay_key(homes[0].stay), StayKey(7, 14, {8}));
  EXPECT_EQ(homes[1].slot, 24 + 7);
  EXPECT_EQ(stay_key(homes[1].stay), StayKey(10, 14, {12}));
}

TEST(ActivationResidency, ASumLiesInTheSlotsOfItsBits) {
  const Case c = testing::sums_case();
  const ActivationResidency map(c.schedule, c.network, c.spec, kSram);
  // Map 1 at slot 8, eight slots of 4 bits a sum: bit 2 of slot 8 + 8 + 5 is bit 22 of the second.
  CellPosition cell = cell_of(21, c.spec);
  cell.bit += 2;
  const std::vector<ValueStay> there = map.stays(cell);
  ASSERT_EQ(there.size(), 1U);
  EXPECT_EQ(key_of(there[0].value), ValueKey(1, 0, 1, 0, 0));
  EXPECT_EQ(there[0].bit, 22);
  EXPECT_EQ(stay_key(there[0].stay), StayKey(3, 10, {6}));
}

TEST(ActivationResidency, OnlyStreamsThatSkipReadTheBitmap) {
  Case c = testing::spilling_case();
  const CellPosition cell{0, 4, 0};  // of slot 32
  for (const auto policy :
       {arch::ZeroSkipping::kNone, arch::ZeroSkipping::kGate, arch::ZeroSkipping::kSkip}) {
    c.spec.zero_skipping = policy;
    const ActivationResidency map(c.schedule, c.network, c.spec, kBitmap);
    const std::vector<ValueStay> there = map.stays(cell);
    ASSERT_EQ(there.size(), 3U);
    EXPECT_EQ(stay_key(there[0].stay), StayKey(6, 13, {})) << "DRAM gets no bitmap";
    const bool skip = policy == arch::ZeroSkipping::kSkip;
    EXPECT_EQ(there[2].stay.reads, skip ? std::vector<StepId>({25, 27}) : std::vector<StepId>());
  }
}

TEST(ActivationResidency, LeftOverCellsHoldNothing) {
  Case c = testing::spilling_case();
  c.spec.activation_sram.word_bits = 18;  // four values of 4 bits, two bits left over
  const ActivationResidency map(c.schedule, c.network, c.spec, kSram);
  EXPECT_FALSE(map.stays(CellPosition{0, 0, 15}).empty());
  EXPECT_TRUE(map.stays(CellPosition{0, 0, 16}).empty());
  EXPECT_TRUE(map.stays(CellPosition{2, 0, 0}).empty());
  EXPECT_TRUE(map.stays(CellPosition{0, 9, 0}).empty());  // beyond the 72 slots
  c.spec.array.weights_per_pe = 3;                        // words of the bitmap have as many bits
  const ActivationResidency bits(c.schedule, c.network, c.spec, kBitmap);
  EXPECT_FALSE(bits.stays(CellPosition{0, 0, 2}).empty());
  EXPECT_TRUE(bits.stays(CellPosition{0, 0, 3}).empty());
  EXPECT_THROW(ActivationResidency(c.schedule, c.network, c.spec, MemoryId::kWeightSram),
               base::InternalError);
  EXPECT_TRUE(map.homes({1, 1, 0, 0, 0}).empty());  // a second image
  EXPECT_THROW(map.homes({9, 0, 0, 0, 0}), base::InternalError);
}

/// All values that the steps read and write, one by one, as the machine does.
class Replay {
 public:
  struct Held {
    MapValue value;
    std::int64_t part = 0;
    Stay stay;
    std::vector<StepId> streams;
  };

  explicit Replay(const Case& c) : c_(c) {
    for (const Step& step : c.schedule.steps) {
      follow(step);
      ++id_;
    }
  }

  const std::map<std::int64_t, std::vector<Held>>& slots() const { return slots_; }

 private:
  void follow(const Step& s) {
    switch (s.kind) {
      case StepKind::kLoadWeights:
      case StepKind::kLoadPe:
        return;
      case StepKind::kLoadActivations:
        return transfer(s, [&](const MapValue& v) { write(s.output, v); });
      case StepKind::kStoreActivations:
        return transfer(s, [&](const MapValue& v) { read(s.input, v); });
      case StepKind::kStream:
        return stream(s);
      case StepKind::kPost:
        return post(s);
      case StepKind::kPool:
      case StepKind::kTransform:
        return over_maps(s);
    }
  }

  template <class Move>
  void transfer(const Step& s, Move move) {
    const MapRows& r = s.rows;
    for (std::int64_t image = r.image_begin; image < r.image_begin + r.image_count; ++image) {
      for (std::int64_t y = r.row_begin; y < r.row_begin + r.row_count; ++y) {
        for (std::int64_t x = 0; x < c_.network.map(r.map).shape.width; ++x) {
          for (std::int64_t n = r.channel_begin; n < r.channel_begin + r.channel_count; ++n) {
            move(MapValue{r.map, image, n, y, x});
          }
        }
      }
    }
  }

  void stream(const Step& s) {
    const network::Layer& l = layer(s);
    const Block& b = c_.schedule.blocks[static_cast<std::size_t>(s.block)];
    each_pixel(s, [&](std::int64_t image, std::int64_t out_y, std::int64_t out_x) {
      for (std::int64_t k = b.k_begin; k < b.k_begin + b.k_count; ++k) {
        const std::int64_t position = k / l.group_in();
        const std::int64_t y = l.window.input_row(out_y, position / l.window.kernel_w, l.in.height);
        const std::int64_t x =
            l.window.input_column(out_x, position % l.window.kernel_w, l.in.width);
        if (y < 0 || x < 0) continue;
        read(s.input, {l.input(), image, b.group * l.group_in() + k % l.group_in(), y, x}, true);
      }
    });
  }

  void post(const Step& s) {
    const network::Layer& l = layer(s);
    const Block& b = c_.schedule.blocks[static_cast<std::size_t>(s.block)];
    const std::int32_t pool = c_.schedule.layers[static_cast<std::size_t>(s.layer)].fused_pool;
    each_pixel(s, [&](std::int64_t image, std::int64_t y, std::int64_t x) {
      for (std::int64_t n = 0; n < b.n_count; ++n) {
        const std::int64_t channel = b.group * l.n() + b.n_begin + n;
        if (s.residual >= 0) read(s.residual, {l.residual(), image, channel, y, x});
        if (l.logits) continue;
        if (pool < 0) {
          write(s.output, {l.output, image, l.output_channel + channel, y, x});
          continue;
        }
        const network::Layer& p = c_.network.layers[static_cast<std::size_t>(pool)];
        const int h = p.window.kernel_h;
        const int w = p.window.kernel_w;
        const bool last = y % h == h - 1 && x % w == w - 1;
        if (!last || y / h >= p.out.height || x / w >= p.out.width) continue;
        write(s.output, {p.output, image, p.output_channel + channel, y / h, x / w});
      }
    });
  }

  void over_maps(const Step& s) {
    const network::Layer& l = layer(s);
    const Region& out = region(s.output);
    const auto each_output = [&](const auto& visit) {
      for (std::int64_t i = out.image_begin; i < out.image_begin + out.image_count; ++i) {
        for (std::int64_t y = out.row_begin; y < out.row_begin + out.row_count; ++y) {
          for (std::int64_t x = 0; x < l.out.width; ++x) {
            for (std::int64_t n = 0; n < l.out.channels; ++n) visit(MapValue{l.output, i, n, y, x});
          }
        }
      }
    };
    each_output([&](const MapValue& v) {
      if (l.is_pool()) {
        for (int position = 0; position < l.taps(); ++position) {
          const std::int64_t y = l.window.input_row(v.y, position / l.window.kernel_w, l.in.height);
          const std::int64_t x =
              l.window.input_column(v.x, position % l.window.kernel_w, l.in.width);
          if (y >= 0 && x >= 0) read(s.input, {l.input(), v.image, v.channel, y, x});
        }
      } else if (l.kind == network::LayerKind::kResize) {
        const network::Sample& row = l.sample_rows[static_cast<std::size_t>(v.y)];
        const network::Sample& column = l.sample_columns[static_cast<std::size_t>(v.x)];
        for (int position = 0; position < (l.linear ? 4 : 1); ++position) {
          read(s.input, {l.input(), v.image, v.channel, position < 2 ? row.first : row.second,
                         position % 2 == 0 ? column.first : column.second});
        }
      } else {
        read(s.input, {l.input(), v.image, v.channel, v.y, v.x});
        if (s.residual < 0) return;
        const network::MapShape& shape = c_.network.map(l.residual()).shape;
        const bool pixel = shape.height * shape.width == 1;
        read(s.residual, {l.residual(), v.image, shape.channels == 1 ? 0 : v.channel,
                          pixel ? 0 : v.y, pixel ? 0 : v.x});
      }
    });
    each_output([&](MapValue v) {
      v.channel += l.output_channel;
      write(s.output, v);
    });
  }

  template <class Visit>
  void each_pixel(const Step& s, Visit visit) {
    const PixelRange& range = c_.schedule.ranges[static_cast<std::size_t>(s.range)];
    const network::MapShape& out = layer(s).out;
    for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
      for (std::int64_t x = 0; x < out.width; ++x) visit(row / out.height, row % out.height, x);
    }
  }

  std::int64_t first_slot(std::int32_t index, const MapValue& v) const {
    const Region& r = region(index);
    return r.base + (((v.image - r.image_begin) * r.row_count + v.y - r.row_begin) *
                         c_.network.map(v.map).shape.width * r.channel_count +
                     v.x * r.channel_count + v.channel - r.channel_begin) *
                        parts(v);
  }
  std::int64_t parts(const MapValue& v) const {
    const int bits = c_.spec.precision.activation_bits;
    return c_.network.map(v.map).sums ? (32 + bits - 1) / bits : 1;
  }

  void write(std::int32_t index, const MapValue& v) {
    const auto steps = static_cast<StepId>(c_.schedule.steps.size());
    for (std::int64_t part = 0; part < parts(v); ++part) {
      std::vector<Held>& list = slots_[first_slot(index, v) + part];
      if (!list.empty()) list.back().stay.until = id_;
      list.push_back({v, part, {id_, steps, {}}, {}});
    }
  }
  void read(std::int32_t index, const MapValue& v, bool streams = false) {
    for (std::int64_t part = 0; part < parts(v); ++part) {
      std::vector<Held>& list = slots_[first_slot(index, v) + part];
      ASSERT_FALSE(list.empty()) << "step " << id_;
      ASSERT_EQ(key_of(list.back().value), key_of(v)) << "step " << id_;
      std::vector<StepId>& reads = list.back().stay.reads;
      if (reads.empty() || reads.back() != id_) reads.push_back(id_);
      std::vector<StepId>& by = list.back().streams;
      if (streams && (by.empty() || by.back() != id_)) by.push_back(id_);
    }
  }

  const network::Layer& layer(const Step& s) const {
    return c_.network.layers[static_cast<std::size_t>(s.layer)];
  }
  const Region& region(std::int32_t index) const {
    return c_.schedule.regions[static_cast<std::size_t>(index)];
  }

  const Case& c_;
  StepId id_ = 0;
  std::map<std::int64_t, std::vector<Held>> slots_;
};

struct Seen {
  int again = 0;     ///< cells that hold several values in turn
  int homes = 0;     ///< values that lie in several places
  int unread = 0;    ///< stays that end without a read
  int sums = 0;      ///< cells of one
  int slices = 0;    ///< values in a region of some channels of their map
  int skipping = 0;  ///< bits of the bitmap that are read
};

void expect_slot(const ActivationResidency& map, const ActivationResidency& bitmap, const Case& c,
                 std::int64_t slot, const std::vector<Replay::Held>& expected, Seen& seen) {
  const int bits = c.spec.precision.activation_bits;
  const bool skip = c.spec.zero_skipping == arch::ZeroSkipping::kSkip;
  CellPosition cell = cell_of(slot, c.spec);
  cell.bit += slot % bits;
  const std::vector<ValueStay> stays = map.stays(cell);
  const std::vector<ValueStay> marks = bitmap.stays(cell_of(slot, c.spec, kBitmap));
  ASSERT_EQ(stays.size(), expected.size()) << "slot " << slot;
  ASSERT_EQ(marks.size(), expected.size()) << "slot " << slot;
  for (std::size_t i = 0; i < stays.size(); ++i) {
    const Replay::Held& held = expected[i];
    EXPECT_EQ(key_of(stays[i].value), key_of(held.value));
    EXPECT_EQ(stays[i].bit, held.part * bits + slot % bits);
    EXPECT_EQ(stay_key(stays[i].stay), stay_key(held.stay)) << "slot " << slot;
    EXPECT_EQ(key_of(marks[i].value), key_of(held.value));
    EXPECT_EQ(marks[i].bit, held.part);
    const StayKey mark{held.stay.from, held.stay.until,
                       skip ? held.streams : std::vector<StepId>()};
    EXPECT_EQ(stay_key(marks[i].stay), mark) << "slot " << slot;
    seen.unread += held.stay.reads.empty() ? 1 : 0;
    seen.sums += c.network.map(held.value.map).sums ? 1 : 0;
    seen.skipping += skip && !held.streams.empty() ? 1 : 0;
  }
  seen.again += expected.size() > 1 ? 1 : 0;
}

void expect_value_replay(const Case& c, Seen& seen) {
  const ActivationResidency map(c.schedule, c.network, c.spec, kSram);
  const ActivationResidency bitmap(c.schedule, c.network, c.spec, kBitmap);
  const Replay replay(c);
  std::map<ValueKey, std::vector<std::pair<StepId, std::int64_t>>> homes;
  for (std::int64_t slot = 0; slot < c.schedule.activation_slots; ++slot) {
    const auto found = replay.slots().find(slot);
    const std::vector<Replay::Held> expected =
        found == replay.slots().end() ? std::vector<Replay::Held>{} : found->second;
    expect_slot(map, bitmap, c, slot, expected, seen);
    for (const Replay::Held& held : expected) {
      if (held.part == 0) homes[key_of(held.value)].push_back({held.stay.from, slot});
    }
  }
  for (auto& [value, expected] : homes) {
    std::sort(expected.begin(), expected.end());
    const auto [own, image, channel, y, x] = value;
    for (const auto& [where, memory] : {std::pair(&map, kSram), std::pair(&bitmap, kBitmap)}) {
      std::vector<std::pair<StepId, std::int64_t>> found;
      for (const ValueHome& home : where->homes({own, image, channel, y, x})) {
        found.push_back({home.stay.from, home.slot});
        EXPECT_EQ(home.first_cell, cell_of(home.slot, c.spec, memory));
      }
      EXPECT_EQ(found, expected);
    }
    seen.homes += expected.size() > 1 ? 1 : 0;
  }
  for (const Region& region : c.schedule.regions) {
    seen.slices += region.channel_count < c.network.map(region.map).shape.channels ? 1 : 0;
  }
}

TEST(ActivationResidency, AgreesWithAReplayOfHandMadeSchedules) {
  Seen seen;
  for (const Case& c : {testing::resident_case(), testing::spilling_case(),
                        testing::residual_case(), testing::sliced_case(), testing::sums_case()}) {
    expect_value_replay(c, seen);
  }
  EXPECT_GT(seen.sums, 0);
  EXPECT_GT(seen.slices, 0);
}

TEST(ActivationResidency, AgreesWithAReplayOfRandomSchedules) {
  const std::uint32_t seeds = lacuna::test::case_count(300, 300, 80);
  Seen seen;
  int cases = 0;
  int with_again = 0;
  int with_homes = 0;
  int with_sums = 0;
  int with_slices = 0;
  int with_skipping = 0;
  for (std::uint32_t seed = 0; seed < seeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const mapping::testing::RandomCase random = mapping::testing::random_case(seed);
    Case c{random.network, random.spec, {}};
    try {
      c.schedule = mapping::map_network(c.network, c.spec, {random.batch, 0, seed % 3 == 0, {}});
    } catch (const base::InputError&) {
      continue;
    }
    seen = Seen();
    expect_value_replay(c, seen);
    ++cases;
    with_again += seen.again > 0 ? 1 : 0;
    with_homes += seen.homes > 0 ? 1 : 0;
    with_sums += seen.sums > 0 ? 1 : 0;
    with_slices += seen.slices > 0 ? 1 : 0;
    with_skipping += seen.skipping > 0 ? 1 : 0;
  }
  EXPECT_GT(with_again, cases / 4);
  EXPECT_GT(with_homes, cases / 8);
  EXPECT_GT(with_sums, cases / 40);
  EXPECT_GT(with_slices, cases / 40);
  EXPECT_GT(with_skipping, cases / 8);
}

}  // namespace
}  // namespace lacuna::schedule
