#include "base/file_target.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "base/limits.hpp"

namespace lacuna::base {
namespace {

/// Open when the program started; nothing before note_descriptors().
std::optional<std::set<int>> g_descriptors;

struct Inputs {
  std::mutex mutex;
  std::set<std::string> paths;
  std::set<std::string> folders;
};

Inputs& inputs() {
  static Inputs all;
  return all;
}

std::optional<int> number_of(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value >= 0 ? std::optional<int>(value) : std::nullopt;
}

/// Empty where there is no such folder.
std::string without_links(const std::string& folder) {
  const std::unique_ptr<char, decltype(&std::free)> path(::realpath(folder.c_str(), nullptr),
                                                         &std::free);
  return path == nullptr ? "" : path.get();
}

/// /proc/PID/fd and /proc/PID/task/TID/fd of this process.
bool holds_our_descriptors(const std::string& folder) {
  const std::string own = "/proc/" + std::to_string(::getpid()) + "/";
  constexpr const char* kLast = "/fd";
  return folder.compare(0, own.size(), own) == 0 && folder.size() >= own.size() + 2 &&
         folder.compare(folder.size() - 3, 3, kLast) == 0;
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

std::set<int> open_descriptors() {
  std::set<int> all;
  // Without this folder no path leads to a descriptor.
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir("/proc/self/fd"));
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const auto number = number_of(entry->d_name);
    if (number && *number != ::dirfd(folder.get())) all.insert(*number);
  }
  return all;
}

void take_descriptor(FileTarget& target, const std::string& name) {
  target.descriptor = number_of(name).value_or(INT_MAX);  // a name of other digits is never open
  target.exists = ::fstat(*target.descriptor, &target.status) == 0;
}

std::optional<std::string> link_at(const std::string& path) {
  std::string text(PATH_MAX, '\0');
  const ssize_t length = ::readlink(path.c_str(), text.data(), text.size());
  if (length < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(length));
  return text;
}

bool may(const std::string& path, int how) {
  return ::faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0;
}

// In a sticky folder, as /tmp, a file is replaced by its owner, the folder's, or root.
bool may_replace(const FileTarget& target) {
  const uid_t user = ::geteuid();
  return (target.folder_status.st_mode & S_ISVTX) == 0 || user == 0 ||
         user == target.status.st_uid || user == target.folder_status.st_uid;
}

/// A file that is mounted by itself, as into a container: no rename replaces it.
bool is_mounted(const std::string& path) {
  struct statx status {};
  return ::statx(AT_FDCWD, path.c_str(), 0, STATX_TYPE, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

void expect_descriptor(const FileTarget& target, const Place& place) {
  const int descriptor = *target.descriptor;
  const bool given = !g_descriptors || g_descriptors->count(descriptor) > 0;
  const int flags = given ? ::fcntl(descriptor, F_GETFL) : -1;
  if (flags < 0) {
    throw InputError(place, "is not open", "a descriptor that the program was started with");
  }
  if ((flags & O_ACCMODE) == O_RDONLY) throw InputError(place, "is open only for reading");
}

}  // namespace

FileTarget find_target(const std::string& path) {
  constexpr int kMostLinks = 40;  // as the system's own limit
  FileTarget target;
  target.path = path;
  for (int links = 0; links <= kMostLinks; ++links) {
    const std::size_t slash = target.path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : target.path.substr(0, slash + 1);
    const std::string name = target.path.substr(slash == std::string::npos ? 0 : slash + 1);
    target.folder = without_links(folder);
    if (target.folder.empty()) return target;
    target.path = (target.folder == "/" ? "" : target.folder) + "/" + name;
    if (holds_our_descriptors(target.folder)) {
      take_descriptor(target, name);
      return target;
    }
    const auto link = link_at(target.path);
    if (!link) break;
    // A process's files are links that lead to no name: what is behind is what they are.
    if (target.folder.compare(0, 6, "/proc/") == 0 && link->front() != '/') break;
    target.path = link->front() == '/' ? *link : target.folder + "/" + *link;
    target.folder.clear();
  }
  if (target.folder.empty() || ::stat(target.folder.c_str(), &target.folder_status) != 0) {
    target.error = ELOOP;
    return target;
  }
  target.exists = ::stat(target.path.c_str(), &target.status) == 0;
  if (!target.exists && errno != ENOENT) target.error = errno;
  return target;
}

bool is_same_file(const FileTarget& a, const FileTarget& b) {
  const auto same = [](const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
  };
  if (a.exists && b.exists && same(a.status, b.status)) return true;
  if (a.descriptor || b.descriptor) return false;
  // By name, too: one of them may have been looked at before the file was there.
  const auto name = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  return !a.folder.empty() && !b.folder.empty() && same(a.folder_status, b.folder_status) &&
         name(a.path) == name(b.path);
}

const char* file_kind(mode_t mode) {
  if (S_ISREG(mode)) return "a regular file";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe (FIFO)";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

void expect_regular_file(const std::string& path) {
  const FileTarget target = find_target(path);
  if (target.descriptor && g_descriptors && g_descriptors->count(*target.descriptor) == 0) {
    throw InputError({path, 0, ""}, "is not open",
                     "a descriptor that the program was started with");
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    throw InputError({path, 0, ""}, "cannot be read: " + system_error(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    throw InputError({path, 0, ""},
                     std::string("is not a regular file but ") + file_kind(status.st_mode));
  }
}

void expect_writable(const FileTarget& target, const Place& place) {
  if (target.descriptor) return expect_descriptor(target, place);
  constexpr const char* kNoFolder = "its folder is missing or not writable";
  if (target.error != 0) {
    throw InputError(place, "cannot be written: " + system_error(target.error));
  }
  if (target.folder.empty()) throw InputError(place, kNoFolder);
  if (target.exists && S_ISDIR(target.status.st_mode)) {
    throw InputError(place, "is a folder", "a file name is required");
  }
  if (target.exists && S_ISSOCK(target.status.st_mode)) {
    throw InputError(place, "is a socket", "a file, a pipe or a device is required");
  }
  if (target.exists && !may(target.path, W_OK)) {
    throw InputError(place, "cannot be written: " + system_error(errno));
  }
  if (target.exists && !S_ISREG(target.status.st_mode)) return;  // written to where it is
  if (!may(target.folder, W_OK | X_OK)) throw InputError(place, kNoFolder);
  if (target.exists && is_mounted(target.path)) {
    throw InputError(place, "is mounted by itself and cannot be replaced", "a file of its folder");
  }
  if (target.exists && !may_replace(target)) {
    throw InputError(place, "belongs to another user, in a folder where owners replace files");
  }
}

void note_descriptors() {
  g_descriptors = open_descriptors();
  // One of the three that the caller closed would be the number of the next file that is opened,
  // and what is printed would go there. These fail when they are used.
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(standard, F_GETFD) >= 0) continue;
    const int open_as = standard == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    SIM_CHECK(::open("/dev/null", open_as) == standard, "files", -1, "/dev/null cannot be opened");
  }
}

void note_input(const std::string& path) {
  const std::lock_guard<std::mutex> lock(inputs().mutex);
  inputs().paths.insert(path);
}

void note_input_folder(const std::string& path) {
  const std::lock_guard<std::mutex> lock(inputs().mutex);
  inputs().folders.insert(path);
}

namespace {

/// The name in a folder, or below, of a file that is there; nothing where it has none. Links are
/// followed, each folder is entered once.
std::optional<std::string> name_in(const std::string& folder, const struct stat& status) {
  std::set<std::pair<dev_t, ino_t>> entered;
  std::vector<std::string> left{folder};
  while (!left.empty()) {
    const std::string path = left.back();
    left.pop_back();
    struct stat own {};
    if (::stat(path.c_str(), &own) != 0) continue;
    if (own.st_dev == status.st_dev && own.st_ino == status.st_ino) return path;
    if (!S_ISDIR(own.st_mode) || !entered.insert({own.st_dev, own.st_ino}).second) continue;
    const std::unique_ptr<DIR, CloseFolder> entries(::opendir(path.c_str()));
    if (entries == nullptr) continue;
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      left.push_back(path);
      left.back().append("/").append(name);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> input_that_is(const FileTarget& target) {
  const std::lock_guard<std::mutex> lock(inputs().mutex);
  for (const std::string& path : inputs().paths) {
    if (is_same_file(find_target(path), target)) return path;
  }
  // What is not there yet is no input.
  if (!target.exists) return std::nullopt;
  for (const std::string& folder : inputs().folders) {
    if (auto name = name_in(folder, target.status)) return name;
  }
  return std::nullopt;
}

}  // namespace lacuna::base
