// Campaigns that no label helps: on drawn images, and on a network whose output is a map. What they
// tell is against the fault-free run, and adds up.
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "program/program.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna {
namespace {

using Json = nlohmann::json;
using CsvRow = std::map<std::string, std::string>;

class Unlabelled : public Program {
 protected:
  std::string plan(const std::string& model, const std::string& data,
                   const std::string& more) const {
    std::string machine = read(LACUNA_SOURCE_DIR "/hw_configs/tiny_8x8.yaml");
    const std::string bits = "activation_bits: 4";
    machine.replace(machine.find(bits), bits.size(), "activation_bits: 8");
    return write("plan.yaml", "name: u\nmachines: [" + write("hw.yaml", machine) + "]\nmodels: [" +
                                  model + "]\nimages: 12\n" + data + more);
  }

  /// A network of one convolution, whose output is its map.
  std::string map_model(std::int64_t size = 8) const {
    network::test::ModelBuilder builder(4, 4);
    network::test::ConvSpec conv;
    conv.out = 3;
    conv.kernel_h = conv.kernel_w = 3;
    builder.image(1, size, size, 1.0F / 255);
    builder.conv("conv", conv).relu("relu").quantise("codes", 0.5F).output();
    return write("map.onnx", builder.bytes());
  }

  static std::vector<CsvRow> rows(const std::string& file) {
    std::ifstream stream(file);
    std::string line;
    const auto fields = [&] {
      std::vector<std::string> list(1);
      bool quoted = false;
      for (const char c : line) {
        quoted = quoted != (c == '"');
        if (c == ',' && !quoted) {
          list.emplace_back();
        } else {
          list.back() += c;
        }
      }
      return list;
    };
    std::getline(stream, line);
    const std::vector<std::string> names = fields();
    std::vector<CsvRow> list;
    while (std::getline(stream, line)) {
      const std::vector<std::string> values = fields();
      EXPECT_EQ(values.size(), names.size()) << line;
      CsvRow row;
      for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) row[names[i]] = values[i];
      list.push_back(std::move(row));
    }
    return list;
  }

  /// Runs a campaign on both engines and exports it.
  void run(const std::string& file) {
    const std::string store = path("s.sqlite");
    const Output run =
        lacuna("campaign run " + file + " --out " + store + " --workers 2 --audit 0.2");
    ASSERT_EQ(run.code, 0) << run.error;
    EXPECT_NE(run.out.find("trials audited: both engines equal"), std::string::npos) << run.out;
    said_ = run.out;
    const Output exported =
        lacuna("campaign export " + store + " --csv " + path("t.csv") + " --json " +
               path("t.json") + " --summary " + path("m.csv") + " --images " + path("i.csv"));
    ASSERT_EQ(exported.code, 0) << exported.error;
    trials_ = rows(path("t.csv"));
    summary_ = rows(path("m.csv"));
    images_ = rows(path("i.csv"));
    json_ = Json::parse(read(path("t.json")));
    const Output report = lacuna("report " + store + " --out " + path("r.html"));
    EXPECT_EQ(report.code, 0) << report.error;
    EXPECT_EQ(lacuna("campaign status " + store).out, said_.substr(0, said_.rfind("\n\n") + 1));
  }

  /// What is told of every trial whatever the network says: the error, decibels of it, and images.
  void expect_outputs() const {
    const double rms = json_.at("golden")[0].at("output_rms").get<double>();
    EXPECT_GT(rms, 0);
    int differ = 0;
    for (const CsvRow& row : trials_) {
      EXPECT_EQ(row.at("correct"), "");
      EXPECT_EQ(row.at("golden_correct"), "");
      EXPECT_EQ(
          std::stoi(row.at("masked")) + std::stoi(row.at("benign")) + std::stoi(row.at("sdc")), 12);
      const double rmse = std::stod(row.at("rmse"));
      if (row.at("masked") == "12") {
        EXPECT_EQ(rmse, 0);
      }
      if (rmse == 0) {
        EXPECT_EQ(row.at("sqnr_db"), "");
        continue;
      }
      ++differ;
      EXPECT_NEAR(std::stod(row.at("sqnr_db")), 20 * std::log10(rms / rmse), 1e-9);
    }
    EXPECT_GT(differ, 0);
    std::map<std::string, std::map<std::string, int>> outcomes;
    std::map<std::string, double> squared;
    for (const CsvRow& row : images_) {
      ++outcomes[row.at("trial")][row.at("outcome")];
      const double rmse = std::stod(row.at("rmse"));
      squared[row.at("trial")] += rmse * rmse;
    }
    for (const CsvRow& row : trials_) {
      EXPECT_NEAR(std::sqrt(squared[row.at("trial")] / 12), std::stod(row.at("rmse")), 1e-9);
      for (const char* outcome : {"masked", "benign", "sdc"}) {
        EXPECT_EQ(outcomes[row.at("trial")][outcome], std::stoi(row.at(outcome)));
      }
    }
  }

  struct Worst {
    double sdc;  ///< percent
    double rmse;
  };
  /// The table of them in what the campaign said, which has no top-1.
  std::vector<Worst> worst_faults() const {
    std::vector<Worst> list;
    std::stringstream lines(said_.substr(std::min(said_.find("\nthe worst "), said_.size())));
    std::string line;
    while (std::getline(lines, line) && line.find("    trial machine") == std::string::npos) {
    }
    EXPECT_NE(line.find(" SDC       RMSE    cycles"), std::string::npos) << said_;
    EXPECT_EQ(line.find("top-1"), std::string::npos) << said_;
    while (std::getline(lines, line) && !line.empty()) {
      std::vector<std::string> words;
      std::stringstream stream(line);
      for (std::string word; stream >> word;) words.push_back(word);
      list.push_back({std::stod(words[words.size() - 3]), std::stod(words[words.size() - 2])});
    }
    return list;
  }

  /// The mean over maps of a column of the trials, at a rate.
  double mean(const std::string& column, const std::string& rate, bool squared = false) const {
    double sum = 0;
    int count = 0;
    for (const CsvRow& row : trials_) {
      if (row.at("rate") != rate) continue;
      const double value = std::stod(row.at(column));
      sum += squared ? value * value : value;
      ++count;
    }
    EXPECT_GT(count, 1);
    return sum / count;
  }
  const CsvRow& summary(const std::string& figure, const std::string& rate) const {
    for (const CsvRow& row : summary_) {
      if (row.at("figure") == figure && row.at("rate") == rate) return row;
    }
    static const CsvRow kNone;
    return kNone;
  }

  std::string said_;
  std::vector<CsvRow> trials_;
  std::vector<CsvRow> summary_;
  std::vector<CsvRow> images_;
  Json json_;
};

const std::string kMaps = "random_maps: {kinds: [flip], rates: [0.001, 0.02], maps: 5}\n";

TEST_F(Unlabelled, GivenDrawnImagesThenTrialsAreHeldAgainstTheFaultFreeRun) {
  run(plan("models/lenet5_as", "data: random:3:0.5\n",
           kMaps + "single_faults: {kinds: [flip], sites: weights, samples: 100}\n"));
  expect_outputs();
  for (const CsvRow& row : trials_) {
    EXPECT_NEAR(std::stod(row.at("agreement")), 1 - std::stod(row.at("sdc")) / 12, 1e-12);
  }
  int sdc = 0;
  for (const CsvRow& row : images_) {
    EXPECT_EQ(row.at("label"), "");
    EXPECT_EQ(row.at("outcome") == "sdc", row.at("top1") != row.at("golden_top1"));
    sdc += row.at("outcome") == "sdc" ? 1 : 0;
  }
  EXPECT_GT(sdc, 0);
  for (const CsvRow& row : summary_) EXPECT_EQ(row.at("figure").find("top1"), std::string::npos);
  for (const char* rate : {"0.001", "0.02"}) {
    EXPECT_NEAR(std::stod(summary("agreement", rate).at("mean")), mean("agreement", rate), 1e-5);
    EXPECT_NEAR(std::stod(summary("rmse", rate).at("mean")), mean("rmse", rate), 1e-5);
    const double rms = json_.at("golden")[0].at("output_rms").get<double>();
    EXPECT_NEAR(std::stod(summary("sqnr_db", rate).at("mean")),
                10 * std::log10(rms * rms / mean("rmse", rate, true)), 1e-4);
    EXPECT_LT(std::stod(summary("agreement", rate).at("lower")), mean("agreement", rate));
    EXPECT_LT(std::stod(summary("sqnr_db", rate).at("lower")),
              std::stod(summary("sqnr_db", rate).at("mean")));
  }
  EXPECT_TRUE(json_.at("golden")[0].at("correct").is_null());
  EXPECT_TRUE(json_.at("trials")[0].at("correct").is_null());
  EXPECT_NE(said_.find("top-1 unknown"), std::string::npos) << said_;
  const Output replay = lacuna("replay " + path("s.sqlite") + " --trial 1 --engine systemc");
  EXPECT_EQ(replay.code, 0) << replay.error;
  EXPECT_NE(replay.out.find("equal to the store, to the bit and to the cycle"), std::string::npos);
  EXPECT_EQ(replay.out.find("correct"), std::string::npos) << replay.out;
}

TEST_F(Unlabelled, GivenAMapAsOutputThenThereIsNoClassAndAnyValueThatDiffersIsSdc) {
  run(plan(map_model(), "data: random:2\n",
           kMaps + "single_faults: {kinds: [flip, upset], strata: [bit], samples: 100}\n"));
  expect_outputs();
  int sdc = 0;
  for (const CsvRow& row : trials_) {
    EXPECT_EQ(row.at("agreement"), "");
    EXPECT_EQ(row.at("sdc") != "0", std::stod(row.at("rmse")) > 0) << row.at("trial");
    sdc += std::stoi(row.at("sdc"));
  }
  EXPECT_GT(sdc, 0);
  for (const CsvRow& row : images_) {
    EXPECT_EQ(row.at("top1") + row.at("golden_top1") + row.at("label"), "");
  }
  EXPECT_TRUE(summary("agreement", "0.02").empty());
  EXPECT_NEAR(std::stod(summary("rmse", "0.02").at("mean")), mean("rmse", "0.02"), 1e-5);
  EXPECT_EQ(json_.at("golden")[0].at("classes"), false);
}

// The worst first; what changes no value of the outputs is none of them.
TEST_F(Unlabelled, GivenNoLabelsThenTheWorstFaultsAreThoseOfMostSdcAndError) {
  const std::string sites = "single_faults: {kinds: [flip], sites: weights, samples: 80}\n";
  for (const std::string& model : {map_model(), std::string("models/lenet5_as")}) {
    std::filesystem::remove(path("s.sqlite"));
    run(plan(model, "data: random:2:0.5\n", sites));
    std::size_t harmful = 0;
    std::size_t silent = 0;
    for (const CsvRow& row : trials_) {
      const bool harms = row.at("sdc") != "0" || std::stod(row.at("rmse")) > 0;
      harmful += harms ? 1 : 0;
      silent += harms ? 0 : 1;
    }
    EXPECT_GT(silent, 0U);
    const std::vector<Worst> worst = worst_faults();
    EXPECT_EQ(worst.size(), harmful);
    EXPECT_GT(worst.front().rmse, worst.back().rmse);
    for (std::size_t i = 0; i < worst.size(); ++i) {
      EXPECT_TRUE(worst[i].sdc > 0 || worst[i].rmse > 0) << i;
      if (i == 0) continue;
      EXPECT_LE(std::make_pair(worst[i].sdc, worst[i].rmse),
                std::make_pair(worst[i - 1].sdc, worst[i - 1].rmse))
          << i;
    }
  }
}

TEST_F(Unlabelled, GivenAMapAsOutputThenTextsSpeakOfItsValues) {
  run(plan(map_model(), "data: random:2\n",
           "random_maps: {kinds: [flip], rates: [0.01], maps: 3}\n"
           "single_faults: {kinds: [flip], sites: weights, strata: [bit], samples: 20}\n"));
  for (const char* text : {"\nSDC: images of which any output value differs from the fault-free "
                           "one;\n",
                           "under one, any output value\nof more than 0.00% of the 12 images",
                           " of the faults struck change no output of any image\n",
                           "(below, each fault struck counts once, whatever the size of its "
                           "stratum)\n"}) {
    EXPECT_NE(said_.find(text), std::string::npos) << text << said_;
  }
  EXPECT_EQ(said_.find("whose top-1"), std::string::npos) << said_;
  EXPECT_EQ(said_.find("logit"), std::string::npos) << said_;
  // Texts fit 100 columns; rows of tables, which name a machine, need not.
  std::stringstream lines(said_);
  for (std::string line; std::getline(lines, line);) {
    const bool table =
        line.find("machine  ") != std::string::npos || line.find("tiny_8x8  ") != std::string::npos;
    EXPECT_TRUE(table || line.size() <= 100) << line;
  }
}

// Few maps of very different errors: half-widths would reach below an error of 0.
TEST_F(Unlabelled, GivenAnIntervalThatWouldReachBelowZeroThenItIsCutThere) {
  run(plan(map_model(), "data: random:2\n",
           "random_maps: {kinds: [flip], rates: [0.01], maps: 3}\n"
           "single_faults: {kinds: [flip], sites: weights, samples: 20}\n"));
  const CsvRow& rmse = summary("rmse", "0.01");
  EXPECT_EQ(rmse.at("lower"), "0");
  EXPECT_GT(std::stod(rmse.at("upper")), 2 * std::stod(rmse.at("mean")));
  EXPECT_NE(said_.find(" (0 to "), std::string::npos) << said_;
  // So no map may have an error.
  EXPECT_EQ(summary("sqnr_db", "0.01").at("upper"), "");
  EXPECT_NE(said_.find(" to infinity)\n"), std::string::npos) << said_;
  EXPECT_EQ(said_.find("to -)"), std::string::npos) << said_;
}

// With labels a wide interval of the accuracy asks for more maps; without, one of the agreement.
TEST_F(Unlabelled, GivenAStopRuleThenItLooksAtTheAgreement) {
  run(plan(
      "models/lenet5_as", "data: random:3:0.5\n",
      "random_maps: {kinds: [flip], rates: [0.02], maps: 10, half_width: 0.05, at_most: 80}\n"));
  EXPECT_GT(trials_.size(), 10U);
  EXPECT_LT(trials_.size(), 80U);
  const CsvRow& agreement = summary("agreement", "0.02");
  EXPECT_LE(std::stod(agreement.at("upper")) - std::stod(agreement.at("lower")), 0.1);
}

TEST_F(Unlabelled, GivenLabelsThenTheFiguresStandBesideTheAccuracyAndAreTheSame) {
  const auto whole = [&](const std::string& file) {
    const std::string store = path(file + ".sqlite");
    EXPECT_EQ(lacuna("campaign run " + path("plan.yaml") + " --out " + store).code, 0);
    EXPECT_EQ(lacuna("campaign export " + store + " --csv " + path(file + ".csv")).code, 0);
    return rows(path(file + ".csv"));
  };
  plan("models/lenet5_qdnn", "", kMaps);
  const std::vector<CsvRow> labelled = whole("with");
  const std::string images = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte";
  std::filesystem::copy(std::filesystem::exists(images) ? images : images + ".gz",
                        path("images.idx.gz"));
  plan("models/lenet5_qdnn", "data: " + path("images.idx.gz") + "\n", kMaps);
  const std::vector<CsvRow> unlabelled = whole("without");
  ASSERT_EQ(labelled.size(), unlabelled.size());
  for (std::size_t i = 0; i < labelled.size(); ++i) {
    EXPECT_NE(labelled[i].at("correct"), "");
    EXPECT_EQ(unlabelled[i].at("correct"), "");
    for (const char* column :
         {"masked", "benign", "sdc", "cycles", "logits_sha256", "agreement", "rmse", "sqnr_db"}) {
      EXPECT_EQ(labelled[i].at(column), unlabelled[i].at(column)) << column;
    }
  }
}

TEST_F(Unlabelled, GivenOneNetworkWithClassesAndOneWithoutThenEachHasItsOwnFigures) {
  const std::string store = path("s.sqlite");
  const std::string file =
      plan("models/lenet5_as, " + map_model(28), "",
           kMaps + "single_faults: {kinds: [flip], sites: weights, samples: 40}\n");
  const Output run = lacuna("campaign run " + file + " --out " + store);
  ASSERT_EQ(run.code, 0) << run.error;
  for (const char* text : {"SDC: images whose top-1 (without classes any output value) differs",
                           "under one, the top-1 (without classes any output value)\nof more than",
                           "   top-1      SDC       RMSE    cycles\n"}) {
    EXPECT_NE(run.out.find(text), std::string::npos) << text << run.out;
  }
  EXPECT_EQ(run.out.find(" -0.00 "), std::string::npos) << run.out;
  EXPECT_EQ(run.out.find("-0.000 points"), std::string::npos) << run.out;
  ASSERT_EQ(
      lacuna("campaign export " + store + " --csv " + path("t.csv") + " --summary " + path("m.csv"))
          .code,
      0);
  int without = 0;
  for (const CsvRow& row : rows(path("t.csv"))) {
    const bool classes = row.at("network") != "map";
    without += classes ? 0 : 1;
    EXPECT_EQ(row.at("correct").empty(), !classes);
    EXPECT_EQ(row.at("agreement").empty(), !classes);
    EXPECT_FALSE(row.at("rmse").empty());
  }
  EXPECT_EQ(without, 10 + 40);
  // Nothing can be said of the difference of an accuracy and none.
  for (const CsvRow& row : rows(path("m.csv"))) {
    EXPECT_EQ(row.at("figure").find("difference"), std::string::npos);
  }
  EXPECT_EQ(lacuna("report " + store + " --out " + path("r.html")).code, 0);
}

// Who writes a store may write anything.
TEST_F(Unlabelled, GivenAnOutcomeThatCannotBeThenItIsNone) {
  const std::string file = plan("models/lenet5_as", "data: random\n", kMaps);
  for (const char* change : {"UPDATE trials SET rmse = -1 WHERE trial = 1",
                             "UPDATE trials SET correct = 3 WHERE trial = 1",
                             "UPDATE trials SET correct = -2 WHERE trial = 1"}) {
    const std::string store = path("s.sqlite");
    std::filesystem::remove(store);
    ASSERT_EQ(lacuna("campaign run " + file + " --out " + store).code, 0);
    const Output changed = shell("sqlite3 " + store + " '" + change + "'");
    if (changed.code == 127) GTEST_SKIP() << "no sqlite3";
    ASSERT_EQ(changed.code, 0) << changed.error;
    const Output status = lacuna("campaign status " + store);
    EXPECT_EQ(status.code, 2) << change;
    EXPECT_EQ(status.error, "lacuna: " + store + ": trials: trial 1 is no outcome\n") << change;
  }
}

}  // namespace
}  // namespace lacuna
