#include "base/file_target.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>

#include "base/file.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna::base {
namespace {

using test::message_of;

bool same(const std::string& a, const std::string& b) {
  return is_same_file(find_target(a), find_target(b));
}

TEST(FileTarget, GivenTwoNamesOfOneFileThenTheyAreEqual) {
  const test::TempFolder folder;
  folder.write("a", "x");
  folder.write("b", "x");
  std::filesystem::create_directory("in");
  std::filesystem::create_symlink("../a", "in/soft");
  std::filesystem::create_symlink("in", "folder");
  std::filesystem::create_hard_link("a", "hard");
  for (const std::string& other :
       {std::string("a"), std::string("./a"), std::string("in/../a"), std::string("in/soft"),
        std::string("folder/soft"), std::string("hard"), (folder.path() / "a").string()}) {
    EXPECT_TRUE(same("a", other)) << other;
  }
  EXPECT_FALSE(same("a", "b"));
  EXPECT_FALSE(same("a", "none"));
}

TEST(FileTarget, GivenNothingThereThenFolderAndNameTell) {
  const test::TempFolder folder;
  std::filesystem::create_directory("in");
  std::filesystem::create_symlink("in", "folder");
  std::filesystem::create_symlink("in/none", "dangling");
  EXPECT_TRUE(same("in/none", "folder/none"));
  EXPECT_TRUE(same("in/none", "dangling"));
  EXPECT_TRUE(same("none", "./none"));
  EXPECT_FALSE(same("none", "in/none"));
  EXPECT_FALSE(same("missing/none", "missing/none")) << "nothing can be there";
  const FileTarget before = find_target("dangling");
  folder.write("in/none", "x");
  EXPECT_TRUE(is_same_file(before, find_target("folder/none")));
}

TEST(FileTarget, GivenANameOfADescriptorThenItsNumberIsFound) {
  const test::TempFolder folder;
  std::filesystem::create_symlink("/dev/fd/0", "link");
  const std::string own = "/proc/" + std::to_string(::getpid());
  const std::pair<std::string, int> names[] = {
      {"/dev/stdin", 0},
      {"/dev/stdout", 1},
      {"/dev/fd/2", 2},
      {"/dev//fd/./2", 2},
      {"/proc/self/fd/1", 1},
      {"/proc/thread-self/fd/1", 1},
      {own + "/fd/77777", 77777},
      {own + "/task/" + std::to_string(::gettid()) + "/fd/0", 0},
      {"link", 0}};
  for (const auto& [name, number] : names) {
    EXPECT_EQ(find_target(name).descriptor, std::optional<int>(number)) << name;
  }
  EXPECT_FALSE(find_target("/dev/null").descriptor);
  EXPECT_FALSE(find_target("/proc/1/fd/0").descriptor) << "another process's";
}

std::string refusal(const std::string& path) {
  return message_of<InputError>([&] { expect_writable(find_target(path), {path, 0, "--out"}); });
}

/// Of wait, for a process of its own: 0 where `body` is true.
int in_child(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(ExpectWritable, GivenADescriptorThatIsNotTheUsersThenItIsNotOpen) {
  const test::TempFolder folder;
  EXPECT_EQ(in_child([] {
              const int given = ::open("given", O_WRONLY | O_CREAT, 0600);
              const int read_only = ::open("given", O_RDONLY);
              note_descriptors();
              const int own = ::open("own", O_WRONLY | O_CREAT, 0600);
              const auto name = [](int number) { return "/dev/fd/" + std::to_string(number); };
              const std::string closed = "; a descriptor that the program was started with";
              return given >= 0 && read_only >= 0 && own >= 0 && refusal(name(given)).empty() &&
                     refusal(name(own)) == name(own) + ": --out: is not open" + closed &&
                     refusal(name(999)) == name(999) + ": --out: is not open" + closed &&
                     refusal("/dev/fd/x") == "/dev/fd/x: --out: is not open" + closed &&
                     refusal(name(read_only)) ==
                         name(read_only) + ": --out: is open only for reading" &&
                     message_of<InputError>([&] { read_file(name(own), 9); }) ==
                         name(own) + ": is not open" + closed &&
                     !message_of<InputError>([&] { write_file(name(own), "x"); }).empty();
            }),
            0);
}

// Otherwise the next file that is opened gets the number, and what is printed goes there.
TEST(NoteDescriptors, GivenAClosedStandardOutputThenNoFileTakesItsPlace) {
  const test::TempFolder folder;
  EXPECT_EQ(in_child([] {
              ::close(STDOUT_FILENO);
              note_descriptors();
              const int own = ::open("own", O_WRONLY | O_CREAT, 0600);
              return own > STDERR_FILENO && ::write(STDOUT_FILENO, "x", 1) < 0 &&
                     refusal("/dev/stdout").find("is not open") != std::string::npos;
            }),
            0);
}

TEST(ExpectWritable, GivenWhatCannotBeWrittenThenItSaysWhy) {
  const test::TempFolder folder;
  std::filesystem::create_directory("in");
  ASSERT_EQ(::mkfifo("pipe", 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{AF_UNIX, "socket"};
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  ::close(socket);
  EXPECT_EQ(refusal("in"), "in: --out: is a folder; a file name is required");
  EXPECT_EQ(refusal("in/"), "in/: --out: is a folder; a file name is required");
  EXPECT_EQ(refusal("none/x"), "none/x: --out: its folder is missing or not writable");
  EXPECT_EQ(refusal("socket"),
            "socket: --out: is a socket; a file, a pipe or a device is required");
  EXPECT_EQ(refusal("pipe"), "");
  EXPECT_EQ(refusal("/dev/null"), "");
  EXPECT_EQ(refusal("new"), "");
}

TEST(ExpectWritable, GivenAnotherUserThenTheModesCount) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const test::TempFolder folder;
  ASSERT_EQ(::chmod(".", 0777), 0);
  for (const auto& [name, mode] : {std::pair<const char*, mode_t>{"kept", 0444}, {"free", 0666}}) {
    folder.write(name, "x");
    ASSERT_EQ(::chmod(name, mode), 0);
  }
  std::filesystem::create_directory("sticky");
  folder.write("sticky/x", "x");
  ASSERT_EQ(::chmod("sticky", 01777), 0);
  ASSERT_EQ(::chmod("sticky/x", 0666), 0);
  std::filesystem::create_directory("closed");
  EXPECT_EQ(refusal("kept"), "") << "root may";
  EXPECT_EQ(in_child([] {
              constexpr uid_t kNobody = 65534;
              return ::seteuid(kNobody) == 0 &&
                     refusal("kept") == "kept: --out: cannot be written: Permission denied" &&
                     refusal("free").empty() &&
                     refusal("sticky/x") ==
                         "sticky/x: --out: belongs to another user, in a folder where owners "
                         "replace files" &&
                     refusal("closed/x") ==
                         "closed/x: --out: its folder is missing or not writable";
            }),
            0);
}

TEST(Inputs, GivenAFileThatWasReadThenAnyNameOfItIsAnInput) {
  const test::TempFolder folder;
  folder.write("read", "x");
  folder.write("other", "x");
  std::filesystem::create_hard_link("read", "hard");
  read_file("read", 9);
  note_input("to come");
  EXPECT_EQ(input_that_is(find_target("./hard")), std::optional<std::string>("read"));
  EXPECT_EQ(input_that_is(find_target("./to come")), std::optional<std::string>("to come"));
  EXPECT_FALSE(input_that_is(find_target("other")));
}

}  // namespace
}  // namespace lacuna::base
