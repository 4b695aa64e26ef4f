// The mapper looks only at cuts that can win, by what each costs at the least: that is never more
// than what it does cost, which is what the schedule costs that it becomes; and the schedule is the
// one that looking at all of them gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "base/error.hpp"
#include "mapping/least_cost.hpp"
#include "mapping/mapper.hpp"
#include "share.hpp"
#include "unit/mapping/random_case.hpp"
#include "unit/network/stack.hpp"

namespace lacuna::mapping {
namespace {

auto fields(const schedule::Block& b) {
  return std::tie(b.layer, b.group, b.pass, b.k_begin, b.k_count, b.n_begin, b.n_count);
}
auto fields(const schedule::PixelRange& r) { return std::tie(r.layer, r.row_begin, r.row_count); }
auto fields(const schedule::Region& r) {
  return std::tie(r.map, r.image_begin, r.image_count, r.row_begin, r.row_count, r.base, r.slots,
                  r.channel_begin, r.channel_count);
}
auto fields(const schedule::Step& s) {
  const schedule::MapRows& r = s.rows;
  return std::tie(s.kind, s.layer, s.block, s.range, s.input, s.output, s.residual, s.address,
                  s.set, s.first_pass, r.map, r.image_begin, r.image_count, r.row_begin,
                  r.row_count, r.channel_begin, r.channel_count, s.waits, s.after_start);
}
auto fields(const schedule::LayerMapping& p) {
  return std::tie(p.order, p.reason, p.fused_pool, p.k_passes, p.channel_tiles, p.pixel_ranges,
                  p.weights_per_pe, p.weights_stay, p.input_in_sram, p.output_in_sram);
}

template <class Item>
bool same(const std::vector<Item>& a, const std::vector<Item>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Item& x, const Item& y) { return fields(x) == fields(y); });
}

bool same(const schedule::Schedule& a, const schedule::Schedule& b) {
  const auto sizes = [](const schedule::Schedule& s) {
    return std::tie(s.batch, s.weights_resident, s.weight_words, s.activation_slots,
                    s.accumulator_entries);
  };
  return sizes(a) == sizes(b) && same(a.blocks, b.blocks) && same(a.ranges, b.ranges) &&
         same(a.regions, b.regions) && same(a.setup, b.setup) && same(a.steps, b.steps) &&
         same(a.layers, b.layers);
}

// Told to, the mapper itself checks every cut: its least cost against its cost, and that against
// the estimate of the schedule that it becomes, in cycles and in bytes.
TEST(MapperSearch, FindsWhatLookingAtEveryCutFinds) {
  const std::uint32_t seeds = test::case_count(12'000, 1'000, 150);
  std::uint32_t mapped = 0;
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    const testing::RandomCase c = testing::random_case(seed);
    MapOptions options;
    options.batch = c.batch;
    options.may_be_resident = seed % 4 != 0;
    schedule::Schedule pruned;
    try {
      pruned = map_network(c.network, c.spec, options);
    } catch (const base::InputError&) {
      continue;
    }
    ++mapped;
    options.check_every_cut = true;
    EXPECT_TRUE(same(map_network(c.network, c.spec, options), pruned)) << "seed " << seed;
  }
  EXPECT_GT(mapped, seeds * 3 / 4);
}

/// A product of 12 x 8 and 8 x 6 as a layer, on an array of 4 x 4 with two weights a PE.
class LeastOfACut : public ::testing::Test {
 protected:
  LeastOfACut() {
    network::Layer layer;
    layer.in = {12, 1, 8};
    layer.out = {12, 1, 6};
    network_.layers.push_back(layer);
    network::test::give_maps(network_, layer.in);
    spec_.array.rows = spec_.array.cols = 4;
    spec_.array.weights_per_pe = 2;
    spec_.weight_sram.word_bits = 32;
    spec_.precision.weight_bits = spec_.precision.activation_bits = 8;
    spec_.dram.latency_cycles = 10;
    cut_.indices_per_pass = 8;
    cut_.units_per_range = 4;
  }

  LeastCost least() const {
    return least_cost(LayerShape(network_, spec_, 0, -1, 1), cut_, setting_, spec_);
  }

  network::Network network_;
  arch::AcceleratorSpec spec_;
  LayerCut cut_;
  LayerSetting setting_;
};

TEST_F(LeastOfACut, IsTheArraysWorkWhereDramIsUnlimited) {
  // Two tiles, of 4 and 2 channels: 12 pixels x 2 cycles, and in 3 ranges 3 rows down and 3 or 1
  // columns right.
  EXPECT_EQ(least().estimate.cycles.value, 2 * 12 * 2 + 3 * (3 + 3) + 3 * (3 + 1));
  EXPECT_EQ(least().estimate.dram.value, 8 * 6 + 12 * 8);
}

TEST_F(LeastOfACut, CountsWeightsOnceARangeWhereTheyDoNotStay) {
  spec_.dram.bytes_per_cycle = 1;
  cut_.weights_stay = false;
  setting_.weight_words = 8;  // one tile's
  EXPECT_EQ(least().estimate.dram.value, 3 * 8 * 6 + 12 * 8);
  EXPECT_EQ(least().estimate.cycles.value, 10 + 3 * 8 * 6 + 12 * 8);
  // One tile alone is done with before the next begins.
  cut_.order = LoopOrder::kChannelOuter;
  EXPECT_EQ(least().estimate.dram.value, 8 * 6 + 12 * 8);
}

TEST_F(LeastOfACut, CountsAnInputThatComesByRangesOnceATile) {
  cut_.input_whole = false;
  setting_.weights_resident = true;
  EXPECT_EQ(least().estimate.dram.value, 12 * 8);
  cut_.order = LoopOrder::kChannelOuter;
  EXPECT_EQ(least().estimate.dram.value, 2 * 12 * 8);
}

TEST_F(LeastOfACut, LeavesOutMapsThatAreThere) {
  setting_.weights_resident = true;
  setting_.input_there = true;
  EXPECT_EQ(least().estimate.dram.value, 0);
  setting_.stores_output = true;
  EXPECT_EQ(least().estimate.dram.value, 12 * 6);
}

}  // namespace
}  // namespace lacuna::mapping
