#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.hpp"
#include "base/file.hpp"
#include "network/onnx_import.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna::network::test {
namespace {

namespace fs = std::filesystem;

class FindModel : public testing::Test {
 protected:
  FindModel() {
    folder_ = testing::TempDir() + "lacuna_find_model_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~FindModel() override { fs::remove_all(folder_); }

  void add(const std::string& name, const std::string& bytes = "") const {
    base::write_file(folder_ + "/" + name, bytes);
  }
  void expect_error(const std::string& message) const {
    try {
      find_model(folder_);
      ADD_FAILURE() << "accepted; wanted " << message;
    } catch (const base::InputError& error) {
      EXPECT_EQ(error.what(), folder_ + ": " + message);
    }
  }

  std::string folder_;
};

TEST_F(FindModel, GivenAFolderWithModelAndCardThenItsModelIsImported) {
  add("card.yaml");
  add("a.onnx", small_model().bytes());
  EXPECT_EQ(find_model(folder_), folder_ + "/a.onnx");
  EXPECT_EQ(find_model(folder_ + "/a.onnx"), folder_ + "/a.onnx");
  EXPECT_EQ(import_onnx(find_model(folder_)).name, "a");
}

TEST_F(FindModel, GivenNoCardThenAnError) {
  add("a.onnx");
  expect_error("holds no card.yaml; a folder with one .onnx file and card.yaml");
}

TEST_F(FindModel, GivenNoModelThenAnError) {
  add("card.yaml");
  expect_error("holds no .onnx file; a folder with one .onnx file and card.yaml");
}

TEST_F(FindModel, GivenTwoModelsThenAnErrorNamesThem) {
  add("card.yaml");
  add("b.onnx");
  add("a.onnx");
  expect_error("holds 2 .onnx files (" + folder_ + "/a.onnx, " + folder_ +
               "/b.onnx); a folder with one .onnx file and card.yaml");
}

TEST_F(FindModel, GivenManyModelsThenAnErrorNamesTheFirst) {
  add("card.yaml");
  for (const char* name : {"e.onnx", "d.onnx", "c.onnx", "b.onnx", "a.onnx"}) add(name);
  expect_error("holds 5 .onnx files (" + folder_ + "/a.onnx, " + folder_ + "/b.onnx, " + folder_ +
               "/c.onnx, ...); a folder with one .onnx file and card.yaml");
}

TEST_F(FindModel, GivenNothingThenAnError) {
  fs::remove_all(folder_);
  expect_error("does not exist");
}

}  // namespace
}  // namespace lacuna::network::test
