// The accumulator SRAM: C lanes of 32-bit sums that wrap, in faultable cells. A lane does one
// read-modify-write a cycle with forwarding, never a stall; the first K pass of an entry writes
// without reading. Column c's lane is used c cycles after that of column 0, which is the time of an
// access. Memories owned: the sums.
#pragma once

#include <systemc>
#include <vector>

#include "memory/fault_overlay.hpp"

namespace lacuna::systemc {

/// Sums wrap, as in 32-bit hardware.
inline std::int32_t wrapping_sum(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

class AccumulatorPort : virtual public sc_core::sc_interface {
 public:
  /// By the array: the access is that of lane 0, the others follow a cycle each.
  virtual void write(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes,
                     const memory::Access& access) = 0;
  virtual void add(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes,
                   const memory::Access& access) = 0;
  /// By the post unit: the lanes of an entry, all at once. Valid until the next call.
  virtual const std::int32_t* read(std::int64_t entry, std::int64_t lanes,
                                   const memory::Access& access) = 0;
  /// What an entry's cells hold, without an access.
  virtual const std::int32_t* stored(std::int64_t entry) = 0;
};

class AccumulatorSram : public sc_core::sc_module, public AccumulatorPort {
 public:
  sc_core::sc_export<AccumulatorPort> port;

  AccumulatorSram(const sc_core::sc_module_name& name, std::int64_t entries, int lanes)
      : sc_module(name),
        port("port"),
        lanes_(lanes),
        sums_(static_cast<std::size_t>(entries * lanes)),
        read_(static_cast<std::size_t>(lanes)),
        faults_({entries * lanes, 32, lanes}, 32) {
    port.bind(*this);
  }

  void write(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes,
             const memory::Access& access) override {
    if (faults_.armed()) note_writes(entry, lanes, access);
    std::copy(sums, sums + lanes, at(entry));
  }
  void add(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes,
           const memory::Access& access) override {
    std::int32_t* own = at(entry);
    if (faults_.armed()) {
      for (std::int64_t lane = 0; lane < lanes; ++lane) {
        own[lane] = answer(entry, lane, own[lane], later(access, lane));
      }
      note_writes(entry, lanes, access);
    }
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      own[lane] = wrapping_sum(own[lane], sums[lane]);
    }
  }
  const std::int32_t* read(std::int64_t entry, std::int64_t lanes,
                           const memory::Access& access) override {
    if (!faults_.armed()) return at(entry);
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      read_[static_cast<std::size_t>(lane)] = answer(entry, lane, at(entry)[lane], access);
    }
    return read_.data();
  }
  const std::int32_t* stored(std::int64_t entry) override { return at(entry); }

  memory::FaultOverlay& faults() { return faults_; }

 private:
  static memory::Access later(memory::Access access, std::int64_t column) {
    access.cycle += column;
    return access;
  }
  std::int32_t answer(std::int64_t entry, std::int64_t lane, std::int32_t stored,
                      const memory::Access& access) {
    const std::int64_t number = entry * lanes_ + lane;
    if (!faults_.marks(number)) return stored;
    return static_cast<std::int32_t>(
        faults_.read(number, static_cast<std::uint32_t>(stored), access));
  }
  void note_writes(std::int64_t entry, std::int64_t lanes, const memory::Access& access) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      const std::int64_t number = entry * lanes_ + lane;
      if (faults_.marks(number)) faults_.write(number, later(access, lane));
    }
  }
  std::int32_t* at(std::int64_t entry) {
    return sums_.data() + static_cast<std::size_t>(entry * lanes_);
  }

  std::int64_t lanes_;
  std::vector<std::int32_t> sums_;
  std::vector<std::int32_t> read_;  ///< what the last read answered
  memory::FaultOverlay faults_;
};

}  // namespace lacuna::systemc
