// Sweeps by the built program: each point is what `lacuna run` gives, whoever computes it and
// whatever interrupts it.
#include <signal.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>

#include "program/program.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna {
namespace {

class Sweep : public Program {
 protected:
  std::string write_sweep(int images) const {
    std::ofstream(path("s.yaml"))
        << "name: test\n"
        << "machine: hw_configs/edge_16x16.yaml\n"
        << "models: [models/lenet5_as]\n"
        << "workloads: [traces/gemm_small.csv]\n"
        << "images: " << images << "\n"
        << "grid:\n"
        << "  weight_sram.capacity_bytes: [16, 1024, 4096, 65536]\n"
        << "  array.weights_per_pe: [4, 16]\n"
        << "  dram.bytes_per_cycle: [1, 8]\n"
        << "where: [\"weight_sram.capacity_bytes != 4096 || dram.bytes_per_cycle == 8\"]\n"
        << "pareto: [cycles, sram_bits]\n";
    return path("s.yaml");
  }

  static nlohmann::json points(const std::string& file) {
    return nlohmann::json::parse(read(file)).at("points");
  }
};

TEST_F(Sweep, GivenBytesASecondThenEachPointIsTheRunThatSaysSo) {
  const auto plan = [&](const std::string& grid) {
    std::ofstream(path("s.yaml")) << "name: s\nmachine: hw_configs/edge_16x16.yaml\n"
                                  << "set: {clock_mhz: 900, dram.bytes_per_cycle: 0.75}\n"
                                  << "workloads: [traces/gemm_small.csv]\ngrid:\n"
                                  << grid;
    return lacuna("sweep " + path("s.yaml") + " --out " + path("s.sqlite") + " --json " +
                  path("s.json") + " --csv " + path("s.csv"));
  };
  const Output sweep = plan(
      "  dram.gigabytes_per_second: [19.2, 0.6, 4]\n"
      "where: [dram.gigabytes_per_second < 19.3]\n");
  ASSERT_EQ(sweep.code, 0) << sweep.error;
  const nlohmann::json all = points(path("s.json"));
  ASSERT_EQ(all.size(), 3U);
  std::set<double> cycles;
  for (const auto& point : all) {
    const std::string value = point.at("grid").at("dram.gigabytes_per_second");
    const Output run = lacuna(
        "run --hw hw_configs/edge_16x16.yaml --workload traces/gemm_small.csv --set clock_mhz=900 "
        "--set dram.gigabytes_per_second=" +
        value + " --json " + path("r.json"));
    ASSERT_EQ(run.code, 0) << run.error;
    const auto record = nlohmann::json::parse(read(path("r.json")));
    EXPECT_EQ(record.at("machine").at("dram").at("gigabytes_per_second"), std::stod(value));
    EXPECT_FALSE(record.at("machine").at("dram").contains("bytes_per_cycle"));
    EXPECT_EQ(point.at("figures").at("cycles"), record.at("cycles").at("total"));
    cycles.insert(point.at("figures").at("cycles").get<double>());
  }
  EXPECT_EQ(cycles.size(), 3U);
  EXPECT_NE(read(path("s.csv")).find(",19.2,"), std::string::npos) << read(path("s.csv"));

  const std::string name = "lacuna: s: ";
  EXPECT_EQ(plan("  dram.gigabytes_per_second: [19.2]\n  dram.bytes_per_cycle: [0.5]\n").error,
            name +
                "grid.dram.gigabytes_per_second: stands beside dram.bytes_per_cycle; one of the "
                "two\n");
  EXPECT_EQ(plan("  dram.gigabytes_per_second: [19.2]\nwhere: [dram.bytes_per_cycle < 9]\n").error,
            name + "where: 'dram.bytes_per_cycle' is given by another key\n");
}

TEST_F(Sweep, GivenAPointThenItsFiguresAreThoseOfARun) {
  const Output sweep = lacuna("sweep " + write_sweep(12) + " --out " + path("s.sqlite") +
                              " --json " + path("s.json"));
  ASSERT_EQ(sweep.code, 0) << sweep.error;
  const nlohmann::json all = points(path("s.json"));
  ASSERT_EQ(all.size(), 2U * (16 - 2));
  int unmappable = 0;
  for (const auto& point : all) {
    std::string set;
    for (const auto& [key, value] : point.at("grid").items()) {
      set += " --set " + key + "=" + value.get<std::string>();
    }
    const bool model = point.at("input") == "models/lenet5_as";
    const std::string what =
        model ? "--model models/lenet5_as --images 12" : "--workload traces/gemm_small.csv";
    const Output run =
        lacuna("run --hw hw_configs/edge_16x16.yaml " + what + set + " --json " + path("r.json"));
    if (point.at("status") == "unmappable") {
      ++unmappable;
      EXPECT_EQ(run.code, 2);
      EXPECT_EQ(run.error, "lacuna: " + point.at("reason").get<std::string>() + "\n");
      continue;
    }
    ASSERT_EQ(run.code, 0) << run.error;
    const auto record = nlohmann::json::parse(read(path("r.json")));
    const auto& figures = point.at("figures");
    const double images = model ? 12 : 1;
    const double cycles = record.at("cycles").at("total").get<double>();
    EXPECT_DOUBLE_EQ(figures.at("cycles").get<double>(), cycles / images);
    EXPECT_NEAR(figures.at("speedup").get<double>(),
                record.at("dense_cycles").get<double>() / cycles, 1e-12);
    EXPECT_DOUBLE_EQ(figures.at("macs_issued").get<double>(),
                     record.at("macs").at("issued").get<double>() / images);
    EXPECT_DOUBLE_EQ(figures.at("dram_bytes").get<double>(),
                     (record.at("dram").at("read_bytes").get<double>() +
                      record.at("dram").at("written_bytes").get<double>()) /
                         images);
    if (model) {
      EXPECT_DOUBLE_EQ(figures.at("top1").get<double>(), record.at("top1").get<double>());
    }
  }
  EXPECT_GT(unmappable, 0);  // 16 bytes are less than a word of each bank
}

TEST_F(Sweep, GivenThreadsAndKillsThenTheSameBytes) {
  const std::string plan = write_sweep(20);
  ASSERT_EQ(
      lacuna("sweep " + plan + " --threads 1 --out " + path("a.sqlite") + " --csv " + path("a.csv"))
          .code,
      0);
  for (int life = 0; life < 3; ++life) {
    Running sweep({"sweep", plan, "--out", path("b.sqlite")});
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 40 * life));
    sweep.kill(SIGKILL);
    sweep.wait();
  }
  const Output last = lacuna("sweep " + plan + " --threads 3 --out " + path("b.sqlite") +
                             " --csv " + path("b.csv"));
  ASSERT_EQ(last.code, 0) << last.error;
  EXPECT_EQ(read(path("b.csv")), read(path("a.csv")));
  EXPECT_EQ(lacuna("sweep " + path("b.sqlite")).out, last.out);
}

TEST_F(Sweep, GivenASmallBufferThenOneStuckCellTouchesMoreWeightsAndCostsMore) {
  std::ofstream(path("f.yaml")) << "name: faults\nmachine: hw_configs/edge_16x16.yaml\n"
                                << "models: [models/lenet5_qdnn]\nimages: 50\ngrid:\n"
                                << "  weight_sram.capacity_bytes: [2048, 65536]\n"
                                << "faults:\n  rates: [0.01]\n  cells: [200]\n  maps: 6\n";
  const Output sweep = lacuna("sweep " + path("f.yaml") + " --out " + path("f.sqlite") +
                              " --json " + path("f.json"));
  ASSERT_EQ(sweep.code, 0) << sweep.error;
  const nlohmann::json all = points(path("f.json"));
  // 61,470 weights in 4,096 places: at least 15 of them share one.
  EXPECT_GE(all[0].at("figures").at("weights_a_cell").get<double>(), 15);
  EXPECT_DOUBLE_EQ(all[1].at("figures").at("weights_a_cell").get<double>(), 1);
  // 200 broken cells of 16,384 hurt more than 200 of 524,288.
  EXPECT_LT(all[0].at("faults")[1].at("mean").get<double>(),
            all[1].at("faults")[1].at("mean").get<double>());
}

TEST_F(Sweep, GivenFaultsAndNoLabelsThenOutputsAreHeldAgainstTheFaultFreeOnes) {
  std::ofstream(path("u.yaml")) << "name: u\nmachine: hw_configs/edge_16x16.yaml\n"
                                << "models: [models/lenet5_as]\nimages: 10\n"
                                << "data: random:1:0.5\ngrid:\n  batch: [1, 2]\n"
                                << "faults:\n  rates: [0.01, 0.03]\n  maps: 4\n";
  const Output sweep = lacuna("sweep " + path("u.yaml") + " --out " + path("u.sqlite") +
                              " --json " + path("u.json") + " --csv " + path("u.csv"));
  ASSERT_EQ(sweep.code, 0) << sweep.error;
  EXPECT_NE(sweep.out.find("\nagreement under faults: images whose top-1 is that of the "
                           "fault-free run\n"),
            std::string::npos)
      << sweep.out;
  EXPECT_EQ(sweep.out.find(" 0.00%"), std::string::npos) << "no accuracy is not one of 0\n"
                                                         << sweep.out;
  const nlohmann::json all = points(path("u.json"));
  for (const auto& point : all) {
    const auto& few = point.at("faults")[0];
    const auto& many = point.at("faults")[1];
    EXPECT_FALSE(few.contains("mean")) << "there are no labels";
    const auto mean = [](const nlohmann::json& faults, const char* name) {
      return faults.at(name).at("mean").get<double>();
    };
    EXPECT_LT(mean(many, "agreement"), 1);
    EXPECT_LE(mean(many, "agreement"), mean(few, "agreement"));
    EXPECT_GT(mean(many, "rmse"), mean(few, "rmse"));
    EXPECT_LT(many.at("sqnr_db").get<double>(), few.at("sqnr_db").get<double>());
    const auto& figures = point.at("figures");
    EXPECT_TRUE(figures.at("top1").is_null() && figures.at("top1_under_faults").is_null());
    EXPECT_EQ(figures.at("agreement_under_faults"), few.at("agreement").at("mean"));
    EXPECT_EQ(figures.at("rmse_under_faults"), few.at("rmse").at("mean"));
    EXPECT_EQ(figures.at("sqnr_under_faults_db"), few.at("sqnr_db"));
    EXPECT_EQ(point.at("faults"), all[0].at("faults")) << "a batch changes no value";
  }
  // A chip of the sweep by itself: the first map has the plan's seed.
  const Output run = lacuna(
      "run --hw hw_configs/edge_16x16.yaml --model models/lenet5_as --images "
      "10 --data random:1:0.5 --ber 0.01 --json " +
      path("r.json"));
  ASSERT_EQ(run.code, 0) << run.error;
  const auto record = nlohmann::json::parse(read(path("r.json")));
  EXPECT_TRUE(record.at("top1").is_null());
  EXPECT_GT(record.at("rmse").get<double>(), all[0].at("faults")[0].at("rmse").at("lower"));
  EXPECT_LT(record.at("rmse").get<double>(),
            2 * all[0].at("faults")[0].at("rmse").at("upper").get<double>());
  const std::string csv = read(path("u.csv"));
  EXPECT_NE(csv.substr(0, csv.find('\n')).find(",pareto,reason,agreement_rate_0.01_mean,"),
            std::string::npos);
  EXPECT_EQ(lacuna("report " + path("u.sqlite") + " --out " + path("u.html")).code, 0);
}

// A row says which figure it has under faults; an error is never below 0.
TEST_F(Sweep, GivenNetworksOfOtherFiguresUnderFaultsThenEachRowNamesItsOwn) {
  std::string machine = read(LACUNA_SOURCE_DIR "/hw_configs/tiny_8x8.yaml");
  const std::string bits = "activation_bits: 4";
  machine.replace(machine.find(bits), bits.size(), "activation_bits: 8");
  std::ofstream(path("hw.yaml")) << machine;
  network::test::ModelBuilder builder(4, 4);
  network::test::ConvSpec conv;
  conv.out = 3;
  conv.kernel_h = conv.kernel_w = 3;
  builder.image(1, 8, 8, 1.0F / 255);
  builder.conv("conv", conv).relu("relu").quantise("codes", 0.5F).output();
  std::ofstream(path("map.onnx"), std::ios::binary) << builder.bytes();
  std::ofstream(path("m.yaml")) << "name: m\nmachine: " << path("hw.yaml")
                                << "\nmodels: [models/lenet5_as, " << path("map.onnx")
                                << "]\nimages: 6\ndata: random:2\ngrid:\n  batch: [1]\n"
                                << "faults:\n  rates: [0.01]\n  maps: 3\n";
  const Output sweep = lacuna("sweep " + path("m.yaml") + " --out " + path("m.sqlite") +
                              " --json " + path("m.json"));
  ASSERT_EQ(sweep.code, 0) << sweep.error;
  const nlohmann::json all = points(path("m.json"));
  const auto& error = all[1].at("faults")[0].at("rmse");
  EXPECT_FALSE(all[1].at("faults")[0].contains("agreement"));
  EXPECT_EQ(error.at("lower"), 0);
  EXPECT_GT(error.at("upper"), 2 * error.at("mean").get<double>());
  const auto line_of = [&](const std::string& start) {
    const std::size_t first = sweep.out.find("\n" + start) + 1;
    return sweep.out.substr(first, sweep.out.find('\n', first) - first);
  };
  EXPECT_NE(line_of("network ").find(" faults: "), std::string::npos) << sweep.out;
  EXPECT_NE(line_of("lenet5_as ").find(" agreement "), std::string::npos) << sweep.out;
  EXPECT_EQ(line_of("lenet5_as ").find(" RMSE "), std::string::npos) << sweep.out;
  const std::string map = line_of("map ");
  EXPECT_NE(map.find(" RMSE "), std::string::npos) << sweep.out;
  EXPECT_NE(map.find(" (0 to "), std::string::npos) << sweep.out;
  EXPECT_EQ(map.size(), line_of("network ").size()) << "columns stay in line";
}

double figure(const nlohmann::json& point, const char* name) {
  return point.at("figures").at(name).get<double>();
}

// What fits a smaller buffer fits a larger one, so more memory costs a machine that skips nothing
// no cycles, and DRAM bytes only where they buy cycles; and more bandwidth costs no machine cycles.
// Points are simulated independently of each other.
TEST_F(Sweep, GivenALargerWeightBufferOrMoreBandwidthThenNothingIsLost) {
  const std::vector<std::int64_t> sizes = {1024, 1536,  2048,  3072,  4096,  6144,
                                           8192, 16384, 32768, 65536, 131072};
  const std::vector<std::int64_t> bandwidths = {1, 3, 5, 16};
  std::ofstream plan(path("b.yaml"));
  plan << "name: buffer\nmachine: hw_configs/edge_16x16.yaml\n"
       << "set:\n  activation_sram.capacity_bytes: 16384\n"
       << "models: [models/lenet5_qdnn]\nworkloads: [traces/gemm_small.csv, " << path("w.csv")
       << "]\nimages: 1\ngrid:\n  dram.bytes_per_cycle: [1, 3, 5, 16]\n"
       << "  weight_sram.capacity_bytes: [1024, 1536, 2048, 3072, 4096, 6144, 8192, 16384, 32768, "
       << "65536, 131072]\n";
  plan.close();
  // A convolution whose map is cut into ranges with halos: where bytes could be traded for cycles.
  std::ifstream shapes(LACUNA_SOURCE_DIR "/traces/resnet18_small_images.csv");
  std::ofstream few(path("w.csv"));
  std::string line;
  for (int i = 0; i < 4 && std::getline(shapes, line); ++i) few << line << '\n';
  few.close();
  const Output sweep = lacuna("sweep " + path("b.yaml") + " --out " + path("b.sqlite") +
                              " --json " + path("b.json"));
  ASSERT_EQ(sweep.code, 0) << sweep.error;
  const nlohmann::json all = points(path("b.json"));
  ASSERT_EQ(all.size(), 3 * bandwidths.size() * sizes.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i].at("status"), "done") << all[i];
    if (i % sizes.size() != 0) {
      const auto cost = [](const nlohmann::json& point) {
        return std::make_pair(figure(point, "dense_cycles"), figure(point, "dram_bytes"));
      };
      EXPECT_LE(cost(all[i]), cost(all[i - 1])) << all[i].at("grid");
    }
    if (i / sizes.size() % bandwidths.size() != 0) {
      for (const char* name : {"dense_cycles", "cycles"}) {
        EXPECT_LE(figure(all[i], name), figure(all[i - sizes.size()], name))
            << name << all[i].at("grid");
      }
    }
  }
}

// A chain and its cycles alone are those of run --timing --chain; what goes with what is said.
TEST_F(Sweep, GivenAChainForTimingThenPointsAreRunsOfIt) {
  std::ofstream(path("w.csv")) << "layer,M,N,K\na,90,40,200\nb,90,60,40\n";
  const auto plan = [&](const std::string& keys) {
    std::ofstream(path("c.yaml")) << "name: chain\nmachine: hw_configs/edge_16x16.yaml\n"
                                  << "workloads: [" << path("w.csv") << "]\n"
                                  << keys << "grid:\n  zero_skipping: [none, gate, skip]\n";
    return lacuna("sweep " + path("c.yaml") + " --out " + path("c.sqlite") + " --json " +
                  path("c.json"));
  };
  EXPECT_EQ(plan("chain: true\n").error,
            "lacuna: " + path("c.yaml") +
                ":4: chain: a layer of a workload has no outputs to hand "
                "on; chain: true goes with timing: true\n");
  ASSERT_EQ(plan("timing: true\nchain: true\n").code, 0);
  const nlohmann::json all = points(path("c.json"));
  ASSERT_EQ(all.size(), 3U);
  for (const nlohmann::json& point : all) {
    const std::string policy = point.at("grid").at("zero_skipping");
    const Output run =
        lacuna("run --hw hw_configs/edge_16x16.yaml --timing --chain --workload " + path("w.csv") +
               " --set zero_skipping=" + policy + " --json " + path("r.json"));
    ASSERT_EQ(run.code, 0) << run.error;
    std::ifstream file(path("r.json"));
    const nlohmann::json record = nlohmann::json::parse(file);
    EXPECT_EQ(figure(point, "cycles"), record.at("cycles").at("total").get<double>()) << policy;
    EXPECT_EQ(record.at("engine"), "fast-timing");
    EXPECT_TRUE(record.at("logits_sha256").is_null());
  }
}

// Ideal: every PE multiplies in every cycle of the streams.
TEST_F(Sweep, GivenAnyDensityThenIdealIsAtMostSkippingAndThatAtMostNone) {
  std::ofstream(path("d.yaml")) << "name: densities\nmachine: hw_configs/edge_16x16.yaml\n"
                                << "workloads: [traces/gemm_small.csv]\ngrid:\n"
                                << "  density: [0.05, 0.2, 0.5, 0.9, 1]\n"
                                << "  array.weights_per_pe: [1, 4, 16]\n"
                                << "  zero_skipping: [none, gate, skip]\n"
                                << "energy: hw_configs/energy/published_45nm.yaml\n";
  const Output sweep = lacuna("sweep " + path("d.yaml") + " --out " + path("d.sqlite") +
                              " --json " + path("d.json"));
  ASSERT_EQ(sweep.code, 0) << sweep.error;
  const nlohmann::json all = points(path("d.json"));
  ASSERT_EQ(all.size(), 5U * 3 * 3);
  constexpr double kPes = 16 * 16;
  for (std::size_t i = 0; i < all.size(); i += 3) {
    const auto& none = all[i];
    const auto& gate = all[i + 1];
    const auto& skip = all[i + 2];
    EXPECT_EQ(figure(gate, "cycles"), figure(none, "cycles"));
    EXPECT_LE(figure(skip, "cycles"), figure(none, "cycles")) << skip.at("grid");
    EXPECT_LE(figure(skip, "stream_cycles"), figure(none, "stream_cycles"));
    EXPECT_LE(figure(skip, "macs_issued") / kPes, figure(skip, "stream_cycles"));
    EXPECT_EQ(figure(gate, "macs_issued"), figure(skip, "macs_issued"));
    EXPECT_LE(figure(skip, "energy_mac") + figure(skip, "energy_gated_mac"),
              figure(none, "energy_mac"));
  }
  for (const auto& point : all) {
    double sum = 0;
    int parts = 0;
    for (const auto& [name, value] : point.at("figures").items()) {
      if (name.rfind("energy_", 0) != 0) continue;
      sum += value.get<double>();
      ++parts;
    }
    EXPECT_EQ(parts, 9);
    EXPECT_NEAR(sum, figure(point, "energy"), 1e-9 * sum);
    EXPECT_LE(figure(point, "activation_bits_compressed"), 1.25 * figure(point, "activation_bits"));
  }
}

TEST_F(Sweep, GivenAMistakeThenItIsNamed) {
  const std::string plan = write_sweep(5);
  EXPECT_EQ(lacuna("sweep " + plan).error, "lacuna: --out: is missing; it is required\n");
  EXPECT_NE(lacuna("sweep " + plan + " --out " + path("x.sqlite") + " --pareto cycels")
                .error.find("did you mean 'cycles'"),
            std::string::npos);
  std::ofstream(path("bad.yaml")) << "name: bad\nmachine: hw_configs/edge_16x16.yaml\n"
                                  << "workloads: [traces/gemm_small.csv]\ngrid:\n"
                                  << "  array.rosw: [4]\n";
  EXPECT_NE(lacuna("sweep " + path("bad.yaml") + " --out " + path("x.sqlite"))
                .error.find("grid.array.rosw: is not a key of hw_configs/edge_16x16.yaml"),
            std::string::npos);
  ASSERT_EQ(lacuna("sweep " + plan + " --out " + path("a.sqlite")).code, 0);
  std::ofstream(plan, std::ios::app) << "# changed\n";
  EXPECT_NE(lacuna("sweep " + plan + " --out " + path("a.sqlite"))
                .error.find("is the store of another sweep"),
            std::string::npos);
  EXPECT_EQ(lacuna("check " + plan).code, 0);
}

}  // namespace
}  // namespace lacuna
