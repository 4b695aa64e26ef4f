#include "store/store_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/limits.hpp"

namespace lacuna::store {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 3> kCompanions{"-wal", "-shm", "-journal"};

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw base::InputError({path, 0, ""}, what + ": " + base::system_error(errno));
}

[[noreturn]] void fail_as_taken(const std::string& path) {
  throw base::InputError({path, 0, ""}, "exists already",
                         "'resume' goes on with it; a new one needs a new name");
}

/// Locks an open file, for one alone or shared with others; the lock goes when the last descriptor
/// of that opening is closed. NFS makes of flock() one over all bytes (flock(2)), which SQLite's
/// own locks of some of them would meet: there it is one of a byte that SQLite does not know.
bool lock(int file, bool alone, bool waits = false) {
  struct statfs system {};
  if (::fstatfs(file, &system) == 0 && system.f_type == NFS_SUPER_MAGIC) {
    struct flock byte {};
    byte.l_type = alone ? F_WRLCK : F_RDLCK;
    byte.l_whence = SEEK_SET;
    byte.l_start = off_t{1} << 40;
    byte.l_len = 1;
    return ::fcntl(file, waits ? F_OFD_SETLKW : F_OFD_SETLK, &byte) == 0;
  }
  return ::flock(file, (alone ? LOCK_EX : LOCK_SH) | (waits ? 0 : LOCK_NB)) == 0;
}

/// A locked, empty file. Whoever removes dead ones may have taken it for one before it was locked:
/// then it has no name any more.
int open_temporary(const std::string& path) {
  constexpr mode_t kMode = 0666;  // less the user's mask
  while (true) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
    if (file < 0) return -1;
    struct stat status {};
    if (lock(file, true, true) && ::fstat(file, &status) == 0 && status.st_nlink > 0) {
      return file;
    }
    ::close(file);
  }
}

/// False where something has the name `to`.
bool rename_exclusively(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EINVAL || errno == ENOSYS) {  // no such rename on this file system (NFS)
    if (::link(from.c_str(), to.c_str()) == 0) return ::unlink(from.c_str()) == 0;
  }
  if (errno != EEXIST) fail(to, "cannot be given its name");
  return false;
}

bool is_temporary_of(const std::string& name, const std::string& store) {
  const std::string start = store + ".tmp.";
  if (name.compare(0, start.size(), start) != 0) return false;
  const std::size_t digits = name.find_first_not_of("0123456789", start.size());
  if (digits == start.size() || name.size() == start.size()) return false;
  return digits == std::string::npos || name.substr(digits) == kCompanions[2];
}

// https://sqlite.org/fileformat2.html#the_rollback_journal
constexpr std::array<unsigned char, 8> kJournalMagic{0xd9, 0xd5, 0x05, 0xf9,
                                                     0x20, 0xa1, 0x63, 0xd7};
constexpr off_t kLifeInPage = 60;  // PRAGMA user_version, in page 1

std::optional<std::uint32_t> big_endian_at(int file, off_t place) {
  std::array<unsigned char, 4> bytes{};
  if (::pread(file, bytes.data(), bytes.size(), place) != static_cast<ssize_t>(bytes.size())) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  for (const unsigned char byte : bytes) value = value << 8U | byte;
  return value;
}

/// The life in page 1 of the first section of a rollback journal; nothing where that holds no page
/// 1, as every transaction of a store does.
std::optional<std::int32_t> life_in_journal(int file) {
  constexpr off_t kCount = 8;
  constexpr off_t kSectorBytes = 20;
  constexpr off_t kPageBytes = 24;
  constexpr std::uint32_t kMostPages = 1U << 16U;  // no transaction of a store touches as many
  const auto count = big_endian_at(file, kCount);
  const auto sector = big_endian_at(file, kSectorBytes);
  const auto page = big_endian_at(file, kPageBytes);
  if (!count || !sector || !page) return std::nullopt;
  const off_t record = off_t{4} + *page + 4;  // number, page, checksum
  for (std::uint32_t i = 0; i < std::min(*count, kMostPages); ++i) {
    const off_t place = off_t{*sector} + i * record;
    const auto number = big_endian_at(file, place);
    if (!number) return std::nullopt;
    if (*number != 1) continue;
    const auto life = big_endian_at(file, place + 4 + kLifeInPage);
    return life ? std::optional<std::int32_t>(static_cast<std::int32_t>(*life)) : std::nullopt;
  }
  return std::nullopt;
}

void check_regular(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) fail(path, "cannot be opened");
  if (S_ISREG(status.st_mode)) return;
  throw base::InputError({path, 0, ""}, S_ISFIFO(status.st_mode)  ? "is a pipe (FIFO), no store"
                                        : S_ISDIR(status.st_mode) ? "is a folder, no store"
                                                                  : "is no regular file");
}

}  // namespace

std::string real_path(const std::string& path) {
  std::error_code missing;
  const fs::path real = fs::weakly_canonical(fs::absolute(path), missing);
  return missing ? path : real.string();
}

std::string wal_of(const std::string& path) { return real_path(path) + kCompanions[0]; }

void check_creatable(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (S_ISLNK(status.st_mode) && ::stat(path.c_str(), &status) != 0) {
      throw base::InputError({path, 0, ""}, "is a link to a file that is not there",
                             "the name of a new file");
    }
    fail_as_taken(path);
  }
  for (const char* companion : kCompanions) {
    const std::string name = real_path(path) + companion;
    if (::lstat(name.c_str(), &status) != 0) continue;
    // Another process may have made the store in between: then it is that one's.
    if (::lstat(path.c_str(), &status) == 0) fail_as_taken(path);
    throw base::InputError({name, 0, ""}, "is left from a store that was removed or moved",
                           "move it to that store, or remove it");
  }
}

void remove_dead_temporaries(const std::string& path) {
  const fs::path store(real_path(path));
  std::error_code unreadable;  // then there is nothing to be found
  for (fs::directory_iterator entry(store.parent_path(), unreadable), end;
       !unreadable && entry != end; entry.increment(unreadable)) {
    const std::string name = entry->path().filename().string();
    if (!is_temporary_of(name, store.filename().string())) continue;
    const std::string found = entry->path().string();
    const std::string journalled = found.substr(0, found.find_last_of("0123456789") + 1);
    // A journal (0.1.0 left them) goes with its file, or where that is gone.
    const int file = ::open(journalled.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 && errno != ENOENT) continue;
    if (file < 0 || lock(file, true)) ::unlink(found.c_str());
    if (file >= 0) ::close(file);
  }
}

NewFile::NewFile(std::string path) : path_(std::move(path)) {
  check_creatable(path_);
  remove_dead_temporaries(path_);
  const std::string name = path_ + ".tmp." + std::to_string(::getpid());
  lock_.file_ = open_temporary(name);
  if (lock_.file_ < 0) fail(path_, "cannot be written");
  temporary_.set(name);
}

WriterLock NewFile::publish() {
  if (::fsync(lock_.file_) != 0) fail(path_, "cannot be written");
  if (!rename_exclusively(name(), path_)) fail_as_taken(path_);
  temporary_.forget();
  return std::move(lock_);
}

WriterLock WriterLock::hold(const std::string& path, bool alone) {
  const int access = alone ? O_RDWR : O_RDONLY;
  check_regular(path);
  constexpr int kTries = 20;  // workers of a killed writer take a moment to follow it
  for (int i = 0; i < kTries; ++i) {
    WriterLock own;
    own.file_ = ::open(path.c_str(), access | O_CLOEXEC);
    if (own.file_ < 0) fail(path, alone ? "cannot be written" : "cannot be read");
    if (lock(own.file_, alone) && own.is_named(path)) return own;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  throw base::InputError({path, 0, ""}, "another process is writing it", "one writer at a time");
}

WriterLock WriterLock::take(const std::string& path) { return hold(path, true); }

WriterLock WriterLock::keep_out(const std::string& path) { return hold(path, false); }

WriterLock::WriterLock(WriterLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

WriterLock& WriterLock::operator=(WriterLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

WriterLock::~WriterLock() {
  if (file_ >= 0) ::close(file_);
}

bool WriterLock::is_named(const std::string& path) const {
  struct stat own {};
  struct stat named {};
  return ::fstat(file_, &own) == 0 && ::stat(path.c_str(), &named) == 0 &&
         own.st_dev == named.st_dev && own.st_ino == named.st_ino;
}

std::optional<FileHead> read_head(const std::string& path) {
  check_regular(path);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(path, "cannot be read");
  constexpr std::size_t kBytes = 100;
  std::array<unsigned char, kBytes> head{};
  const ssize_t got = ::pread(file, head.data(), kBytes, 0);
  ::close(file);
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  if (got != static_cast<ssize_t>(kBytes) ||
      !std::equal(kMagic.begin(), kMagic.end(), head.begin(),
                  [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; })) {
    return std::nullopt;
  }
  constexpr std::size_t kReadVersion = 19;
  constexpr std::size_t kUserVersion = 60;
  std::uint32_t life = 0;
  for (std::size_t i = 0; i < 4; ++i) life = life << 8 | head[kUserVersion + i];
  return FileHead{head[kReadVersion] == 2, static_cast<std::int32_t>(life)};
}

// Every transaction of a store writes its life into page 1, so its journal holds that page.
void check_journal(const std::string& path, std::int32_t life) {
  const std::string name = real_path(path) + kCompanions[2];
  const int file = ::open(name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return;
  if (file < 0) fail(name, "cannot be read");
  std::array<unsigned char, kJournalMagic.size()> magic{};
  const bool is_hot =
      ::pread(file, magic.data(), magic.size(), 0) == static_cast<ssize_t>(magic.size()) &&
      magic == kJournalMagic;
  const std::optional<std::int32_t> of_journal = is_hot ? life_in_journal(file) : std::nullopt;
  ::close(file);
  if (!is_hot || (life != 0 && of_journal == life)) return;
  throw base::InputError({name, 0, ""},
                         life == 0 ? "cannot be told from the journal of another store"
                                   : "is the journal of another store that had this name",
                         "move it to that store, or remove it");
}

PrivateCopy::PrivateCopy(const std::string& path) {
  const int source = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (source < 0) fail(path, "cannot be read");
  const bool free = lock(source, false);
  try {
    if (!free) {
      throw base::InputError({path, 0, ""}, "is being written in a folder that you may not write",
                             "wait until that has ended");
    }
    std::string name = (fs::temp_directory_path() / "lacuna_store_XXXXXX").string();
    const auto check = [&](const std::error_code& failure) {
      if (!failure) return;
      throw base::InputError(
          {path, 0, ""}, "cannot be copied to " + name + ": " + failure.message(),
          "a folder with room, named by TMPDIR, to read it with its -wal; or the right to write "
          "its own folder");
    };
    const int made = ::mkstemp(name.data());
    check(made < 0 ? std::error_code(errno, std::generic_category()) : std::error_code());
    ::close(made);
    file_.set(name);
    const auto copy = [&](const std::string& from, const std::string& to) {
      std::error_code error;
      fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
      check(error);
      fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write, error);
      check(error);
    };
    copy(path, name);
    wal_.set(name + kCompanions[0]);  // SQLite may make one where there is none to copy
    if (fs::exists(wal_of(path))) copy(wal_of(path), wal_.path());
  } catch (...) {
    ::close(source);
    throw;
  }
  ::close(source);
}

bool may_write(const std::string& path) {
  const std::string folder = fs::path(real_path(path)).parent_path().string();
  return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0 &&
         ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

}  // namespace lacuna::store
