// What the comparison of two records says, held against the records that it was made of.
#include "report/json/comparison.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "arch/energy_table.hpp"
#include "unit/compare/sample_record.hpp"

namespace lacuna {
namespace {

using Json = nlohmann::ordered_json;

report::Comparison compare(const run::RunRecord& a, const run::RunRecord& b) {
  return report::compare_records(report::record_from_bytes(report::run_json(a), "a.json"),
                                 report::record_from_bytes(report::run_json(b), "b.json"));
}

/// Ten cycles of the last layer's stream more, all of them work.
run::RunRecord slower() {
  run::RunRecord record = test::sample_record();
  for (measure::LayerCounters* counters : {&record.layers[1].counters, &record.total}) {
    counters->cycles.stream += base::Cycles{10};
    counters->stream.work += base::Cycles{10};
  }
  return record;
}

TEST(Comparison, GivenTheSameRecordThenNothingDiffers) {
  const report::Comparison comparison = compare(test::sample_record(), test::sample_record());
  EXPECT_FALSE(comparison.differs());
  EXPECT_EQ(report::comparison_text(comparison, false),
            "A  a.json: sample on small, 2 images in batches of 1, fast engine\n"
            "B  b.json: sample on small, 2 images in batches of 1, fast engine\n\n"
            "equal in every figure\n");
  const Json json = Json::parse(report::comparison_json(comparison, false));
  EXPECT_EQ(json["schema"], "lacuna.compare/1");
  EXPECT_EQ(json["equal"], true);
  EXPECT_TRUE(json["run"].empty());
  EXPECT_TRUE(json["layers"].empty());
}

TEST(Comparison, GivenOneRunMadeByTwoCommandsThenNothingDiffers) {
  run::RunRecord other = test::sample_record();
  other.command = "lacuna run --json other.json";
  EXPECT_FALSE(compare(test::sample_record(), other).differs());
  other.command = "";  // of a program that does not say
  EXPECT_FALSE(compare(test::sample_record(), other).differs());
}

TEST(Comparison, GivenTwoMachinesThenTheKeysThatDifferAreShown) {
  const run::RunRecord a = test::sample_record();
  run::RunRecord b = a;
  for (arch::Field& field : b.machine) {
    if (field.path() == "array.psum_fifo_depth") field.value = std::int64_t{7};
    if (field.path() == "array.whole_folds") field.value = true;
  }
  const report::Comparison comparison = compare(a, b);
  EXPECT_TRUE(comparison.differs());
  const std::string text = report::comparison_text(comparison, false);
  EXPECT_NE(text.find("machine.array.psum_fifo_depth"), std::string::npos) << text;
  EXPECT_NE(text.find("machine.array.whole_folds"), std::string::npos) << text;
  EXPECT_EQ(text.find("machine.array.rows"), std::string::npos) << text;
  // A record of 0.1.0 says nothing of the machine: nothing to compare.
  Json old = Json::parse(report::run_json(a));
  old.erase("machine");
  EXPECT_FALSE(report::compare_records(report::record_from_bytes(old.dump(), "old.json"),
                                       report::record_from_bytes(report::run_json(b), "b.json"))
                   .differs());
}

TEST(Comparison, GivenASlowerLayerThenItsFiguresAndTheTotalsDifferAndNoOther) {
  const report::Comparison comparison = compare(test::sample_record(), slower());
  EXPECT_TRUE(comparison.differs());
  const std::int64_t before = test::sample_record().layers[1].counters.cycles.stream.value;
  const Json json = Json::parse(report::comparison_json(comparison, false));
  EXPECT_EQ(json["equal"], false);
  // Of the figures that are made of others any may differ that has cycles in it.
  std::vector<std::string> counts;
  std::set<std::string> ratios;
  for (const Json& figure : json["run"]) {
    if (figure["a"].is_number_integer()) {
      counts.push_back(figure["key"]);
    } else {
      ratios.insert(figure["key"].get<std::string>());
    }
  }
  EXPECT_EQ(counts, (std::vector<std::string>{"cycles.total", "cycles.stream", "stream.work"}));
  for (const char* key : {"speedup", "stream_speedup", "array_utilisation"}) {
    EXPECT_EQ(ratios.count(key), 1U) << key;
  }
  for (const char* key : {"top1", "density", "macs_per_dram_byte"}) {
    EXPECT_EQ(ratios.count(key), 0U) << key;
  }
  ASSERT_EQ(json["layers"].size(), 1U);
  EXPECT_EQ(json["layers"][0]["name"], "fc");
  EXPECT_EQ(json["layers"][0]["in"], "both");
  const Json& stream = json["layers"][0]["figures"][1];
  EXPECT_EQ(stream["key"], "cycles.stream");
  EXPECT_EQ(stream["a"], before);
  EXPECT_EQ(stream["b"], before + 10);
  EXPECT_EQ(stream["change"], 10);
  EXPECT_DOUBLE_EQ(stream["relative"].get<double>(), 10.0 / static_cast<double>(before));
}

TEST(Comparison, GivenAllThenWhatIsEqualIsThereToo) {
  const report::Comparison comparison = compare(test::sample_record(), slower());
  const Json json = Json::parse(report::comparison_json(comparison, true));
  EXPECT_EQ(json["run"].size(), comparison.a.figures.size() + comparison.a.machine.size() - 1)
      << "all but the command";
  EXPECT_EQ(json["layers"].size(), 2U);
  EXPECT_EQ(json["layers"][0]["figures"].size(), comparison.a.layers[0].figures.size());
  const std::string text = report::comparison_text(comparison, true);
  EXPECT_NE(text.find("\nmemory.activation_bitmap.reads "), std::string::npos);
  EXPECT_NE(text.find("\nhashes.data "), std::string::npos);
}

TEST(Comparison, GivenOtherLayersThenTheMissingOnesAreNamed) {
  run::RunRecord other = test::sample_record();
  other.layers[0].name = "renamed";
  const report::Comparison comparison = compare(test::sample_record(), other);
  EXPECT_TRUE(comparison.differs());
  EXPECT_EQ(report::comparison_text(comparison, false),
            "A  a.json: sample on small, 2 images in batches of 1, fast engine\n"
            "B  b.json: sample on small, 2 images in batches of 1, fast engine\n\n"
            "only in A: conv\nonly in B: renamed\nequal: fc\n");
  const Json json = Json::parse(report::comparison_json(comparison, false));
  EXPECT_EQ(json["layers"][0]["in"], "a");
  EXPECT_EQ(json["layers"][1]["in"], "b");
  EXPECT_EQ(json["layers"][1]["name"], "renamed");
}

TEST(Comparison, GivenLayersInAnotherOrderThenThatIsADifference) {
  run::RunRecord other = test::sample_record();
  std::swap(other.layers[0], other.layers[1]);
  const report::Comparison comparison = compare(test::sample_record(), other);
  EXPECT_TRUE(comparison.reordered);
  EXPECT_TRUE(comparison.differs());
  EXPECT_NE(report::comparison_text(comparison, false).find("the layers come in another order\n"),
            std::string::npos);
}

TEST(Comparison, GivenTwoLayersOfANameThenTheyAreMatchedInOrder) {
  run::RunRecord a = test::sample_record();
  run::RunRecord b = slower();
  for (run::RunRecord* record : {&a, &b}) record->layers[1].name = "conv";
  const report::Comparison comparison = compare(a, b);
  ASSERT_EQ(comparison.layers.size(), 2U);
  EXPECT_FALSE(comparison.layers[0].differs());
  EXPECT_TRUE(comparison.layers[1].differs());
}

TEST(Comparison, GivenOtherInputsThenTheyAreShownWithoutAChange) {
  run::RunRecord other = test::sample_record();
  other.hardware_sha256 = "cdef";
  other.batch = 4;
  EXPECT_EQ(report::comparison_text(compare(test::sample_record(), other), false),
            "A  a.json: sample on small, 2 images in batches of 1, fast engine\n"
            "B  b.json: sample on small, 2 images in batches of 4, fast engine\n\n"
            "what was run        A     B  change\n"
            "hashes.hardware  89ab  cdef\n"
            "batch               1     4\n\n"
            "equal: conv, fc\n");
}

TEST(Comparison, GivenOtherHashesThenTheyAreCut) {
  run::RunRecord record = test::sample_record();
  run::add_energy(
      record, test::sample_job(),
      arch::load_energy_table(LACUNA_SOURCE_DIR "/hw_configs/energy/published_45nm.yaml"));
  run::RunRecord other = record;
  const std::string hash(64, 'f');
  for (std::string* own : {&other.hardware_sha256, &other.energy_sha256, &other.logits_sha256}) {
    *own = hash;
  }
  const std::string text = report::comparison_text(compare(record, other), false);
  EXPECT_NE(text.find("\nenergy.sha256 "), std::string::npos) << text;
  EXPECT_EQ(text.find(hash.substr(0, 13)), std::string::npos) << text;
}

TEST(Comparison, GivenRatiosThenTheyHaveAsManyDecimalsAsTellThemApart) {
  const auto with = [](double utilisation) {
    Json record = Json::parse(test::sample_json());
    record["array_utilisation"] = utilisation;
    return report::record_from_bytes(record.dump(), "a.json");
  };
  const auto text = [&](double a, double b) {
    return report::comparison_text(report::compare_records(with(a), with(b)), false);
  };
  EXPECT_NE(text(0.5, 0.25).find("  0.5000  0.2500 "), std::string::npos) << text(0.5, 0.25);
  EXPECT_NE(text(0.123456, 0.123461).find("  0.123456  0.123461 "), std::string::npos)
      << text(0.123456, 0.123461);
  const double next = std::nextafter(0.5, 1.0);
  EXPECT_NE(text(0.5, next).find("  0.5000000000000000  0.5000000000000001 "), std::string::npos)
      << text(0.5, next);
}

TEST(Comparison, GivenNoDenseRunThenNullStandsAgainstTheFigures) {
  const report::Comparison comparison = compare(test::sample_record(), test::sample_record(false));
  const Json json = Json::parse(report::comparison_json(comparison, false));
  EXPECT_EQ(json["run"][0]["key"], "dense_cycles");
  EXPECT_TRUE(json["run"][0]["b"].is_null());
  EXPECT_TRUE(json["run"][0]["change"].is_null());
}

TEST(Comparison, GivenAZeroThenThereIsNoRelativeChange) {
  run::RunRecord other = test::sample_record();
  other.faults_armed = other.faults_masked = 3;
  const report::Comparison comparison = compare(test::sample_record(), other);
  const Json json = Json::parse(report::comparison_json(comparison, false));
  EXPECT_EQ(json["run"][0]["change"], 3);
  EXPECT_TRUE(json["run"][0]["relative"].is_null());
  EXPECT_NE(report::comparison_text(comparison, false).find("faults.armed   0  3      +3\n"),
            std::string::npos);
}

// A logarithm has no share, and a negative one is a value like any other.
TEST(Comparison, GivenDecibelsThenTheyChangeAndHaveNoRelativeChange) {
  run::RunRecord few = test::sample_record();
  run::RunRecord many = few;
  test::give_change(few);
  test::give_change(many, 1'000'000);
  const report::Comparison comparison = compare(few, many);
  const Json json = Json::parse(report::comparison_json(comparison, false));
  const auto of = [&](const char* key) {
    return *std::find_if(json["run"].begin(), json["run"].end(),
                         [&](const Json& figure) { return figure["key"] == key; });
  };
  EXPECT_LT(of("sqnr_db")["change"].get<double>(), -50);
  EXPECT_TRUE(of("sqnr_db")["relative"].is_null());
  EXPECT_DOUBLE_EQ(of("rmse")["relative"].get<double>(), 999'999);
}

}  // namespace
}  // namespace lacuna
