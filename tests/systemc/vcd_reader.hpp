// A strict reader of value change dumps (IEEE Std 1364-2005, clause 18), written without a look at
// the writer: what is not in the grammar, or is out of order, is an error.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lacuna::test {

/// A value by cycle; none where the signal is x or z.
using Wave = std::vector<std::optional<std::uint64_t>>;

class Vcd {
 public:
  /// Throws std::runtime_error with the line that breaks a rule.
  static Vcd parse(const std::string& text);

  std::int64_t end() const { return end_; }  ///< last time of the dump
  bool has(const std::string& name) const { return signals_.count(name) > 0; }
  /// One value for each cycle from 0 to end() - 1. `name` is the path, as "machine.dma.busy".
  Wave wave(const std::string& name) const;
  /// Cycles in which the signal is 1.
  std::int64_t high(const std::string& name) const;
  /// Sum of the signal's values over all cycles.
  std::int64_t sum(const std::string& name) const;

 private:
  struct Signal {
    int width = 0;
    std::vector<std::pair<std::int64_t, std::optional<std::uint64_t>>> changes;
  };
  std::map<std::string, Signal> signals_;
  std::int64_t end_ = 0;

  friend class VcdParser;
};

}  // namespace lacuna::test
