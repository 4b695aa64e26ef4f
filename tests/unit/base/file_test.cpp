#include "base/file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna::base {
namespace {

using test::message_of;

TEST(ReadFile, GivesAllBytesUpToTheLimit) {
  const test::TempFolder folder;
  const std::string bytes("a\0b\r\n\xff", 6);
  folder.write("x", bytes);
  EXPECT_EQ(read_file("x", 6), bytes);
  EXPECT_EQ(message_of<InputError>([] { read_file("x", 5); }),
            "x: has 6 bytes; at most 5 are read");
  folder.write("empty", "");
  EXPECT_EQ(read_file("empty", 0), "");
}

TEST(ReadFile, RefusesWhatIsNotARegularFile) {
  const test::TempFolder folder;
  EXPECT_EQ(message_of<InputError>([] { read_file("none", 9); }),
            "none: cannot be read: No such file or directory");
  EXPECT_EQ(message_of<InputError>([] { read_file(".", 9); }), ".: is not a regular file");
  EXPECT_EQ(message_of<InputError>([] { read_file("/dev/zero", 9); }),
            "/dev/zero: is not a regular file");
}

TEST(WriteFile, ReplacesTheWholeContentAndLeavesNothingBeside) {
  const test::TempFolder folder;
  folder.write("out", "a long old content");
  write_file("out", "new");
  EXPECT_EQ(folder.read("out"), "new");
  const std::filesystem::directory_iterator files(folder.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(WriteFile, WhenItFailsThenTheOldContentStays) {
  const test::TempFolder folder;
  EXPECT_EQ(message_of<InputError>([] { write_file("none/out", "x"); }),
            "none/out: cannot be written: No such file or directory");
  std::filesystem::create_directory("taken");
  folder.write("taken/inside", "x");
  EXPECT_NE(message_of<InputError>([] { write_file("taken", "x"); }), "");
  EXPECT_EQ(folder.read("taken/inside"), "x");
  const std::filesystem::directory_iterator files(folder.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1) << "the temporary file is removed";
}

TEST(OutputFile, HasNoNameBeforeItIsCommitted) {
  const test::TempFolder folder;
  folder.write("out", "old");
  const auto files = [&] {
    const std::filesystem::directory_iterator all(folder.path());
    return std::distance(begin(all), end(all));
  };
  {
    OutputFile file("out");
    file.write("half");
    EXPECT_EQ(folder.read("out"), "old");
  }
  EXPECT_EQ(folder.read("out"), "old") << "dropped without commit()";
  OutputFile file("out");
  file.write("one, ");
  file.write("two");
  file.commit();
  EXPECT_EQ(folder.read("out"), "one, two");
  EXPECT_EQ(files(), 1);
}

TEST(OutputFile, SaysWhenADeviceIsFull) {
  EXPECT_EQ(message_of<InputError>([] {
              OutputFile file("/dev/full");
              file.write("x");
            }),
            "/dev/full: cannot be written: No space left on device");
}

}  // namespace
}  // namespace lacuna::base
