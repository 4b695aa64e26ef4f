// The weight SRAM: packed codes in faultable cells. Port: the DMA writes codes, the loader reads
// one index (the codes of up to C channels, one access of each bank) a cycle. No latency of its
// own. Memories owned: the weight cells.
#pragma once

#include <systemc>

#include "memory/cell_array.hpp"

namespace lacuna::systemc {

class WeightSramPort : virtual public sc_core::sc_interface {
 public:
  virtual std::uint8_t read(std::int64_t slot, const memory::Access& access) = 0;
  virtual void write(std::int64_t slot, std::uint8_t code, const memory::Access& access) = 0;
};

class WeightSram : public sc_core::sc_module, public WeightSramPort {
 public:
  sc_core::sc_export<WeightSramPort> port;

  WeightSram(const sc_core::sc_module_name& name, std::int64_t words, int word_bits, int banks,
             int value_bits)
      : sc_module(name), port("port"), cells_(words, word_bits, banks, value_bits) {
    port.bind(*this);
  }

  std::uint8_t read(std::int64_t slot, const memory::Access& access) override {
    return cells_.read(slot, access);
  }
  void write(std::int64_t slot, std::uint8_t code, const memory::Access& access) override {
    cells_.write(slot, code, access);
  }

  memory::CellArray& cells() { return cells_; }

 private:
  memory::CellArray cells_;
};

}  // namespace lacuna::systemc
