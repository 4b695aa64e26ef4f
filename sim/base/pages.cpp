#include "base/pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace lacuna::base {

void give_back_pages(char* begin, std::size_t size) {
  static const auto kPage = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t from = (first + kPage - 1) / kPage * kPage;
  const std::uintptr_t to = (first + size) / kPage * kPage;
  // Where the system keeps them, memory is all that is lost.
  if (to > from) ::madvise(begin + (from - first), to - from, MADV_DONTNEED);
}

}  // namespace lacuna::base
