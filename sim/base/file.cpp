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

void write_file(const std::string& path, const std::string& bytes) {
  // A device or pipe is written to; renaming a file over it would replace it.
  struct stat status {};
  const bool in_place = ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  const std::string temporary = in_place ? path : path + ".tmp." + std::to_string(::getpid());
  const auto fail = [&](const char* what) {
    const int error = errno;
    if (!in_place) ::unlink(temporary.c_str());
    throw InputError({path, 0, ""}, std::string(what) + ": " + std::strerror(error));
  };
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) fail("cannot be written");
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(file, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      const int error = errno;
      ::close(file);
      errno = error;
      fail("cannot be written");
    }
    done += static_cast<std::size_t>(wrote);
  }
  if (!in_place && ::fsync(file) != 0) {
    const int error = errno;
    ::close(file);
    errno = error;
    fail("cannot be written");
  }
  if (::close(file) != 0) fail("cannot be written");
  if (in_place) return;
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail("cannot be renamed into place");
}

}  // namespace lacuna::base
