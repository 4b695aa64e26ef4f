// Networks as exporters write them, through the whole machine: both engines' outputs are those of
// an evaluation in the plainest loops, whose own values unit_network holds to ONNX Runtime's.
#include <gtest/gtest.h>

#include "arch/spec.hpp"
#include "network/onnx_import.hpp"
#include "network/outputs.hpp"
#include "reference/naive_model.hpp"
#include "run/simulate.hpp"
#include "unit/network/exporter_cases.hpp"

namespace lacuna {
namespace {

using network::test::ExporterCase;

constexpr std::int64_t kShownImages = 3;
constexpr std::int64_t kShownBatch = 2;  // and one image that is left

struct Machine {
  const char* name;
  const char* file;
  std::vector<config::Override> set;
};

const std::vector<Machine>& exported_machines() {
  static const std::vector<Machine> kMachines = {
      {"edge",
       "/hw_configs/edge_16x16.yaml",
       {{"precision.weight_bits", "8"}, {"precision.activation_bits", "8"}}},
      // Little memory: maps go to DRAM and come back in parts.
      {"small",
       "/hw_configs/edge_16x16.yaml",
       {{"precision.weight_bits", "8"},
        {"precision.activation_bits", "8"},
        {"array.rows", "4"},
        {"array.cols", "4"},
        {"post.lanes", "2"},
        {"activation_sram.capacity_bytes", "512"},
        {"activation_sram.banks", "4"},
        {"accumulator_sram.entries_per_lane", "128"}}}};
  return kMachines;
}

class ExportedRun : public testing::TestWithParam<ExporterCase> {};

std::vector<std::vector<std::uint8_t>> codes_of(const network::Network& network,
                                                const ExporterCase& own) {
  std::vector<std::vector<std::uint8_t>> images;
  for (std::int64_t image = 0; image < kShownImages; ++image) {
    std::vector<std::uint8_t> codes;
    for (const int operand : reference::input_operands(
             network, network::test::exporter_image(own, static_cast<int>(image)))) {
      codes.push_back(static_cast<std::uint8_t>(operand + network.input().code.zero_point));
    }
    images.push_back(std::move(codes));
  }
  return images;
}

TEST_P(ExportedRun, GivenImagesThenBothEnginesShowTheOutputsOfTheFile) {
  const network::Network network = network::import_onnx_bytes(
      network::test::exporter_model(GetParam()).SerializeAsString(), "m.onnx");
  for (const Machine& machine : exported_machines()) {
    const arch::AcceleratorSpec spec =
        arch::load_spec(std::string(LACUNA_SOURCE_DIR) + machine.file, machine.set);
    const run::Job job = run::model_job(spec, network, codes_of(network, GetParam()), kShownBatch);
    const run::Measurement fast = run::simulate(job, run::EngineKind::kFast);
    const run::Measurement cycle_by_cycle = run::simulate(job, run::EngineKind::kSystemc);
    EXPECT_EQ(fast.logits, cycle_by_cycle.logits) << machine.name;
    EXPECT_EQ(fast.batch_cycles, cycle_by_cycle.batch_cycles) << machine.name;
    for (std::int64_t image = 0; image < kShownImages; ++image) {
      const auto outputs = reference::evaluate_model(
          network, network::test::exporter_image(GetParam(), static_cast<int>(image)));
      const std::int32_t* raw = fast.logits.data() + image * network.output_values();
      ASSERT_EQ(outputs.size(), network.outputs.size());
      for (std::size_t o = 0; o < outputs.size(); ++o) {
        EXPECT_EQ(network::file_values(network, o, raw), outputs[o].values)
            << machine.name << ", image " << image << ", " << outputs[o].name;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, ExportedRun, testing::ValuesIn(network::test::exporter_cases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lacuna
