// Command lines as text that a shell reads back: what records and stores keep to be repeated.
#pragma once

#include <string>
#include <vector>

namespace lacuna::base {

/// As one word of a shell's command line: plain where that is safe, else in single quotes. A word
/// with control characters or bytes beyond ASCII is written $'...' (bash, zsh, ksh), so that the
/// text is one line of ASCII whatever a file is called.
std::string shell_word(const std::string& text);

/// `program`, which stands as it is, and its arguments, each as a word.
std::string shell_command(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace lacuna::base
