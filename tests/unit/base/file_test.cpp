#include "base/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

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
  EXPECT_EQ(message_of<InputError>([] { read_file(".", 9); }),
            ".: is not a regular file but a folder");
  EXPECT_EQ(message_of<InputError>([] { read_file("/dev/zero", 9); }),
            "/dev/zero: is not a regular file but a device");
  ASSERT_EQ(::mkfifo("pipe", 0600), 0);
  EXPECT_EQ(message_of<InputError>([] { read_file("pipe", 9); }),
            "pipe: is not a regular file but a pipe (FIFO)");
}

TEST(WriteFile, ReplacesTheWholeContentAndLeavesNothingBeside) {
  const test::TempFolder folder;
  folder.write("out", "a long old content");
  write_file("out", "new");
  EXPECT_EQ(folder.read("out"), "new");
  const std::filesystem::directory_iterator files(folder.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(ByteOrderMark, IsLeftOut) {
  EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBFlayer"), "layer");
  EXPECT_EQ(without_byte_order_mark("layer"), "layer");
  EXPECT_EQ(without_byte_order_mark("\xEF\xBB"), "\xEF\xBB");
}

TEST(WriteFile, FollowsALinkAndLeavesItOne) {
  const test::TempFolder folder;
  folder.write("real", "old");
  std::filesystem::create_symlink("real", "link");
  write_file("link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink("link"));
  EXPECT_EQ(folder.read("real"), "new");
}

TEST(WriteFile, MakesTheFileThatALinkToNothingNames) {
  const test::TempFolder folder;
  std::filesystem::create_symlink("real", "link");
  std::filesystem::create_symlink("link", "further");
  write_file("further", "new");
  EXPECT_TRUE(std::filesystem::is_symlink("further"));
  EXPECT_TRUE(std::filesystem::is_symlink("link"));
  EXPECT_EQ(folder.read("real"), "new");
  std::filesystem::create_symlink("round", "round");
  EXPECT_EQ(message_of<InputError>([] { write_file("round", "x"); }),
            "round: cannot be written: Too many levels of symbolic links");
}

TEST(WriteFile, KeepsTheModeOfWhatItReplaces) {
  const test::TempFolder folder;
  for (const mode_t mode : {0600U, 0640U, 0666U, 0755U}) {
    folder.write("out", "old");
    ASSERT_EQ(::chmod("out", mode), 0);
    write_file("out", "new");
    struct stat status {};
    ASSERT_EQ(::stat("out", &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, mode);
  }
  const mode_t mask = ::umask(027);
  write_file("fresh", "new");
  ::umask(mask);
  struct stat status {};
  ASSERT_EQ(::stat("fresh", &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
}

TEST(WriteFile, TakesANameAsLongAsNamesCanBe) {
  const test::TempFolder folder;
  const std::string longest(255, 'x');
  write_file(longest, "new");
  EXPECT_EQ(folder.read(longest), "new");
  EXPECT_EQ(message_of<InputError>([&] { write_file(longest + "x", "new"); }),
            longest + "x: cannot be written: File name too long");
}

// Standard output that goes to a file: what the shell opened goes on where it is.
TEST(WriteFile, WritesToAnOpenFileByItsName) {
  const test::TempFolder folder;
  const int file = ::open("out", O_RDWR | O_CREAT, 0600);
  ASSERT_GE(file, 0);
  ASSERT_EQ(::write(file, "head ", 5), 5);
  write_file("/dev/fd/" + std::to_string(file), "body");
  ASSERT_EQ(::write(file, " tail", 5), 5);
  ::close(file);
  EXPECT_EQ(folder.read("out"), "head body tail");
  EXPECT_TRUE(std::filesystem::is_symlink("/dev/stdout"));
}

TEST(OutputFile, WithoutACommitNothingIsLeft) {
  const test::TempFolder folder;
  folder.write("out", "old");
  {
    OutputFile writer("out");
    writer.write("new");
  }
  EXPECT_EQ(folder.read("out"), "old");
  const std::filesystem::directory_iterator files(folder.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(WriteFile, WhenItFailsThenTheOldContentStays) {
  const test::TempFolder folder;
  EXPECT_EQ(message_of<InputError>([] { write_file("none/out", "x"); }),
            "none/out: its folder is missing or not writable");
  std::filesystem::create_directory("taken");
  folder.write("taken/inside", "x");
  EXPECT_EQ(message_of<InputError>([] { write_file("taken", "x"); }),
            "taken: is a folder; a file name is required");
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
              file.commit();
            }),
            "/dev/full: cannot be written: No space left on device");
}

}  // namespace
}  // namespace lacuna::base
