#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.hpp"

namespace lacuna::base {

std::string read_file(const std::string& path, std::int64_t max_bytes) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    throw InputError({path, 0, ""}, std::string("cannot be read: ") + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) throw InputError({path, 0, ""}, "is not a regular file");
  if (status.st_size > max_bytes) {
    throw InputError({path, 0, ""}, "has " + std::to_string(status.st_size) + " bytes",
                     "at most " + std::to_string(max_bytes) + " are read");
  }
  std::ifstream stream(path, std::ios::binary);
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!stream || stream.gcount() != static_cast<std::streamsize>(bytes.size())) {
    throw InputError({path, 0, ""}, "cannot be read");
  }
  return bytes;
}

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  // A device or pipe is written to; renaming a file over it would replace it.
  struct stat status {};
  in_place_ = ::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  constexpr mode_t kMode = 0666;  // less the user's mask
  if (!in_place_) {
    const std::size_t slash = path_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
    file_ = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode);
    if (file_ >= 0) return;
    temporary_ = path_ + ".tmp." + std::to_string(::getpid());
  }
  file_ = ::open((in_place_ ? path_ : temporary_).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                 kMode);
  if (file_ < 0) fail("cannot be written");
}

OutputFile::~OutputFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::fail(const char* what) {
  throw InputError({path_, 0, ""}, std::string(what) + ": " + std::strerror(errno));
}

void OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file_, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail("cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

void OutputFile::commit() {
  if (!in_place_ && ::fsync(file_) != 0) fail("cannot be written");
  if (!in_place_ && temporary_.empty()) {
    // A link cannot replace a file, a rename can. open(2) names this way to link a nameless file.
    const std::string open_file = "/proc/self/fd/" + std::to_string(file_);
    const std::string name = path_ + ".tmp." + std::to_string(::getpid());
    ::unlink(name.c_str());
    if (::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      fail("cannot be given its name");
    }
    temporary_ = name;
  }
  const int file = file_;
  file_ = -1;
  if (::close(file) != 0) fail("cannot be written");
  if (in_place_) return;
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot be renamed into place");
  temporary_.clear();
}

void write_file(const std::string& path, std::string_view bytes) {
  OutputFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace lacuna::base
