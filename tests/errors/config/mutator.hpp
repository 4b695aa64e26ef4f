// Seeded damage to text files.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace lacuna::test {

/// `text` after one to eight random edits: bytes changed, dropped, doubled, pieces moved, and words
/// of the format put where they do not belong.
std::string mutate(const std::string& text, std::mt19937& random);

}  // namespace lacuna::test
