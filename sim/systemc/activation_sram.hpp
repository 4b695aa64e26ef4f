// The activation SRAM and its bitmap: codes, and one bit a code that says whether it is another
// than its map's zero point. Whoever writes a code (post unit, DMA) detects that and writes the
// bit, too. It serves every row at any address in every cycle: bank conflicts are not simulated.
// Memories owned: value cells, bitmap cells.
#pragma once

#include <systemc>

#include "arch/spec.hpp"
#include "base/units.hpp"
#include "memory/cell_array.hpp"

namespace lacuna::systemc {

class ActivationSramPort : virtual public sc_core::sc_interface {
 public:
  /// The pattern of a code, see tensor::Code.
  virtual std::uint8_t read(std::int64_t slot, const memory::Access& access) = 0;
  /// The bitmap's bit: false says that the code is its map's zero point.
  virtual bool nonzero(std::int64_t slot, const memory::Access& access) = 0;
  virtual void write(std::int64_t slot, std::uint8_t pattern, bool nonzero,
                     const memory::Access& access) = 0;
};

class ActivationSram : public sc_core::sc_module, public ActivationSramPort {
 public:
  sc_core::sc_export<ActivationSramPort> port;

  /// The bitmap has as many words of `bitmap_word_bits` bits as hold one bit a value.
  ActivationSram(const sc_core::sc_module_name& name, std::int64_t words, int word_bits, int banks,
                 int value_bits, int bitmap_word_bits)
      : sc_module(name),
        port("port"),
        values_(words, word_bits, banks, value_bits),
        bitmap_(base::ceil_div(values_.slots(), bitmap_word_bits), bitmap_word_bits, banks, 1) {
    port.bind(*this);
  }

  std::uint8_t read(std::int64_t slot, const memory::Access& access) override {
    return values_.read(slot, access);
  }
  bool nonzero(std::int64_t slot, const memory::Access& access) override {
    return bitmap_.read(slot, access) != 0;
  }
  void write(std::int64_t slot, std::uint8_t pattern, bool nonzero,
             const memory::Access& access) override {
    values_.write(slot, pattern, access);
    bitmap_.write(slot, nonzero ? 1 : 0, access);
  }

  memory::CellArray& values() { return values_; }
  memory::CellArray& bitmap() { return bitmap_; }

 private:
  memory::CellArray values_;
  memory::CellArray bitmap_;
};

/// A 32-bit sum in consecutive slots, the lowest bits in the first; its bits of the bitmap are 0,
/// and nobody asks for them.
inline std::int32_t read_sum(ActivationSramPort& sram, std::int64_t slot,
                             const arch::AcceleratorSpec& spec, const memory::Access& access) {
  const int bits = spec.precision.activation_bits;
  std::uint32_t sum = 0;
  for (int shift = 0; shift < 32; shift += bits) {
    sum |= std::uint32_t{sram.read(slot++, access)} << shift;
  }
  return static_cast<std::int32_t>(sum);
}
inline void write_sum(ActivationSramPort& sram, std::int64_t slot, std::int32_t sum,
                      const arch::AcceleratorSpec& spec, const memory::Access& access) {
  const int bits = spec.precision.activation_bits;
  const auto pattern = static_cast<std::uint32_t>(sum);
  const std::uint32_t mask = (1U << bits) - 1;
  for (int shift = 0; shift < 32; shift += bits) {
    sram.write(slot++, static_cast<std::uint8_t>(pattern >> shift & mask), false, access);
  }
}

}  // namespace lacuna::systemc
