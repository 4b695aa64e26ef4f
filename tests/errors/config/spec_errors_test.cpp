// What a user who gets a hardware file wrong is told.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "arch/spec.hpp"
#include "base/error.hpp"
#include "errors/config/golden.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna {
namespace {

struct SpecErrorCase {
  const char* golden;
  const char* old_text;  ///< of edge_16x16.yaml
  const char* new_text;
  std::vector<arch::Override> overrides;
};

const SpecErrorCase kSpecCases[] = {
    {"spec_unknown_key", "  rows:", "  row:", {}},
    {"spec_unknown_section", "dram:", "drum:", {}},
    {"spec_unknown_key_far_from_any", "clock_mhz:", "colour: red\nclock_mhz:", {}},
    {"spec_missing_key", "  cols: 16", "  # cols", {}},
    {"spec_missing_section", "post:\n", "", {}},
    {"spec_duplicate_key", "  cols: 16", "  rows: 8\n  cols: 16", {}},
    {"spec_wrong_choice", "zero_skipping: skip", "zero_skipping: skp", {}},
    {"spec_choice_far_from_any", "zero_skipping: skip", "zero_skipping: sometimes", {}},
    {"spec_out_of_range", "  rows: 16", "  rows: 2000", {}},
    {"spec_too_large_for_any_integer", "  rows: 16", "  rows: 99999999999999999999", {}},
    {"spec_exponent", "  rows: 16", "  rows: 1e3", {}},
    {"spec_hexadecimal", "  rows: 16", "  rows: 0x10", {}},
    {"spec_fraction", "  rows: 16", "  rows: 16.0", {}},
    {"spec_quoted_number", "  rows: 16", "  rows: '16'", {}},
    {"spec_number_is_list", "  rows: 16", "  rows: [16]", {}},
    {"spec_no_value", "  rows: 16", "  rows:", {}},
    {"spec_bool", "whole_folds: false", "whole_folds: no", {}},
    {"spec_limit_word", "capacity_bytes: 65536", "capacity_bytes: infinite", {}},
    {"spec_only_one_value", "accumulator_bits: 32", "accumulator_bits: 16", {}},
    {"spec_section_is_scalar", "dram:\n", "dram: 5\nx:\n", {}},
    {"spec_bandwidth", "  word_bits: 64", "  word_bits: 8", {}},
    {"spec_capacity_not_whole", "capacity_bytes: 65536", "capacity_bytes: 65537", {}},
    {"spec_too_many_pe_weights",
     "  rows: 16",
     "  rows: 1024",
     {{"array.cols", "1024"}, {"weight_sram.banks", "64"}, {"array.weights_per_pe", "17"}}},
    {"spec_lanes", "  lanes: 16", "  lanes: 17", {}},
    {"spec_rate_negative", "per_cycle: 8", "per_cycle: -0.5", {}},
    {"spec_rate_zero", "per_cycle: 8", "per_cycle: 0", {}},
    {"spec_rate_seven_decimals", "per_cycle: 8", "per_cycle: 0.1234567", {}},
    {"spec_rate_no_number", "per_cycle: 8", "per_cycle: 8 GB/s", {}},
    {"spec_rate_quoted", "per_cycle: 8", "per_cycle: '8.5'", {}},
    {"spec_rate_both", "  bytes_per", "  gigabytes_per_second: 25.6\n  bytes_per", {}},
    {"spec_rate_neither", "  bytes_per", "  # bytes_per", {}},
    {"spec_rate_a_second_negative", "bytes_per_cycle: 8", "gigabytes_per_second: -1", {}},
    {"spec_rate_a_second_zero", "bytes_per_cycle: 8", "gigabytes_per_second: 0.0", {}},
    {"spec_rate_a_second_seven_decimals",
     "bytes_per_cycle: 8",
     "gigabytes_per_second: 1.0000000",
     {}},
    {"spec_rate_a_second_unlimited", "bytes_per_cycle: 8", "gigabytes_per_second: unlimited", {}},
    {"spec_rate_a_second_too_fast",
     "bytes_per_cycle: 8",
     "gigabytes_per_second: 500",
     {{"clock_mhz", "1"}}},
    {"set_rate", "", "", {{"dram.gigabytes_per_second", "25,6"}}},
    {"spec_not_yaml", "array:\n", "array: [\n", {}},
    {"set_out_of_range", "", "", {{"array.rows", "0"}}},
    {"set_unknown_key", "", "", {{"array.row", "12"}}},
    {"set_unknown_section", "", "", {{"aray.rows", "12"}}},
    {"set_section", "", "", {{"array", "12"}}},
    {"set_below_scalar", "", "", {{"clock_mhz.x", "1"}}},
    {"set_wrong_choice", "", "", {{"array.weight_load", "shadow"}}},
    {"set_empty", "", "", {{"array.rows", ""}}},
    {"set_relation", "", "", {{"weight_sram.capacity_bytes", "100"}}},
};

std::string edge_text() {
  std::ifstream stream(std::string(LACUNA_SOURCE_DIR) + "/hw_configs/edge_16x16.yaml");
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(SpecErrors, ReadAsTheGoldenFilesSay) {
  const test::TempFolder folder;
  for (const SpecErrorCase& test : kSpecCases) {
    SCOPED_TRACE(test.golden);
    std::string text = edge_text();
    const std::size_t at = text.find(test.old_text);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, std::string(test.old_text).size(), test.new_text);
    folder.write("hw.yaml", text);
    const std::string message =
        test::message_of<base::InputError>([&] { arch::load_spec("hw.yaml", test.overrides); });
    EXPECT_NE(message, "") << "is accepted";
    test::expect_golden(test.golden, message);
  }
}

}  // namespace
}  // namespace lacuna
