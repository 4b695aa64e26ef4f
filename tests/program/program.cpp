#include "program/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace lacuna {
namespace {

constexpr std::chrono::milliseconds kMoment{1};
constexpr int kMostMoments = 120'000;

std::string all_of(int file) {
  std::string text(static_cast<std::size_t>(std::max<off_t>(::lseek(file, 0, SEEK_END), 0)), '\0');
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  if (got != static_cast<ssize_t>(text.size())) throw std::runtime_error("an output was not read");
  return text;
}

int unnamed_file() {
  const int file = ::memfd_create("output", MFD_CLOEXEC);
  if (file < 0) throw std::runtime_error("no file for an output");
  return file;
}

}  // namespace

std::string read(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

Running::Running(const char* file, std::vector<std::string> words,
                 const std::function<void()>& prepare)
    : out_(unnamed_file()), error_(unnamed_file()) {
  // Opened first: another user need not get to where the program lies.
  const int program = ::open(file, O_RDONLY | O_CLOEXEC);
  if (program < 0) throw std::runtime_error(std::string("no program ") + file);
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no process to be had");
  if (pid_ == 0) {
    const std::string folder = std::filesystem::path(LACUNA_PROGRAM).parent_path().string();
    const char* const others = std::getenv("PATH");
    if (::chdir(LACUNA_SOURCE_DIR) == 0 && ::dup2(out_, STDOUT_FILENO) >= 0 &&
        ::dup2(error_, STDERR_FILENO) >= 0 &&
        ::setenv("PATH", (folder + ":" + (others == nullptr ? "" : others)).c_str(), 1) == 0) {
      if (prepare) prepare();
      ::fexecve(program, pointers.data(), environ);
    }
    ::_exit(99);
  }
  ::close(program);
}

Running::Running(const std::vector<std::string>& arguments, const std::function<void()>& prepare)
    : Running(
          LACUNA_PROGRAM,
          [&] {
            std::vector<std::string> words{"lacuna"};
            words.insert(words.end(), arguments.begin(), arguments.end());
            return words;
          }(),
          prepare) {}

Running Running::bash(const std::string& command) {
  return Running("/bin/bash", {"bash", "-c", command}, {});
}

Running::~Running() {
  if (pid_ > 0) {
    kill(SIGKILL);
    wait();
  }
  ::close(out_);
  ::close(error_);
}

void Running::kill(int signal) const { ::kill(pid_, signal); }

bool Running::ended() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

Output Running::wait() {
  int status = 0;
  struct rusage usage {};
  ::wait4(pid_, &status, 0, &usage);
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
          all_of(out_), all_of(error_), usage.ru_maxrss};
}

std::vector<pid_t> Running::children() const {
  const std::string id = std::to_string(pid_);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  return {std::istream_iterator<pid_t>(list), std::istream_iterator<pid_t>()};
}

pid_t Running::wait_for_child(const std::vector<pid_t>& known) const {
  for (int i = 0; i < kMostMoments && !ended(); ++i) {
    for (const pid_t child : children()) {
      if (std::find(known.begin(), known.end(), child) == known.end()) return child;
    }
    std::this_thread::sleep_for(kMoment);
  }
  return -1;
}

void Program::SetUp() {
  std::string pattern = (std::filesystem::temp_directory_path() / "lacuna_XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  folder_ = pattern;
}

void Program::TearDown() { std::filesystem::remove_all(folder_); }

std::string Program::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name), std::ios::binary) << text;
  return path(name);
}

Output Program::lacuna(const std::string& arguments) { return shell("lacuna " + arguments); }

Output Program::lacuna(const std::vector<std::string>& arguments,
                       const std::function<void()>& prepare) {
  return Running(arguments, prepare).wait();
}

Output Program::lacuna(std::initializer_list<std::string> arguments,
                       const std::function<void()>& prepare) {
  return lacuna(std::vector<std::string>(arguments), prepare);
}

Output Program::shell(const std::string& command) { return Running::bash(command).wait(); }

}  // namespace lacuna
