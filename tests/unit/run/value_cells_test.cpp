#include "run/value_cells.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/file.hpp"
#include "network/onnx_import.hpp"
#include "run/load.hpp"
#include "schedule/activation_residency.hpp"

namespace lacuna::run {
namespace {

using memory::CellPosition;
using memory::MemoryId;
using CellSet = std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t>>;

/// LeNet-5 in batches of two and a last one of one image, on a machine where maps do not fit.
Job small_job() {
  const auto spec = arch::load_spec(LACUNA_SOURCE_DIR "/hw_configs/tiny_8x8.yaml",
                                    {{"activation_sram.capacity_bytes", "1024"}});
  const network::Network network =
      network::import_onnx(LACUNA_SOURCE_DIR "/models/lenet5_qdnn/lenet5_qdnn.onnx");
  const auto values = static_cast<std::size_t>(network.input().shape.values());
  return model_job(spec, network, std::vector(3, std::vector<std::uint8_t>(values, 1)), 2);
}

/// Every cell that at some time holds this bit of the value, of any image, by asking all cells.
CellSet holders(const Job& job, MemoryId memory, const schedule::MapValue& value, int bit) {
  CellSet cells;
  const Part& part = job.parts.front();
  const fault::Memories all = memories(job);
  for (const schedule::Schedule* own : {&*part.schedule, &*part.remainder}) {
    const schedule::ActivationResidency map(*own, part.network, job.spec, memory);
    const fault::MemoryGeometry& geometry = all[memory];
    for (std::int64_t word = 0; word < geometry.words; ++word) {
      for (std::int64_t i = 0; i < geometry.word_bits; ++i) {
        const CellPosition cell{word % geometry.banks, word / geometry.banks, i};
        for (const schedule::ValueStay& held : map.stays(cell)) {
          schedule::MapValue there = held.value;
          there.image = 0;
          if (there == value && held.bit == bit) cells.emplace(cell.bank, cell.row, cell.bit);
        }
      }
    }
  }
  return cells;
}

TEST(JobValueCells, AreThoseThatHoldTheValueInSomeBatch) {
  const Job job = small_job();
  ASSERT_TRUE(job.parts.front().remainder);
  const JobValueCells values(job);
  const auto shape = values.shape("conv2");
  ASSERT_TRUE(shape);
  EXPECT_EQ(std::make_tuple(shape->channels, shape->height, shape->width, shape->bits),
            std::make_tuple(6, 14, 14, job.spec.precision.activation_bits));
  std::size_t several = 0;
  for (const auto memory : {MemoryId::kActivationSram, MemoryId::kActivationBitmap}) {
    const bool bitmap = memory == MemoryId::kActivationBitmap;
    const int bit = bitmap ? 0 : 2;
    std::vector<CellPosition> found;
    values.append_cells("conv2", {3, 5, 7}, bit, bitmap, &found);
    CellSet cells;
    for (const CellPosition& cell : found) cells.emplace(cell.bank, cell.row, cell.bit);
    const std::int32_t map = job.parts.front().network.layers[2].input();
    EXPECT_EQ(cells, holders(job, memory, {map, 0, 3, 5, 7}, bit));
    several += cells.size() > 2 ? 1 : 0;
  }
  EXPECT_EQ(several, 2U) << "each image's lies elsewhere, or is fetched again";
}

TEST(JobValueCells, AnswerAFaultPlanThatNamesValues) {
  const Job job = small_job();
  const std::string path = ::testing::TempDir() + "lacuna_value_cells_test.yaml";
  base::write_file(path,
                   "schema: lacuna.fault_plan/1\nfaults:\n"
                   "  - where: {memory: activation_sram, layer: conv2, index: [3, 5, 7], bit: 2}\n"
                   "    what: flip\n");
  const fault::FaultPlan plan = load_faults(path, job);
  CellSet cells;
  for (const fault::Fault& fault : plan.faults) {
    EXPECT_EQ(fault.memory, MemoryId::kActivationSram);
    cells.emplace(fault.cell.bank, fault.cell.row, fault.cell.bit);
  }
  const std::int32_t map = job.parts.front().network.layers[2].input();
  EXPECT_EQ(cells, holders(job, MemoryId::kActivationSram, {map, 0, 3, 5, 7}, 2));
  std::remove(path.c_str());
}

TEST(JobValueCells, KnowsTheLayersOfAllParts) {
  const Job job = small_job();
  const JobValueCells values(job);
  const std::vector<std::string> layers = values.layers();
  EXPECT_EQ(layers.front(), "conv1");
  EXPECT_NE(std::find(layers.begin(), layers.end(), "pool2"), layers.end());
  EXPECT_FALSE(values.shape("conv9"));
}

}  // namespace
}  // namespace lacuna::run
