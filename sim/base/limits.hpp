// Errors of the system for people: limits of the system and of its user by their names.
#pragma once

#include <string>

namespace lacuna::base {

/// What errno `error` means; of a limit its name, as "the limit of open files (ulimit -n)".
std::string system_error(int error);

}  // namespace lacuna::base
