// Numbers of steps, layers and values are signed everywhere; vectors are indexed unsigned.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lacuna::fast {

constexpr std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

}  // namespace lacuna::fast
