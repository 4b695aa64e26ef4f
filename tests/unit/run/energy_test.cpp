// Energy: counts x energy of an event. Numbers derived by hand.
#include "run/energy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "base/file.hpp"
#include "network/data/feeder.hpp"
#include "network/data_set.hpp"
#include "network/onnx_import.hpp"
#include "run/simulate.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna::run {
namespace {

const std::string kTable = LACUNA_SOURCE_DIR "/hw_configs/energy/published_45nm.yaml";

TEST(EnergyTable, GivesThePublishedPointsAndLinesBetweenThem) {
  const arch::EnergyTable table = arch::load_energy_table(kTable);
  EXPECT_NEAR(table.sram_access(8192, 64), 10, 1e-9);
  EXPECT_NEAR(table.sram_access(32768, 64), 20, 1e-9);
  EXPECT_NEAR(table.sram_access(1048576, 64), 100, 1e-9);
  // Four times the size is twice the energy below 32 KiB: the square root.
  EXPECT_NEAR(table.sram_access(16384, 64), 10 * std::sqrt(2.0), 1e-9);
  EXPECT_NEAR(table.sram_access(2048, 64), 5, 1e-9);
  // Half the width, half the energy.
  EXPECT_NEAR(table.sram_access(8192, 32), 5, 1e-9);
  // 8 x 8: 0.2 + 0.1; 4 x 4 has a quarter of the cells: 0.05 + 0.1.
  EXPECT_NEAR(table.mac(8, 8, 32), 0.3, 1e-12);
  EXPECT_NEAR(table.mac(4, 4, 32), 0.15, 1e-12);
  EXPECT_NEAR(table.register_access(512), 0.053, 1e-12);
  EXPECT_NEAR(table.register_access(32), 0.053 / 4, 1e-12);
}

TEST(EnergyTable, RefusesAnEntryWithoutSourceOrNode) {
  const std::string text = base::read_file(kTable, 1 << 20);
  const test::TempFolder folder;
  const auto message_without = [&](const std::string& line) {
    std::string broken = text;
    broken.erase(broken.find(line), line.size());
    folder.write("t.yaml", broken);
    return test::message_of<base::InputError>([] { arch::load_energy_table("t.yaml"); });
  };
  EXPECT_NE(message_without("  source: Horowitz, ISSCC 2014, 32-bit integer add\n")
                .find("add.source: is missing"),
            std::string::npos);
  EXPECT_NE(message_without("  node_nm: 65\n").find("gated_mac.node_nm: is missing"),
            std::string::npos);
  EXPECT_NE(message_without(", 1048576").find("sram.pj: there are not as many as in bytes"),
            std::string::npos);
}

Job lenet5(arch::ZeroSkipping skipping) {
  arch::AcceleratorSpec spec = arch::load_spec(LACUNA_SOURCE_DIR "/hw_configs/edge_16x16.yaml");
  spec.zero_skipping = skipping;
  const network::Network network =
      network::import_onnx(LACUNA_SOURCE_DIR "/models/lenet5_as/lenet5_as.onnx");
  const network::DataSet data = network::load_test_set(network::kDefaultDataDir);
  return model_job(spec, network, {network::quantise_pixels(data, 0, network)}, 1);
}

// edge_16x16: 16 KiB and 64-bit words a weight bank, so 10 sqrt(2) pJ a word of 16 weights; 4,096
// sums of 4 bytes a lane, so sqrt(2) x 10 pJ for 64 bits of 16 KiB, half of it for 32.
TEST(Energy, IsCountsTimesEnergyOfAnEvent) {
  const Job job = lenet5(arch::ZeroSkipping::kSkip);
  const arch::EnergyTable table = arch::load_energy_table(kTable);
  measure::LayerCounters counters;
  counters.macs.issued = 1000;
  counters.macs.skipped = 5000;
  counters.weight_sram.reads = 160;
  counters.accumulators.writes = 10;
  counters.dram_read = base::Bytes{100};
  const Energy energy = energy_of(counters, job, table);
  EXPECT_NEAR(energy.mac, 1000 * 0.15, 1e-9);
  EXPECT_EQ(energy.gated_mac, 0);
  EXPECT_NEAR(energy.weight_sram, 10 * 10 * std::sqrt(2.0), 1e-9);
  EXPECT_NEAR(energy.accumulator_sram, 10 * 5 * std::sqrt(2.0), 1e-9);
  EXPECT_NEAR(energy.dram, 24400, 1e-9);
  // Two sets of 16 weights of 4 bits are 16 bytes, an activation half a byte, two sums 8 bytes.
  const double bit = 0.053 / std::sqrt(512.0);
  const double mac_bits = 4 * std::sqrt(16.0) + 4 * std::sqrt(0.5) + 64 * std::sqrt(8.0);
  EXPECT_NEAR(energy.registers, bit * (1000 * mac_bits + 160 * 4 * std::sqrt(16.0)), 1e-9);
  EXPECT_EQ(energy.leakage, 0) << "no time has passed";
}

// edge_16x16 at 500 MHz: 64 KiB of weights, 64 KiB of 4-bit activations with a bit each of bitmap
// (16 KiB), 16 lanes x 4,096 sums x 4 bytes (256 KiB): 400 KiB. 1,000 cycles are 2 us; at 0.5 nW
// a bit 400 x 8192 x 0.5 nW x 2 us = 3276.8 pJ.
TEST(Energy, LeakageIsBitsTimesPowerTimesTime) {
  Job job = lenet5(arch::ZeroSkipping::kSkip);
  arch::EnergyTable table = arch::load_energy_table(kTable);
  EXPECT_GT(table.leakage_bit, 0);
  table.leakage_bit = 0.5;
  measure::LayerCounters counters;
  counters.cycles.stream = base::Cycles{600};
  counters.cycles.weight_load = base::Cycles{400};
  EXPECT_NEAR(energy_of(counters, job, table).leakage, 3276.8, 1e-9);
  EXPECT_NEAR(energy_of(counters, job, table).total(), 3276.8, 1e-9);
  job.spec.clock_mhz = 250;  // the same cycles take twice as long
  EXPECT_NEAR(energy_of(counters, job, table).leakage, 2 * 3276.8, 1e-9);
}

TEST(Energy, GatingSavesAndSkippingSavesMore) {
  const arch::EnergyTable table = arch::load_energy_table(kTable);
  double before = 0;
  for (const auto skipping :
       {arch::ZeroSkipping::kNone, arch::ZeroSkipping::kGate, arch::ZeroSkipping::kSkip}) {
    const Job job = lenet5(skipping);
    double total = 0;
    for (const measure::LayerCounters& layer : simulate(job, EngineKind::kFast).layers) {
      total += energy_of(layer, job, table).total();
    }
    EXPECT_GT(total, 0);
    if (before > 0) {
      EXPECT_LT(total, before);
    }
    before = total;
  }
}

// 100 values of 4 bits, 30 of them not zero: 400 bits as they are, 120 + 100 compressed.
TEST(ActivationStorage, CountsNonZerosAndTheirBitmap) {
  measure::LayerCounters counters;
  counters.input_values = 100;
  counters.input_nonzeros = 30;
  EXPECT_EQ(activation_storage(counters, 4).plain_bits, 400);
  EXPECT_EQ(activation_storage(counters, 4).compressed_bits, 220);
}

}  // namespace
}  // namespace lacuna::run
