// The accumulator SRAM: C lanes of 32-bit sums that wrap. A lane does one read-modify-write a cycle
// with forwarding, never a stall; the first K pass of an entry writes without reading. Memories
// owned: the sums.
#pragma once

#include <systemc>
#include <vector>

namespace lacuna::systemc {

class AccumulatorPort : virtual public sc_core::sc_interface {
 public:
  virtual void write(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes) = 0;
  virtual void add(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes) = 0;
  /// The lanes of an entry.
  virtual const std::int32_t* read(std::int64_t entry) = 0;
};

class AccumulatorSram : public sc_core::sc_module, public AccumulatorPort {
 public:
  sc_core::sc_export<AccumulatorPort> port;

  AccumulatorSram(const sc_core::sc_module_name& name, std::int64_t entries, int lanes)
      : sc_module(name),
        port("port"),
        lanes_(lanes),
        sums_(static_cast<std::size_t>(entries * lanes)) {
    port.bind(*this);
  }

  void write(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes) override {
    std::copy(sums, sums + lanes, at(entry));
  }
  void add(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes) override {
    std::int32_t* own = at(entry);
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      own[lane] = static_cast<std::int32_t>(static_cast<std::uint32_t>(own[lane]) +
                                            static_cast<std::uint32_t>(sums[lane]));
    }
  }
  const std::int32_t* read(std::int64_t entry) override { return at(entry); }

 private:
  std::int32_t* at(std::int64_t entry) {
    return sums_.data() + static_cast<std::size_t>(entry * lanes_);
  }

  std::int64_t lanes_;
  std::vector<std::int32_t> sums_;
};

}  // namespace lacuna::systemc
