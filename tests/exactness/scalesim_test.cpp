// SCALE-Sim v3's weight-stationary figures: on the compatible machine the SystemC engine's weight
// load and stream cycles are exactly theirs. They print the index of the last cycle, so the count
// is one more.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "network/workload.hpp"
#include "run/simulate.hpp"

namespace lacuna {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> fields;
  std::stringstream stream(text);
  for (std::string field; std::getline(stream, field, separator);) fields.push_back(field);
  return fields;
}

std::vector<std::vector<std::string>> read_rows(const std::string& file) {
  std::ifstream stream(LACUNA_SOURCE_DIR "/tests/anchors/" + file);
  std::vector<std::vector<std::string>> rows;
  bool header = true;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (!header) rows.push_back(split(line, ','));
    header = false;
  }
  return rows;
}

arch::AcceleratorSpec compatible_machine(const std::string& rows, const std::string& cols) {
  return arch::load_spec(LACUNA_SOURCE_DIR "/hw_configs/scalesim_ws.yaml",
                         {{"array.rows", rows}, {"array.cols", cols}, {"post.lanes", "unlimited"}});
}

std::int64_t load_and_stream(const measure::LayerCounters& layer) {
  return layer.cycles.weight_load.value + layer.cycles.stream.value;
}

TEST(ScaleSim, GivenItsGemmsAndConvolutionsThenEveryCycleCountIsEqual) {
  const auto rows = read_rows("scalesim_v3_ws.csv");
  ASSERT_EQ(rows.size(), 33U);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 9U);
    const std::string& name = row[0];
    std::string csv;
    if (row[1] == "conv") {
      csv =
          "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, "
          "Num Filter, Strides,\n" +
          name;
      for (const std::string& size : split(row[2], '|')) csv += ", " + size;
      csv += ",\n";
    } else {
      csv = "Layer, M, N, K,\n" + name + ", " + row[3] + ", " + row[4] + ", " + row[5] + ",\n";
    }
    const network::Workload workload = network::workload_from_bytes(csv, name);
    const network::Layer& shape = workload.layers.at(0).layer;
    EXPECT_EQ(std::to_string(shape.m()), row[3]) << name;
    EXPECT_EQ(std::to_string(shape.n()), row[4]) << name;
    EXPECT_EQ(std::to_string(shape.k()), row[5]) << name;

    const auto job = run::workload_job(compatible_machine(row[6], row[7]), workload, 1, 1);
    const auto measured = run::simulate(job, run::EngineKind::kSystemc);
    EXPECT_EQ(load_and_stream(measured.layers.at(0)), std::stoll(row[8]) + 1)
        << name << " on " << row[6] << " x " << row[7];
  }
}

// As files that others have published are written. A pass takes 2 x 32 + 32 + M - 2 cycles.
TEST(ScaleSim, GivenOtherSpellingsOfItsFilesThenCyclesFollowFromTheSizes) {
  const std::string own = "layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride,";
  const std::pair<std::string, std::int64_t> files[] = {
      {"Layer Name, M, N, K,\nTest 1, 256, 128, 256,", 8 * 4 * (94 + 256)},
      {"Layer,M,N,K,\n# comment\nL0,5,2,2,\n", 94 + 5},
      {"Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filters, "
       "Strides,\nc1,4,4,3,3,1,5,1,\n",
       94 + 4},
      {"Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
       "Strides,,,note\n,,,,,,,,,,\nc1,4,4,3,3,1,5,1,,,x\n",
       94 + 4},
      {own + "pad_left,pad_right\nsame,1,32,1,3,16,16,1,1,1\n", 2 * (94 + 32)},
      {own + "padding,dilation\nd,16,16,3,3,4,8,1,2,2\n", 2 * (94 + 256)},
  };
  for (const auto& [csv, cycles] : files) {
    const network::Workload workload = network::workload_from_bytes(csv, "w.csv");
    for (const auto kind : {run::EngineKind::kSystemc, run::EngineKind::kFast}) {
      const auto job = run::workload_job(compatible_machine("32", "32"), workload, 1, 1);
      EXPECT_EQ(load_and_stream(run::simulate(job, kind).layers.at(0)), cycles) << csv;
    }
  }
}

TEST(ScaleSim, GivenItsResNet18ThenEveryLayerIsEqual) {
  const auto rows = read_rows("scalesim_v3_resnet18_32x32_ws.csv");
  const auto workload = network::load_workload(LACUNA_SOURCE_DIR "/traces/resnet18_scalesim.csv");
  ASSERT_EQ(rows.size(), 21U);
  ASSERT_EQ(workload.layers.size(), rows.size());
  const auto job = run::workload_job(compatible_machine("32", "32"), workload, 1, 1);
  const auto measured = run::simulate(job, run::EngineKind::kSystemc);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(load_and_stream(measured.layers[i]), std::stoll(rows[i][11]) + 1) << rows[i][0];
    sum += load_and_stream(measured.layers[i]);
  }
  EXPECT_EQ(sum, 2'519'815 + 21);
}

}  // namespace
}  // namespace lacuna
