#include "network/onnx_tensor.hpp"

#include <gtest/gtest.h>

namespace lacuna::network::test {
namespace {

onnx::TensorProto tensor_of(int type, std::initializer_list<std::int64_t> sizes) {
  onnx::TensorProto tensor;
  tensor.set_data_type(type);
  for (const std::int64_t size : sizes) tensor.add_dims(size);
  return tensor;
}

TEST(TensorValues, GivenRawDataThenItIsReadAsLittleEndian) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::INT32, {2});
  tensor.set_raw_data(std::string("\x01\x02\x00\x00\xff\xff\xff\xff", 8));
  check_tensor_data(tensor, {"f", 0, ""});
  EXPECT_EQ(tensor_values<std::int32_t>(tensor), (std::vector<std::int32_t>{0x201, -1}));
}

TEST(TensorValues, GivenTypedFieldsThenTheyAreRead) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::INT8, {3, 1});
  for (const int value : {-128, 0, 127}) tensor.add_int32_data(value);
  check_tensor_data(tensor, {"f", 0, ""});
  EXPECT_EQ(tensor_values<std::int8_t>(tensor), (std::vector<std::int8_t>{-128, 0, 127}));
  EXPECT_EQ(dimensions_text(tensor), "3 x 1");
}

TEST(TensorValues, GivenAScalarThenItHasOneValue) {
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::FLOAT, {});
  tensor.add_float_data(0.5F);
  check_tensor_data(tensor, {"f", 0, ""});
  EXPECT_EQ(value_count(tensor), 1);
  EXPECT_EQ(tensor_values<float>(tensor), std::vector<float>{0.5F});
  EXPECT_EQ(dimensions_text(tensor), "scalar");
}

void expect_error(const onnx::TensorProto& tensor, const std::string& message) {
  try {
    check_tensor_data(tensor, {"m.onnx", 0, "initialiser 'w'"});
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
  onnx::TensorProto tensor = tensor_of(onnx::TensorProto::INT8, {0});
  expect_error(tensor, "has a dimension of 0; at least 1");
  tensor = tensor_of(onnx::TensorProto::INT8, {-3});
  expect_error(tensor, "has a dimension of -3; at least 1");
  tensor = tensor_of(onnx::TensorProto::DOUBLE, {1});
  expect_error(tensor, "has type 11; supported: float, uint8, int8, int32, int64");
  tensor = tensor_of(onnx::TensorProto::INT32, {2});
  tensor.set_raw_data("123456789");
  expect_error(tensor, "has size 2 but holds 2 values");
  tensor = tensor_of(onnx::TensorProto::INT8, {2});
  tensor.set_raw_data("ab");
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  expect_error(tensor, "keeps its data in another file; supported: data inside the model");
  tensor.set_data_location(onnx::TensorProto::DEFAULT);
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

}  // namespace
}  // namespace lacuna::network::test
