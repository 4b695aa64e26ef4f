#include "errors/config/golden.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace lacuna::test {

void expect_golden(const std::string& name, const std::string& message) {
  const std::string path =
      std::string(LACUNA_SOURCE_DIR) + "/tests/errors/config/golden/" + name + ".txt";
  if (std::getenv("LACUNA_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << message << '\n';
    return;
  }
  std::ifstream stream(path);
  EXPECT_TRUE(stream.is_open()) << path;
  std::stringstream expected;
  expected << stream.rdbuf();
  EXPECT_EQ(message + "\n", expected.str()) << path;
}

}  // namespace lacuna::test
