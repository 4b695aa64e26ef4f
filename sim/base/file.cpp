#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

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

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.substr(0, kMark.size()) == kMark) text.remove_prefix(kMark.size());
  return text;
}

namespace {

// The open file that a name of the system's stands for, or -1. Opening it again by that name would
// begin at its first byte, and renaming over it would replace the name.
int standing_for(const std::string& path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const char* folder : {"/dev/fd/", "/proc/self/fd/"}) {
    const std::size_t length = std::strlen(folder);
    constexpr std::size_t kMostDigits = 6;
    if (path.compare(0, length, folder) != 0 || path.size() == length ||
        path.size() > length + kMostDigits ||
        path.find_first_not_of("0123456789", length) != std::string::npos) {
      continue;
    }
    return std::stoi(path.substr(length));
  }
  return -1;
}

}  // namespace

OutputFile::OutputFile(std::string path) : path_(std::move(path)), target_(path_) {
  const int open_file = standing_for(path_);
  if (open_file >= 0) {
    in_place_ = true;
    file_ = ::fcntl(open_file, F_DUPFD_CLOEXEC, 0);
    if (file_ < 0) fail("cannot be written");
    return;
  }
  // A device or pipe is written to; renaming a file over it would replace it. A link stays one.
  struct stat status {};
  in_place_ = ::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  std::error_code missing;
  const std::filesystem::path target = std::filesystem::canonical(path_, missing);
  if (!missing) target_ = target.string();
  constexpr mode_t kMode = 0666;  // less the user's mask
  if (!in_place_) {
    const std::size_t slash = target_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : target_.substr(0, slash + 1);
    file_ = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode);
    if (file_ >= 0) return;
    temporary_.set(target_ + ".tmp." + std::to_string(::getpid()));
  }
  file_ = ::open((in_place_ ? target_ : temporary_.path()).c_str(),
                 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  if (file_ < 0) fail("cannot be written");
}

OutputFile::~OutputFile() {
  if (file_ >= 0) ::close(file_);
}

void OutputFile::fail(const char* what) {
  throw InputError({path_, 0, ""}, std::string(what) + ": " + std::strerror(errno));
}

void OutputFile::write(std::string_view bytes) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  waiting_ += bytes;
  if (waiting_.size() >= kPiece) flush();
}

void OutputFile::flush() {
  std::string_view bytes = waiting_;
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file_, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail("cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  waiting_.clear();
}

void OutputFile::commit() {
  flush();
  if (!in_place_ && ::fsync(file_) != 0) fail("cannot be written");
  if (!in_place_ && temporary_.path().empty()) {
    // A link cannot replace a file, a rename can. open(2) names this way to link a nameless file.
    const std::string open_file = "/proc/self/fd/" + std::to_string(file_);
    const std::string name = target_ + ".tmp." + std::to_string(::getpid());
    ::unlink(name.c_str());
    temporary_.set(name);
    if (::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      fail("cannot be given its name");
    }
  }
  const int file = file_;
  file_ = -1;
  if (::close(file) != 0) fail("cannot be written");
  if (in_place_) return;
  if (::rename(temporary_.path().c_str(), target_.c_str()) != 0)
    fail("cannot be renamed into place");
  temporary_.forget();
}

void write_file(const std::string& path, std::string_view bytes) {
  OutputFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace lacuna::base
