// Limits of the system and of its user, met while something is started: errors that name them.
#pragma once

#include <string>

namespace lacuna::base {

/// The limit that errno `error` stands for where a process, thread, pipe or file was asked for, as
/// "the limit of open files (ulimit -n)"; else the system's own text.
std::string limit_name(int error);

}  // namespace lacuna::base
