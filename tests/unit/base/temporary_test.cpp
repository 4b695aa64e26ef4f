#include "base/temporary.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <string>

#include "unit/base/temp_folder.hpp"

namespace lacuna::base {
namespace {

TEST(TemporaryName, RemovesItsFileUnlessItWasRenamed) {
  const test::TempFolder folder;
  folder.write("gone", "x");
  folder.write("kept", "x");
  {
    const TemporaryName gone("gone");
    TemporaryName kept("kept");
    kept.forget();
    EXPECT_EQ(kept.path(), "");
  }
  EXPECT_FALSE(std::filesystem::exists("gone"));
  EXPECT_TRUE(std::filesystem::exists("kept"));
}

TEST(TemporaryName, GivenASignalsHandlerThenAllThatAreLeftAreRemoved) {
  const test::TempFolder folder;
  folder.write("a", "x");
  folder.write("b", "x");
  folder.write("renamed", "x");
  TemporaryName first;
  first.set("a");
  const TemporaryName second("b");
  TemporaryName third("renamed");
  third.forget();
  remove_temporaries();
  EXPECT_FALSE(std::filesystem::exists("a"));
  EXPECT_FALSE(std::filesystem::exists("b"));
  EXPECT_TRUE(std::filesystem::exists("renamed"));
}

TEST(TemporaryName, GivenMoreThanAHandlerCanKnowThenDestructorsStillRemoveThem) {
  const test::TempFolder folder;
  {
    std::deque<TemporaryName> names;
    for (int i = 0; i < 100; ++i) {
      folder.write("f" + std::to_string(i), "x");
      names.emplace_back("f" + std::to_string(i));
    }
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace lacuna::base
