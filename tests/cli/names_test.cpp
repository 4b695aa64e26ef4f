// Names of files, machines and networks that would steer a terminal or are no UTF-8: whatever the
// built program shows and writes of them is escaped.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/input_files.hpp"

namespace lacuna {
namespace {

namespace fs = std::filesystem;

class OutsideNames : public InputFiles {};

bool is_clean(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
}

TEST_F(OutsideNames, GivenNamesThatSteerATerminalThenAllThatIsShownAndWrittenIsEscaped) {
  const std::string name = "a\x1b[31m\xff\xc2\x9b\xe2\x80\xae";
  const std::string escaped = "a\\x1b[31m\\xff\\u009b\\u202e";
  fs::copy(folder_ / "model/lenet5_qdnn.onnx", folder_ / (name + ".onnx"));
  fs::copy(folder_ / "w.csv", folder_ / (name + ".csv"));
  write(name + ".map.csv", "memory,bank,row,bit,kind\nweight_sram,0,1,0,flip\n");
  const Output model =
      call({"run", "--hw", "hw.yaml", "--model", name + ".onnx", "--images", "1", "--faults",
            name + ".map.csv", "--json", name + ".json", "--timeline", "t.json"});
  ASSERT_EQ(model.code, 0) << model.error;
  EXPECT_TRUE(is_clean(model.out)) << model.out;
  const auto record = nlohmann::json::parse(read(folder_ / (name + ".json")));
  EXPECT_EQ(record["network"], escaped);
  EXPECT_EQ(record["faults"]["origin"], escaped + ".map.csv");
  EXPECT_EQ(nlohmann::json::parse(read(folder_ / "t.json"))["otherData"]["network"], escaped);
  const Output workload =
      call({"run", "--hw", "hw.yaml", "--workload", name + ".csv", "--json", "w.json"});
  ASSERT_EQ(workload.code, 0) << workload.error;
  EXPECT_TRUE(is_clean(workload.out)) << workload.out;
  EXPECT_EQ(nlohmann::json::parse(read(folder_ / "w.json"))["network"], escaped);

  expect_well({"run", "--hw", "hw.yaml", "--model", "model", "--images", "1", "--json", "b.json"});
  const Output compared = call({"compare", name + ".json", "b.json", "--json", "d.json"});
  EXPECT_EQ(compared.code, 0) << compared.error;
  EXPECT_TRUE(is_clean(compared.out)) << compared.out;
  EXPECT_EQ(nlohmann::json::parse(read(folder_ / "d.json"))["a"], escaped + ".json");
  const Output page = call({"report", name + ".json", "--out", "page.html"});
  EXPECT_EQ(page.code, 0) << page.error;
  EXPECT_EQ(read(folder_ / "page.html").find("\"file\":\"a\\u001b"), std::string::npos);
  const Output check = call({"check", name + ".onnx", name + ".csv", name + ".yaml"});
  EXPECT_EQ(check.code, 2);
  EXPECT_TRUE(is_clean(check.out) && is_clean(check.error)) << check.out << check.error;
}

TEST_F(OutsideNames, GivenANameOfTwoLinesThenCheckSaysItOnOne) {
  fs::copy(folder_ / "model/lenet5_qdnn.onnx", folder_ / "two\nlines.onnx");
  const Output check = call({"check", "--model", "two\nlines.onnx"});
  EXPECT_EQ(check.code, 0) << check.error;
  EXPECT_EQ(check.out.rfind("two\\x0alines.onnx: ok: two\\x0alines: ", 0), 0U) << check.out;
}

TEST_F(OutsideNames, GivenAMachineWhoseNameRunsBackwardsThenItIsShownEscaped) {
  std::string text = read(folder_ / "hw.yaml");
  const std::size_t line = text.find("name: ");
  text.replace(line, text.find('\n', line) - line, "name: \"edge\xe2\x80\xaexyz\xe2\x81\xa6\"");
  write("hw.yaml", text);
  const Output run = call(with(kModel, {"--json", "r.json"}));
  ASSERT_EQ(run.code, 0) << run.error;
  EXPECT_TRUE(is_clean(run.out)) << run.out;
  EXPECT_EQ(nlohmann::json::parse(read(folder_ / "r.json"))["hardware"], "edge\\u202exyz\\u2066");
  make_campaign();
  const Output status = call({"campaign", "status", "S"});
  EXPECT_TRUE(is_clean(status.out)) << status.out;
  EXPECT_NE(status.out.find("edge\\u202exyz"), std::string::npos) << status.out;
}

TEST_F(OutsideNames, GivenAMistakeWithSuchANameThenTheMessageIsEscaped) {
  const std::string name = "no\x1b]0;x\x07\xff";
  const Arguments commands[] = {
      {"run", "--hw", name, "--model", "model"},
      {"run", "--hw", "hw.yaml", "--model", name},
      {"run", "--hw", "hw.yaml", "--model", "model", "--json", name + "/x"},
      {name},
      {"campaign", name},
      {"run", "--" + name},
      {"run", "--engine", name, "--hw", "hw.yaml", "--model", "model"},
      {"campaign", "status", name},
      {"sweep", name},
      {"compare", name, name},
      {"report", name, "--out", "x"},
      {"check", name}};
  for (const Arguments& command : commands) {
    const Output ended = call(command);
    EXPECT_EQ(ended.code, 2);
    EXPECT_TRUE(is_clean(ended.error)) << ended.error;
    EXPECT_NE(ended.error.find("no\\x1b]0;x\\x07\\xff"), std::string::npos) << ended.error;
  }
}

}  // namespace
}  // namespace lacuna
