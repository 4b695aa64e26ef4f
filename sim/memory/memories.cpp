#include "memory/memories.hpp"

namespace lacuna::memory {
namespace {

constexpr bool in_order() {
  for (std::size_t i = 0; i < kMemories.size(); ++i) {
    if (index_of(kMemories[i].id) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

std::vector<std::string> memory_names() {
  std::vector<std::string> names;
  names.reserve(kMemoryCount);
  for (const MemoryKind& memory : kMemories) names.emplace_back(memory.name);
  return names;
}

}  // namespace lacuna::memory
