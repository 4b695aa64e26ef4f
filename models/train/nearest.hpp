// Guesses what a misspelt word was meant to be.
#pragma once

#include <set>
#include <string>

namespace lacuna::train {

/// The word at the smallest edit distance, if that is at most 3 and less than half its length;
/// else empty.
std::string nearest(const std::string& word, const std::set<std::string>& known);

}  // namespace lacuna::train
