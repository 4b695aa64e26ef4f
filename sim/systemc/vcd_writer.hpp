// Writes a value change dump: IEEE Std 1364-2005, clause 18 (four-state VCD). Kernel-free.
//
// Not SystemC's own tracing, which samples at the end of a time step: a strobe of one cycle would
// have to wake the kernel a second time to fall again. It also writes the date, so that equal runs
// differ, and does not notice a full disk.
//
// Changes may be set ahead of time and in any order within what has not been flushed; of several
// changes of a signal at one time the last one holds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/file.hpp"

namespace lacuna::systemc {

class VcdWriter {
 public:
  enum class Signal : std::uint32_t {};
  enum class Type : std::uint8_t { kWire, kInteger };  ///< viewers show integers in decimal
  /// Wider signals are refused, so that a value is one machine word and kFloating is none of them.
  static constexpr int kMaxWidth = 63;
  static constexpr std::uint64_t kFloating = ~std::uint64_t{0};  ///< z: there is no value
  static constexpr std::uint64_t kUnknown = kFloating - 1;       ///< x: not known yet

  /// Nothing appears at `path` before finish(). Throws base::InputError.
  explicit VcdWriter(const std::string& path);

  /// Declares a signal; `name` is its path through the scopes, as "machine.dma.busy". All are
  /// declared before the first flush.
  Signal add(const std::string& name, int width, Type type, std::uint64_t initial);

  /// From `time` on, which must not have been flushed, the signal has the lowest `width` bits of
  /// `value`.
  void set(Signal signal, std::int64_t time, std::uint64_t value) {
    pending_[time].emplace_back(signal, value);
  }

  /// Writes all changes before `time`; the first call writes the header, too.
  void flush(std::int64_t time);

  /// Writes what is left up to `end`, the end of time, and puts the file in place.
  void finish(std::int64_t end);

 private:
  struct Variable {
    std::string name;
    std::string code;  ///< identifier code of the dump
    int width;
    Type type;
    std::uint64_t written;  ///< value in the file
    std::uint64_t next;
  };

  using Changes = std::vector<std::pair<Signal, std::uint64_t>>;

  void write_header();
  void write_scope(std::size_t scope_size, const std::vector<const Variable*>& inside);
  void declare(const Variable& variable, std::size_t scope_size);
  void write_value(const Variable& variable);
  void write_time(std::int64_t time);
  void apply(const Changes& changes);
  void drain();

  base::OutputFile file_;
  std::string buffer_;
  std::vector<Variable> variables_;
  std::map<std::int64_t, Changes> pending_;  ///< by time
  std::int64_t time_ = -1;                   ///< last one in the file
};

}  // namespace lacuna::systemc
