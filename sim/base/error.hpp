// Two kinds of error: the user's (bad input, exit code 2) and ours (a bug, exit code 70).
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::base {

/// Where in the user's input something is wrong. Empty parts are left out of the message.
struct Place {
  std::string file;  ///< path, or the command-line option that carried the value
  int line = 0;      ///< 1-based; 0 is unknown
  std::string key;   ///< dotted key path, node name, column, ...
};

/// The user's input cannot be used. what() reads
/// `file:line: key: what is wrong; what is allowed; did you mean`, printable whatever the parts
/// hold.
class InputError : public std::runtime_error {
 public:
  InputError(const Place& place, const std::string& wrong, const std::string& allowed = "",
             const std::string& suggestion = "");
  /// Several things that are wrong, a line each, and a last line. what() has all of it in one.
  InputError(const Place& place, const std::string& wrong, const std::vector<std::string>& lines,
             const std::string& last);

  /// For people: what(), or where there are several things, each on an indented line of its own.
  std::string text() const { return lines_ == nullptr ? what() : *lines_; }

 private:
  std::shared_ptr<const std::string> lines_;  ///< copies of an exception must not throw
};

/// A broken invariant of the program itself; `cycle` is -1 outside a simulation.
class InternalError : public std::logic_error {
 public:
  InternalError(std::string_view module, std::int64_t cycle, const std::string& what);
};

/// The candidate nearest to `name` by edit distance, or "" when none is near. Of long names and
/// lists only a part is compared.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// Comma-separated list, for "what is allowed"; of a long one the beginning and how many follow.
std::string join(const std::vector<std::string>& names);

}  // namespace lacuna::base

/// Checks an invariant of the simulator; failing it is our bug, never the user's.
#define SIM_CHECK(condition, module, cycle, message)                     \
  do {                                                                   \
    if (!(condition)) {                                                  \
      throw ::lacuna::base::InternalError((module), (cycle), (message)); \
    }                                                                    \
  } while (false)
