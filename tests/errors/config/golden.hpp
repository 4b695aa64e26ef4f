// Error messages compared whole with small files: a changed message is a reviewed diff.
#pragma once

#include <string>

namespace lacuna::test {

/// Expects `message` to be the content of golden/<name>.txt, without its last line feed. With
/// LACUNA_UPDATE_GOLDEN set, writes the file instead.
void expect_golden(const std::string& name, const std::string& message);

}  // namespace lacuna::test
