// Rules on single lines: third-party headers stay at home, and only cli prints or exits.
#pragma once

#include <string>
#include <vector>

#include "layering/source_text.hpp"

namespace lacuna::layering {

/// First folder of a path, "" for a file at the top.
std::string room_of(const std::string& path);

/// "path:line: what is wrong", one a violation.
std::vector<std::string> find_homeless_headers(const std::vector<SourceFile>& files);
std::vector<std::string> find_prints_and_exits(const std::vector<SourceFile>& files);
/// Of cli: what is printed goes through print.cpp, which escapes it, and files are written by
/// outputs.cpp, which knows the inputs.
std::vector<std::string> find_detours(const std::vector<SourceFile>& files);

}  // namespace lacuna::layering
