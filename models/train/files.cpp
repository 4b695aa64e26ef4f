#include "files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "error.hpp"

namespace lacuna::train {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const char* what) {
  throw TrainError(fmt::format("{}: {}: {}", file.string(), what, std::strerror(errno)));
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

void write_whole_file(const std::filesystem::path& file, std::string_view bytes) {
  // A dot file in the same folder: rename() is atomic only within one file system.
  const std::filesystem::path temporary =
      file.parent_path() / fmt::format(".{}.{}.tmp", file.filename().string(), ::getpid());
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) fail(temporary, "cannot create");
  // fsync before the rename, or a power cut could leave an empty file under the final name.
  const bool written = write_all(descriptor, bytes) && ::fsync(descriptor) == 0;
  const int saved = errno;
  const bool closed = ::close(descriptor) == 0;
  if (!written || !closed) {
    if (!written) errno = saved;
    ::unlink(temporary.c_str());
    fail(temporary, "cannot write");
  }
  if (::rename(temporary.c_str(), file.c_str()) != 0) {
    ::unlink(temporary.c_str());
    fail(file, "cannot rename");
  }
}

std::string read_whole_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) fail(file, "cannot read");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace lacuna::train
