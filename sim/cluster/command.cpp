#include "cluster/command.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "base/limits.hpp"

namespace lacuna::cluster {
namespace {

/// What a program says goes to a file without a name: it never waits for a reader.
class Said {
 public:
  Said() : file_(::memfd_create("said", MFD_CLOEXEC)) {}
  ~Said() {
    if (file_ >= 0) ::close(file_);
  }
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;

  int file() const { return file_; }
  std::string text() const {
    constexpr off_t kMost = 1 << 24;
    const off_t end = std::min(::lseek(file_, 0, SEEK_END), kMost);
    std::string text(static_cast<std::size_t>(std::max<off_t>(end, 0)), '\0');
    const ssize_t got = ::pread(file_, text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
  }

 private:
  int file_;
};

}  // namespace

CommandResult run_command(const std::vector<std::string>& words) {
  const auto fail = [&](int error) {
    throw base::InputError({"", 0, words.front()}, "cannot be run: " + base::system_error(error),
                           "a program of that name on PATH");
  };
  std::vector<std::string> own = words;
  std::vector<char*> pointers;
  pointers.reserve(own.size() + 1);
  for (std::string& word : own) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const Said out;
  const Said error;
  if (out.file() < 0 || error.file() < 0) fail(errno);
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.file(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, error.file(), STDERR_FILENO);
  pid_t child = -1;
  const int failed =
      ::posix_spawnp(&child, pointers.front(), &actions, nullptr, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) fail(failed);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out.text(), error.text()};
}

}  // namespace lacuna::cluster
