#include "memory/cell_array.hpp"

#include "base/error.hpp"
#include "base/units.hpp"

namespace lacuna::memory {
namespace {

constexpr std::int64_t kBitsPerByte = 8;

}  // namespace

CellArray::CellArray(std::int64_t words, int word_bits, int banks, int value_bits)
    : words_(words),
      value_bits_(value_bits),
      values_per_word_(word_bits / value_bits),
      word_stride_(base::ceil_div(word_bits, kBitsPerByte) * kBitsPerByte),
      value_mask_(static_cast<std::uint8_t>((1U << value_bits) - 1)),
      // One byte more: field() reads pairs of bytes.
      cells_(static_cast<std::size_t>(words * word_stride_ / kBitsPerByte + 1)),
      faults_({words, word_bits, banks}, value_bits) {
  SIM_CHECK(value_bits <= kBitsPerByte, "cell_array", -1, "impossible geometry");
}

void CellArray::store(std::int64_t slot, std::uint8_t code) {
  const std::int64_t offset = bit_offset(slot);
  std::uint16_t pair = 0;
  std::memcpy(&pair, cells_.data() + offset / kBitsPerByte, sizeof pair);
  const int shift = static_cast<int>(offset % kBitsPerByte);
  const unsigned cleared = pair & ~(static_cast<unsigned>(value_mask_) << shift);
  pair = static_cast<std::uint16_t>(cleared | (static_cast<unsigned>(code & value_mask_) << shift));
  std::memcpy(cells_.data() + offset / kBitsPerByte, &pair, sizeof pair);
}

}  // namespace lacuna::memory
