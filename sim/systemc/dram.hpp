// DRAM behind a TLM-2.0 socket: the codes of weights and feature maps, one channel.
//
// Timing: transfer i, issued at q, ends at max(q + latency, end of i-1) + ceil(bytes / bandwidth)
// (docs/timing.md, "DMA"). b_transport returns at once and adds end - q to the delay: the caller
// waits. A payload carries one code a byte; the TransferWidth extension says how many bits a code
// has on the bus, and so how many bytes move.
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <systemc>
#include <tlm>
#include <vector>

#include "arch/spec.hpp"

namespace lacuna::systemc {

/// Bits a code takes on the bus.
struct TransferWidth : tlm::tlm_extension<TransferWidth> {
  int bits = 8;
  tlm_extension_base* clone() const override;
  void copy_from(const tlm_extension_base& other) override;
};

class Dram : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<Dram> socket;

  Dram(const sc_core::sc_module_name& name, const arch::DramSpec& spec);

  /// The host's side: contents, one code a byte. Address = index.
  std::vector<std::uint8_t>& contents() { return contents_; }
  /// Forgets the last transfer: queues are empty when a batch starts.
  void reset_channel() { free_at_ = 0; }

 private:
  unsigned int move(tlm::tlm_generic_payload& payload);
  void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);

  arch::DramSpec spec_;
  std::vector<std::uint8_t> contents_;
  std::int64_t free_at_ = 0;  ///< cycle at which the last transfer ends
};

}  // namespace lacuna::systemc
