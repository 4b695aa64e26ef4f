// Waves of a machine: what the taps at its interfaces see, as a value change dump (VCD).
//
// Time: one unit is one cycle, counted by the kernel through set-up and all batches. Cycle c is
// [c, c + 1); what is latched at edge t was on the wires in the cycle that ends there, [t - 1, t).
// So a stream that runs from t issues its first activation in cycle t. Taps only record while the
// machine runs: no process, no event, so a run with waves is the run without.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>

#include "base/error.hpp"
#include "systemc/program.hpp"
#include "systemc/vcd_writer.hpp"

namespace lacuna::systemc {

class Waves {
 public:
  using Signal = VcdWriter::Signal;
  static constexpr std::uint64_t kFloating = VcdWriter::kFloating;

  /// Nothing appears at `path` before finish(). Throws base::InputError.
  explicit Waves(const std::string& path) : writer_(path) {}

  /// One wire, low until it is set.
  Signal bit(const std::string& name) { return add(name, 1, VcdWriter::Type::kWire, 0); }
  /// A bus of data; unknown until it is set.
  Signal bus(const std::string& name, int width) {
    return add(name, width, VcdWriter::Type::kWire, VcdWriter::kUnknown);
  }
  /// A number that viewers show in decimal. 40 bits hold every address of a machine.
  Signal number(const std::string& name, std::uint64_t initial = 0) {
    constexpr int kNumberBits = 40;
    return add(name, kNumberBits, VcdWriter::Type::kInteger, initial);
  }

  /// A 32-bit sum, which viewers show with its sign; unknown until it is set.
  Signal sum(const std::string& name) {
    constexpr int kSumBits = 32;
    return add(name, kSumBits, VcdWriter::Type::kInteger, VcdWriter::kUnknown);
  }

  /// From cycle `time` on, which is not before the cycle that ends now.
  void set(Signal signal, std::int64_t time, std::uint64_t value) {
    follow_clock();
    writer_.set(signal, time, value);
  }
  /// From the cycle that begins now on.
  void level(Signal signal, std::uint64_t value) { set(signal, now(), value); }
  /// In one cycle only.
  void pulse(Signal signal, std::int64_t time, std::uint64_t value = 1) {
    set(signal, time, value);
    writer_.set(signal, time + 1, 0);
  }
  /// The cycle that ends now. What takes no time at time 0 is shown in cycle 0.
  static std::int64_t ending() { return std::max<std::int64_t>(0, now() - 1); }

  /// Throws what went wrong in writing, if anything did: the kernel hides what a process throws.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

  /// Writes the rest and puts the file in place.
  void finish() { writer_.finish(now()); }

 private:
  Signal add(const std::string& name, int width, VcdWriter::Type type, std::uint64_t initial) {
    return writer_.add("machine." + name, width, type, initial);
  }
  void follow_clock() {
    if (now() == seen_) return;
    seen_ = now();
    try {
      writer_.flush(seen_ - 1);
    } catch (const base::InputError&) {
      error_ = std::current_exception();
      throw;
    }
  }

  VcdWriter writer_;
  std::int64_t seen_ = 0;
  std::exception_ptr error_;
};

}  // namespace lacuna::systemc
