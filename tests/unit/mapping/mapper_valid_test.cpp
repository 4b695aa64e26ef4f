// Whatever the mapper makes of random machines and networks, the judge has nothing to say, and no
// weight comes from DRAM in vain.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "judge/verify_schedule.hpp"
#include "mapping/mapper.hpp"
#include "share.hpp"
#include "unit/mapping/random_case.hpp"
#include "unit/network/stack.hpp"

namespace lacuna::mapping {
namespace {

/// How many of the schedules do something that is worth judging.
struct Coverage {
  int mapped = 0;
  int refused = 0;
  int batched = 0;
  int resident = 0;
  int fetches_again = 0;     ///< a block comes from DRAM more than once a batch
  int streams_input = 0;     ///< a layer's input comes in more than one transfer
  int reads_halo_again = 0;  ///< rows of a map come from DRAM twice
  int spills = 0;
  int grouped = 0;
  int halo = 0;  ///< a layer in several ranges whose windows overlap
  int fused_pool = 0;
  int separate_pool = 0;
  int channel_outer = 0;
  int k_passes = 0;
  int channel_tiles = 0;
  int residual_stays = 0;      ///< the operand is on chip since it was made
  int residual_in_pieces = 0;  ///< it comes from DRAM by ranges
  int residual_loaded = 0;     ///< it comes from DRAM whole
  int shared_map = 0;          ///< a map has two readers
  int slices_on_chip = 0;      ///< a map of several writers stays on chip
  int slices_loaded = 0;       ///< it comes from DRAM, slice by slice
  int sums_on_chip = 0;
  int sums_loaded = 0;
};

bool has_step(const schedule::Schedule& schedule, schedule::StepKind kind) {
  return std::any_of(schedule.steps.begin(), schedule.steps.end(),
                     [&](const schedule::Step& step) { return step.kind == kind; });
}

void count_transfers(const schedule::Schedule& schedule, const network::Network& network,
                     Coverage& seen) {
  std::unordered_map<std::int32_t, int> fetches;
  std::unordered_map<std::int32_t, int> input_loads;
  std::unordered_map<std::int32_t, std::int64_t> rows_loaded;
  for (const schedule::Step& step : schedule.steps) {
    if (step.kind == schedule::StepKind::kLoadWeights) ++fetches[step.block];
    if (step.kind != schedule::StepKind::kLoadActivations) continue;
    ++input_loads[step.layer];
    rows_loaded[step.layer] += step.rows.image_count * step.rows.row_count;
  }
  const auto more_than_once = [](const auto& entry) { return entry.second > 1; };
  seen.fetches_again += std::any_of(fetches.begin(), fetches.end(), more_than_once);
  seen.streams_input += std::any_of(input_loads.begin(), input_loads.end(), more_than_once);
  seen.reads_halo_again +=
      std::any_of(rows_loaded.begin(), rows_loaded.end(), [&](const auto& entry) {
        const auto layer = static_cast<std::size_t>(entry.first);
        return entry.second > network.layers[layer].in.height * schedule.batch;
      });
}

/// Blocks that are brought from DRAM and leave the weight SRAM before any PE load has read them: no
/// error, but traffic for nothing.
int unread_loads(const schedule::Schedule& schedule) {
  std::unordered_map<std::int64_t, schedule::StepId> unread;  // by address, the load
  int count = 0;
  for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
    const schedule::Step& step = schedule.steps[i];
    if (step.kind == schedule::StepKind::kLoadPe) unread.erase(step.address);
    if (step.kind != schedule::StepKind::kLoadWeights) continue;
    count += !unread.emplace(step.address, static_cast<schedule::StepId>(i)).second;
  }
  return count + static_cast<int>(unread.size());
}

void count_residuals(const schedule::Schedule& schedule, const network::Network& network,
                     Coverage& seen) {
  bool stays = false;
  bool pieces = false;
  bool loaded = false;
  std::unordered_map<std::int32_t, int> readers;
  for (const network::Layer& layer : network.layers) {
    ++readers[layer.input()];
    if (layer.residual() >= 0) ++readers[layer.residual()];
  }
  for (const schedule::Step& step : schedule.steps) {
    if (step.residual < 0) continue;
    const schedule::Region& region = schedule.regions[static_cast<std::size_t>(step.residual)];
    const network::MapShape& map = network.map(region.map).shape;
    const bool whole = region.row_count == map.height && region.image_count == schedule.batch;
    const bool from_dram =
        std::any_of(schedule.steps.begin(), schedule.steps.end(), [&](const schedule::Step& load) {
          return load.kind == schedule::StepKind::kLoadActivations && load.output == step.residual;
        });
    (!from_dram ? stays : whole ? loaded : pieces) = true;
  }
  seen.residual_stays += stays;
  seen.residual_in_pieces += pieces;
  seen.residual_loaded += loaded;
  seen.shared_map += std::any_of(readers.begin(), readers.end(),
                                 [](const auto& entry) { return entry.second > 1; });
}

void count_special_maps(const schedule::Schedule& schedule, const network::Network& network,
                        Coverage& seen) {
  bool slices[2] = {false, false};  // on chip, loaded
  bool sums[2] = {false, false};
  for (int map = 1; map < static_cast<int>(network.maps.size()); ++map) {
    const bool loaded =
        std::any_of(schedule.steps.begin(), schedule.steps.end(), [&](const schedule::Step& step) {
          return step.kind == schedule::StepKind::kLoadActivations && step.rows.map == map;
        });
    if (network.slices(map).size() > 1) slices[loaded ? 1 : 0] = true;
    if (network.map(map).sums) sums[loaded ? 1 : 0] = true;
  }
  seen.slices_on_chip += slices[0];
  seen.slices_loaded += slices[1];
  seen.sums_on_chip += sums[0];
  seen.sums_loaded += sums[1];
}

void count(const schedule::Schedule& schedule, const network::Network& network, Coverage& seen) {
  ++seen.mapped;
  seen.batched += schedule.batch > 1;
  seen.resident += schedule.weights_resident;
  seen.spills += has_step(schedule, schedule::StepKind::kStoreActivations);
  seen.separate_pool += has_step(schedule, schedule::StepKind::kPool);
  count_transfers(schedule, network, seen);
  bool grouped = false;
  bool halo = false;
  bool fused = false;
  bool outer = false;
  bool passes = false;
  bool tiles = false;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const network::Layer& layer = network.layers[i];
    const schedule::LayerMapping& own = schedule.layers[i];
    grouped |= layer.groups > 1;
    halo |=
        layer.is_gemm() && own.pixel_ranges > 1 && layer.window.kernel_h > layer.window.stride_h;
    fused |= own.fused_pool >= 0;
    outer |= own.order == schedule::LoopOrder::kChannelOuter;
    passes |= own.k_passes > 1;
    tiles |= own.channel_tiles > 1;
  }
  count_residuals(schedule, network, seen);
  count_special_maps(schedule, network, seen);
  seen.grouped += grouped;
  seen.halo += halo;
  seen.fused_pool += fused;
  seen.channel_outer += outer;
  seen.k_passes += passes;
  seen.channel_tiles += tiles;
}

TEST(MapperOutput, IsValidForRandomMachinesAndNetworksAndBringsNoWeightsThatNothingReads) {
  constexpr std::uint32_t kSeeds = 12'000;
  const std::uint32_t seeds = test::case_count(kSeeds, kSeeds / 3, kSeeds / 10);
  // What the whole suite must have seen, less in proportion where fewer cases are run.
  const auto least = [&](std::uint32_t count) { return static_cast<int>(count * seeds / kSeeds); };
  Coverage seen;
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    const testing::RandomCase c = testing::random_case(seed);
    schedule::Schedule schedule;
    try {
      schedule = map_network(c.network, c.spec, {c.batch, 0, seed % 4 != 0, {}});
    } catch (const base::InputError&) {
      ++seen.refused;
      continue;
    }
    const std::vector<std::string> violations =
        judge::schedule_violations(schedule, c.network, c.spec);
    EXPECT_TRUE(violations.empty()) << "seed " << seed << ": " << violations.front();
    EXPECT_EQ(unread_loads(schedule), 0) << "seed " << seed;
    count(schedule, c.network, seen);
  }
  EXPECT_GT(seen.mapped, least(9000));
  EXPECT_GT(seen.refused, least(1000));
  EXPECT_GT(seen.batched, least(5000));
  EXPECT_GT(seen.resident, least(5000));
  EXPECT_GT(seen.fetches_again, least(400));
  EXPECT_GT(seen.streams_input, least(5000));
  EXPECT_GT(seen.reads_halo_again, least(1000));
  EXPECT_GT(seen.spills, least(4000));
  EXPECT_GT(seen.grouped, least(4000));
  EXPECT_GT(seen.halo, least(2500));
  EXPECT_GT(seen.fused_pool, least(800));
  EXPECT_GT(seen.separate_pool, least(800));
  EXPECT_GT(seen.channel_outer, least(2500));
  EXPECT_GT(seen.k_passes, least(5000));
  EXPECT_GT(seen.channel_tiles, least(6000));
  EXPECT_GT(seen.residual_stays, least(800));
  EXPECT_GT(seen.residual_in_pieces, least(400));
  EXPECT_GT(seen.residual_loaded, least(400));
  EXPECT_GT(seen.shared_map, least(2000));
  EXPECT_GT(seen.slices_on_chip, least(400));
  EXPECT_GT(seen.slices_loaded, least(100));
  EXPECT_GT(seen.sums_on_chip, least(400));
  EXPECT_GT(seen.sums_loaded, least(100));
}

// Maps of 8 x 8 x 2 in a row of layers; the last but one adds the first one's output.
network::Network block_network() {
  network::Network network;
  const network::MapShape shape{8, 8, 2};
  for (int i = 0; i < 4; ++i) {
    network::Layer layer;
    layer.name = "l" + std::to_string(i);
    layer.inputs = {i};
    layer.in = layer.out = shape;
    if (i == 1) layer.window = {3, 3, 1, 1, 1, 1, 1, 1};
    layer.weights.assign(static_cast<std::size_t>(2 * layer.k()), 1);
    layer.bias.assign(2, 0);
    layer.scale.assign(2, 1.0F);
    network.layers.push_back(layer);
  }
  network.layers[2].inputs.push_back(1);
  network.layers[2].combine = network::Combine::kAdd;
  network.layers[2].operand_scale = {1.0F};
  network.layers[3].logits = true;
  network::test::give_maps(network, shape);
  return network;
}

int transfers(const schedule::Schedule& schedule, schedule::StepKind kind, std::int32_t map) {
  return static_cast<int>(std::count_if(
      schedule.steps.begin(), schedule.steps.end(),
      [&](const schedule::Step& step) { return step.kind == kind && step.rows.map == map; }));
}

TEST(MapperOutput, SpillsTheResidualOperandOnlyWhereThreeMapsDoNotFit) {
  const network::Network network = block_network();
  arch::AcceleratorSpec spec;
  spec.array.rows = spec.array.cols = 4;
  spec.weight_sram.word_bits = spec.activation_sram.word_bits = 32;
  spec.weight_sram.banks = spec.activation_sram.banks = 1;
  // Layer 2 has its input, its residual operand and its output: 3 x 128 values of 8 bits.
  spec.activation_sram.capacity_bytes = 384;
  const schedule::Schedule roomy = map_network(network, spec, {});
  EXPECT_TRUE(judge::schedule_violations(roomy, network, spec).empty());
  EXPECT_EQ(transfers(roomy, schedule::StepKind::kStoreActivations, 1), 0);
  EXPECT_EQ(transfers(roomy, schedule::StepKind::kLoadActivations, 1), 0);
  EXPECT_EQ(roomy.activation_slots, 384);

  spec.activation_sram.capacity_bytes = 380;
  const schedule::Schedule tight = map_network(network, spec, {});
  EXPECT_TRUE(judge::schedule_violations(tight, network, spec).empty());
  int maps_in_dram = 0;
  for (int map = 1; map <= 3; ++map) {
    maps_in_dram += transfers(tight, schedule::StepKind::kStoreActivations, map) > 0 ? 1 : 0;
  }
  EXPECT_EQ(maps_in_dram, 1);
}

TEST(MapperOutput, SpillsNothingWhereTheActivationSramIsUnlimited) {
  const std::uint32_t seeds = test::case_count(4'000, 1'300, 130);
  std::uint32_t mapped = 0;
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    testing::RandomCase c = testing::random_case(seed);
    c.spec.activation_sram.capacity_bytes.reset();
    try {
      const schedule::Schedule schedule = map_network(c.network, c.spec, {c.batch, 0, true, {}});
      ++mapped;
      const int last = c.network.layers.back().output;
      for (const schedule::Step& step : schedule.steps) {
        if (step.kind != schedule::StepKind::kStoreActivations) continue;
        EXPECT_TRUE(step.rows.map == last || c.network.is_output(step.rows.map)) << "seed " << seed;
      }
    } catch (const base::InputError&) {
      continue;
    }
  }
  EXPECT_GT(mapped, seeds / 2);
}

}  // namespace
}  // namespace lacuna::mapping
