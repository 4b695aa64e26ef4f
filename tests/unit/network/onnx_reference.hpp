// Evaluates a QDQ model as ONNX's operator documents define it, in double precision and NCHW. It
// shares nothing with the import: no integer layers, no channels-last order.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lacuna::network::test {

struct RealTensor {
  std::vector<std::int64_t> sizes;
  std::vector<double> values;
};

/// The graph's output for one image [1, channels, height, width].
RealTensor evaluate_onnx(const onnx::ModelProto& model, const RealTensor& image);

}  // namespace lacuna::network::test
