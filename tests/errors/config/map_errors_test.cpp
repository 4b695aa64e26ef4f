// What a user who gets a measured fault map wrong is told.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "errors/config/golden.hpp"
#include "fault/map_file.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/fault/hand_weights.hpp"

namespace lacuna {
namespace {

struct MapErrorCase {
  const char* golden;
  std::string text;
};

TEST(MapErrors, ReadAsTheGoldenFilesSay) {
  const std::string header = "memory,bank,row,bit,kind\n";
  const MapErrorCase cases[] = {
      {"map_empty", ""},
      {"map_header", "memory,bank,bit,row,kind\n"},
      {"map_too_few_fields", header + "weight_sram,0,0,0\n"},
      {"map_too_many_fields", header + "weight_sram,0,0,0,flip,\n"},
      {"map_blank_line", header + "\nweight_sram,0,0,0,flip\n"},
      {"map_memory", header + "dram,0,0,0,flip\n"},
      {"map_bank", header + "weight_sram,2,0,0,flip\n"},
      {"map_row", header + "weight_sram,0,0,0,flip\nweight_sram,0,4,0,flip\n"},
      {"map_bit", header + "weight_sram,0,0,-1,flip\n"},
      {"map_number", header + "weight_sram,0x1,0,0,flip\n"},
      {"map_last_row", header + "weight_sram,1,3,0,flip\n"},
      {"map_kind", header + "weight_sram,0,0,0,stuck_at_2\n"},
      {"map_contradiction",
       header + "weight_sram,0,0,0,flip\nweight_sram,1,0,0,flip\nweight_sram,0,0,0,stuck_at_0\n"},
  };
  const test::TempFolder folder;
  for (const MapErrorCase& test : cases) {
    SCOPED_TRACE(test.golden);
    folder.write("map.csv", test.text);
    const std::string message = test::message_of<base::InputError>(
        [] { fault::read_map("map.csv", fault::test::small_memory()); });
    EXPECT_NE(message, "") << "is accepted";
    test::expect_golden(test.golden, message);
  }
}

}  // namespace
}  // namespace lacuna
