// Pages from files of all kinds: what they carry, and what is said of files that cannot be used.
#include "report/page/page.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "base/error.hpp"
#include "campaign/workers.hpp"
#include "explore/sweep_store.hpp"
#include "report/json/record_file.hpp"
#include "report/page/packed.hpp"
#include "run/figures.hpp"
#include "share.hpp"
#include "unit/compare/sample_record.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;

/// In eighths, which add up exactly.
Json energy(double mac, double dram) {
  return {{"total_pj", mac + dram}, {"mac_pj", mac},
          {"gated_mac_pj", 0},      {"registers_pj", 0},
          {"weight_sram_pj", 0},    {"activation_sram_pj", 0},
          {"bitmap_pj", 0},         {"accumulator_sram_pj", 0},
          {"dram_pj", dram},        {"leakage_pj", 0}};
}

/// Of a record of two layers.
Json with_energy(Json json) {
  json["energy"] = energy(3, 16.5);
  json["energy"]["table"] = "mine";
  json["energy"]["sha256"] = "cdef";
  for (Json& layer : json["layers"]) layer["energy"] = energy(1.5, 8.25);
  return json;
}

Json record() { return Json::parse(test::sample_json()); }

class Page : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "lacuna_page_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    library_ = write("library.js", "/* charts */");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::string page(const std::vector<std::string>& inputs) const {
    std::string text;
    html_page({inputs, "lacuna report ...", library_}, [&](const std::string& t) { text += t; });
    return text;
  }
  /// The page's data.
  Json data(const std::vector<std::string>& inputs) const {
    const std::string text = page(inputs);
    const std::string begin = "id=\"data\">";
    const std::size_t from = text.find(begin) + begin.size();
    return Json::parse(text.substr(from, text.find("</script>", from) - from));
  }
  /// What is said of a file with this text, without its path; "" when nothing is.
  std::string said_of(const std::string& text) const {
    const std::string file = write("input", text);
    try {
      page({file});
      return "";
    } catch (const base::InputError& error) {
      const std::string what = error.what();
      // The machine of a record is read as its own file.
      EXPECT_TRUE(what.find(file + ":") == 0 || what.find(file + " (machine):") == 0) << what;
      return what.substr(what.find(": ", file.size()) + 2);  // a line may follow the file
    }
  }

  std::filesystem::path folder_;
  std::string library_;
};

TEST_F(Page, GivenARecordThenThePageCarriesItsFigures) {
  const Json section = data({write("r.json", record().dump())})["sections"][0];
  EXPECT_EQ(section["kind"], "run");
  EXPECT_EQ(section["file"], path("r.json"));
  const Json json = record();
  for (const char* key : {"cycles", "macs", "density", "activation_storage"}) {
    EXPECT_EQ(section["data"]["layers"][0][key], json["layers"][0][key]) << key;
  }
  EXPECT_EQ(section["data"]["dense_cycles"], json["dense_cycles"]);
  EXPECT_EQ(section["data"]["hashes"]["model"], json["hashes"]["model"]);
}

TEST_F(Page, GivenARecordThenItsCommandAndItsEnergyAreThereWhereItHasThem) {
  Json json = record();
  json.erase("command");
  const Json without = data({write("r.json", json.dump())})["sections"][0]["data"];
  EXPECT_TRUE(without["command"].is_null());
  EXPECT_TRUE(without["energy"]["total_pj"].is_null());
  EXPECT_TRUE(without["layers"][0]["energy"]["total_pj"].is_null());
  json = with_energy(record());
  json["command"] = "lacuna run --hw 'my machine.yaml'";
  const Json with = data({write("r.json", json.dump())})["sections"][0]["data"];
  EXPECT_EQ(with["command"], json["command"]);
  EXPECT_EQ(with["energy"]["table"], "mine");
  EXPECT_EQ(with["energy"]["total_pj"], 19.5);
  EXPECT_EQ(with["layers"][0]["energy"]["dram_pj"], 8.25);
  EXPECT_EQ(with["layers"][0]["energy"].size(), 10U) << "nine components and the total";
}

TEST_F(Page, GivenARecordOfTheFirstReleaseThenItIsShown) {
  const std::string file = LACUNA_SOURCE_DIR "/tests/unit/compare/record_0_1_0.json";
  const Json run = data({file})["sections"][0]["data"];
  EXPECT_EQ(run["program"]["version"], "0.1.0");
  EXPECT_TRUE(run["hashes"]["faults"].is_null());
  EXPECT_EQ(run["layers"].size(), 7U);
  EXPECT_GT(run["energy"]["total_pj"], 0);
}

TEST_F(Page, NamesUnitsAndMeaningsComeWithTheData) {
  const Json figures = data({write("r.json", record().dump())})["figures"];
  EXPECT_EQ(figures["classes"].size(), std::size(measure::kCycleClasses));
  EXPECT_EQ(figures["components"][0], Json({{"key", "mac_pj"}, {"name", "MACs"}}));
  EXPECT_EQ(figures["list"].size(), run::figures().size());
  for (const Json& figure : figures["list"]) EXPECT_NE(figure["meaning"], "") << figure;
}

TEST_F(Page, GivenARecordThatAComparisonRefusesThenThePageRefusesItInTheSameWords) {
  Json twice = record();
  const std::string text = twice.dump();
  std::string many = "{\"schema\": \"lacuna.run/1\"";
  for (int i = 0; i < 500'000; ++i) many += ", \"key" + std::to_string(i) + "\": 1";
  const std::string cases[] = {"{\"batch\": 1, " + text.substr(1), many + "}",
                               R"({"schema": "lacuna.run/1", "layers": [{}, {}]})",
                               R"({"schema": "lacuna.run/1", "layers": []})"};
  for (const std::string& bad : cases) {
    const std::string said = said_of(bad);
    ASSERT_NE(said, "");
    try {
      record_from_bytes(bad, "r.json");
      FAIL() << bad.substr(0, 80);
    } catch (const base::InputError& error) {
      EXPECT_EQ("r.json: " + said, error.what());
    }
  }
}

// What is parsed whole looks for each key among those before it.
TEST_F(Page, GivenHalfAMillionKeysThenTheErrorComesAtOnce) {
  std::string many = "{\"traceEvents\": [], \"otherData\": {";
  for (int i = 0; i < 500'000; ++i) many += "\"key" + std::to_string(i) + "\": 1, ";
  const std::clock_t began = std::clock();
  EXPECT_EQ(said_of(many + "\"last\": 1}}"), "has an object of too many keys; 256 are allowed");
  EXPECT_LT(static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC, test::kMostErrorSeconds);
}

TEST_F(Page, GivenATraceThenItsCountersAreInOrderOfTimeWithTheirCapacities) {
  const Json timeline = data({write("t.json", R"({"traceEvents": [
    {"ph": "C", "pid": 1, "name": "weight SRAM words", "ts": 4, "args": {"used": 7}},
    {"ph": "C", "pid": 1, "name": "weight SRAM words", "ts": 0, "args": {"used": 3}},
    {"ph": "C", "pid": 1, "name": "queue", "ts": 0, "args": {"read": 1.5, "write": -2}}],
    "otherData": {"capacity": {"weight_sram_words": 64, "accumulator_entries": null}}})")})
      ["sections"][0]["data"];
  ASSERT_EQ(timeline["counters"].size(), 3U);
  const Json& words = timeline["counters"][0];
  EXPECT_EQ(words["name"], "weight SRAM words");
  EXPECT_EQ(words["capacity"], 64);
  EXPECT_EQ(words["cycle"], Json(packed_column({0, 4}, Coding::kDifferences)));
  EXPECT_EQ(words["used"], Json(packed_reals({3.0, 7.0})));
  EXPECT_EQ(timeline["counters"][1]["name"], "queue read");
  EXPECT_TRUE(timeline["counters"][1]["capacity"].is_null());
  EXPECT_EQ(timeline["counters"][2]["used"], Json(packed_reals({-2.0})));
}

TEST_F(Page, GivenInputsOfSeveralKindsThenASectionEachInTheirOrder) {
  const std::string run = write("r.json", record().dump());
  const std::string trace = write("t.json", R"([{"ph": "X", "ts": 0, "dur": 5, "name": "load"}])");
  const Json sections = data({trace, run, trace})["sections"];
  ASSERT_EQ(sections.size(), 3U);
  EXPECT_EQ(sections[0]["kind"], "timeline");
  EXPECT_EQ(sections[1]["kind"], "run");
  EXPECT_EQ(sections[2]["data"]["events"], 1);
}

TEST_F(Page, GivenMarkupInNamesThenThePageHasNoMoreScripts) {
  const auto scripts = [](const std::string& text) {
    int count = 0;
    for (std::size_t at = 0; (at = text.find("<script", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  const int usual = scripts(page({write("r.json", record().dump())}));
  Json hostile = record();
  hostile["hardware"] = "</script><script>alert(1)</script>";
  const std::string file = write("<script>.json", hostile.dump());
  EXPECT_EQ(scripts(page({file})), usual);
}

TEST_F(Page, GivenWhatIsNoInputThenTheErrorNamesTheFileAndTheKey) {
  const auto without = [](const std::function<void(Json&)>& change) {
    Json json = record();
    change(json);
    return json.dump();
  };
  const std::string as_written = "; a record as lacuna run --json writes it is allowed";
  const std::pair<std::string, std::string> cases[] = {
      {"",
       "is no JSON: parse error at line 1, column 1: syntax error while parsing value - "
       "unexpected end of input; expected '[', '{', or a literal"},
      {"7",
       "schema: is ''; run records (lacuna.run/1), campaigns and sweeps (SQLite) and timelines "
       "(Trace Event JSON) are read"},
      {R"({"schema": "lacuna.run/9"})",
       "schema: is 'lacuna.run/9'; run records (lacuna.run/1), campaigns and sweeps (SQLite) and "
       "timelines (Trace Event JSON) are read"},
      {R"({"schema": 1})", "schema: is no text"},
      {std::string(100, '['), "is nested too deeply; 64 levels are allowed"},
      {without([](Json& j) { j.erase("layers"); }), "layers: is missing" + as_written},
      {without([](Json& j) { j["layers"] = 3; }), "layers: is 3; a list is required"},
      {without([](Json& j) { j["layers"][0]["macs"].erase("gated"); }),
       "layers[0].macs.gated: is missing" + as_written},
      {without([](Json& j) { j["layers"][0]["M"] = -1; }),
       "layers[0].M: is -1; an integer from 0 to 2^63 - 1 is required"},
      {without([](Json& j) { j["images"] = 0; }),
       "images: is 0; an integer from 1 to 2^63 - 1 is required"},
      {without([](Json& j) { j["images"] = (std::int64_t{1} << 53) + 1; }),
       "images: is 9007199254740993; a page shows counts of up to 2^53"},
      {without([](Json& j) { j["top1"] = "high"; }),
       "top1: is 'high'; a number from 0 to 1, or null, is required"},
      {without([](Json& j) { (j = with_energy(j))["energy"]["mac_pj"] = 2; }),
       "energy.total_pj: is 19.5, which is not the sum of energy.mac_pj, energy.gated_mac_pj, "
       "energy.registers_pj, energy.weight_sram_pj, energy.activation_sram_pj, energy.bitmap_pj, "
       "energy.accumulator_sram_pj, energy.dram_pj, energy.leakage_pj" +
           as_written},
      {without([](Json& j) { (j = with_energy(j))["energy"].erase("dram_pj"); }),
       "energy.dram_pj: is missing" + as_written},
      {without([](Json& j) { (j = with_energy(j))["energy"]["mac_pj"] = -1; }),
       "energy.mac_pj: is -1; a number from 0 is required"},
      {without([](Json& j) { (j = with_energy(j))["layers"][0].erase("energy"); }),
       "energy.total_pj: is 19.5, which is not the sum of the layers" + as_written},
      {without([](Json& j) { (j = with_energy(j))["energy"].erase("table"); }),
       "energy.table: is missing" + as_written},
      {R"([{"ph": "C", "ts": 0, "name": "a"}])", "[0].args: is missing"},
      {R"([{"ph": "C", "ts": 0, "name": "a", "args": 3}])", "[0].args: is no object"},
      {R"([{"ph": "C", "ts": 0, "name": "a", "args": {"b": "c"}}])", "[0].args.b: is no number"},
      {R"([{"ts": 0}])", "[0].ph: is missing"},
      {R"([{"ph": "X", "ts": -1, "name": "a"}])", "[0].ts: is no time; 0 to 2^53 are allowed"},
      {R"([{"ph": "E", "ts": 1}])", "[0]: ends what has not begun"},
      {R"({"traceEvents": [{"ph": "B", "ts": 9, "name": "a"}, {"ph": "E", "ts": 1}]})",
       "traceEvents[1].ts: is before the beginning"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(said_of(text), message) << text;
  EXPECT_EQ(said_of("SQLite format 3").substr(0, 8), "is not a");
}

TEST_F(Page, GivenNoLibraryThenTheErrorSaysWhatFetchesIt) {
  library_ = path("missing.js");
  try {
    page({write("r.json", record().dump())});
    FAIL();
  } catch (const base::InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              library_ +
                  ": the chart library is not there; sim/report/web/fetch fetches it "
                  "(Apache ECharts, from npm)");
  }
}

TEST_F(Page, GivenALibraryThatWouldEndItsScriptThenItIsRefused) {
  library_ = write("bad.js", "x = '</script>'");
  EXPECT_THROW(page({write("r.json", record().dump())}), base::InputError);
}

// Only the user's error may come out of a damaged file, never a crash or an error of our own.
// LACUNA_FUZZ_COUNT sets how many, as of the other readers.
TEST_F(Page, GivenDamagedTextThenOnlyErrorsOfTheUser) {
  const std::string trace =
      R"({"otherData": {"a": "b"}, "traceEvents": [{"ph": "M", "pid": 1, "tid": 2, "name":)"
      R"( "thread_name", "args": {"name": "dma"}}, {"ph": "X", "pid": 1, "tid": 2, "ts": 10,)"
      R"( "dur": 5, "name": "load", "args": {"layer": "conv1", "bytes": 7}}, {"ph": "C", "pid": 1,)"
      R"( "ts": 3, "name": "words", "args": {"used": 7}}]})";
  std::mt19937 random(11);
  int refused = 0;
  const char* const asked = std::getenv("LACUNA_FUZZ_COUNT");
  const int damages = asked == nullptr ? 1000 : std::atoi(asked);
  for (int i = 0; i < damages; ++i) {
    std::string text = i % 2 == 0 ? with_energy(record()).dump() : trace;
    const int breaks = 1 + static_cast<int>(random() % 3);
    for (int j = 0; j < breaks; ++j) {
      const std::size_t at = random() % text.size();
      const char* const words[] = {"null", "-1", "1e999", "\"\"", "[]", "{}", "true", "\\", "\xff"};
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 8);
          break;
        default:
          text.insert(at, words[random() % std::size(words)]);
      }
      if (text.empty()) text = " ";
    }
    refused += said_of(text).empty() ? 0 : 1;
  }
  EXPECT_GT(refused, damages / 2);
}

class CampaignPage : public Page {
 protected:
  /// A campaign of maps and of single cells, with every trial.
  std::string store() const {
    const campaign::Plan plan = campaign::parse_plan("plan", R"(name: small
machines: [)" LACUNA_SOURCE_DIR R"(/hw_configs/tiny_8x8.yaml]
models: [)" LACUNA_SOURCE_DIR R"(/models/lenet5_qdnn]
images: 5
random_maps: {kinds: [flip], rates: [0.01], maps: 3}
single_faults: {kinds: [flip], samples: 40}
)");
    const campaign::TrialRunner runner(plan);
    campaign::Store made = campaign::Store::create(path("s.sqlite"), runner, "lacuna campaign run");
    campaign::run_campaign(runner, made, {});
    return path("s.sqlite");
  }
  std::string bytes(const std::string& file) const {
    std::ifstream stream(file, std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  /// Only the user's error may come out of a store whose bytes are damaged.
  void hold_damages(const std::string& store) const {
    const std::string whole = bytes(store);
    std::mt19937 random(5);
    int refused = 0;
    constexpr int kDamages = 150;
    for (int i = 0; i < kDamages; ++i) {
      std::string text = whole;
      for (int j = 0; j < 20; ++j) {
        constexpr std::size_t kMagic = 16;
        text[kMagic + random() % (text.size() - kMagic)] = static_cast<char>(random());
      }
      if (i % 10 == 0) text.resize(random() % text.size());
      std::filesystem::remove(path("d.sqlite-wal"));
      std::filesystem::remove(path("d.sqlite-shm"));
      try {
        page({write("d.sqlite", text)});
      } catch (const base::InputError&) {
        ++refused;
      }
    }
    EXPECT_GT(refused, 0);
  }
};

TEST_F(CampaignPage, GivenACampaignThenItsPointsMatrixAndCells) {
  const std::string file = store();
  const Json campaign = data({file})["sections"][0]["data"];
  EXPECT_EQ(campaign["trials"], 43);
  ASSERT_EQ(campaign["points"].size(), 1U);
  EXPECT_EQ(campaign["points"][0]["maps"], 3);
  const campaign::Store read = campaign::Store::open_to_read(file);
  double correct = 0;
  std::int64_t critical = 0;
  std::int64_t masked = 0;
  read.for_each([&](const campaign::TrialRow& row) {
    if (row.trial.number < 3) {
      correct += static_cast<double>(row.outcome.correct);
    } else {
      critical += row.outcome.sdc > 0 ? 1 : 0;
      masked += row.outcome.masked == 5 ? 1 : 0;
    }
  });
  EXPECT_DOUBLE_EQ(campaign["points"][0]["top1"], correct / 15);
  ASSERT_EQ(campaign["sites"].size(), 1U);
  const Json& sites = campaign["sites"][0];
  EXPECT_EQ(sites["faults"], 40);
  EXPECT_EQ(sites["critical"], critical);
  EXPECT_EQ(sites["masked"], masked);
  EXPECT_EQ(sites["cells"]["count"], 40);
  EXPECT_EQ(sites["cells"]["all_weights"], true);
  std::int64_t in_matrix = 0;
  for (const Json& entry : sites["matrix"]["entries"]) {
    in_matrix += entry["faults"].get<std::int64_t>();
  }
  EXPECT_LE(in_matrix, 40);
  EXPECT_GT(in_matrix, 0);
}

TEST_F(CampaignPage, GivenADamagedStoreThenOnlyErrorsOfTheUser) { hold_damages(store()); }

class SweepPage : public CampaignPage {
 protected:
  std::string sweep() const {
    const explore::SweepPlan plan = explore::parse_sweep("plan", R"(name: small
machine: )" LACUNA_SOURCE_DIR R"(/hw_configs/edge_16x16.yaml
workloads: [)" LACUNA_SOURCE_DIR R"(/traces/gemm_small.csv]
grid:
  weight_sram.capacity_bytes: [16, 4096, 65536]
  zero_skipping: [none, skip]
pareto: [cycles, sram_bits]
)");
    const explore::SweepRunner runner(plan);
    explore::SweepStore made =
        explore::SweepStore::create(path("w.sqlite"), runner, "lacuna sweep small.yaml");
    explore::run_sweep(runner, made, 1);
    return path("w.sqlite");
  }
};

TEST_F(SweepPage, GivenASweepThenItsGridAndWhatEachPointIs) {
  const Json section = data({sweep()})["sections"][0];
  EXPECT_EQ(section["kind"], "sweep");
  const Json& sweep = section["data"];
  EXPECT_EQ(sweep["command"], "lacuna sweep small.yaml");
  EXPECT_EQ(sweep["points"], 6);
  EXPECT_EQ(sweep["axes"][1]["values"], Json({"none", "skip"}));
  EXPECT_EQ(sweep["pareto"], Json({"cycles", "sram_bits"}));
  EXPECT_EQ(sweep["columns"].size(), explore::columns().size());
  EXPECT_EQ(sweep["columns"][0]["name"], "cycles");
  EXPECT_EQ(sweep["columns"][0]["values"]["count"], 6);
  EXPECT_EQ(sweep["faults"], Json::array());
}

TEST_F(SweepPage, GivenADamagedStoreThenOnlyErrorsOfTheUser) { hold_damages(sweep()); }

}  // namespace
}  // namespace lacuna::report
