// Another program, run to its end for what it says.
#pragma once

#include <string>
#include <vector>

namespace lacuna::cluster {

struct CommandResult {
  int code = -1;      ///< -1: a signal ended it
  std::string said;   ///< standard output
  std::string error;  ///< standard error
};

/// Words as they are, no shell; the first is looked for on PATH. Throws base::InputError where it
/// cannot be started.
CommandResult run_command(const std::vector<std::string>& words);

}  // namespace lacuna::cluster
