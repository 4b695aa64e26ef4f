// The built program, as a user calls it: what it prints, what it writes, how it fails.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "base/sha256.hpp"
#include "program/program.hpp"

namespace lacuna {
namespace {

using Json = nlohmann::json;

using Cli = Program;

/// A record or timeline but for the command that made it, which names its outputs and engine.
std::string without_command(const std::string& file) {
  Json json = Json::parse(read(file));
  EXPECT_EQ((json.contains("otherData") ? json["otherData"] : json).erase("command"), 1U) << file;
  return json.dump(1);
}

const std::string kLeNet = "--hw hw_configs/edge_16x16.yaml --model models/lenet5_qdnn";

TEST_F(Cli, GivenARunThenTheRecordIsCompleteAndItsSumsHold) {
  const Output run = lacuna("run " + kLeNet + " --images 5 --batch 2 --json " + path("r.json") +
                            " --csv " + path("r.csv") + " --predictions " + path("p.csv"));
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_EQ(run.error, "");
  const Json record = Json::parse(read(path("r.json")));
  EXPECT_EQ(record["schema"], "lacuna.run/1");
  EXPECT_EQ(record["images"], 5);
  EXPECT_EQ(record["batch"], 2);
  EXPECT_EQ(record["machine"]["name"], "edge_16x16");
  EXPECT_EQ(record["machine"]["array"]["rows"], 16);
  EXPECT_EQ(record["machine"]["post"]["lanes"], 16);
  EXPECT_EQ(record["engine"], "fast");
  EXPECT_EQ(record["hashes"]["model"],
            base::sha256_hex(
                read(std::string(LACUNA_SOURCE_DIR) + "/models/lenet5_qdnn/lenet5_qdnn.onnx")));
  EXPECT_EQ(record["faults"]["armed"], 0);
  const char* classes[] = {"stream", "weight_load", "memory_wait", "post_wait", "idle"};
  std::int64_t of_layers = 0;
  std::int64_t dense = 0;
  for (const Json& layer : record["layers"]) {
    std::int64_t sum = 0;
    for (const char* name : classes) sum += layer["cycles"][name].get<std::int64_t>();
    EXPECT_EQ(layer["cycles"]["total"], sum);
    of_layers += sum;
    dense += layer["dense_cycles"].get<std::int64_t>();
    const Json& macs = layer["macs"];
    EXPECT_EQ(macs["total"].get<std::int64_t>(), macs["issued"].get<std::int64_t>() +
                                                     macs["gated"].get<std::int64_t>() +
                                                     macs["skipped"].get<std::int64_t>());
    const Json& stream = layer["stream"];
    EXPECT_EQ(layer["cycles"]["stream"].get<std::int64_t>(),
              stream["work"].get<std::int64_t>() + stream["imbalance"].get<std::int64_t>() +
                  stream["fill_drain"].get<std::int64_t>());
  }
  EXPECT_EQ(record["cycles"]["total"], of_layers);
  EXPECT_EQ(record["dense_cycles"], dense);
  EXPECT_EQ(record["cycles"]["idle"], 0);
  // LeNet-5: 784 x 6 x 25 + 100 x 16 x 150 + 400 x 120 + 120 x 84 + 84 x 10 MACs an image.
  EXPECT_EQ(record["macs"]["total"], 5 * (117'600 + 240'000 + 48'000 + 10'080 + 840));

  // The predictions hold the logits whose hash is in the record.
  std::stringstream lines(read(path("p.csv")));
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line.substr(0, 22), "image,label,top1,sum_0");
  EXPECT_NE(line.find(",sum_9,out_logits_0,"), std::string::npos) << line;
  std::string bytes;
  int rows = 0;
  int correct = 0;
  for (; std::getline(lines, line); ++rows) {
    std::stringstream fields(line);
    std::string field;
    std::vector<std::int64_t> values;
    while (values.size() < 13 && std::getline(fields, field, ',')) {
      values.push_back(std::stoll(field));
    }
    ASSERT_EQ(values.size(), 13U);
    correct += values[1] == values[2] ? 1 : 0;
    for (std::size_t i = 3; i < values.size(); ++i) {
      for (int shift = 0; shift < 32; shift += 8) {
        bytes += static_cast<char>(static_cast<std::uint32_t>(values[i]) >> shift);
      }
    }
  }
  EXPECT_EQ(rows, 5);
  EXPECT_EQ(record["logits_sha256"], base::sha256_hex(bytes));
  EXPECT_DOUBLE_EQ(record["top1"].get<double>(), correct / 5.0);
  // One header, a row a layer, one total.
  const std::string csv = read(path("r.csv"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 7 + 1);
}

// The JSON library takes a NUL byte for the end.
TEST_F(Cli, GivenAJsonFileWithMoreBehindANulByteThenNobodyReadsIt) {
  ASSERT_EQ(lacuna("run " + kLeNet + " --images 1 --json " + path("r.json") + " --timeline " +
                   path("t.json"))
                .code,
            0);
  for (const std::string name : {"r", "t"}) {
    const std::string whole = read(path(name + ".json"));
    std::ofstream(path(name + "0.json"), std::ios::binary) << whole << '\0' << "{\"images\": 2}";
  }
  const std::string record = path("r0.json");
  for (const std::string& command :
       {"check " + record, "compare " + record + " " + path("r.json"),
        "compare " + path("r.json") + " " + record, "report " + record + " --out " + path("p"),
        "report " + path("t0.json") + " --out " + path("p")}) {
    const Output run = lacuna(command);
    EXPECT_EQ(run.code, 2) << command;
    EXPECT_NE(run.error.find("JSON"), std::string::npos) << run.error;
  }
}

TEST_F(Cli, GivenTheSameInputsThenTheSameBytes) {
  std::vector<std::string> records;
  for (int i = 0; i < 2; ++i) {
    const std::string faulty = " --ber 0.01 --map-seed 3 --images 3 --json ";
    ASSERT_EQ(lacuna("run " + kLeNet + faulty + path("a")).code, 0);
    records.push_back(read(path("a")));
  }
  EXPECT_EQ(records[0], records[1]);
  EXPECT_GT(Json::parse(records[0])["faults"]["fired"], 0);
}

// "masked" is told of outputs, too, by campaigns: here it is reads that do not change.
TEST_F(Cli, GivenFaultsThenTheTextSaysHowManyChangedNoRead) {
  const Output run =
      lacuna("run " + kLeNet + " --ber 0.01 --map-seed 3 --images 3 --json " + path("a"));
  ASSERT_EQ(run.code, 0) << run.error;
  const Json faults = Json::parse(read(path("a")))["faults"];
  EXPECT_GT(faults["masked"], 0);
  EXPECT_NE(run.out.find(": " + faults["armed"].dump() + " armed, " + faults["fired"].dump() +
                         " fired, " + faults["masked"].dump() + " changed no read\n"),
            std::string::npos)
      << run.out;
}

TEST_F(Cli, GivenASavedMapThenReadingItBackGivesTheSameRun) {
  ASSERT_EQ(
      lacuna("run " + kLeNet + " --images 3 --ber 0.01 --fault-kind stuck_at_1 --save-faults " +
             path("map.csv") + " --json " + path("a.json"))
          .code,
      0);
  ASSERT_EQ(lacuna("run " + kLeNet + " --images 3 --faults " + path("map.csv") + " --json " +
                   path("b.json"))
                .code,
            0);
  const Json a = Json::parse(read(path("a.json")));
  const Json b = Json::parse(read(path("b.json")));
  EXPECT_EQ(a["logits_sha256"], b["logits_sha256"]);
  EXPECT_EQ(a["faults"]["fired"], b["faults"]["fired"]);
  EXPECT_EQ(a["cycles"], b["cycles"]);
  EXPECT_TRUE(a["hashes"]["faults"].is_null()) << "drawn, not read";
  EXPECT_EQ(b["hashes"]["faults"], base::sha256_hex(read(path("map.csv"))));
}

TEST_F(Cli, GivenAWorkloadThenItsSumsAreHashedAndTop1IsNull) {
  const Output run = lacuna(
      "run --hw hw_configs/edge_16x16.yaml --workload traces/lenet5.csv --json " + path("r.json"));
  ASSERT_EQ(run.code, 0) << run.error;
  const Json record = Json::parse(read(path("r.json")));
  EXPECT_TRUE(record["top1"].is_null());
  EXPECT_EQ(record["images"], 1);
  EXPECT_EQ(record["seed"], 1);
  EXPECT_EQ(record["logits_sha256"].get<std::string>().size(), 64U);
  EXPECT_LE(record["cycles"]["total"], record["dense_cycles"]);
}

TEST_F(Cli, GivenTheCommandOfARecordThenItMakesTheSameBytes) {
  std::filesystem::create_directory(path("my files"));
  std::filesystem::copy(LACUNA_SOURCE_DIR "/hw_configs/edge_16x16.yaml",
                        path("my files/it's.yaml"));
  const std::string options[] = {
      "run --hw \"" + path("my files/it's.yaml") +
          "\" --set array.rows=12 --set zero_skipping=gate --model models/lenet5_as/lenet5_as.onnx"
          " --images 7 --batch 3 --ber 0.01 --map-seed 4 --fault-kind stuck_at_1 --energy"
          " hw_configs/energy/published_45nm.yaml --data /usr/share/datasets/fashion-mnist"
          " --engine systemc --timeline \"" +
          path("my files/t.json") + "\"",
      "run --hw hw_configs/cloud_32x32.yaml --workload traces/gemm_small.csv --seed 9 --no-dense"};
  for (const std::string& option : options) {
    const std::string file = path("my files/r.json");
    const Output first = lacuna(option + " --json \"" + file + "\"");
    ASSERT_EQ(first.code, 0) << first.error;
    const std::string record = read(file);
    const std::string timeline = read(path("my files/t.json"));
    const std::string command = Json::parse(record)["command"];
    EXPECT_EQ(Json::parse(timeline)["otherData"]["command"] == command, option == options[0]);
    std::filesystem::remove(file);
    std::filesystem::remove(path("my files/t.json"));
    // As it is pasted, with the program on the PATH.
    const Output again = shell(command);
    ASSERT_EQ(again.code, 0) << command << again.error;
    EXPECT_EQ(read(file), record) << command;
    EXPECT_EQ(again.out, first.out) << command;
    EXPECT_EQ(read(path("my files/t.json")), option == options[0] ? timeline : "");
  }
}

TEST_F(Cli, GivenWavesThenTheRunIsTheSameAndTheirFileIsNamedAsAsked) {
  const std::string run = "run " + kLeNet + " --engine systemc --images 1 --ber 0.01 --json ";
  const Output plain = lacuna(run + path("a.json"));
  const Output waves = lacuna(run + path("b.json") + " --vcd " + path("w"));
  ASSERT_EQ(waves.code, 0) << waves.error;
  EXPECT_EQ(waves.error, "");
  EXPECT_EQ(waves.out, plain.out);
  EXPECT_EQ(without_command(path("b.json")), without_command(path("a.json")));
  EXPECT_FALSE(std::filesystem::exists(path("w.vcd")));
  const std::string dump = read(path("w"));
  EXPECT_EQ(dump.substr(0, 9), "$version ");
  // The last line is the end of time: set-up and the image.
  const Json record = Json::parse(read(path("b.json")));
  const auto end =
      record["setup_cycles"].get<std::int64_t>() + record["cycles"]["total"].get<std::int64_t>();
  const std::string last = "\n#" + std::to_string(end) + "\n";
  EXPECT_EQ(dump.substr(dump.rfind("\n#")).substr(0, last.size()), last);
  ASSERT_EQ(lacuna(run + path("c.json") + " --vcd " + path("w2")).code, 0);
  EXPECT_EQ(read(path("w2")), dump) << "same inputs, same bytes";
}

TEST_F(Cli, GivenATimelineThenItIsTheSameWithBothEnginesAndTheRunIsTheRunWithout) {
  const std::string run = "run " + kLeNet + " --images 5 --batch 2 --ber 0.01 ";
  const Output plain = lacuna(run);
  const Output fast =
      lacuna(run + "--timeline " + path("a") + " --timeline-batch 2 --json " + path("r.json"));
  ASSERT_EQ(fast.code, 0) << fast.error;
  EXPECT_EQ(fast.error, "");
  EXPECT_EQ(fast.out, plain.out);
  ASSERT_EQ(lacuna(run + "--engine systemc --timeline " + path("b") + " --timeline-batch 2").code,
            0);
  const Json json = Json::parse(read(path("a")));
  EXPECT_EQ(without_command(path("b")), without_command(path("a")));
  EXPECT_EQ(json["otherData"]["schema"], "lacuna.timeline/1");
  EXPECT_EQ(json["otherData"]["images"], 1) << "what two batches of two leave of five";
  // The first batch is what is shown unless another one is asked for.
  ASSERT_EQ(lacuna("run " + kLeNet + " --images 1 --timeline " + path("c") + " --json " +
                   path("one.json"))
                .code,
            0);
  EXPECT_EQ(Json::parse(read(path("c")))["otherData"]["cycles"],
            Json::parse(read(path("one.json")))["cycles"]["total"]);
}

TEST_F(Cli, GivenTwoRecordsThenWhatDiffersIsShownAndWritten) {
  const std::string run = "run " + kLeNet + " --images 3 --json ";
  ASSERT_EQ(lacuna(run + path("a.json")).code, 0);
  ASSERT_EQ(lacuna(run + path("same.json")).code, 0);
  ASSERT_EQ(lacuna(run + path("b.json") + " --batch 3 --engine systemc").code, 0);
  const Output equal = lacuna("compare --exit-code " + path("a.json") + " " + path("same.json"));
  EXPECT_EQ(equal.code, 0) << equal.error;
  EXPECT_NE(equal.out.find("\n\nequal in every figure\n"), std::string::npos) << equal.out;
  const std::string two = "compare " + path("a.json") + " " + path("b.json") + " --json ";
  const Output differs = lacuna(two + path("c.json"));
  EXPECT_EQ(differs.code, 0) << differs.error;
  EXPECT_NE(differs.out.find("\nbatch "), std::string::npos);
  EXPECT_NE(differs.out.find("\nengine "), std::string::npos);
  EXPECT_EQ(differs.out.find("\nlogits_sha256 "), std::string::npos);
  EXPECT_EQ(lacuna(two + path("d.json") + " --exit-code").code, 1);
  EXPECT_EQ(read(path("d.json")), read(path("c.json")));
  const Json a = Json::parse(read(path("a.json")));
  const Json b = Json::parse(read(path("b.json")));
  const Json json = Json::parse(read(path("c.json")));
  bool found = false;
  for (const Json& figure : json["run"]) {
    if (figure["key"] != "cycles.total") continue;
    found = true;
    EXPECT_EQ(figure["a"], a["cycles"]["total"]);
    EXPECT_EQ(figure["b"], b["cycles"]["total"]);
    EXPECT_LT(figure["relative"], 0) << "a batch shares the loads";
  }
  EXPECT_TRUE(found);
}

TEST_F(Cli, GivenAWeightThenItsCellsHoldItBothWays) {
  const Output weight = lacuna("map " + kLeNet + " --weight fc3:7,0,0,11");
  ASSERT_EQ(weight.code, 0) << weight.error;
  int bank = 0;
  int row = 0;
  int bit = 0;
  ASSERT_EQ(std::sscanf(weight.out.c_str(), "fc3:7,0,0,11: weight_sram bank %d, row %d, bits %d",
                        &bank, &row, &bit),
            3)
      << weight.out;
  const std::string cell =
      "weight:" + std::to_string(bank) + "," + std::to_string(row) + "," + std::to_string(bit + 2);
  const Output back = lacuna("map " + kLeNet + " --cell " + cell);
  ASSERT_EQ(back.code, 0) << back.error;
  EXPECT_NE(back.out.find("bit 2 of fc3:7,0,0,11 from set-up to the end"), std::string::npos)
      << back.out;
}

// Sixteen values a word: bank 3 of row 0 is slots 48 to 63. Pixel (0, 3) of pool2 is in the first
// of two K passes of fc1, which has eight channel tiles.
TEST_F(Cli, GivenACellOfTheActivationsThenWhatPassesThroughItIsShown) {
  const Output map = lacuna("map " + kLeNet +
                            " --cell activation_sram:3,0,63 --cell activation_bitmap:3,0,7"
                            " --cell activation_sram:0,300,0");
  ASSERT_EQ(map.code, 0) << map.error;
  const char* const lines[] = {
      "sram:3,0,63: bit 3 of input:0,2,7 of image 0 of the batch from step 0 to step 18, read by "
      "steps 6",
      "sram:3,0,63: bit 3 of pool2:15,0,3 of image 0 of the batch from step 18 to step 74, read by "
      "steps 24 29 34 39 44 49 54 59",
      "sram:3,0,63: bit 3 of fc2:63,0,0 of image 0 of the batch from step 74 to the end, read by "
      "steps 82",
      "bitmap:3,0,7: whether input:0,1,27 of image 0 of the batch is zero from step 0 to step 18, "
      "read by steps 6",
      "bitmap:3,0,7: whether pool2:7,0,3 of image 0 of the batch is zero from step 18 to step 74, "
      "read by steps 24 29 34 39 44 49 54 59",
      "bitmap:3,0,7: whether fc2:55,0,0 of image 0 of the batch is zero from step 74 to the end, "
      "read by steps 82",
      "sram:0,300,0: no value ever lies in this cell"};
  std::string expected;
  for (const char* line : lines) expected += std::string("activation_") + line + "\n";
  EXPECT_EQ(map.out, expected);
}

// Batches of 4 and a last one of 1: other steps, other reads.
TEST_F(Cli, GivenALastSmallerBatchThenItsCellsAreShownToo) {
  const std::string job = "map --hw hw_configs/tiny_8x8.yaml --model models/lenet5_as --batch ";
  const auto of_last = [](const std::string& text) {
    const std::string mark = "last batch, of 1: ";
    std::string lines;
    std::stringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
      if (line.rfind(mark, 0) == 0) lines += line.substr(mark.size()) + "\n";
    }
    return lines;
  };
  for (const std::string what :
       {" --cell weight:0,17,5", " --weight fc1:9,3,3,8", " --cell activation_sram:0,3,5",
        " --cell activation_bitmap:0,3,1"}) {
    const Output both = lacuna(job + "4 --images 5" + what);
    const Output last = lacuna(job + "1 --images 1" + what);
    ASSERT_EQ(both.code, 0) << both.error;
    EXPECT_NE(last.out, "");
    EXPECT_EQ(of_last(both.out), last.out);
    EXPECT_EQ(of_last(last.out), "");
  }
}

TEST_F(Cli, GivenShippedFilesThenCheckFindsThemWell) {
  const Output check = lacuna(
      "check hw_configs/*.yaml hw_configs/energy/*.yaml traces/*.csv models/lenet5_* "
      "models/resnet8_* "
      "experiments/*.yaml experiments/sweeps/*.yaml experiments/study/*.yaml "
      "experiments/fault_location/*.yaml");
  EXPECT_EQ(check.code, 0) << check.error;
  EXPECT_EQ(check.error, "");
}

TEST_F(Cli, GivenARunRecordThenCheckReadsItAsCompareDoes) {
  const std::string old = "tests/unit/compare/record_0_1_0.json";
  const Output good = lacuna("check " + old);
  EXPECT_EQ(good.code, 0) << good.error;
  EXPECT_EQ(good.out, old +
                          ": ok: run record of lacuna 0.1.0, 'lenet5_as' on 'tiny_8x8', 7 layers, "
                          "faults: chip.csv\n");
  std::string text = read(LACUNA_SOURCE_DIR "/" + old);
  text.replace(text.find("\"idle\": 0"), 9, "\"idle\": 1");
  std::ofstream(path("bad.json")) << text;
  const Output bad = lacuna("check " + path("bad.json"));
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.error, lacuna("compare " + path("bad.json") + " " + old).error);
  EXPECT_NE(bad.error.find("cycles.total: is "), std::string::npos) << bad.error;
  EXPECT_EQ(lacuna("compare " + old + " " + old + " --exit-code").code, 0);
  EXPECT_NE(lacuna("check --help").out.find("energy tables"), std::string::npos);
}

constexpr const char* kShortMachine = R"(name: short
array: {rows: 8, cols: 8, weights_per_pe: 4}
zero_skipping: skip
weight_sram: {capacity_bytes: 65536, word_bits: 32, banks: 1, encoding: twos_complement}
activation_sram: {capacity_bytes: 65536, word_bits: 32, banks: 8}
accumulator_sram: {entries_per_lane: 1024}
post: {lanes: 8}
dram: {latency_cycles: 20, bytes_per_cycle: 8}
precision: {weight_bits: 4, activation_bits: 4}
)";

TEST_F(Cli, GivenAMachineThatLeavesKeysOutThenItRunsAsTheFileWithAllOfThem) {
  const std::string machine = write("short.yaml", kShortMachine);
  const Output print = lacuna({"check", machine, "--print", "--set", "array.k_order=interleaved"});
  ASSERT_EQ(print.code, 0) << print.error;
  EXPECT_NE(print.out.find("\n  k_order: interleaved\n"), std::string::npos) << print.out;
  EXPECT_NE(print.out.find("\nclock_mhz: 1000\n"), std::string::npos) << print.out;
  const std::string whole = write("whole.yaml", print.out);
  EXPECT_EQ(lacuna({"check", "--print", whole}).out, print.out);

  const std::string run = " --model models/lenet5_as --images 2 --json ";
  const Output first =
      lacuna("run --hw " + machine + " --set array.k_order=interleaved" + run + path("a.json"));
  ASSERT_EQ(first.code, 0) << first.error;
  ASSERT_EQ(lacuna("run --hw " + whole + run + path("b.json")).code, 0);
  Json a = Json::parse(read(path("a.json")));
  Json b = Json::parse(read(path("b.json")));
  EXPECT_EQ(a["machine"]["array"]["k_order"], "interleaved");
  EXPECT_EQ(a["machine"]["array"]["whole_folds"], false);
  EXPECT_EQ(a["machine"]["clock_mhz"], 1000);
  for (Json* record : {&a, &b}) {
    record->erase("command");
    (*record)["hashes"].erase("hardware");
  }
  EXPECT_EQ(a, b);
  const Output compare = lacuna({"compare", path("a.json"), path("b.json")});
  EXPECT_EQ(compare.code, 0) << compare.error;
  EXPECT_EQ(compare.out.find("machine."), std::string::npos) << compare.out;
}

TEST_F(Cli, GivenAMachineThatLeavesAKeyOutThenASweepRunsOverItAndKnowsItsDefault) {
  const std::string sweep =
      write("s.yaml", "name: s\nmachine: " + write("short.yaml", kShortMachine) +
                          "\nworkloads: [traces/gemm_small.csv]\n"
                          "grid:\n  array.local_accumulators: [1, 2]\n"
                          "where: [array.psum_fifo_depth == 2 && clock_mhz == 1000]\n");
  const Output run = lacuna({"sweep", sweep, "--out", path("s.sqlite"), "--csv", path("s.csv")});
  ASSERT_EQ(run.code, 0) << run.error;
  const std::string csv = read(path("s.csv"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3) << csv;
}

TEST_F(Cli, GivenPrintThenOneYamlFileIsRequired) {
  EXPECT_EQ(lacuna("check --print hw_configs/tiny_8x8.yaml hw_configs/edge_16x16.yaml").error,
            "lacuna: --print: 2 files are named; exactly one is required\n");
  const Output network = lacuna("check --print models/lenet5_as");
  EXPECT_EQ(network.code, 2);
  EXPECT_EQ(network.error,
            "lacuna: models/lenet5_as: --print: is no YAML file of keys; a machine, fault plan, "
            "campaign, sweep or energy table\n");
  EXPECT_EQ(network.out, "");
}

TEST_F(Cli, GivenACardOfAnotherNetworkThenCheckSaysSo) {
  const std::filesystem::path models = std::filesystem::path(LACUNA_SOURCE_DIR) / "models";
  std::filesystem::copy(models / "lenet5_as", path("mine"));
  EXPECT_EQ(lacuna("check '" + path("mine") + "'").code, 0);
  std::filesystem::copy(models / "lenet5_qdnn" / "lenet5_qdnn.onnx", path("mine/lenet5_as.onnx"),
                        std::filesystem::copy_options::overwrite_existing);
  const Output check = lacuna("check '" + path("mine") + "'");
  EXPECT_EQ(check.code, 2);
  const std::string card = read(path("mine/card.yaml"));
  const std::string before = card.substr(0, card.find("onnx_sha256"));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  EXPECT_EQ(check.error,
            "lacuna: " + path("mine/card.yaml") + ":" + std::to_string(line) +
                ": onnx_sha256: the network beside it is another: lenet5_as.onnx has " +
                base::sha256_hex(read(models / "lenet5_qdnn" / "lenet5_qdnn.onnx")) + "\n");
  std::ofstream(path("mine/card.yaml")) << "onnx_sha256: [\n";
  EXPECT_EQ(lacuna("check '" + path("mine") + "'").code, 2);
}

TEST_F(Cli, GivenHelpThenItGoesToStandardOutput) {
  for (const std::string arguments :
       {"--help", "run --help", "map --help", "campaign --help", "campaign run --help",
        "campaign resume --help", "campaign status --help", "campaign export --help",
        "replay --help", "sweep --help", "compare --help", "report --help", "check --help"}) {
    SCOPED_TRACE(arguments);
    const Output help = lacuna(arguments);
    EXPECT_EQ(help.code, 0);
    EXPECT_EQ(help.error, "");
    EXPECT_NE(help.out.find("lacuna"), std::string::npos);
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 80U) << "a terminal's width: " << line;
    }
  }
  EXPECT_EQ(lacuna("--version").out.substr(0, 7), "lacuna ");
  EXPECT_EQ(lacuna("run --version").out.substr(0, 7), "lacuna ");
}

TEST_F(Cli, GivenAFullDeviceThenNothingIsHalfWritten) {
  const Output full = lacuna("run " + kLeNet + " --images 1 --json /dev/full");
  EXPECT_EQ(full.code, 2);
  EXPECT_EQ(full.error, "lacuna: /dev/full: cannot be written: No space left on device\n");
  const Output waves = lacuna("run " + kLeNet + " --images 1 --engine systemc --vcd /dev/full");
  EXPECT_EQ(waves.code, 2);
  EXPECT_EQ(waves.error, "lacuna: /dev/full: cannot be written: No space left on device\n");
  const Output timeline = lacuna("run " + kLeNet + " --images 1 --timeline /dev/full");
  EXPECT_EQ(timeline.code, 2);
  EXPECT_EQ(timeline.error, "lacuna: /dev/full: cannot be written: No space left on device\n");
  const Output terminal = lacuna("run " + kLeNet + " --images 1 --json " + path("kept.json"));
  EXPECT_EQ(terminal.code, 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    EXPECT_EQ(entry.path().string().find(".tmp."), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace lacuna
