#include "network/read/read_tensor.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "network/read/read_model.hpp"

namespace lacuna::network::test {
namespace {

onnx::TensorProto tensor_of(int type, std::initializer_list<std::int64_t> sizes) {
  onnx::TensorProto tensor;
  tensor.set_data_type(type);
  for (const std::int64_t size : sizes) tensor.add_dims(size);
  return tensor;
}

Constant read(onnx::TensorProto tensor) {
  ExternalData external("f");
  return read_tensor(tensor, external, {"f", 0, ""});
}

TEST(TensorValues, GivenRawDataThenItIsReadAsLittleEndian) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::INT32, {2});
  tensor.set_raw_data(std::string("\x01\x02\x00\x00\xff\xff\xff\xff", 8));
  EXPECT_EQ(read(tensor).integers(), (std::vector<std::int64_t>{0x201, -1}));
}

TEST(TensorValues, GivenTypedFieldsThenTheyAreRead) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::INT8, {3, 1});
  for (const int value : {-128, 0, 127}) tensor.add_int32_data(value);
  const Constant constant = read(tensor);
  EXPECT_EQ(constant.integers(), (std::vector<std::int64_t>{-128, 0, 127}));
  EXPECT_EQ(constant.element, Element::kInt8);
  EXPECT_EQ(sizes_text(constant.sizes), "3 x 1");
}

TEST(TensorValues, GivenAScalarThenItHasOneValue) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::FLOAT, {});
  tensor.add_float_data(0.5F);
  const Constant constant = read(tensor);
  EXPECT_EQ(constant.count(), 1);
  EXPECT_EQ(constant.reals(), std::vector<double>{0.5});
  EXPECT_EQ(sizes_text(constant.sizes), "scalar");
}

void expect_error(onnx::TensorProto tensor, const std::string& message) {
  try {
    ExternalData external("m.onnx");
    read_tensor(tensor, external, {"m.onnx", 0, "initialiser 'w'"});
    ADD_FAILURE() << "accepted; wanted " << message;
  } catch (const base::InputError& error) {
    EXPECT_EQ(error.what(), "m.onnx: initialiser 'w': " + message);
  }
}

TEST(TensorData, GivenHugeDimensionsAndLittleDataThenAnErrorBeforeAnyAllocation) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::INT8, {1LL << 40, 1LL << 40, 1LL << 40});
  tensor.set_raw_data("abc");
  expect_error(tensor, "has size 1099511627776 x 1099511627776 x 1099511627776 but holds 3 values");
}

TEST(TensorData, GivenABrokenTensorThenTheErrorSaysHow) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::INT8, {0, 1LL << 40});
  expect_error(tensor, "has a dimension of 0; at least 1");
  tensor = tensor_of(onnx::TensorProto::INT8, {-3});
  expect_error(tensor, "has a dimension of -3; at least 0");
  tensor = tensor_of(onnx::TensorProto::INT32, {2});
  tensor.set_raw_data("123456789");
  expect_error(tensor, "has size 2 but holds 2 values");
  tensor = tensor_of(onnx::TensorProto::INT8, {2});
  tensor.set_raw_data("ab");
  tensor.add_int32_data(1);
  expect_error(tensor,
               "carries data in more than one form, or in a form not its own; supported: raw "
               "data, or the field of its type");
  tensor = tensor_of(onnx::TensorProto::INT8, {1});
  tensor.add_int32_data(128);
  expect_error(tensor, "holds a value that does not fit int8");
  tensor = tensor_of(onnx::TensorProto::UINT8, {1});
  tensor.add_int32_data(-1);
  expect_error(tensor, "holds a value that does not fit uint8");
}

TEST(TensorValues, GivenHalfAndDoublePrecisionThenTheyAreFloats) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::FLOAT16, {5});
  // 1.5, -2, the smallest subnormal, the largest number, minus infinity
  tensor.set_raw_data(std::string("\x00\x3e\x00\xc0\x01\x00\xff\x7b\x00\xfc", 10));
  EXPECT_EQ(read(tensor).reals(), (std::vector<double>{1.5, -2.0, std::ldexp(1.0, -24), 65504.0,
                                                       -std::numeric_limits<double>::infinity()}));
  tensor = tensor_of(onnx::TensorProto::DOUBLE, {2});
  tensor.add_double_data(0.1);
  tensor.add_double_data(-3.0);
  EXPECT_EQ(read(tensor).reals(), (std::vector<double>{double{0.1F}, -3.0}));
  EXPECT_EQ(read(tensor).element, Element::kFloat);
}

TEST(TensorValues, GivenFourBitIntegersThenEachHasAByte) {
  constexpr int kInt4 = 22;
  constexpr int kUint4 = 21;
  onnx::TensorProto tensor = tensor_of(kInt4, {3});
  tensor.set_raw_data(std::string("\x8f\x07", 2));  // low half first: -1, -8, 7
  EXPECT_EQ(read(tensor).integers(), (std::vector<std::int64_t>{-1, -8, 7}));
  tensor.set_data_type(kUint4);
  EXPECT_EQ(read(tensor).integers(), (std::vector<std::int64_t>{15, 8, 7}));
}

TEST(TensorValues, GivenATypeThatNoNodeUsesThenItHasNoData) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::STRING, {1});
  tensor.add_string_data("x");
  EXPECT_EQ(read(tensor).element, Element::kOther);
}

/// A folder with a model's external data, gone at the end.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("lacuna-data-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_ / "model" / "inner");
    std::ofstream(path_ / "secret.bin") << "secret";
    std::ofstream(path_ / "model" / "weights.bin") << "0123456789";
    std::filesystem::create_symlink(path_ / "secret.bin", path_ / "model" / "link.bin");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string model() const { return (path_ / "model" / "m.onnx").string(); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

onnx::TensorProto external_tensor(const std::string& location, const std::string& offset,
                                  const std::string& length, std::int64_t size) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::INT8, {size});
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    onnx::StringStringEntryProto& entry = *tensor.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  };
  add("location", location);
  add("offset", offset);
  add("length", length);
  return tensor;
}

TEST(ExternalDataOfTensors, GivenAFileInTheModelsFolderThenItsPartIsRead) {
  const Folder folder;
  ExternalData external(folder.model());
  onnx::TensorProto tensor = external_tensor("weights.bin", "3", "4", 4);
  EXPECT_EQ(read_tensor(tensor, external, {"m", 0, ""}).bytes, "3456");
  tensor = external_tensor("./inner/../weights.bin", "", "", 10);
  EXPECT_EQ(read_tensor(tensor, external, {"m", 0, ""}).bytes, "0123456789");
}

TEST(ExternalDataOfTensors, GivenAFileElsewhereOrTooShortThenAnErrorBeforeAnythingIsRead) {
  const Folder folder;
  const auto message = [&](onnx::TensorProto tensor) -> std::string {
    ExternalData external(folder.model());
    try {
      read_tensor(tensor, external, {"m", 0, ""});
    } catch (const base::InputError& error) {
      return error.what();
    }
    return "";
  };
  for (const std::string& location :
       {std::string("../secret.bin"), folder.path() + "/secret.bin", std::string("link.bin"),
        std::string(""), std::string("."), std::string("inner/../../secret.bin")}) {
    EXPECT_NE(message(external_tensor(location, "", "", 6)).find("model's folder"),
              std::string::npos)
        << location;
  }
  EXPECT_NE(message(external_tensor("gone.bin", "", "", 6)).find("is not there"),
            std::string::npos);
  EXPECT_NE(message(external_tensor("weights.bin", "8", "", 4)).find("has 10 bytes"),
            std::string::npos);
  EXPECT_NE(message(external_tensor("weights.bin", "0", "3", 4)).find("has 10 bytes"),
            std::string::npos);
  EXPECT_NE(message(external_tensor("weights.bin", "-1", "", 4)).find("offset"), std::string::npos);
  EXPECT_NE(message(external_tensor("weights.bin", "", "", std::int64_t{1} << 60)).find("at most"),
            std::string::npos);
}

TEST(ExternalFiles, GivenAModelThenTheFilesThatItNamesAreKnownBeforeItIsRead) {
  const Folder folder;
  onnx::ModelProto model;
  for (const char* name : {"weights.bin", "inner/more.bin", "weights.bin"}) {
    *model.mutable_graph()->add_initializer() = external_tensor(name, "0", "4", 4);
  }
  std::ofstream(folder.model(), std::ios::binary) << model.SerializeAsString();
  EXPECT_EQ(external_files(folder.model()),
            (std::vector<std::string>{folder.path() + "/model/inner/more.bin",
                                      folder.path() + "/model/weights.bin"}));
  EXPECT_TRUE(external_files(folder.path() + "/secret.bin").empty());
  EXPECT_TRUE(external_files(folder.path() + "/none").empty());
}

TEST(TensorData, GivenMoreDimensionsThanAnyValueHasThenItIsRefused) {
  expect_error(
      tensor_of(onnx::TensorProto::INT8, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}),
      "has 17 dimensions; at most 16");
}

}  // namespace
}  // namespace lacuna::network::test
