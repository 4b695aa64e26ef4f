#include "base/limits.hpp"

#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace lacuna::base {

std::string system_error(int error) {
  switch (error) {
    case EAGAIN: {
      // pthread_create also says so where the memory of a stack is not to be had.
      struct rlimit memory {};
      const bool bounded = ::getrlimit(RLIMIT_AS, &memory) == 0 && memory.rlim_cur != RLIM_INFINITY;
      return std::string("the limit of processes and threads (ulimit -u)") +
             (bounded ? " or of memory (ulimit -v)" : "");
    }
    case EFBIG: {
      rlimit size{};
      std::string text = std::strerror(error);
      if (::getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_cur != RLIM_INFINITY) {
        text += "; the limit of a file's size (ulimit -f) is " + std::to_string(size.rlim_cur) +
                " bytes";
      }
      return text;
    }
    case EMFILE:
      return "the limit of open files (ulimit -n)";
    case ENFILE:
      return "the system's limit of open files";
    case ENOMEM:
      return "the memory of this computer, or its limit (ulimit -v)";
    default:
      return std::strerror(error);
  }
}

}  // namespace lacuna::base
