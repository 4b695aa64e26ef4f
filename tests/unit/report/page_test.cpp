// Pages from files of all kinds: what they carry, and what is said of files that cannot be used.
#include "report/page.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "base/error.hpp"
#include "campaign/workers.hpp"
#include "explore/sweep_store.hpp"
#include "report/packed.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::json;

Json cycles(int stream, int load) {
  return {{"total", stream + load}, {"weight_load", load}, {"stream", stream},
          {"memory_wait", 0},       {"post_wait", 0},      {"idle", 0}};
}

/// In eighths, which add up exactly.
Json energy(double mac, double dram) {
  return {{"total_pj", mac + dram}, {"mac_pj", mac},
          {"gated_mac_pj", 0},      {"registers_pj", 0},
          {"weight_sram_pj", 0},    {"activation_sram_pj", 0},
          {"bitmap_pj", 0},         {"accumulator_sram_pj", 0},
          {"dram_pj", dram},        {"leakage_pj", 0}};
}

Json with_energy(Json json) {
  json["energy"] = energy(1.5, 8.25);
  json["energy"]["table"] = "mine";
  json["layers"][0]["energy"] = energy(1.5, 8.25);
  return json;
}

Json with_measures(Json json, int stream, int load) {
  json["cycles"] = cycles(stream, load);
  json["dense_cycles"] = 2 * stream + load;
  json["speedup"] = 1.5;
  json["stream_speedup"] = 2.0;
  json["macs"] = {{"total", 10}, {"issued", 4}, {"gated", 0}, {"skipped", 6}};
  json["dram"] = {{"read_bytes", 1}, {"written_bytes", 2}};
  return json;
}

Json record() {
  Json json = with_measures({{"schema", "lacuna.run/1"},
                             {"program", {{"version", "0.1.0"}}},
                             {"hashes", {{"hardware", "aa"}, {"model", "bb"}, {"data", nullptr}}},
                             {"hardware", "edge"},
                             {"network", "net"},
                             {"engine", "fast"},
                             {"images", 2},
                             {"batch", 1},
                             {"clock_mhz", 500},
                             {"top1", 0.5},
                             {"setup_cycles", 7}},
                            30, 20);
  json["layers"] = {
      with_measures({{"name", "conv1"}, {"M", 1}, {"N", 2}, {"K", 3}, {"density", 0.25}}, 30, 20)};
  json["faults"] = {{"origin", "none"}, {"armed", 0}, {"fired", 0}, {"masked", 0}};
  return json;
}

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
      EXPECT_EQ(what.find(file + ": "), 0U) << what;
      return what.substr(file.size() + 2);
    }
  }

  std::filesystem::path folder_;
  std::string library_;
};

TEST_F(Page, GivenARecordThenThePageCarriesItsFigures) {
  const Json section = data({write("r.json", record().dump())})["sections"][0];
  EXPECT_EQ(section["kind"], "run");
  EXPECT_EQ(section["file"], path("r.json"));
  EXPECT_EQ(section["data"]["layers"][0]["cycles"], cycles(30, 20));
  EXPECT_EQ(section["data"]["dense_cycles"], 80);
  EXPECT_EQ(section["data"]["layers"][0]["density"], 0.25);
}

TEST_F(Page, GivenARecordThenItsCommandAndItsEnergyAreThereWhereItHasThem) {
  const Json without = data({write("r.json", record().dump())})["sections"][0]["data"];
  EXPECT_FALSE(without.contains("command"));
  EXPECT_TRUE(without["energy"].is_null());
  EXPECT_TRUE(without["layers"][0]["energy"].is_null());
  Json json = with_energy(record());
  json["command"] = "lacuna run --hw 'my machine.yaml'";
  const Json with = data({write("r.json", json.dump())})["sections"][0]["data"];
  EXPECT_EQ(with["command"], json["command"]);
  EXPECT_EQ(with["energy_table"], "mine");
  EXPECT_EQ(with["energy"]["total"], 9.75);
  EXPECT_EQ(with["layers"][0]["energy"]["dram"], 8.25);
  EXPECT_EQ(with["layers"][0]["energy"].size(), 10U) << "nine components and the total";
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
      {without([](Json& j) { j.erase("layers"); }), "layers: is missing"},
      {without([](Json& j) { j["layers"] = 3; }), "layers: is no list"},
      {without([](Json& j) { j["layers"][0].erase("macs"); }), "layers[0].macs: is missing"},
      {without([](Json& j) { j["layers"][0]["M"] = -1; }),
       "layers[0].M: is no count; 0 to 2^53 are allowed"},
      {without([](Json& j) { j["images"] = 0; }), "images: is 0; at least 1 is needed"},
      {without([](Json& j) { j["images"] = 1.5; }), "images: is no count; 0 to 2^53 are allowed"},
      {without([](Json& j) { j["cycles"]["stream"] = 31; }),
       "cycles: the classes do not add up to the total"},
      {without([](Json& j) { j["top1"] = "high"; }), "top1: is no number"},
      {without([](Json& j) { (j = with_energy(j))["energy"]["mac_pj"] = 2; }),
       "energy: the components do not add up to the total"},
      {without([](Json& j) { (j = with_energy(j))["energy"].erase("dram_pj"); }),
       "energy.dram_pj: is missing"},
      {without([](Json& j) { (j = with_energy(j))["energy"]["mac_pj"] = -1; }),
       "energy.mac_pj: is below 0"},
      {without([](Json& j) { (j = with_energy(j))["layers"][0].erase("energy"); }),
       "layers[0]: energy is of some layers only"},
      {without([](Json& j) { (j = with_energy(j))["energy"].erase("table"); }),
       "energy.table: is missing"},
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
TEST_F(Page, GivenDamagedTextThenOnlyErrorsOfTheUser) {
  const std::string trace =
      R"({"otherData": {"a": "b"}, "traceEvents": [{"ph": "M", "pid": 1, "tid": 2, "name":)"
      R"( "thread_name", "args": {"name": "dma"}}, {"ph": "X", "pid": 1, "tid": 2, "ts": 10,)"
      R"( "dur": 5, "name": "load", "args": {"layer": "conv1", "bytes": 7}}, {"ph": "C", "pid": 1,)"
      R"( "ts": 3, "name": "words", "args": {"used": 7}}]})";
  std::mt19937 random(11);
  int refused = 0;
  constexpr int kDamages = 1000;
  for (int i = 0; i < kDamages; ++i) {
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
  EXPECT_GT(refused, kDamages / 2);
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
