// Rules on the graph of includes: only down the list of rooms, never in a circle.
#pragma once

#include <string>
#include <vector>

#include "layering/source_text.hpp"

namespace lacuna::layering {

/// All rooms of sim/, lowest first.
const std::vector<std::string>& rooms();

/// "path:line: what is wrong", one a violation: an include of a room above, of no room, of a file
/// that is not there; rooms that stand apart seeing each other (the engines, judge and mapper,
/// campaign and explore); an engine seeing more of fault than its plan.
std::vector<std::string> find_bad_edges(const std::vector<SourceFile>& files);

/// "a.hpp -> b.hpp -> a.hpp", one a circle that a walk finds.
std::vector<std::string> find_circles(const std::vector<SourceFile>& files);

}  // namespace lacuna::layering
