// Data sets on the command line: without labels, without images, and what a data set is.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/sha256.hpp"
#include "program/program.hpp"

namespace lacuna {
namespace {

using Json = nlohmann::json;

using Data = Program;

const std::string kMachineAndModel =
    "--hw hw_configs/edge_16x16.yaml --model models/lenet5_qdnn --no-dense ";

std::string npy(const std::string& descr, const std::string& shape, const std::string& values) {
  const std::string header =
      "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(header.size()) + '\0' + header +
         values;
}

std::string two_images() {
  std::string values;
  for (int i = 0; i < 2 * 784; ++i) values += static_cast<char>(i * 7);
  return npy("|u1", "(2, 1, 28, 28)", values);
}

TEST_F(Data, GivenImagesWithoutLabelsThenNoAccuracyIsTold) {
  const std::string file = write("two.npy", two_images());
  const Output run = lacuna("run " + kMachineAndModel + "--data " + file + " --json " +
                            path("r.json") + " --predictions " + path("p.csv"));
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_EQ(run.out.find("top-1"), std::string::npos) << run.out;
  const Json record = Json::parse(read(path("r.json")));
  EXPECT_TRUE(record["top1"].is_null());
  EXPECT_EQ(record["images"], 2);
  EXPECT_EQ(record["hashes"]["data"], base::sha256_hex(two_images()));
  const std::string rows = read(path("p.csv"));
  EXPECT_NE(rows.find("\n0,,"), std::string::npos) << rows;
  EXPECT_NE(rows.find("\n1,,"), std::string::npos) << rows;
}

TEST_F(Data, GivenTheSameImagesInAnotherFormatThenTheRunIsTheSame) {
  const std::string data = two_images();
  const std::string pixels = data.substr(data.size() - 1568);
  write("two.npy", data);
  std::filesystem::create_directory(path("pictures"));
  write("pictures/a.pgm", "P5 28 28 255\n" + pixels.substr(0, 784));
  write("pictures/b.pgm", "P5 28 28 255\n" + pixels.substr(784));
  const auto logits = [&](const std::string& name) {
    const Output run = lacuna("run " + kMachineAndModel + "--images 2 --data " + path(name) +
                              " --json " + path("r.json"));
    EXPECT_EQ(run.code, 0) << run.error;
    return Json::parse(read(path("r.json")))["logits_sha256"];
  };
  EXPECT_EQ(logits("two.npy"), logits("pictures"));
  std::filesystem::copy(LACUNA_SOURCE_DIR "/models/lenet5_qdnn", path("model"));
  write("model/card.yaml", "input:\n  raw: {shape: [28, 28]}\n");
  write("two.raw", pixels);
  const Output raw =
      lacuna("run --hw hw_configs/edge_16x16.yaml --no-dense --model " + path("model") +
             " --data " + path("two.raw") + " --json " + path("r.json"));
  ASSERT_EQ(raw.code, 0) << raw.error;
  EXPECT_EQ(Json::parse(read(path("r.json")))["logits_sha256"], logits("two.npy"));
}

TEST_F(Data, GivenRandomThenNoImagesAreNeeded) {
  const Output run =
      lacuna("run " + kMachineAndModel + "--data random:3:0.5 --json " + path("r.json"));
  ASSERT_EQ(run.code, 0) << run.error;
  const Json record = Json::parse(read(path("r.json")));
  EXPECT_EQ(record["images"], 10);
  EXPECT_TRUE(record["top1"].is_null());
  EXPECT_NEAR(record["layers"][0]["density"].get<double>(), 0.5, 0.02);
  EXPECT_EQ(lacuna("map --hw hw_configs/edge_16x16.yaml --model models/lenet5_qdnn").out,
            lacuna("map --hw hw_configs/edge_16x16.yaml --model models/lenet5_qdnn --data "
                   "/usr/share/datasets/fashion-mnist")
                .out);
}

TEST_F(Data, GivenCheckThenItSaysWhatADataSetIs) {
  const std::string file = write("two.npy", two_images());
  const std::string expected =
      file + ": ok: NumPy data set, 2 images of 1 x 28 x 28, uint8 0..255, no labels\n";
  EXPECT_EQ(lacuna("check " + file).out, expected);
  EXPECT_EQ(lacuna("check --data " + file).out, expected);
  std::filesystem::create_directory(path("empty"));
  const Output empty = lacuna("check --data " + path("empty") + " --data " + file);
  EXPECT_EQ(empty.code, 2);
  EXPECT_EQ(empty.out, expected);
  EXPECT_NE(empty.error.find("is no data set that is known; random[:seed[:density]]; a folder"),
            std::string::npos)
      << empty.error;
}

TEST_F(Data, GivenCheckOfAModelThenItsLayersInputAndOutputsAreShown) {
  const Output check = lacuna("check --model models/lenet5_qdnn");
  ASSERT_EQ(check.code, 0) << check.error;
  const auto row = [&](const std::string& text) {
    EXPECT_NE(check.out.find('\n' + text), std::string::npos) << text << " in\n" << check.out;
  };
  row("input    28x28x1 (height x width x channels), reals, channels first\n"
      "         codes of 4 bits, 0..15, zero point 0, step 0.06666667: reals 0..1\n");
  // 28 x 28 pixels x 5 x 5 x 6, and 6 x 25 weights with 6 biases.
  row("  1 conv1 conv 5x5         0         28x28x6 4x4>4     0.154    0     117600       156\n");
  row("  2 pool1 max 2x2/2        1         14x14x6 4>4       0.154    0          -         -\n");
  row("  7 fc3   full             6          1x1x10 4x4>32        -    -        840       850\n");
  row("    total                                                             416520     61706\n");
  row("output   'logits': [10], sums of 'fc3'\n");
  // A layer that adds another one's output names both.
  EXPECT_NE(lacuna("check --model models/resnet8_as").out.find(" 2 1 "), std::string::npos);
  EXPECT_EQ(lacuna("check --model models/none").code, 2);
}

TEST_F(Data, GivenRangesThatAreFarApartThenTheRunIsRefused) {
  std::filesystem::copy(LACUNA_SOURCE_DIR "/models/lenet5_qdnn", path("model"));
  write("model/card.yaml", "input:\n  scale: 1\n");
  const Output run =
      lacuna("run --hw hw_configs/edge_16x16.yaml --data random --model " + path("model"));
  EXPECT_EQ(run.code, 0) << "drawn codes have no range";
  const std::string file = write("two.npy", two_images());
  const Output refused =
      lacuna("run --hw hw_configs/edge_16x16.yaml --data " + file + " --model " + path("model"));
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.error.find("its values come to the network as 0..255, but the first quantiser "
                               "of lenet5_qdnn is for 0..1"),
            std::string::npos)
      << refused.error;
}

}  // namespace
}  // namespace lacuna
