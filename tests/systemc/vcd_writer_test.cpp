#include "systemc/vcd_writer.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "systemc/vcd_reader.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna::systemc {
namespace {

using Type = VcdWriter::Type;

TEST(VcdWriter, GivenChangesThenTheDumpIsTheStandardsText) {
  const test::TempFolder folder;
  VcdWriter writer("w.vcd");
  const auto bit = writer.add("top.a.bit", 1, Type::kWire, 0);
  const auto level = writer.add("top.level", 40, Type::kInteger, VcdWriter::kFloating);
  const auto bus = writer.add("top.a.bus", 4, Type::kWire, VcdWriter::kUnknown);
  writer.set(bit, 3, 1);
  writer.set(bit, 4, 0);
  writer.set(bus, 3, 0b10110);  // 5 bits: the lowest 4 count
  writer.set(bit, 4, 1);        // the last one at a time holds
  writer.flush(3);
  writer.set(level, 5, 9);
  writer.set(level, 0x7, VcdWriter::kFloating);
  writer.set(bit, 9, 0);  // after the end
  EXPECT_FALSE(std::filesystem::exists("w.vcd"));
  writer.finish(8);
  EXPECT_EQ(folder.read("w.vcd"),
            "$version lacuna $end\n"
            "$comment one time unit is one clock cycle $end\n"
            "$timescale 1 ns $end\n"
            "$scope module top $end\n"
            "$var integer 40 \" level $end\n"
            "$scope module a $end\n"
            "$var wire 1 ! bit $end\n"
            "$var wire 4 # bus [3:0] $end\n"
            "$upscope $end\n"
            "$upscope $end\n"
            "$enddefinitions $end\n"
            "#0\n$dumpvars\n0!\nbz \"\nbx #\n$end\n"
            "#3\n1!\nb110 #\n"
            "#5\nb1001 \"\n"
            "#7\nbz \"\n"
            "#8\n");
}

TEST(VcdWriter, GivenThousandsOfSignalsThenEachHasItsOwnCode) {
  const test::TempFolder folder;
  constexpr int kSignals = 20'000;  // three characters
  VcdWriter writer("w.vcd");
  for (int i = 0; i < kSignals; ++i) {
    const auto signal = writer.add("s" + std::to_string(i), 16, Type::kWire, 0);
    writer.set(signal, 1, static_cast<std::uint64_t>(i));
  }
  writer.finish(2);
  const test::Vcd vcd = test::Vcd::parse(folder.read("w.vcd"));
  EXPECT_EQ(vcd.end(), 2);
  for (int i = 0; i < kSignals; i += 97) EXPECT_EQ(vcd.sum("s" + std::to_string(i)), i);
}

TEST(VcdWriter, GivenWhatIsSetAtTimeZeroThenItIsTheInitialValue) {
  const test::TempFolder folder;
  VcdWriter writer("w.vcd");
  const auto signal = writer.add("s", 8, Type::kWire, VcdWriter::kUnknown);
  writer.set(signal, 0, 5);
  writer.flush(0);
  writer.set(signal, 0, 6);
  writer.finish(3);
  const test::Vcd vcd = test::Vcd::parse(folder.read("w.vcd"));
  EXPECT_EQ(vcd.sum("s"), 3 * 6);
}

TEST(VcdWriter, GivenNoFinishThenNothingIsLeft) {
  const test::TempFolder folder;
  {
    VcdWriter writer("w.vcd");
    const auto signal = writer.add("s", 8, Type::kWire, 0);
    for (int time = 0; time < 1'000'000; ++time) {
      writer.set(signal, time, static_cast<std::uint64_t>(time));
      writer.flush(time - 1);
    }
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(VcdWriter, GivenAFullDeviceThenItSaysSo) {
  VcdWriter writer("/dev/full");
  EXPECT_EQ(test::message_of<base::InputError>([&] { writer.finish(1); }),
            "/dev/full: cannot be written: No space left on device");
}

}  // namespace
}  // namespace lacuna::systemc
