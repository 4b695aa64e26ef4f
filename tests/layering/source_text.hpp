// C++ source text as far as the layering rules need to understand it.
#pragma once

#include <string>
#include <vector>

namespace lacuna::layering {

struct SourceFile {
  std::string path;  ///< relative to sim/
  std::string text;
};

struct Include {
  int line = 0;
  bool angle = false;  ///< <...> and not "..."
  std::string name;
};

/// The text with comments, and the insides of string and character literals, replaced by spaces.
/// Line breaks stay, so that line numbers hold.
std::string code_only(const std::string& text);

/// The #include lines that are not inside a comment.
std::vector<Include> includes_of(const std::string& text);

}  // namespace lacuna::layering
