// All that the program shows on a terminal goes through here, so that a name from a file or a path
// cannot steer it (base/printable.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lacuna::cli {

/// Standard output.
void print(std::string_view text);

/// Writes what standard output still holds. Says why it, or what came before it, could not be
/// written; nothing when all was.
std::optional<std::string> flush_output();

/// A line on standard error that begins with the program's name.
void print_error(std::string_view text);

/// Whether progress is shown: standard error is a terminal.
bool shows_progress();
/// In place of the line that is there.
void show_progress(std::string_view text);
void clear_progress();

}  // namespace lacuna::cli
