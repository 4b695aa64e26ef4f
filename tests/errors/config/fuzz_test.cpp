// Damaged files: the readers answer with InputError or accept; nothing else ever gets out.
// LACUNA_FUZZ_COUNT sets the number of files a reader (default 3000, with LACUNA_FULL 100000).
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <sstream>

#include "arch/energy_table.hpp"
#include "arch/spec.hpp"
#include "base/error.hpp"
#include "campaign/plan.hpp"
#include "errors/config/mutator.hpp"
#include "explore/sweep_plan.hpp"
#include "fault/map_file.hpp"
#include "fault/plan_file.hpp"
#include "report/json/record_file.hpp"
#include "report/text/run_text.hpp"
#include "share.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/compare/sample_record.hpp"
#include "unit/fault/hand_weights.hpp"

namespace lacuna {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream stream(std::string(LACUNA_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// Feeds changed and damaged copies of the seeds to `read`. About half must still be accepted, or
/// the changes are too tame or too wild to reach what lies behind the first checks.
void fuzz(const std::string& name, const std::vector<std::string>& seeds,
          const std::function<void(const std::string& path)>& read) {
  const test::TempFolder folder;
  unsigned refused = 0;
  for (unsigned i = 0; i < test::fuzz_count(); ++i) {
    std::mt19937 random(i);
    const std::string bytes = test::mutate(seeds[i % seeds.size()], random);
    folder.write(name, bytes);
    try {
      read(name);
    } catch (const base::InputError& error) {
      ++refused;
      const std::string message = error.what();
      ASSERT_LT(message.size(), 2'000U) << "seed " << i;
      ASSERT_EQ(message.find('\n'), std::string::npos) << "seed " << i;
    } catch (const std::exception& error) {
      FAIL() << "seed " << i << ": " << error.what() << "\n" << bytes;
    }
  }
  if (test::fuzz_count() < test::kEnoughForShares) return;
  EXPECT_GT(refused, test::fuzz_count() * 2 / 5);
  EXPECT_LT(refused, test::fuzz_count() * 3 / 5);
}

TEST(Fuzz, HardwareFiles) {
  fuzz("hw.yaml", {text_of("hw_configs/edge_16x16.yaml"), text_of("hw_configs/scalesim_ws.yaml")},
       [](const std::string& path) { arch::validate(arch::load_spec(path)); });
}

TEST(Fuzz, Overrides) {
  const std::string file = std::string(LACUNA_SOURCE_DIR) + "/hw_configs/edge_16x16.yaml";
  for (unsigned i = 0; i < test::fuzz_count(); ++i) {
    std::mt19937 random(i);
    const arch::Override override{test::mutate("array.rows", random), test::mutate("16", random)};
    try {
      arch::load_spec(file, {override});
    } catch (const base::InputError&) {
    } catch (const std::exception& error) {
      FAIL() << "seed " << i << ": " << error.what();
    }
  }
}

constexpr const char* kPlan = R"(faults:
  - where:
      memory: weight_sram
      bank: 0
      row: 0-2
      bit: [1, 5]
    what: stuck_at_1
    when: permanent
  - where: {memory: weight_sram, layer: conv, index: [1, 0, 0, 1], bit: 3}
    what: flip
    when: {step: 12}
  - where: {memory: weight_sram, row: 1, bank: 1, bit: 4, cluster: [2, 3]}
    what: flip
)";

TEST(Fuzz, FaultPlans) {
  const fault::test::HandWeights weights;
  fuzz("plan.yaml", {kPlan}, [&](const std::string& path) {
    fault::load_plan(path, {fault::test::small_memory(), &weights, 30});
  });
}

constexpr const char* kMap =
    "memory,bank,row,bit,kind\nweight_sram,0,2,5,stuck_at_1\nweight_sram,1,0,7,flip\n"
    "weight_sram,1,2,1,stuck_at_0\n";

TEST(Fuzz, FaultMaps) {
  fuzz("map.csv", {kMap},
       [](const std::string& path) { fault::read_map(path, fault::test::small_memory()); });
}

TEST(Fuzz, Campaigns) {
  fuzz("campaign.yaml",
       {text_of("experiments/error_rate_curve.yaml"), text_of("experiments/bit_by_layer.yaml"),
        text_of("experiments/exhaustive.yaml")},
       [](const std::string& path) { campaign::load_plan(path); });
}

TEST(Fuzz, Sweeps) {
  fuzz("sweep.yaml",
       {text_of("experiments/sweeps/array_shape.yaml"), text_of("experiments/sweeps/batch.yaml"),
        text_of("experiments/sweeps/densities.yaml")},
       [](const std::string& path) { explore::load_sweep(path); });
}

TEST(Fuzz, EnergyTables) {
  // Without its comments, which are half of it and take any change.
  std::stringstream file(text_of("hw_configs/energy/published_45nm.yaml"));
  std::string table;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind('#', 0) != 0) table += line + "\n";
  }
  fuzz("energy.yaml", {table}, [](const std::string& path) { arch::load_energy_table(path); });
}

TEST(Fuzz, RunRecords) {
  fuzz("record.json", {report::run_json(test::sample_record())},
       [](const std::string& path) { report::read_record(path); });
}

}  // namespace
}  // namespace lacuna
