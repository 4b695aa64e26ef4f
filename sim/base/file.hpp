// Whole files in and out, bounded and never half-written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file_target.hpp"
#include "base/temporary.hpp"

namespace lacuna::base {

/// Reads a file of at most `max_bytes` and notes it as an input. Throws InputError when it is
/// missing, not a regular file, unreadable or larger.
std::string read_file(const std::string& path, std::int64_t max_bytes);

/// Without the byte order mark that some spreadsheets write before UTF-8 text.
std::string_view without_byte_order_mark(std::string_view text);

/// A file that is written piece by piece. It has no name until commit() puts it in place of `path`
/// in one step, so whatever ends the program before, `path` holds its old content and nothing is
/// left beside it. (On a file system without nameless files it has a TemporaryName in the same
/// folder.) A file that is replaced hands on its mode, and links to it stay links. A device or pipe
/// is written to as it is, and so is a descriptor by its name (/dev/stdout, /dev/fd/3). All throw
/// InputError naming `path`.
class OutputFile {
 public:
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view bytes);
  /// Flushes to the disk and gives the file its name. Nothing can be written after it.
  void commit();

 private:
  [[noreturn]] void fail(const char* what);
  void flush();
  void keep_mode();
  void name_temporary();

  std::string path_;
  FileTarget target_;
  TemporaryName temporary_;  ///< until commit(); none where it is nameless or written in place
  bool in_place_ = false;
  int file_ = -1;
  std::string waiting_;  ///< not written yet
};

/// An OutputFile of one piece.
void write_file(const std::string& path, std::string_view bytes);

}  // namespace lacuna::base
