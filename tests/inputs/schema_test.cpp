// `schema:`, and what a user is told whose file names another.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "errors/config/golden.hpp"
#include "inputs/input_files.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna {
namespace {

using config::Document;
using config::FileKind;

constexpr const char* kMachine = "tests/inputs/v0_1_0/hw_configs/edge_16x16.yaml";

struct Sample {
  FileKind kind;
  const char* path;
  const char* schema;
};

const Sample kSamples[] = {
    {FileKind::kHardware, kMachine, "lacuna.hardware"},
    {FileKind::kEnergyTable, "tests/inputs/v0_1_0/energy/published_45nm.yaml",
     "lacuna.energy_table"},
    {FileKind::kFaultPlan, "tests/inputs/v0_1_0/faults/plan.yaml", "lacuna.fault_plan"},
    {FileKind::kCampaign, "tests/inputs/v0_1_0/experiments/exhaustive.yaml",
     "lacuna.campaign_plan"},
    {FileKind::kSweep, "tests/inputs/v0_1_0/sweeps/weight_buffer.yaml", "lacuna.sweep_plan"},
};

std::string error_of(FileKind kind, const std::string& text) {
  return test::message_of<base::InputError>(
      [&] { test::read_as(kind, Document::parse("f.yaml", text)); });
}

TEST(Schema, WhenAFileNamesItsOwnOrNoneThenItIsRead) {
  for (const Sample& sample : kSamples) {
    const std::string text = test::source_text(sample.path);
    EXPECT_EQ(error_of(sample.kind, text), "");
    EXPECT_EQ(error_of(sample.kind, std::string("schema: ") + sample.schema + "/1\n" + text), "");
    EXPECT_EQ(error_of(sample.kind, text + "schema: " + sample.schema + "/1\n"), "")
        << "at the end";
  }
}

TEST(Schema, TellsTheKindOfAFileAndWithoutOneItsKeysDo) {
  for (const Sample& sample : kSamples) {
    const std::string text = test::source_text(sample.path);
    EXPECT_EQ(config::kind_of(Document::parse("f.yaml", text)), sample.kind) << sample.path;
    const std::string schema = std::string("schema: ") + sample.schema + "/1\n";
    EXPECT_EQ(config::kind_of(Document::parse("f.yaml", schema)), sample.kind) << schema;
  }
}

TEST(Schema, WhenItIsThatOfAnotherKindThenBothAreNamed) {
  for (const Sample& wanted : kSamples) {
    for (const Sample& other : kSamples) {
      if (other.kind == wanted.kind) continue;
      const std::string text =
          std::string("schema: ") + other.schema + "/1\n" + test::source_text(other.path);
      const std::string message = error_of(wanted.kind, text);
      EXPECT_EQ(message.rfind("f.yaml:1: schema: says that this is a", 0), 0U) << message;
      EXPECT_NE(message.find(wanted.schema), std::string::npos) << message;
    }
  }
}

struct SchemaErrorCase {
  const char* golden;
  const char* line;
};

TEST(Schema, ReadsAsTheGoldenFilesSayWhereItIsWrong) {
  const SchemaErrorCase cases[] = {
      {"schema_of_a_campaign", "schema: lacuna.campaign_plan/1"},
      {"schema_newer", "schema: lacuna.hardware/2"},
      {"schema_far_newer", "schema: lacuna.hardware/99999999999999999999"},
      {"schema_newer_of_a_sweep", "schema: lacuna.sweep_plan/7"},
      {"schema_typo", "schema: lacuna.hardwrae/1"},
      {"schema_without_a_number", "schema: lacuna.hardware"},
      {"schema_number_zero", "schema: lacuna.hardware/0"},
      {"schema_of_a_store", "schema: lacuna.campaign/2"},
      {"schema_far_from_any", "schema: yes"},
      {"schema_no_value", "schema:"},
      {"schema_key_typo", "shcema: lacuna.hardware/1"},
  };
  const std::string text = test::source_text(kMachine);
  for (const SchemaErrorCase& own : cases) {
    SCOPED_TRACE(own.golden);
    const std::string message = error_of(FileKind::kHardware, own.line + ("\n" + text));
    EXPECT_NE(message, "") << "is accepted";
    test::expect_golden(own.golden, message);
  }
}

}  // namespace
}  // namespace lacuna
