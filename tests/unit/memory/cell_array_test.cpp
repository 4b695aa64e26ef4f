#include "memory/cell_array.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace lacuna::memory {
namespace {

using measure::FaultOutcome;

TEST(CellArray, HoldsWholeValuesInWords) {
  // A word of 10 bits holds three values of 3 bits; one cell is left over.
  CellArray memory(4, 10, 2, 3);
  EXPECT_EQ(memory.values_per_word(), 3);
  EXPECT_EQ(memory.slots(), 12);
  for (int slot = 0; slot < 12; ++slot) EXPECT_EQ(memory.read(slot, 0), 0);
  for (int slot = 0; slot < 12; ++slot) memory.write(slot, static_cast<std::uint8_t>(slot % 8), 0);
  for (int slot = 0; slot < 12; ++slot) EXPECT_EQ(memory.read(slot, 1), slot % 8);
}

TEST(CellArray, StoresOnlyTheBitsOfAValue) {
  CellArray memory(1, 8, 1, 4);
  memory.write(1, 0xFF, 0);
  EXPECT_EQ(memory.read(1, 0), 0xF);
  EXPECT_EQ(memory.read(0, 0), 0) << "the neighbour is untouched";
}

// Words 0, 1, 2, 3 over two banks: word 3 is row 1 of bank 1. Slot 6 is lane 0 of word 3, slot 7
// lane 1, at bits 4 to 7.
TEST(CellArray, FindsTheCellOfABankRowAndBit) {
  CellArray memory(4, 8, 2, 4);
  FaultOutcome outcome;
  memory.arm({1, 1, 5}, FaultKind::kStuckAt1, kPermanent, &outcome);
  for (int slot = 0; slot < 8; ++slot) {
    EXPECT_EQ(memory.read(slot, 0), slot == 7 ? 0b0010 : 0) << "slot " << slot;
  }
  EXPECT_EQ(outcome.reads_changed, 1);
}

TEST(CellArray, WhenAStuckCellHoldsItsBitThenTheFaultIsMasked) {
  CellArray memory(1, 8, 1, 8);
  FaultOutcome zero;
  FaultOutcome one;
  memory.arm({0, 0, 0}, FaultKind::kStuckAt0, kPermanent, &zero);
  memory.arm({0, 0, 1}, FaultKind::kStuckAt1, kPermanent, &one);
  memory.write(0, 0b10, 0);
  EXPECT_EQ(memory.read(0, 0), 0b10);
  EXPECT_EQ(zero.reads_changed + one.reads_changed, 0);
  memory.write(0, 0b01, 1);
  EXPECT_EQ(memory.read(0, 1), 0b10);
  EXPECT_EQ(zero.reads_changed, 1);
  EXPECT_EQ(one.reads_changed, 1);
}

TEST(CellArray, WhenAFlipIsPermanentThenEveryReadIsInverted) {
  CellArray memory(1, 8, 1, 8);
  FaultOutcome outcome;
  memory.arm({0, 0, 7}, FaultKind::kFlip, kPermanent, &outcome);
  EXPECT_EQ(memory.read(0, 0), 0x80);
  memory.write(0, 0xFF, 1);
  EXPECT_EQ(memory.read(0, 1), 0x7F);
  EXPECT_EQ(memory.read(0, 2), 0x7F);
  EXPECT_EQ(outcome.reads_changed, 3);
}

TEST(CellArray, WhenAFlipIsAtAStepThenItStrikesOnceAndIsGoneWithTheNextWrite) {
  CellArray memory(1, 8, 1, 8);
  FaultOutcome outcome;
  memory.arm({0, 0, 0}, FaultKind::kFlip, 5, &outcome);
  memory.write(0, 0, 0);
  EXPECT_EQ(memory.read(0, 4), 0) << "not before its step";
  EXPECT_EQ(memory.read(0, 5), 1) << "at its step";
  EXPECT_EQ(memory.read(0, 6), 1);
  memory.write(0, 0, 7);
  EXPECT_EQ(memory.read(0, 8), 0);
  EXPECT_EQ(outcome.reads_changed, 2);
  EXPECT_FALSE(outcome.overwritten);
}

TEST(CellArray, WhenTheFirstAccessFromItsStepOnIsAWriteThenAnUpsetIsOverwritten) {
  CellArray memory(1, 8, 1, 8);
  FaultOutcome outcome;
  memory.arm({0, 0, 0}, FaultKind::kFlip, 5, &outcome);
  memory.write(0, 0, 4);
  EXPECT_FALSE(outcome.overwritten);
  memory.write(0, 0, 5);
  EXPECT_EQ(memory.read(0, 6), 0);
  EXPECT_TRUE(outcome.overwritten);
  EXPECT_EQ(outcome.reads_changed, 0);
}

TEST(CellArray, WhenABatchEndsThenUpsetsAreUndoneAndStrikeAgain) {
  CellArray memory(1, 8, 1, 8);
  FaultOutcome outcome;
  memory.arm({0, 0, 0}, FaultKind::kFlip, 5, &outcome);
  memory.write(0, 0, 0);
  EXPECT_EQ(memory.read(0, 5), 1);
  memory.faults().begin_batch({});
  EXPECT_EQ(memory.read(0, 4), 0);
  EXPECT_EQ(memory.read(0, 5), 1);
  EXPECT_EQ(outcome.reads_changed, 2);
}

TEST(CellArray, WhenACellIsLeftOverThenItsFaultIsNeverRead) {
  CellArray memory(1, 10, 1, 3);
  FaultOutcome outcome;
  memory.arm({0, 0, 9}, FaultKind::kFlip, kPermanent, &outcome);
  for (int slot = 0; slot < 3; ++slot) EXPECT_EQ(memory.read(slot, 0), 0);
  EXPECT_EQ(outcome.reads_changed, 0);
}

TEST(CellArray, RefusesFaultsThatCannotBe) {
  CellArray memory(3, 8, 2, 8);
  FaultOutcome outcome;
  const auto arm = [&](CellPosition cell, FaultKind kind, std::int64_t step) {
    memory.arm(cell, kind, step, &outcome);
  };
  EXPECT_NO_THROW(arm({0, 1, 7}, FaultKind::kFlip, kPermanent));
  EXPECT_THROW(arm({0, 1, 7}, FaultKind::kStuckAt0, kPermanent), base::InternalError);
  EXPECT_THROW(arm({0, 0, 0}, FaultKind::kStuckAt0, 3), base::InternalError);
  EXPECT_THROW(arm({2, 0, 0}, FaultKind::kFlip, kPermanent), base::InternalError);
  EXPECT_THROW(arm({1, 1, 0}, FaultKind::kFlip, kPermanent), base::InternalError) << "word 3 of 3";
  EXPECT_THROW(arm({0, 0, 8}, FaultKind::kFlip, kPermanent), base::InternalError);
  EXPECT_THROW(arm({0, 0, -1}, FaultKind::kFlip, kPermanent), base::InternalError);
}

TEST(CellArray, RefusesGeometriesThatCannotBe) {
  EXPECT_THROW(CellArray(1, 3, 1, 4), base::InternalError);
  EXPECT_THROW(CellArray(1, 16, 1, 9), base::InternalError);
  EXPECT_THROW(CellArray(1, 8, 0, 8), base::InternalError);
}

}  // namespace
}  // namespace lacuna::memory
