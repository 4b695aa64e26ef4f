#include "run/weight_cells.hpp"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "schedule/residency.hpp"
#include "unit/network/stack.hpp"

namespace lacuna::run {
namespace {

using Cells = std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t>>;

/// One layer of `channels` logits over four values, for `images` images, two at a time.
Part one_layer(const std::string& name, std::int64_t channels, std::int64_t images) {
  network::Layer layer;
  layer.name = name;
  layer.in = {1, 1, 4};
  layer.out = {1, 1, channels};
  layer.weights.assign(static_cast<std::size_t>(4 * channels), 1);
  layer.bias.assign(static_cast<std::size_t>(channels), 0);
  layer.scale.assign(static_cast<std::size_t>(channels), 1);
  layer.logits = true;
  network::Network network;
  network.name = name;
  network.layers = {layer};
  network::test::give_maps(network, layer.in, 4, 4);
  const auto spec = arch::load_spec(LACUNA_SOURCE_DIR "/hw_configs/edge_16x16.yaml");
  const std::vector<std::vector<std::uint8_t>> codes(static_cast<std::size_t>(images),
                                                     {1, 2, 3, 4});
  return model_job(spec, network, codes, 2).parts.front();
}

void add_cells(const Part& part, const schedule::Schedule& schedule,
               const arch::AcceleratorSpec& spec, const schedule::WeightIndex& weight,
               Cells& cells) {
  const schedule::ResidencyMap residency(schedule, part.network, spec);
  for (const schedule::WeightStay& held : residency.stays(weight)) {
    cells.emplace(held.first_cell.bank, held.first_cell.row, held.first_cell.bit);
  }
}

// The last channel of twenty lies in a second tile of the array's sixteen columns, that of three in
// the first, so that their weights lie in other cells. Only the second part has a smaller last
// batch.
TEST(JobWeightCells, GivenASmallerLastBatchOfOnePartThenOnlyItsOwnWeightsLieThere) {
  Job job;
  job.spec = arch::load_spec(LACUNA_SOURCE_DIR "/hw_configs/edge_16x16.yaml");
  job.parts = {one_layer("wide", 20, 2), one_layer("narrow", 3, 3)};
  ASSERT_FALSE(job.parts[0].remainder);
  ASSERT_TRUE(job.parts[1].remainder);
  const JobWeightCells weights(job);
  for (const Part& part : job.parts) {
    const network::Layer& layer = part.network.layers.front();
    for (std::int64_t in = 0; in < 4; ++in) {
      SCOPED_TRACE(layer.name + " " + std::to_string(in));
      const std::int64_t out = layer.out.channels - 1;
      const schedule::WeightIndex index{0, out, 0, 0, in};
      Cells expected;
      add_cells(part, *part.schedule, job.spec, index, expected);
      if (part.remainder) add_cells(part, *part.remainder, job.spec, index, expected);
      std::vector<memory::CellPosition> found;
      weights.append_cells(layer.name, {out, 0, 0, in}, 0, memory::kPermanent, &found);
      Cells cells;
      for (const memory::CellPosition& cell : found) cells.emplace(cell.bank, cell.row, cell.bit);
      EXPECT_EQ(cells, expected);
    }
  }
}

}  // namespace
}  // namespace lacuna::run
