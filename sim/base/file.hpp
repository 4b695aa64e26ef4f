// Whole files in and out, bounded and never half-written.
#pragma once

#include <cstdint>
#include <string>

namespace lacuna::base {

/// Reads a file of at most `max_bytes`. Throws InputError when it is missing, not a regular file,
/// unreadable or larger.
std::string read_file(const std::string& path, std::int64_t max_bytes);

/// Writes `bytes` to a temporary name in the same folder, then renames it over `path`, so that
/// `path` holds either the old or the whole new content. A device or pipe is written to as it is.
/// Throws InputError naming `path`.
void write_file(const std::string& path, const std::string& bytes);

/// The same piece by piece, for files that need not fit into memory. Until commit() nothing stands
/// at `path`; without it nothing is left.
class FileWriter {
 public:
  explicit FileWriter(const std::string& path);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void write(const std::string& bytes);
  void commit();

 private:
  [[noreturn]] void fail(const char* what) const;
  void flush();

  std::string path_;
  std::string target_;  ///< the same with links followed
  std::string temporary_;
  bool in_place_ = false;
  int file_ = -1;
  std::string waiting_;
};

}  // namespace lacuna::base
