// Memory that is given back before the object that holds it ends.
#pragma once

#include <cstddef>

namespace lacuna::base {

/// The whole pages within `size` bytes from `begin` on hold nothing any more: they take no memory,
/// and read as zeros, until they are written again.
void give_back_pages(char* begin, std::size_t size);

}  // namespace lacuna::base
