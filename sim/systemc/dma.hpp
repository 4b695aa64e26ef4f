// The DMA engine: moves blocks of weights and rows of feature maps between DRAM and the SRAMs.
// Transfers are issued in order, without limit, and end in order; a transfer's data is in place at
// its end. Timing: the DRAM's. Rebuilds the bitmap of what it loads (the bitmap never crosses
// DRAM) and scatters the slice that a transfer brings over the pixels of a region of more channels.
// Memories owned: none.
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <deque>
#include <systemc>
#include <vector>

#include "systemc/activation_sram.hpp"
#include "systemc/program.hpp"
#include "systemc/weight_sram.hpp"

namespace lacuna::systemc {

/// Where things lie in DRAM: address of each block of the schedule and of each map.
struct DramLayout {
  std::vector<std::int64_t> blocks;
  std::vector<std::int64_t> maps;  ///< slice after slice, each image after image, channels last
};

/// Where rows of a slice begin in DRAM, from the map's address on, in values.
std::int64_t place_in_dram(const schedule::MapRows& rows, const network::MapShape& shape,
                           std::int64_t batch);
/// DRAM addresses that a value takes: one a code, one a byte of a sum.
inline std::int64_t addresses_per_value(const network::Map& map) {
  return map.sums ? network::kSumBits / 8 : 1;
}

class Dma : public sc_core::sc_module, public StepUnit {
 public:
  tlm_utils::simple_initiator_socket<Dma> socket;
  sc_core::sc_export<StepUnit> steps;
  sc_core::sc_port<StepListener> listener;
  sc_core::sc_port<WeightSramPort> weight_sram;
  sc_core::sc_port<ActivationSramPort> activation_sram;

  SC_HAS_PROCESS(Dma);
  Dma(const sc_core::sc_module_name& name, Program& program, const DramLayout& layout);

  void start(schedule::StepId id) override;

 private:
  struct Transfer {
    schedule::StepId id;
    std::int64_t end;
    std::int64_t address;  ///< in DRAM, of a map
    std::vector<std::uint8_t> codes;
  };

  void finish_due();
  void finish(const Transfer& transfer);
  void transport(tlm::tlm_command command, std::int64_t address, std::vector<std::uint8_t>& codes,
                 int bits, sc_core::sc_time& delay);
  /// The data of a store, at its end.
  void put(const Transfer& transfer);
  void read_slots(const schedule::Step& step, memory::Access access,
                  std::vector<std::uint8_t>& codes);
  void write_slots(const schedule::Step& step, const memory::Access& access,
                   const std::vector<std::uint8_t>& codes);
  template <class Visit>
  void for_each_run(const schedule::Step& step, const schedule::Region& region, Visit visit) const;

  Program& program_;
  const DramLayout& layout_;
  std::deque<Transfer> in_flight_;
  sc_core::sc_event due_;
};

}  // namespace lacuna::systemc
