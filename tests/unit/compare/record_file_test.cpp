// Records are read back whole, and nothing else is: every mistake has its message.
#include "report/json/record_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "base/error.hpp"
#include "report/json/comparison.hpp"
#include "report/page/page_sections.hpp"
#include "share.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/compare/sample_record.hpp"

namespace lacuna {
namespace {

using Json = nlohmann::ordered_json;
using report::RecordFigure;
using report::RecordFile;
using report::RecordValue;

void expect_figures(const Json& json, const std::vector<RecordFigure>& figures) {
  std::size_t leaves = 0;
  const Json flat = json.flatten();
  for (const auto& [pointer, leaf] : flat.items()) {
    if (pointer.compare(0, 8, "/layers/") == 0 || pointer == "/dense" || pointer == "/energy") {
      continue;
    }
    std::string key = pointer.substr(1);
    std::replace(key.begin(), key.end(), '/', '.');
    const RecordValue& value = report::value_of(figures, key);
    if (leaf.is_null()) {
      EXPECT_EQ(value, RecordValue()) << key;
    } else if (leaf.is_string()) {
      EXPECT_EQ(value, RecordValue(leaf.get<std::string>())) << key;
    } else if (leaf.is_boolean()) {
      EXPECT_EQ(value, RecordValue(std::string(leaf.get<bool>() ? "true" : "false"))) << key;
    } else if (leaf.is_number_integer()) {
      EXPECT_EQ(value, RecordValue(leaf.get<std::int64_t>())) << key;
    } else {
      EXPECT_EQ(value, RecordValue(leaf.get<double>())) << key;
    }
    ++leaves;
  }
  const auto null = static_cast<std::size_t>(
      std::count_if(figures.begin(), figures.end(),
                    [](const RecordFigure& figure) { return figure.value.index() == 0; }));
  EXPECT_GE(leaves + null, figures.size());
}

TEST(RecordFile, GivenARecordThenEveryValueIsRead) {
  for (const bool dense : {true, false}) {
    const std::string text = test::sample_json(dense);
    const Json json = Json::parse(text);
    const RecordFile file = report::record_from_bytes(text, "r.json");
    std::vector<RecordFigure> figures = file.figures;
    figures.insert(figures.end(), file.machine.begin(), file.machine.end());
    expect_figures(json, figures);
    ASSERT_EQ(file.layers.size(), json["layers"].size());
    for (std::size_t i = 0; i < file.layers.size(); ++i) {
      EXPECT_EQ(file.layers[i].name, json["layers"][i]["name"]);
      expect_figures(json["layers"][i], file.layers[i].figures);
    }
    EXPECT_EQ(report::value_of(file.figures, "dense.stream").index(), dense ? 1U : 0U);
    // Key order and white space mean nothing.
    const RecordFile sorted =
        report::record_from_bytes(nlohmann::json::parse(text).dump(), "r.json");
    for (std::size_t i = 0; i < file.figures.size(); ++i) {
      EXPECT_EQ(sorted.figures[i].value, file.figures[i].value) << file.figures[i].key;
    }
  }
}

TEST(RecordFile, GivenMoreNoiseThanSignalThenItsNegativeDecibelsAreRead) {
  run::RunRecord record = test::sample_record();
  std::vector<std::int32_t> before(record.logits.size());
  before.front() = 1;
  run::add_change(record, test::sample_job(), before);
  const std::string text = report::run_json(record);
  const RecordFile file = report::record_from_bytes(text, "r.json");
  const double decibels = std::get<double>(report::value_of(file.figures, "sqnr_db"));
  EXPECT_LT(decibels, 0);
  EXPECT_EQ(Json(decibels), Json::parse(text)["sqnr_db"]);
  Json json = Json::parse(text);
  json["sqnr_db"] = "inf";
  EXPECT_EQ(
      test::message_of<base::InputError>([&] { report::record_from_bytes(json.dump(), "r.json"); }),
      "r.json: sqnr_db: is 'inf'; a number, or null, is required");
}

/// Of a run with faults and two outputs, "boxes" without and "classes" with a difference of `by`.
std::string with_outputs(double by) {
  run::RunRecord record = test::sample_record();
  test::give_change(record);
  record.outputs = {"boxes", "classes"};
  record.change->outputs = {{4, 100, 0}, {4, 100, 4 * by * by}};
  return report::run_json(record);
}

TEST(RecordFile, GivenSeveralOutputsThenEachIsReadComparedAndDrawn) {
  const RecordFile file = report::record_from_bytes(with_outputs(0.5), "r.json");
  ASSERT_EQ(file.outputs.size(), 2U);
  EXPECT_EQ(file.outputs[0].name, "boxes");
  EXPECT_EQ(report::value_of(file.outputs[0].figures, "rmse"), RecordValue(0.0));
  EXPECT_EQ(report::value_of(file.outputs[0].figures, "sqnr_db"), RecordValue());
  EXPECT_EQ(report::value_of(file.outputs[1].figures, "rmse"), RecordValue(0.5));
  EXPECT_EQ(report::run_section(file)["outputs"][1]["rmse"], 0.5);

  const report::Comparison comparison =
      report::compare_records(file, report::record_from_bytes(with_outputs(2), "s.json"));
  const Json json = Json::parse(report::comparison_json(comparison, false));
  ASSERT_EQ(json["outputs"].size(), 1U);
  EXPECT_EQ(json["outputs"][0]["name"], "classes");
  EXPECT_EQ(json["outputs"][0]["figures"][0]["change"], 1.5);
  EXPECT_TRUE(json["outputs"][0]["figures"][1]["relative"].is_null());
  const std::string text = report::comparison_text(comparison, false);
  EXPECT_NE(text.find("\noutput classes "), std::string::npos) << text;
  EXPECT_NE(text.find("output boxes"), std::string::npos) << text;
  // A record of one output, or without faults, says nothing of each.
  EXPECT_TRUE(
      report::compare_records(file, report::record_from_bytes(test::sample_json(), "t.json"))
          .outputs.empty());

  const auto error = [](const std::function<void(Json&)>& change) {
    Json record = Json::parse(with_outputs(1));
    change(record);
    return test::message_of<base::InputError>(
        [&] { report::record_from_bytes(record.dump(), "r.json"); });
  };
  EXPECT_EQ(error([](Json& r) { r["outputs"][1].erase("rmse"); }).substr(0, 34),
            "r.json: outputs[1].rmse: is missin");
  EXPECT_EQ(error([](Json& r) { r["outputs"][1]["rmse"] = -1; }),
            "r.json: outputs[1].rmse: is -1; a number from 0, or null, is required");
  EXPECT_EQ(error([](Json& r) { r["outputs"][0] = 3; }),
            "r.json: outputs[0]: is 3; an object is required");
  EXPECT_EQ(error([](Json& r) { r["outputs"] = 3; }), "r.json: outputs: is 3; a list is required");
}

// Written by the program's first release: no hash of the fault file, no derived figures.
TEST(RecordFile, GivenARecordOfTheFirstReleaseThenItIsReadAndComparedWithToday) {
  const std::string path = LACUNA_SOURCE_DIR "/tests/unit/compare/record_0_1_0.json";
  const RecordFile file = report::read_record(path);
  EXPECT_EQ(report::value_of(file.figures, "program.version"), RecordValue(std::string("0.1.0")));
  EXPECT_EQ(report::value_of(file.figures, "hashes.faults"), RecordValue());
  EXPECT_EQ(report::value_of(file.figures, "array_utilisation"), RecordValue());
  EXPECT_EQ(report::value_of(file.figures, "faults.armed"), RecordValue(std::int64_t{2}));
  EXPECT_EQ(file.layers.size(), 7U);
  const report::Comparison comparison =
      report::compare_records(file, report::record_from_bytes(test::sample_json(), "r.json"));
  EXPECT_NE(report::comparison_text(comparison, /*all=*/true).find("\narray_utilisation "),
            std::string::npos);
  // What the program did not know then is no difference.
  EXPECT_EQ(report::comparison_text(comparison, /*all=*/false).find("\narray_utilisation "),
            std::string::npos);
  EXPECT_FALSE(report::compare_records(file, file).differs());
}

/// The message about a record whose machine was changed.
std::string machine_error(const std::function<void(Json&)>& change) {
  Json json = Json::parse(test::sample_json());
  change(json["machine"]);
  return test::message_of<base::InputError>(
      [&] { report::record_from_bytes(json.dump(), "r.json"); });
}

// memory.bitmap, as records had it, is memory.activation_bitmap.
TEST(RecordFile, GivenAKeyByItsOldNameThenItIsReadAndBothNamesAreAnError) {
  Json json = Json::parse(test::sample_json());
  json["memory"]["bitmap"] = json["memory"]["activation_bitmap"];
  EXPECT_NE(test::message_of<base::InputError>([&] {
              report::record_from_bytes(json.dump(), "r.json");
            }).find("stands there under two names"),
            std::string::npos);
  json["memory"].erase("activation_bitmap");
  for (Json& layer : json["layers"]) {
    layer["memory"]["bitmap"] = layer["memory"]["activation_bitmap"];
    layer["memory"].erase("activation_bitmap");
  }
  const RecordFile today = report::record_from_bytes(test::sample_json(), "r.json");
  const RecordFile old = report::record_from_bytes(json.dump(), "r.json");
  EXPECT_FALSE(report::compare_records(today, old).differs());
}

TEST(RecordFile, GivenAMistakeInTheMachineThenTheMessageSaysWhereWhatAndWhatIsAllowed) {
  EXPECT_EQ(machine_error([](Json&) {}), "");
  EXPECT_EQ(machine_error([](Json& m) { m["array"]["row"] = 2; }),
            "r.json: machine.'array.row': is not a key of machines; did you mean 'array.rows'?");
  EXPECT_EQ(machine_error([](Json& m) { m["aray"] = Json::object(); }),
            "r.json: machine.'aray': is not a key of machines");
  EXPECT_EQ(machine_error([](Json& m) { m["array"]["rows"] = 0; }),
            "r.json (machine):4: array.rows: '0' is out of range; an integer from 1 to 1024");
  EXPECT_EQ(machine_error([](Json& m) { m["array"]["rows"] = "2"; }),
            "r.json: machine.array.rows: is of another type; 2 is meant");
  EXPECT_EQ(machine_error([](Json& m) { m["array"]["whole_folds"] = "false"; }),
            "r.json: machine.array.whole_folds: is of another type; false is meant");
  EXPECT_EQ(machine_error([](Json& m) { m["array"]["rows"] = 2.5; }),
            "r.json (machine):4: array.rows: '2.5' is not a decimal integer; an integer from 1 to "
            "1024");
  EXPECT_EQ(machine_error([](Json& m) { m["array"]["rows"] = nullptr; }),
            "r.json: machine.array.rows: is null; a number, truth value or text is required");
  EXPECT_EQ(machine_error([](Json& m) { m["dram"]["bytes_per_cycle"] = 8.0; }),
            "r.json: machine.dram.bytes_per_cycle: is of another type; 8 is meant");
  EXPECT_EQ(machine_error([](Json& m) {
              m["dram"]["bytes_per_cycle"] = 1e-7;
            }).find("r.json (machine):30: dram.bytes_per_cycle: is '1e-07'; a number from 0.001"),
            0U);
  EXPECT_EQ(machine_error([](Json& m) { m["dram"]["gigabytes_per_second"] = 19.2; }),
            "r.json (machine):31: dram.gigabytes_per_second: stands beside dram.bytes_per_cycle; "
            "one of the two");
  EXPECT_EQ(machine_error([](Json& m) { m["array"].erase("rows"); }),
            "r.json (machine):3: array.rows: is missing; an integer from 1 to 1024");
  EXPECT_EQ(machine_error([](Json& m) { m = nullptr; }),
            "r.json: machine: is null; an object is required");
  EXPECT_EQ(machine_error([](Json& m) { m["zero_skipping"] = "skp"; }).substr(0, 45),
            "r.json (machine):13: zero_skipping: is 'skp';");
}

TEST(RecordFile, GivenAFractionOfBytesACycleOrBytesASecondThenTheMachineSaysWhatWasGiven) {
  Json json = Json::parse(test::sample_json());
  json["machine"]["dram"]["bytes_per_cycle"] = 12.8;
  const RecordFile a_cycle = report::record_from_bytes(json.dump(), "r.json");
  EXPECT_EQ(report::value_of(a_cycle.machine, "machine.dram.bytes_per_cycle"), RecordValue(12.8));
  EXPECT_EQ(report::value_of(a_cycle.machine, "machine.dram.gigabytes_per_second"), RecordValue());
  json["machine"]["dram"].erase("bytes_per_cycle");
  json["machine"]["dram"]["gigabytes_per_second"] = 19.2;
  const RecordFile a_second = report::record_from_bytes(json.dump(), "r.json");
  EXPECT_EQ(report::value_of(a_second.machine, "machine.dram.bytes_per_cycle"), RecordValue());
  EXPECT_EQ(report::value_of(a_second.machine, "machine.dram.gigabytes_per_second"),
            RecordValue(19.2));
  const report::Comparison comparison = report::compare_records(a_cycle, a_second);
  EXPECT_TRUE(comparison.differs());
  const std::string text = report::comparison_text(comparison, false);
  EXPECT_NE(text.find("machine.dram.bytes_per_cycle       12.8     -\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("machine.dram.gigabytes_per_second     -  19.2\n"), std::string::npos)
      << text;
  const report::Comparison same = report::compare_records(a_second, a_second);
  EXPECT_FALSE(same.differs());
}

TEST(RecordFile, GivenARecordOfAnEarlierProgramThenWhatItDoesNotSayIsUnknownOrTheDefault) {
  Json json = Json::parse(test::sample_json());
  json["machine"].erase("clock_mhz");
  const RecordFile filled = report::record_from_bytes(json.dump(), "r.json");
  EXPECT_EQ(report::value_of(filled.machine, "machine.clock_mhz"), RecordValue(std::int64_t{1000}));
  json.erase("machine");
  EXPECT_TRUE(report::record_from_bytes(json.dump(), "r.json").machine.empty());
}

struct Mistake {
  std::function<void(Json&)> make;
  std::string message;
};

TEST(RecordFile, GivenAMistakeThenTheMessageSaysWhereWhatAndWhatIsAllowed) {
  const std::string as_written = "; a record as lacuna run --json writes it is allowed";
  const std::string count = "; an integer from 0 to 2^63 - 1 is required";
  const Mistake mistakes[] = {
      {[](Json& r) { r["schema"] = "lacuna.run/2"; },
       "schema: is 'lacuna.run/2'; 'lacuna.run/1' is required"},
      {[](Json& r) { r["cycle"] = 3; }, "'cycle': is not a key of lacuna.run/1"},
      {[](Json& r) { r["cycles"]["idel"] = 3; },
       "'cycles.idel': is not a key of lacuna.run/1; did you mean 'cycles.idle'?"},
      {[](Json& r) { r["more"] = Json::object(); }, "'more': is not a key of lacuna.run/1"},
      {[](Json& r) { r["more\x1b[2J"] = 1; }, "'more\\x1b[2J': is not a key of lacuna.run/1"},
      {[](Json& r) { r.erase("images"); }, "images: is missing" + as_written},
      {[](Json& r) { r.erase("layers"); }, "layers: is missing" + as_written},
      {[](Json& r) { r.erase("dense"); }, "dense: is missing" + as_written},
      {[](Json& r) { r["macs"].erase("gated"); }, "macs.gated: is missing" + as_written},
      {[](Json& r) { r["layers"][1].erase("K"); }, "layers[1].K: is missing" + as_written},
      {[](Json& r) { r["layers"][1]["cycles"]["stream"] = "x"; },
       "layers[1].cycles.stream: is 'x'" + count},
      {[](Json& r) { r["cycles"]["stream"] = -1; }, "cycles.stream: is -1" + count},
      {[](Json& r) { r["cycles"]["stream"] = 1.5; }, "cycles.stream: is 1.5" + count},
      {[](Json& r) { r["cycles"]["stream"] = nullptr; }, "cycles.stream: is null" + count},
      {[](Json& r) { r["seed"] = 18446744073709551615U; },
       "seed: is 1.8446744073709552e+19; an integer from 0 to 2^63 - 1, or null, is required"},
      {[](Json& r) { r["cycles"]["stream"] = true; },
       "cycles.stream: is true; no record holds a truth value"},
      {[](Json& r) { r["cycles"]["stream"] = Json::object(); },
       "cycles.stream: is an object" + count},
      {[](Json& r) { r["cycles"]["stream"] = Json::array({1}); },
       "cycles.stream: is a list" + count},
      {[](Json& r) { r["cycles"] = Json::array(); }, "cycles: is a list; an object is required"},
      {[](Json& r) { r["machine"]["array"]["rows"] = Json::array({1}); },
       "machine.array.rows: is a list; only layers and outputs are"},
      {[](Json& r) { r["traceEvents"] = Json::array(); },
       "'traceEvents': is not a key of lacuna.run/1"},
      {[](Json& r) { r["cycles"] = 5; }, "cycles: is 5; an object is required"},
      {[](Json& r) { r["cycles"] = nullptr; }, "cycles: is null; an object is required"},
      {[](Json& r) { r["layers"] = 5; }, "layers: is 5; a list is required"},
      {[](Json& r) { r["layers"] = Json::object(); }, "layers: is an object; a list is required"},
      {[](Json& r) { r["layers"][0] = 5; }, "layers[0]: is 5; an object is required"},
      {[](Json& r) { r["layers"][0] = Json::array(); },
       "layers[0]: is a list; an object is required"},
      {[](Json& r) { r["layers"][0] = Json::object(); }, "layers[0].name: is missing" + as_written},
      {[](Json& r) { r["images"] = 0; }, "images: is 0; an integer from 1 to 2^63 - 1 is required"},
      {[](Json& r) { r["top1"] = 1.01; },
       "top1: is 1.01; a number from 0 to 1, or null, is required"},
      {[](Json& r) { r["speedup"] = -2; }, "speedup: is -2; a number from 0, or null, is required"},
      {[](Json& r) { r["layers"][0]["name"] = 7; },
       "layers[0].name: is 7; text of at most 4096 bytes without control characters is required"},
      {[](Json& r) { r["network"] = "a\x1b]0;x\x07"; },
       "network: is 'a\\x1b]0;x\\x07'; text of at most 4096 bytes without control characters is "
       "required"},
      {[](Json& r) {
         r["network"] =
             "\xc2\x9b"
             "1m";
       },
       "network: is '\\u009b1m'; text of at most 4096 bytes without control characters is "
       "required"},
      {[](Json& r) { r["layers"][0].erase("stream_speedup"); },
       "layers[0].stream_speedup: is missing" + as_written},
      {[](Json& r) { r["dense"].erase("idle"); }, "dense.idle: is missing" + as_written},
      {[](Json& r) { r["layers"] = Json::array(); },
       "cycles.total: is 76, which is not the sum of the layers" + as_written},
      {[](Json& r) { r["layers"][0]["dense_cycles"] = nullptr; },
       "dense_cycles: is 76, which is not the sum of the layers" + as_written},
      {[](Json& r) { r["hashes"]["workload"] = "x"; },
       "hashes.model, hashes.workload: both are given; exactly one is required"},
      {[](Json& r) { r["hashes"].erase("model"); },
       "hashes.model, hashes.workload: both are missing; exactly one is required"},
      {[](Json& r) { r["dense"] = nullptr; },
       "dense_cycles: is 76, which is not dense.total" + as_written},
      {[](Json& r) { r["cycles"]["idle"] = 1; },
       "cycles.total: is 76, which is not the sum of cycles.weight_load, cycles.stream, "
       "cycles.memory_wait, cycles.post_wait, cycles.idle" +
           as_written},
      {[](Json& r) {
         r["layers"][0]["macs"]["issued"] = 9223372036854775807;
         r["layers"][0]["macs"]["skipped"] = 9223372036854775807;
       },
       "layers[0].macs.total: is 32, which is not the sum of macs.issued, macs.gated, "
       "macs.skipped" +
           as_written},
      {[](Json& r) { r["dram"]["read_bytes"] = 9; },
       "dram.read_bytes: is 9, which is not the sum of the layers" + as_written},
      {[](Json& r) { r["faults"]["fired"] = 1; },
       "faults.armed: is 0, which is not the sum of faults.fired, faults.masked" + as_written},
  };
  const std::string text = test::sample_json();
  for (const Mistake& mistake : mistakes) {
    Json json = Json::parse(text);
    mistake.make(json);
    EXPECT_EQ(test::message_of<base::InputError>(
                  [&] { report::record_from_bytes(json.dump(), "r.json"); }),
              "r.json: " + mistake.message);
  }
}

TEST(RecordFile, GivenTextThatIsNoRecordThenTheMessageSaysSo) {
  const std::string text = test::sample_json();
  const std::string invalid =
      "is not valid JSON; a record as lacuna run --json writes it is allowed";
  const std::string no_object =
      "r.json: is not a JSON object; a record as lacuna run --json writes it is allowed";
  const std::pair<std::string, std::string> cases[] = {
      {"", "r.json:1: " + invalid},
      {"\n\n{\n \"schema\": oops", "r.json:4: " + invalid},
      {text.substr(0, text.size() / 2), ""},
      {text + "x", ""},
      {"[" + text + "]", no_object},
      {"7", no_object},
      {"null", no_object},
      {"{\"images\": 1, \"images\": 2}",
       "r.json: images: is given twice; a record as lacuna run --json writes it is allowed"},
      {"{\"seed\": 1e999}", "r.json:1: " + invalid},
      {"{\"network\": \"\xff\"}", "r.json:1: " + invalid},
      {std::string(1'000'000, '['), no_object},
  };
  for (const auto& [bytes, message] : cases) {
    const std::string got = test::message_of<base::InputError>(
        [&, &b = bytes] { report::record_from_bytes(b, "r.json"); });
    if (message.empty()) {
      EXPECT_NE(got.find(invalid), std::string::npos) << got;
    } else {
      EXPECT_EQ(got, message) << bytes.substr(0, 40);
    }
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"cycles\":";
  EXPECT_EQ(test::message_of<base::InputError>([&] { report::record_from_bytes(deep, "r.json"); }),
            "r.json: 'cycles.cycles': is not a key of lacuna.run/1; did you mean 'cycles.idle'?");
}

// Linear: a name as long as the file is not compared with every key.
TEST(RecordFile, GivenManyOrLongKeysThenTheErrorComesAtOnce) {
  std::string many = "{";
  for (int i = 0; i < 500'000; ++i) many += "\"key" + std::to_string(i) + "\": 1, ";
  const std::string cases[] = {many + "\"last\": 1}",
                               "{\"" + std::string(10'000'000, 'k') + "\": 1}"};
  for (const std::string& bytes : cases) {
    const std::clock_t began = std::clock();
    EXPECT_NE(test::message_of<base::InputError>([&] {
                report::record_from_bytes(bytes, "r.json");
              }).find("is not a key of lacuna.run/1"),
              std::string::npos);
    EXPECT_LT(static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC, test::kMostErrorSeconds);
  }
}

TEST(RecordFile, GivenAFileTooLargeThenItIsNotRead) {
  const test::TempFolder folder;
  folder.write("r.json", "");
  std::filesystem::resize_file("r.json", (64LL << 20) + 1);
  const std::string message =
      test::message_of<base::InputError>([] { report::read_record("r.json"); });
  EXPECT_EQ(message.substr(0, 8), "r.json: ");
  EXPECT_NE(message.find("bytes"), std::string::npos) << message;
}

TEST(RecordFile, GivenDamagedBytesThenItIsReadOrRefusedAndNothingElse) {
  const std::string text = test::sample_json();
  std::mt19937 draw(1);
  int refused = 0;
  constexpr int kCases = 4000;
  for (int i = 0; i < kCases; ++i) {
    std::string bytes = text;
    const std::size_t at = draw() % bytes.size();
    switch (draw() % 4) {
      case 0:
        bytes[at] = static_cast<char>(draw());
        break;
      case 1:
        bytes.erase(at, 1 + draw() % 40);
        break;
      case 2:
        bytes.insert(at, bytes.substr(draw() % bytes.size(), draw() % 40));
        break;
      default:
        bytes.resize(at);
    }
    try {
      report::record_from_bytes(bytes, "r.json");
    } catch (const base::InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, kCases / 2);
}

}  // namespace
}  // namespace lacuna
