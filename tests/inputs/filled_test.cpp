// Files with their defaults filled in: written, read and written again they are the same.
#include <gtest/gtest.h>

#include <random>

#include "arch/spec.hpp"
#include "base/error.hpp"
#include "campaign/plan.hpp"
#include "errors/config/mutator.hpp"
#include "explore/sweep_plan.hpp"
#include "inputs/input_files.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna {
namespace {

using config::Document;
using config::FileKind;
using config::Override;

/// The document filled in, after it was held that the result is stable.
std::string filled(FileKind kind, const Document& document) {
  test::read_as(kind, document);
  const std::string first = document.to_yaml();
  const Document again = Document::parse("filled.yaml", first);
  EXPECT_NO_THROW(test::read_as(kind, again)) << first;
  EXPECT_EQ(again.to_yaml(), first);
  EXPECT_EQ(config::kind_of(again), kind);
  return first;
}

std::vector<arch::Field> fields_of(const Document& document) {
  return arch::fields(arch::read_spec(document));
}

void expect_same_machine(const Document& a, const Document& b) {
  const auto first = fields_of(a);
  const auto second = fields_of(b);
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].value, second[i].value) << first[i].path();
  }
}

constexpr const char* kLeast = R"(name: least
array: {rows: 4, cols: 4, weights_per_pe: 2}
zero_skipping: skip
weight_sram: {capacity_bytes: 1024, word_bits: 32, banks: 1, encoding: twos_complement}
activation_sram: {capacity_bytes: unlimited, word_bits: 8, banks: 4}
accumulator_sram: {entries_per_lane: 16}
post: {lanes: 4}
dram: {latency_cycles: 10, bytes_per_cycle: 8}
precision: {weight_bits: 8, activation_bits: 8}
)";

TEST(Filled, GivenAMachineOfRequiredKeysOnlyThenEveryKeyStandsThereWithItsDefault) {
  EXPECT_EQ(filled(FileKind::kHardware, Document::parse("hw.yaml", kLeast)),
            R"(schema: lacuna.hardware/1
name: least
array:
  rows: 4
  cols: 4
  weights_per_pe: 2
  dataflow: weight_stationary
  weight_load: serial
  psum_fifo_depth: 2
  local_accumulators: 1
  k_order: blocked
  whole_folds: false
zero_skipping: skip
weight_sram:
  capacity_bytes: 1024
  word_bits: 32
  banks: 1
  encoding: twos_complement
activation_sram:
  capacity_bytes: unlimited
  word_bits: 8
  banks: 4
accumulator_sram:
  entries_per_lane: 16
post:
  lanes: 4
  latency_cycles: 4
dram:
  latency_cycles: 10
  bytes_per_cycle: 8
precision:
  weight_bits: 8
  activation_bits: 8
  accumulator_bits: 32
clock_mhz: 1000
)");
}

TEST(Filled, GivenAMachineThenEachKeyIsRequiredOrHasTheDefaultThatTheTableShows) {
  const arch::AcceleratorSpec least = arch::read_spec(Document::parse("hw.yaml", kLeast));
  int required = 0;
  for (const arch::Field& field : arch::fields(least)) {
    SCOPED_TRACE(field.path());
    EXPECT_FALSE(field.meaning.empty());
    if (field.fallback.empty()) {
      ++required;
      EXPECT_EQ(field.text().empty(), field.path() == "dram.gigabytes_per_second");
    } else {
      EXPECT_EQ(field.text(), field.fallback);
    }
  }
  EXPECT_EQ(required, 19);  // two of them in place of each other
  // A machine that is made in code has the same.
  const auto in_code = arch::fields(arch::AcceleratorSpec());
  for (const arch::Field& field : in_code) {
    if (field.fallback.empty()) continue;
    EXPECT_EQ(field.text(), field.fallback) << field.path();
  }
}

TEST(Filled, WhenARequiredKeyIsLeftOutThenItIsMissingAndNotFilledIn) {
  for (const arch::Field& field : arch::fields(arch::AcceleratorSpec())) {
    std::string text = kLeast;
    const std::string key = field.key + ": ";
    const std::size_t section = field.section.empty() ? 0 : text.find(field.section + ": ");
    const std::size_t at = text.find(key, section);
    if (at == std::string::npos) {
      EXPECT_TRUE(!field.fallback.empty() || field.instead == "dram.bytes_per_cycle")
          << field.path();
      continue;
    }
    text.replace(at, key.size(), "other_" + key);
    EXPECT_NE(test::message_of<base::InputError>(
                  [&] { arch::read_spec(Document::parse("hw.yaml", text)); }),
              "")
        << field.path();
  }
}

TEST(Filled, GivenOverridesThenTheyStandThereAlsoForKeysThatTheFileLeavesOut) {
  const std::vector<Override> overrides = {{"clock_mhz", "200"},
                                           {"array.k_order", "interleaved"},
                                           {"post.latency_cycles", "9"},
                                           {"array.rows", "8"}};
  const Document document = Document::parse("hw.yaml", kLeast, overrides);
  const std::string text = filled(FileKind::kHardware, document);
  for (const char* line : {"clock_mhz: 200\n", "  k_order: interleaved\n", "  latency_cycles: 9\n",
                           "  rows: 8\n", "  cols: 4\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  expect_same_machine(document, Document::parse("filled.yaml", text));
}

TEST(Filled, GivenTwoKeysThatSayTheSameThenTheOneThatWasGivenStandsThere) {
  const auto lines = [](const std::vector<Override>& overrides) {
    const Document document = Document::parse("hw.yaml", kLeast, overrides);
    const std::string text = filled(FileKind::kHardware, document);
    expect_same_machine(document, Document::parse("filled.yaml", text));
    const std::size_t from = text.find("dram:\n");
    return text.substr(from, text.find("precision:\n") - from);
  };
  EXPECT_EQ(lines({{"dram.bytes_per_cycle", "12.8"}}),
            "dram:\n  latency_cycles: 10\n  bytes_per_cycle: 12.8\n");
  EXPECT_EQ(lines({{"dram.gigabytes_per_second", "19.2"}, {"clock_mhz", "900"}}),
            "dram:\n  latency_cycles: 10\n  gigabytes_per_second: 19.2\n");
  EXPECT_EQ(lines({{"dram.gigabytes_per_second", "19.2"}, {"dram.bytes_per_cycle", "0.5"}}),
            "dram:\n  latency_cycles: 10\n  bytes_per_cycle: 0.5\n");
}

TEST(Filled, GivenEveryFileThatShipsOrDidThenWrittenAndReadItIsTheSame) {
  int files = 0;
  for (const char* folder : {"hw_configs", "experiments", "tests/inputs/v0_1_0"}) {
    for (const std::string& path : test::input_files(folder)) {
      SCOPED_TRACE(path);
      const Document document = Document::load(LACUNA_SOURCE_DIR "/" + path);
      const FileKind kind = config::kind_of(document);
      const std::string text = filled(kind, document);
      if (kind == FileKind::kHardware) {
        expect_same_machine(document, Document::parse("filled.yaml", text));
      }
      ++files;
    }
  }
  EXPECT_GE(files, 42);
}

TEST(Filled, GivenRandomMachinesThenWrittenAndReadTheyAreTheSame) {
  const std::vector<std::pair<const char*, std::vector<const char*>>> values = {
      {"name",
       {"a",      "it's", "a: b", "# no", " x ", "null", "~", "-", "16",   "true", "\"",  "[a]",
        "{b: c}", "&c",   "*d",   "!e",   "%f",  "@g",   "|", ">", "a #b", "Grün", "...", "---"}},
      {"array.rows", {"1", "3", "16", "1024"}},
      {"array.cols", {"1", "5", "16"}},
      {"array.weights_per_pe", {"1", "7", "256"}},
      {"array.weight_load", {"serial", "shadowed"}},
      {"array.psum_fifo_depth", {"2", "64"}},
      {"array.local_accumulators", {"1", "2"}},
      {"array.k_order", {"blocked", "interleaved"}},
      {"array.whole_folds", {"true", "false"}},
      {"zero_skipping", {"none", "gate", "skip"}},
      {"weight_sram.capacity_bytes", {"4096", "65536", "unlimited"}},
      {"weight_sram.word_bits", {"32", "64", "4096"}},
      {"weight_sram.banks", {"2", "4", "1024"}},
      {"weight_sram.encoding", {"twos_complement", "offset_binary", "sign_magnitude"}},
      {"activation_sram.capacity_bytes", {"4096", "unlimited"}},
      {"accumulator_sram.entries_per_lane", {"2", "4096", "unlimited"}},
      {"post.lanes", {"1", "unlimited"}},
      {"post.latency_cycles", {"0", "1000000"}},
      {"dram.latency_cycles", {"0", "77"}},
      {"dram.bytes_per_cycle", {"1", "65536", "unlimited", "0.5", "12.80"}},
      {"dram.gigabytes_per_second", {"19.2", "400", "0.333333"}},
      {"precision.weight_bits", {"2", "4", "8"}},
      {"precision.activation_bits", {"3", "8"}},
      {"clock_mhz", {"1", "100000"}}};
  std::mt19937 random(1);
  int machines = 0;
  for (int i = 0; i < 600; ++i) {
    std::vector<Override> overrides;
    for (const auto& [key, all] : values) {
      if (random() % 2 == 0) overrides.push_back({key, all[random() % all.size()]});
    }
    const Document document = Document::parse("hw.yaml", kLeast, overrides);
    try {
      arch::read_spec(document);
    } catch (const base::InputError&) {
      continue;  // values that do not go together
    }
    ++machines;
    expect_same_machine(document, Document::parse("f.yaml", filled(FileKind::kHardware, document)));
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(machines, 60);
}

TEST(Filled, GivenFilesChangedAtRandomThenWhatIsAcceptedIsWrittenAndReadTheSame) {
  for (const std::string& path : test::input_files("tests/inputs/v0_1_0")) {
    SCOPED_TRACE(path);
    const std::string text = test::source_text(path);
    const FileKind kind = config::kind_of(Document::parse("f.yaml", text));
    int accepted = 0;
    for (unsigned seed = 0; seed < 200; ++seed) {
      std::mt19937 random(seed);
      try {
        const Document document = Document::parse("f.yaml", test::mutate(text, random));
        test::read_as(kind, document);
        ++accepted;
        filled(kind, document);
      } catch (const base::InputError&) {
      }
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    }
    EXPECT_GT(accepted, 10);
  }
}

TEST(Filled, GivenACampaignThenWhatItAsksForIsTheSame) {
  const campaign::Plan plan =
      campaign::load_plan(LACUNA_SOURCE_DIR "/experiments/bit_by_layer.yaml");
  const Document document = Document::parse("c.yaml", plan.text);
  const campaign::Plan again =
      campaign::parse_plan("f.yaml", filled(FileKind::kCampaign, document));
  EXPECT_EQ(again.machines, plan.machines);
  EXPECT_EQ(again.models, plan.models);
  EXPECT_EQ(again.data, plan.data);
  EXPECT_EQ(again.seed, plan.seed);
  EXPECT_EQ(again.confidence, plan.confidence);
  ASSERT_TRUE(again.sites.has_value() && plan.sites.has_value());
  EXPECT_EQ(again.sites->forms, plan.sites->forms);
  EXPECT_EQ(again.sites->shapes, plan.sites->shapes);
  EXPECT_EQ(again.sites->strata, plan.sites->strata);
  EXPECT_EQ(again.sites->row_groups, plan.sites->row_groups);
  EXPECT_EQ(again.sites->samples, plan.sites->samples);
  EXPECT_EQ(again.sites->half_width, plan.sites->half_width);
  EXPECT_EQ(again.sites->critical_share, plan.sites->critical_share);
}

TEST(Filled, GivenASweepThenItsPointsAreTheSame) {
  const explore::SweepPlan plan =
      explore::load_sweep(LACUNA_SOURCE_DIR "/experiments/sweeps/weight_buffer.yaml");
  const Document document = Document::parse("s.yaml", plan.text);
  const explore::SweepPlan again =
      explore::parse_sweep("f.yaml", filled(FileKind::kSweep, document));
  ASSERT_EQ(explore::point_count(again), explore::point_count(plan));
  for (const std::int64_t number : {std::int64_t{0}, explore::point_count(plan) - 1}) {
    EXPECT_EQ(explore::point_of(again, number).input, explore::point_of(plan, number).input);
    EXPECT_EQ(explore::point_of(again, number).values, explore::point_of(plan, number).values);
  }
  EXPECT_EQ(again.where, plan.where);
  EXPECT_EQ(again.pareto, plan.pareto);
  ASSERT_TRUE(again.faults.has_value());
  EXPECT_EQ(again.faults->rates, plan.faults->rates);
  EXPECT_EQ(again.faults->cells, plan.faults->cells);
}

}  // namespace
}  // namespace lacuna
