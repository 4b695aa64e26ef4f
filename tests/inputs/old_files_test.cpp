// Files of earlier versions stay valid and mean the same. v0_1_0/ holds those that version 0.1.0
// shipped, before there were schemas and defaults.
#include <gtest/gtest.h>

#include "arch/spec.hpp"
#include "inputs/input_files.hpp"

namespace lacuna {
namespace {

const std::string kOld = "tests/inputs/v0_1_0";

TEST(OldFiles, GivenAFileOfVersion010ThenItIsReadAndNothingIsFilledInButTheSchema) {
  const std::vector<std::string> files = test::input_files(kOld);
  EXPECT_EQ(files.size(), 22U);
  for (const std::string& path : files) {
    SCOPED_TRACE(path);
    const config::Document document = config::Document::load(LACUNA_SOURCE_DIR "/" + path);
    const config::FileKind kind = config::kind_of(document);
    EXPECT_NO_THROW(test::read_as(kind, document));
    EXPECT_EQ(document.to_yaml().rfind("schema: lacuna.", 0), 0U);
  }
}

TEST(OldFiles, GivenAMachineOfVersion010ThenEveryKeyIsAsInTheOneThatShipsNow) {
  int machines = 0;
  for (const std::string& path : test::input_files(kOld + "/hw_configs")) {
    SCOPED_TRACE(path);
    const auto then = arch::fields(arch::load_spec(LACUNA_SOURCE_DIR "/" + path));
    const auto now =
        arch::fields(arch::load_spec(LACUNA_SOURCE_DIR "/" + path.substr(kOld.size() + 1)));
    ASSERT_EQ(then.size(), now.size());
    for (std::size_t i = 0; i < then.size(); ++i) {
      EXPECT_EQ(then[i].value, now[i].value) << then[i].path();
    }
    ++machines;
  }
  EXPECT_EQ(machines, 5);
}

TEST(OldFiles, WhenBytesAndOverridesAreTheSameThenSoIsTheHashThatStoresHold) {
  // SHA-256 of edge_16x16.yaml of version 0.1.0, and of it with --set array.rows=8.
  const std::string path = LACUNA_SOURCE_DIR "/" + kOld + "/hw_configs/edge_16x16.yaml";
  EXPECT_EQ(arch::load_spec(path).sha256,
            "f67202307397a3021cc294c7fd119260d0031ec097260aa7ed50d066ea7292fe");
  EXPECT_EQ(arch::load_spec(path, {{"array.rows", "8"}}).sha256,
            "a6fc35232655947429acaeb57d9004f7e01d1f7ebd176cae08deb226d0f6be36");
}

}  // namespace
}  // namespace lacuna
