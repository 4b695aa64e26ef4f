#include "systemc/dram.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "base/units.hpp"
#include "systemc/program.hpp"

namespace lacuna::systemc {

tlm::tlm_extension_base* TransferWidth::clone() const { return new TransferWidth(*this); }

void TransferWidth::copy_from(const tlm_extension_base& other) {
  bits = static_cast<const TransferWidth&>(other).bits;
}

Dram::Dram(const sc_core::sc_module_name& name, const arch::DramSpec& spec)
    : sc_module(name), socket("socket"), spec_(spec) {
  socket.register_b_transport(this, &Dram::transport);
  socket.register_transport_dbg(this, &Dram::move);
}

void Dram::transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const std::uint64_t address = payload.get_address();
  const std::uint64_t codes = payload.get_data_length();
  const auto* width = payload.get_extension<TransferWidth>();
  if (address > contents_.size() || codes > contents_.size() - address || width == nullptr) {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return;
  }
  if (payload.is_read()) {
    std::memcpy(payload.get_data_ptr(), contents_.data() + address, codes);
  }
  const std::int64_t bytes = base::ceil_div(static_cast<std::int64_t>(codes) * width->bits, 8);
  const std::int64_t beats =
      spec_.bytes_per_cycle ? base::ceil_div(bytes, *spec_.bytes_per_cycle) : 0;
  const std::int64_t end = std::max(now() + spec_.latency_cycles, free_at_) + beats;
  free_at_ = end;
  delay += cycles(end - now());
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

// The data of a write, which is there when its transfer ends.
unsigned int Dram::move(tlm::tlm_generic_payload& payload) {
  const std::uint64_t address = payload.get_address();
  const unsigned int codes = payload.get_data_length();
  if (address > contents_.size() || codes > contents_.size() - address) return 0;
  std::memcpy(contents_.data() + address, payload.get_data_ptr(), codes);
  return codes;
}

}  // namespace lacuna::systemc
