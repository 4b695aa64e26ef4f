// Changes an ONNX model as a careless or hostile exporter might: the result is a valid protobuf.
#pragma once

#include <onnx/onnx_pb.h>

#include <random>

namespace lacuna::network::test {

/// Applies 1 to 3 random changes to nodes, attributes, tensors, names, types or the header.
void mutate_model(onnx::ModelProto& model, std::mt19937& random);

}  // namespace lacuna::network::test
