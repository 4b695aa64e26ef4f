// Where maps and buffers go between the maps that stay.
#include "mapping/slot_allocator.hpp"

#include <gtest/gtest.h>

namespace lacuna::mapping {
namespace {

TEST(SlotAllocator, GivenAChainThenMapsTakeTurnsAtTheEnds) {
  SlotAllocator first(100);
  EXPECT_EQ(first.place(30, 0), 0);   // the input, needed by layer 0
  EXPECT_EQ(first.place(20, 1), 80);  // its output: next to the end, which stays longer
  EXPECT_EQ(first.place(51, 1), std::nullopt);
  EXPECT_EQ(first.place_low(25), 30);
  EXPECT_EQ(first.place_low(25), 55);
  EXPECT_EQ(first.place_low(1), std::nullopt);

  SlotAllocator second(100);
  second.hold(80, 20, 1);
  EXPECT_EQ(second.place(40, 2), 0);
}

TEST(SlotAllocator, GivenAMapThatStaysThenTheNextOneGoesNextToIt) {
  // The block's input stays for the sum (layer 2), the map between only for layer 1.
  SlotAllocator slots(100);
  slots.hold(0, 20, 2);
  slots.hold(90, 10, 1);
  EXPECT_EQ(slots.place(30, 3), 20);
}

TEST(SlotAllocator, GivenSeveralGapsThenTheSmallestThatHoldsTheMapIsTaken) {
  SlotAllocator slots(100);
  slots.hold(60, 10, 5);
  slots.hold(20, 10, 5);  // gaps 0..20, 30..60, 70..100
  EXPECT_EQ(slots.place(20, 1), 0);
  EXPECT_EQ(slots.place(25, 1), 30);
  EXPECT_EQ(slots.place(25, 1), 75);  // next to the end
  EXPECT_EQ(slots.place_low(6), std::nullopt);
  EXPECT_EQ(slots.place_low(5), 55);
}

TEST(SlotAllocator, GivenAMapAsLargeAsTheMemoryThenItFits) {
  SlotAllocator slots(8);
  EXPECT_EQ(slots.place(8, 0), 0);
  EXPECT_EQ(slots.place(1, 0), std::nullopt);
}

}  // namespace
}  // namespace lacuna::mapping
