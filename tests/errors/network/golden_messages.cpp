#include "errors/network/golden_messages.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.hpp"
#include "base/file.hpp"

namespace lacuna::network::test {
namespace {

std::string message_of(const ErrorCase& error_case) {
  try {
    error_case.run();
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "(no error)";
}

}  // namespace

void expect_golden(const std::vector<ErrorCase>& cases, const std::string& file) {
  std::string actual;
  for (const ErrorCase& error_case : cases) {
    actual += std::string(error_case.name) + ": " + message_of(error_case) + "\n";
  }
  if (const char* folder = std::getenv("LACUNA_GOLDEN_OUT"); folder != nullptr) {
    base::write_file(std::string(folder) + "/" + file, actual);
  }
  const std::string golden =
      base::read_file(LACUNA_SOURCE_DIR "/tests/errors/network/golden/" + file, 1 << 20);
  EXPECT_EQ(actual, golden);
}

}  // namespace lacuna::network::test
