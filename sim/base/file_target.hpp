// Which file a path stands for: links followed, open descriptors told apart, two names of one file
// found equal. Nothing here opens a file.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "base/error.hpp"

namespace lacuna::base {

struct FileTarget {
  std::string path;    ///< without links; nothing need be there
  std::string folder;  ///< that holds it, without links; empty where there is no such folder
  /// Of this process, where the path names one: /dev/stdout, /dev/fd/5, /proc/self/fd/5, a link to
  /// those. Opening such a name again would begin at the file's first byte.
  std::optional<int> descriptor;
  bool exists = false;
  int error = 0;                 ///< why it cannot be told whether it exists; an errno
  struct stat status {};         ///< of what exists
  struct stat folder_status {};  ///< where there is a folder
};

FileTarget find_target(const std::string& path);

/// True for two names of one file, whether it is there or not.
bool is_same_file(const FileTarget& a, const FileTarget& b);

/// "a folder", "a pipe (FIFO)", ... for a message.
const char* file_kind(mode_t mode);

/// Throws InputError that says what `path` is when it is no regular file that can be read.
void expect_regular_file(const std::string& path);

/// Throws InputError at `place` when no file can be created or replaced there, or what is there
/// must not be written by this user: a folder, a write-protected file, a descriptor that is closed,
/// read-only or our own.
void expect_writable(const FileTarget& target, const Place& place);

/// To be called before anything is opened: descriptors that are open now are the user's, others
/// that come to be open are the program's own and no path leads to them. Before the first call all
/// are the user's.
void note_descriptors();

/// Says that a file is an input: read, or named by one that is. Outputs must not replace it.
void note_input(const std::string& path);
/// The same of every file in a folder and the folders in it, those that come later, too.
void note_input_folder(const std::string& path);
/// The name by which a file was noted as an input; nothing where it is none.
std::optional<std::string> input_that_is(const FileTarget& target);

}  // namespace lacuna::base
