// Seeded changes and damage to text files.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace lacuna::test {

/// `text` after one to three changed values and, for one in two, up to four random breaks: bytes
/// changed, dropped, doubled, pieces moved, and words of the formats put where they do not belong.
std::string mutate(const std::string& text, std::mt19937& random);

}  // namespace lacuna::test
