#include "fault/map_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.hpp"
#include "fault/sampler.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/fault/hand_weights.hpp"

namespace lacuna::fault {
namespace {

using memory::FaultKind;
using test::Site;
using test::sites;
using test::small_memory;

TEST(MapFile, WhenAMapIsWrittenAndReadThenItIsTheSame) {
  const lacuna::test::TempFolder folder;
  for (const FaultKind kind : memory::fault_kinds(memory::kPermanently)) {
    for (const double rate : {0.0, 0.2, 1.0}) {
      const FaultPlan plan = sample_map(small_memory(), rate, 5, kind);
      write_map("map.csv", plan);
      const FaultPlan again = read_map("map.csv", small_memory());
      EXPECT_EQ(sites(again), sites(plan));
      for (const Fault& fault : again.faults) {
        EXPECT_EQ(fault.kind, kind);
        EXPECT_EQ(fault.step, memory::kPermanent);
      }
      const std::string bytes = folder.read("map.csv");
      write_map("map.csv", again);
      EXPECT_EQ(folder.read("map.csv"), bytes) << "byte for byte";
    }
  }
}

TEST(MapFile, WritesOneLineAFault) {
  const lacuna::test::TempFolder folder;
  FaultPlan plan;
  plan.faults = {{MemoryId::kWeightSram, {0, 2, 5}, FaultKind::kStuckAt1, memory::kPermanent},
                 {MemoryId::kWeightSram, {1, 0, 7}, FaultKind::kFlip, memory::kPermanent}};
  write_map("map.csv", plan);
  EXPECT_EQ(folder.read("map.csv"),
            "memory,bank,row,bit,kind\nweight_sram,0,2,5,stuck_at_1\nweight_sram,1,0,7,flip\n");
}

TEST(MapFile, ReadsRowsInAnyOrderAndMergesDuplicates) {
  const lacuna::test::TempFolder folder;
  folder.write("map.csv",
               "memory,bank,row,bit,kind\r\nweight_sram,1,0,7,flip\r\nweight_sram,0,2,5,flip\r\n"
               "weight_sram,1,0,7,flip");
  const FaultPlan plan = read_map("map.csv", small_memory());
  EXPECT_EQ(sites(plan), (std::vector<Site>{{0, 2, 5}, {1, 0, 7}}));
  EXPECT_EQ(plan.origin, "map.csv");
}

TEST(MapFile, RefusesToHoldUpsetsAndWritesNothing) {
  const lacuna::test::TempFolder folder;
  FaultPlan plan;
  plan.origin = "plan.yaml";
  plan.faults = {{MemoryId::kWeightSram, {0, 0, 0}, FaultKind::kFlip, 3}};
  EXPECT_EQ(
      lacuna::test::message_of<base::InputError>([&] { write_map("map.csv", plan); }),
      "map.csv: cannot hold the upset at step 3 of plan.yaml; a map holds permanent faults only");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "map.csv"));
}

}  // namespace
}  // namespace lacuna::fault
