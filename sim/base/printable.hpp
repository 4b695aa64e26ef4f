// Text from outside (names, paths, what files hold) as a terminal may see it. Whatever is printed
// of it passes through here.
#pragma once

#include <string>
#include <string_view>

namespace lacuna::base {

/// Byte offset of the first sequence that is not UTF-8, or npos.
std::size_t find_bad_utf8(std::string_view text);

/// Whether it holds a control character, C0 or C1.
bool has_control(std::string_view text);

/// `text` on one line, with escapes for what steers a terminal or hides what is there: bytes that
/// are not UTF-8 and control characters below U+0080 as \x1b; C1 controls, marks of direction and
/// line, and characters of no width as \u202e. The rest, backslashes too, is as it was: valid UTF-8
/// in any case.
std::string printable(std::string_view text);

/// The same, but lines may end.
std::string printable_lines(std::string_view text);

/// For an error message: printable, in single quotes, cut after about 60 bytes.
std::string shown(std::string_view text);

}  // namespace lacuna::base
