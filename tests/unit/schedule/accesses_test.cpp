// What single steps of hand-made schedules read and write of each memory.
#include "schedule/accesses.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "unit/schedule/hand_schedules.hpp"

namespace lacuna::schedule {
namespace {

std::string rows_text(const ImageRows& rows) {
  return std::to_string(rows.image) + ":" + std::to_string(rows.begin) + "-" +
         std::to_string(rows.end);
}

// "5 write 64+12 block -1 range 0 region 1 rows 0:0-2 for 0:0-2 channels 3+2"
std::string text_of(const Access& a) {
  const char* const kinds[] = {"read", "write", "update"};
  std::string text = std::to_string(a.step) + " " + kinds[static_cast<int>(a.kind)] + " " +
                     std::to_string(a.first) + "+" + std::to_string(a.count);
  if (a.region < 0) return text;
  return text + " region " + std::to_string(a.region) + " rows " + rows_text(a.rows) + " for " +
         rows_text(a.outputs) + " channels " + std::to_string(a.channels.begin) + "+" +
         std::to_string(a.channels.count);
}

using Texts = std::vector<std::string>;

Texts of_step(const testing::Case& c, MemoryId memory, StepId id) {
  StepAccesses accesses(c.schedule, c.network, c.spec, memory);
  Texts texts;
  for (const Access& a : accesses.of(c.schedule.steps[static_cast<std::size_t>(id)], id)) {
    texts.push_back(text_of(a));
  }
  return texts;
}

TEST(Accesses, SetUpComesFirstAndBlocksAreReadWhole) {
  const testing::Case c = testing::resident_case();
  Texts texts;
  std::vector<std::int32_t> blocks;
  for_each_access(c.schedule, c.network, c.spec, MemoryId::kWeightSram, [&](const Access& a) {
    texts.push_back(text_of(a));
    blocks.push_back(a.block);
  });
  ASSERT_EQ(texts.size(), 6U + 10U);
  EXPECT_EQ(Texts(texts.begin(), texts.begin() + 8),
            (Texts{"-1 write 0+9", "-1 write 9+9", "-1 write 18+9", "-1 write 27+9",
                   "-1 write 36+3", "-1 write 39+2", "1 read 0+9", "3 read 9+9"}));
  EXPECT_EQ(texts.back(), "25 read 39+2");
  EXPECT_EQ(blocks.back(), 5);
}

TEST(Accesses, AccumulatorsAreWrittenThenUpdatedThenRead) {
  // Range 1: rows 2..7 of two images of 4 x 4 pixels, 24 entries.
  const testing::Case c = testing::resident_case();
  EXPECT_EQ(of_step(c, MemoryId::kAccumulatorSram, 12), Texts{"12 write 0+24"});
  EXPECT_EQ(of_step(c, MemoryId::kAccumulatorSram, 14), Texts{"14 update 0+24"});
  EXPECT_EQ(of_step(c, MemoryId::kAccumulatorSram, 15), Texts{"15 read 0+24"});
  EXPECT_EQ(of_step(c, MemoryId::kAccumulatorSram, 24), Texts{}) << "a pool";
}

TEST(Accesses, AStreamReadsTheRowsUnderItsWindowsImageByImage) {
  // 3 x 3 with padding 1: rows 2 and 3 of image 0 need 1..3, those of image 1 all.
  const testing::Case c = testing::resident_case();
  EXPECT_EQ(of_step(c, MemoryId::kActivationSram, 12),
            (Texts{"12 read 8+24 region 0 rows 0:1-4 for 0:2-4 channels 0+2",
                   "12 read 32+32 region 0 rows 1:0-4 for 1:0-4 channels 0+2"}));
}

TEST(Accesses, APostStepWritesItsChannelsOfThePooledRowsWhereThePoolsSliceLies) {
  testing::Case c = testing::resident_case();
  EXPECT_EQ(of_step(c, MemoryId::kActivationSram, 15),
            (Texts{"15 write 70+6 region 1 rows 0:1-2 for 0:1-2 channels 0+2",
                   "15 write 76+12 region 1 rows 1:0-2 for 1:0-2 channels 0+2"}));
  EXPECT_EQ(of_step(c, MemoryId::kActivationSram, 10),
            (Texts{"10 write 64+6 region 1 rows 0:0-1 for 0:0-1 channels 2+1"}));
  c.network.layers[1].output_channel = 3;
  EXPECT_EQ(of_step(c, MemoryId::kActivationSram, 10),
            (Texts{"10 write 64+6 region 1 rows 0:0-1 for 0:0-1 channels 5+1"}));
  EXPECT_EQ(of_step(c, MemoryId::kActivationSram, 27), Texts{}) << "logits leave";
}

TEST(Accesses, WhatIsReadComesBeforeWhatIsWritten) {
  const testing::Case c = testing::residual_case();
  EXPECT_EQ(of_step(c, MemoryId::kActivationSram, 6),
            (Texts{"6 read 0+8 region 0 rows 0:0-2 for 0:0-2 channels 0+2",
                   "6 write 16+8 region 2 rows 0:0-2 for 0:0-2 channels 0+2"}));
}

TEST(Accesses, RowsOutsideTheRegionAreOurMistake) {
  testing::Case c = testing::residual_case();
  c.schedule.regions[0].row_count = 1;
  EXPECT_THROW(of_step(c, MemoryId::kActivationSram, 2), base::InternalError);
}

}  // namespace
}  // namespace lacuna::schedule
