// A small campaign of strikes: 2 x 2 PEs that fetch weights again, and two convolutions.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "program/program.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna::campaign {

inline const std::string kAllMemories =
    "[weight_sram, activation_sram, activation_bitmap, accumulator_sram, pe_weights, "
    "pe_accumulators, psum_fifos]";

/// A machine file's text with the first of each text replaced by another, which must be there.
inline std::string with_changes(std::string machine,
                                const std::vector<std::pair<std::string, std::string>>& changes) {
  for (const auto& [from, to] : changes) {
    EXPECT_NE(machine.find(from), std::string::npos) << from;
    machine.replace(machine.find(from), from.size(), to);
  }
  return machine;
}

class Strikes : public Program {
 protected:
  Strikes() { std::filesystem::current_path(LACUNA_SOURCE_DIR); }

  std::string plan(const std::string& faults, const std::string& skipping = "skip") const {
    const std::vector<std::pair<std::string, std::string>> changes = {
        {"rows: 8 ", "rows: 2"},
        {"cols: 8 ", "cols: 2"},
        {"zero_skipping: skip ", "zero_skipping: " + skipping + " "},
        {"capacity_bytes: 4096 ", "capacity_bytes: 64 "},
        {"capacity_bytes: 8192 ", "capacity_bytes: 512 "},
        {"banks: 8 ", "banks: 2 "},
        {"entries_per_lane: 256", "entries_per_lane: 16"},
        {"lanes: 8 ", "lanes: 2 "},
        {"activation_bits: 4", "activation_bits: 8"}};
    const std::string machine =
        with_changes(read(LACUNA_SOURCE_DIR "/hw_configs/tiny_8x8.yaml"), changes);
    network::test::ModelBuilder builder(4, 8);
    network::test::ConvSpec conv;
    conv.out = 3;
    conv.kernel_h = conv.kernel_w = 2;
    builder.image(1, 5, 5, 1.0F / 255);
    builder.conv("first", conv).relu("relu").quantise("codes", 0.05F);
    conv.out = 2;
    builder.conv("second", conv).output();
    return write("plan.yaml", "name: s\nmachines: [" + write("hw.yaml", machine) + "]\nmodels: [" +
                                  write("net.onnx", builder.bytes()) +
                                  "]\nimages: 5\nbatch: 2\ndata: random:1:0.6\n" + faults);
  }
};

}  // namespace lacuna::campaign
