// A file of faults is read once, whatever becomes of it later, and the plan says of which bytes it
// is.
#include "fault/fault_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/sha256.hpp"
#include "fault/map_file.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/fault/hand_weights.hpp"

namespace lacuna::fault {
namespace {

TEST(FaultFile, GivenAMapThenItIsTiedToTwoMemoriesThoughItsFileIsGone) {
  const lacuna::test::TempFolder folder;
  const std::string text = "\xef\xbb\xbfmemory,bank,row,bit,kind\r\nweight_sram,0,1,2,flip\r\n";
  folder.write("map.csv", text);
  const FaultFile file("map.csv");
  EXPECT_FALSE(file.names_weights());
  EXPECT_EQ(file.sha256(), base::sha256_hex(text)) << "of the bytes as they are";
  EXPECT_EQ(read_map("map.csv", test::small_memory()).sha256, file.sha256());
  std::filesystem::remove("map.csv");
  MemoryGeometry larger = test::small_memory();
  larger.words *= 2;
  for (const MemoryGeometry& memory : {test::small_memory(), larger}) {
    const FaultPlan plan = file.plan({memory, nullptr, 30});
    EXPECT_EQ(plan.faults.size(), 1U);
    EXPECT_EQ(plan.sha256, file.sha256());
    EXPECT_EQ(plan.origin, "map.csv");
  }
}

TEST(FaultFile, GivenAPlanThenTheSame) {
  const lacuna::test::TempFolder folder;
  const std::string text =
      "faults:\n  - where: {memory: weight_sram, bank: 0, row: 1, bit: 2}\n    what: flip\n"
      "    when: permanent\n";
  folder.write("plan.yaml", text);
  const FaultFile file("plan.yaml");
  EXPECT_FALSE(file.names_weights());
  std::filesystem::remove("plan.yaml");
  const test::HandWeights weights;
  const FaultPlan plan = file.plan({test::small_memory(), &weights, 30});
  EXPECT_EQ(plan.faults.size(), 1U);
  EXPECT_EQ(plan.sha256, base::sha256_hex(text));
  EXPECT_EQ(plan.origin, "plan.yaml");
}

}  // namespace
}  // namespace lacuna::fault
