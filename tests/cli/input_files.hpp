// A folder with a file of each kind that commands read, and commands in it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "program/program.hpp"

namespace lacuna {

using Arguments = std::vector<std::string>;

class InputFiles : public Program {
 protected:
  void SetUp() override {
    namespace fs = std::filesystem;
    Program::SetUp();
    const fs::path shipped = LACUNA_SOURCE_DIR;
    fs::copy(shipped / "hw_configs/edge_16x16.yaml", path("hw.yaml"));
    fs::copy(shipped / "models/lenet5_qdnn", path("model"));
    fs::copy(shipped / "hw_configs/energy/published_45nm.yaml", path("energy.yaml"));
    write("w.csv", "layer,M,N,K,density\na,9,8,7,0.5\n");
    write("map.csv", "memory,bank,row,bit,kind\nweight_sram,0,1,0,flip\n");
    write("faults.yaml",
          "faults:\n  - where: {memory: weight_sram, bank: 0, row: 3, bit: 2}\n    what: flip\n");
  }

  /// In that folder and with no open file but the standard ones; then `prepare` runs.
  Output call(const Arguments& arguments, const std::function<void()>& prepare = {}) const {
    return lacuna(arguments, [&] {
      constexpr int kNotPrepared = 98;
      if (::chdir(folder_.c_str()) != 0 ||
          ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        ::_exit(kNotPrepared);
      }
      if (prepare) prepare();
    });
  }
  void expect_well(const Arguments& arguments) const {
    const Output ended = call(arguments);
    EXPECT_EQ(ended.code, 0) << ended.error;
  }

  /// Every regular file and its bytes.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file()) all[entry.path().string()] = read(entry.path());
    }
    return all;
  }

  /// c.yaml and its store, S.
  void make_campaign() const {
    write("c.yaml",
          "name: test\nmachines: [hw.yaml]\nmodels: [model]\nimages: 5\nfault_files: "
          "[faults.yaml, map.csv]\nrandom_maps:\n  kinds: [flip]\n  rates: [0.01]\n  maps: 3\n");
    expect_well({"campaign", "run", "c.yaml", "--out", "S", "--workers", "1"});
  }
  /// s.yaml and its store, T.
  void make_sweep() const {
    write("s.yaml",
          "name: test\nmachine: hw.yaml\nworkloads: [w.csv]\nenergy: energy.yaml\ngrid:\n"
          "  array.weights_per_pe: [4, 8]\n");
    expect_well({"sweep", "s.yaml", "--out", "T"});
  }
};

inline const Arguments kWorkload = {"run", "--hw", "hw.yaml", "--workload", "w.csv"};
inline const Arguments kModel = {"run", "--hw", "hw.yaml", "--model", "model", "--images", "1"};

inline Arguments with(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace lacuna
