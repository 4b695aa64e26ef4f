// The built program, as a user calls it: from a command line or word by word, started, stopped,
// killed and limited; and a folder for what it writes.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace lacuna {

/// All bytes of a file; none if it cannot be read.
std::string read(const std::filesystem::path& file);

/// How a process ended, and what it said.
struct Output {
  int code = -1;      ///< -1: a signal ended it
  int signal = 0;     ///< that ended it
  std::string out;    ///< standard output
  std::string error;  ///< standard error
  long peak_kib = 0;  ///< largest resident memory, of it or of a process that it waited for
};

/// A process in the source folder, with the program's folder first on its PATH. What it says goes
/// to files without names. Killed with its object if it still runs.
class Running {
 public:
  /// The program. `prepare` runs in the new process before it: limits, another user.
  explicit Running(const std::vector<std::string>& arguments,
                   const std::function<void()>& prepare = {});
  static Running bash(const std::string& command);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  pid_t pid() const { return pid_; }
  void kill(int signal) const;
  bool ended() const;
  Output wait();
  /// Processes that it has started and that still run.
  std::vector<pid_t> children() const;
  /// A child that is not among `known`; -1 when the process ends first, or none comes.
  pid_t wait_for_child(const std::vector<pid_t>& known = {}) const;

 private:
  Running(const char* file, std::vector<std::string> words, const std::function<void()>& prepare);

  int out_ = -1;
  int error_ = -1;
  pid_t pid_ = -1;
};

/// A case of a test of the program: it has a folder of its own, empty at first.
class Program : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  /// Returns the file's path.
  std::string write(const std::string& name, const std::string& text) const;

  /// As typed behind "lacuna" in a shell.
  static Output lacuna(const std::string& arguments);
  /// Word by word.
  static Output lacuna(const std::vector<std::string>& arguments,
                       const std::function<void()>& prepare = {});
  static Output lacuna(std::initializer_list<std::string> arguments,
                       const std::function<void()>& prepare = {});
  static Output shell(const std::string& command);

  std::filesystem::path folder_;
};

}  // namespace lacuna
