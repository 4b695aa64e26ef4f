#include "network/normalise/transposed.hpp"

#include <algorithm>

namespace lacuna::network {
namespace {

/// Calls `move` with the places of each value in a transposed tensor and in the one it was.
template <class Move>
void for_transposed(const Sizes& from, const Sizes& perm, const Move& move) {
  if (perm.empty()) return move(std::size_t{0}, std::size_t{0});
  const std::size_t rank = perm.size();
  Sizes strides(rank, 1);
  for (std::size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * from[i];
  // The last axis of either tensor goes in tiles, each of which reads and writes whole cache lines.
  constexpr std::int64_t kTile = 64;
  struct Axis {
    std::int64_t size, read, write;
  };
  std::vector<Axis> outer;
  Axis of_read{1, 0, 0};
  Axis of_write{1, 0, 0};
  std::int64_t write = 1;
  for (std::size_t i = rank; i-- > 0;) {
    const auto axis = static_cast<std::size_t>(perm[i]);
    const Axis own{from[axis], strides[axis], write};
    write *= own.size;
    if (i + 1 == rank) {
      of_write = own;
    } else if (axis + 1 == rank) {
      of_read = own;
    } else {
      outer.push_back(own);
    }
  }
  Sizes at(outer.size(), 0);
  std::int64_t to = 0;
  std::int64_t place = 0;
  for (;;) {
    for (std::int64_t r = 0; r < of_read.size; r += kTile) {
      for (std::int64_t w = 0; w < of_write.size; w += kTile) {
        const std::int64_t r_end = std::min(r + kTile, of_read.size);
        const std::int64_t w_end = std::min(w + kTile, of_write.size);
        for (std::int64_t i = r; i < r_end; ++i) {
          for (std::int64_t j = w; j < w_end; ++j) {
            move(static_cast<std::size_t>(to + i * of_read.write + j * of_write.write),
                 static_cast<std::size_t>(place + i * of_read.read + j * of_write.read));
          }
        }
      }
    }
    std::size_t d = 0;
    for (; d < outer.size(); ++d) {
      to += outer[d].write;
      place += outer[d].read;
      if (++at[d] < outer[d].size) break;
      to -= outer[d].write * outer[d].size;
      place -= outer[d].read * outer[d].size;
      at[d] = 0;
    }
    if (d == outer.size()) return;
  }
}

template <class Value>
std::string transposed_values(const Constant& from, const Sizes& perm) {
  std::string bytes(from.bytes.size(), '\0');
  for_transposed(from.sizes, perm, [&](std::size_t to, std::size_t place) {
    std::memcpy(bytes.data() + to * sizeof(Value), from.bytes.data() + place * sizeof(Value),
                sizeof(Value));
  });
  return bytes;
}

std::string transposed_bytes(const Constant& from, const Sizes& perm) {
  switch (from.packing == Packing::kHalves ? sizeof(std::uint16_t) : element_bytes(from.element)) {
    case sizeof(std::uint8_t):
      return transposed_values<std::uint8_t>(from, perm);
    case sizeof(std::uint16_t):
      return transposed_values<std::uint16_t>(from, perm);
    case sizeof(std::uint32_t):
      return transposed_values<std::uint32_t>(from, perm);
    default:
      return transposed_values<std::uint64_t>(from, perm);
  }
}

std::string transposed_nibbles(const Constant& from, const Sizes& perm) {
  std::string bytes(from.bytes.size(), '\0');
  for_transposed(from.sizes, perm, [&](std::size_t to, std::size_t place) {
    const int nibble = tensor::PackedCodes::nibble(from.bytes.data(), place);
    bytes[to / 2] = static_cast<char>(bytes[to / 2] | nibble << to % 2 * 4);
  });
  return bytes;
}

}  // namespace

Constant transposed(const Constant& from, const Sizes& perm) {
  Constant result;
  result.element = from.element;
  for (const std::int64_t axis : perm) {
    result.sizes.push_back(from.sizes[static_cast<std::size_t>(axis)]);
  }
  result.range = from.range;
  result.packing = from.packing;
  result.quantisation = from.quantisation;
  if (result.quantisation) {
    const auto found = std::find(perm.begin(), perm.end(), result.quantisation->axis);
    result.quantisation->axis = found - perm.begin();
  }
  result.bytes = from.packing == Packing::kNibbles ? transposed_nibbles(from, perm)
                                                   : transposed_bytes(from, perm);
  return result;
}

}  // namespace lacuna::network
