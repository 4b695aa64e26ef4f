// The numbers of an ONNX tensor, checked against what its header claims.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace lacuna::network {

/// Checks that the tensor is of a type that the import reads (float, uint8, int8, int32, int64),
/// holds its data itself, in one form, and exactly as many as its dimensions say (at least one);
/// integers kept in wider fields fit their type. Throws InputError at `place`.
void check_tensor_data(const onnx::TensorProto& tensor, const base::Place& place);

/// "int8", "float", ... and "type 9" for types that the import does not read.
std::string type_name(int data_type);

/// Number of values of a tensor that passed check_tensor_data.
std::int64_t value_count(const onnx::TensorProto& tensor);

std::vector<std::int64_t> dimensions(const onnx::TensorProto& tensor);

/// "64 x 3 x 3 x 3", or "scalar".
std::string dimensions_text(const onnx::TensorProto& tensor);

/// The values of a tensor that passed check_tensor_data and has the type of T, in its order.
/// T is float, std::uint8_t, std::int8_t, std::int32_t or std::int64_t.
template <class T>
std::vector<T> tensor_values(const onnx::TensorProto& tensor);

/// The ONNX type code of T.
template <class T>
int type_code();

}  // namespace lacuna::network
