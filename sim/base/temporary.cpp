#include "base/temporary.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <utility>

namespace lacuna::base {
namespace {

/// A handler can read these at any moment. A name that finds no place is removed by its destructor
/// alone.
std::array<std::atomic<const char*>, 32> g_names{};
static_assert(std::atomic<const char*>::is_always_lock_free);

}  // namespace

TemporaryName::TemporaryName(std::string path) { set(std::move(path)); }

void TemporaryName::set(std::string path) {
  remove();
  path_ = std::move(path);
  for (std::size_t i = 0; i < g_names.size() && slot_ < 0; ++i) {
    const char* free = nullptr;
    if (g_names[i].compare_exchange_strong(free, path_.c_str())) slot_ = static_cast<int>(i);
  }
}

void TemporaryName::forget() {
  if (slot_ >= 0) g_names[static_cast<std::size_t>(slot_)] = nullptr;
  slot_ = -1;
  path_.clear();
}

void TemporaryName::remove() {
  if (!path_.empty()) ::unlink(path_.c_str());
  forget();
}

void remove_temporaries() noexcept {
  for (const std::atomic<const char*>& name : g_names) {
    if (const char* path = name.load()) ::unlink(path);
  }
}

}  // namespace lacuna::base
