// Error messages against a golden file: one line a case, `name: message`.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lacuna::network::test {

struct ErrorCase {
  const char* name;
  std::function<void()> run;  ///< must throw base::InputError
};

/// Compares all messages with tests/errors/network/golden/<file>. On a difference the actual text
/// is written to the folder that LACUNA_GOLDEN_OUT names, if it is set, for review.
void expect_golden(const std::vector<ErrorCase>& cases, const std::string& file);

}  // namespace lacuna::network::test
