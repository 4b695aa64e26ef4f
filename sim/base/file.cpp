#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "base/limits.hpp"

namespace lacuna::base {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

std::string read_file(const std::string& path, std::int64_t max_bytes) {
  note_input(path);
  expect_regular_file(path);
  // A pipe that has taken its place since then must not be waited for.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) {
    throw InputError({path, 0, ""}, "cannot be read: " + system_error(errno));
  }
  if (status.st_size > max_bytes) {
    throw InputError({path, 0, ""}, "has " + std::to_string(status.st_size) + " bytes",
                     "at most " + std::to_string(max_bytes) + " are read");
  }
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::read(file.number(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw InputError({path, 0, ""}, "cannot be read: " + system_error(errno));
    if (got == 0) throw InputError({path, 0, ""}, "became shorter while it was read");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.substr(0, kMark.size()) == kMark) text.remove_prefix(kMark.size());
  return text;
}

OutputFile::OutputFile(std::string path) : path_(std::move(path)), target_(find_target(path_)) {
  expect_writable(target_, {path_, 0, ""});
  if (target_.descriptor) {
    in_place_ = true;
    file_ = ::fcntl(*target_.descriptor, F_DUPFD_CLOEXEC, 0);
    if (file_ < 0) fail("cannot be written");
    return;
  }
  // A device or pipe is written to; renaming a file over it would replace it.
  in_place_ = target_.exists && !S_ISREG(target_.status.st_mode);
  constexpr mode_t kMode = 0666;  // less the user's mask
  if (in_place_) {
    file_ = ::open(target_.path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  } else {
    file_ = ::open(target_.folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode);
    if (file_ >= 0) return;
    name_temporary();
    file_ = ::open(temporary_.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
  }
  if (file_ < 0) fail("cannot be written");
}

OutputFile::~OutputFile() {
  if (file_ >= 0) ::close(file_);
}

void OutputFile::fail(const char* what) {
  throw InputError({path_, 0, ""}, std::string(what) + ": " + system_error(errno));
}

/// Short: the file's own name may be as long as names can be.
void OutputFile::name_temporary() {
  static std::atomic<int> g_count{0};
  const std::string name = target_.folder + "/.lacuna.tmp." + std::to_string(::getpid()) + "." +
                           std::to_string(g_count++);
  ::unlink(name.c_str());  // of a process that had this number before and was killed
  temporary_.set(name);
}

/// Who may read and write the file that is replaced may do so still, and nobody else.
void OutputFile::keep_mode() {
  if (!target_.exists) return;
  constexpr mode_t kPermissions = 0777;
  constexpr mode_t kGroup = 0070;
  mode_t mode = target_.status.st_mode & kPermissions;
  struct stat own {};
  if (::fstat(file_, &own) != 0) fail("cannot be written");
  if (own.st_uid != target_.status.st_uid || own.st_gid != target_.status.st_gid) {
    const bool same_group = ::fchown(file_, target_.status.st_uid, target_.status.st_gid) == 0 ||
                            ::fchown(file_, static_cast<uid_t>(-1), target_.status.st_gid) == 0;
    // Another group now: it gets no more than anybody has.
    if (!same_group) mode &= ~kGroup | (mode & 0007U) << 3U;
  }
  if (::fchmod(file_, mode) != 0) fail("cannot be given its mode");
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
  if (!in_place_) {
    keep_mode();
    if (::fsync(file_) != 0) fail("cannot be written");
    if (temporary_.path().empty()) {
      // A link cannot replace a file, a rename can. open(2) names this way to link a nameless file.
      const std::string open_file = "/proc/self/fd/" + std::to_string(file_);
      name_temporary();
      if (::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, temporary_.path().c_str(),
                   AT_SYMLINK_FOLLOW) != 0) {
        fail("cannot be given its name");
      }
    }
  }
  const int file = file_;
  file_ = -1;
  if (::close(file) != 0) fail("cannot be written");
  if (in_place_) return;
  if (::rename(temporary_.path().c_str(), target_.path.c_str()) != 0) {
    fail("cannot be renamed into place");
  }
  temporary_.forget();
}

void write_file(const std::string& path, std::string_view bytes) {
  OutputFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace lacuna::base
