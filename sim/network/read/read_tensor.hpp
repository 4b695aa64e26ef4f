// The numbers of an ONNX tensor, checked against what its header claims before anything is
// allocated.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "network/read/graph.hpp"

namespace lacuna::network {

/// Files with data of tensors that a model keeps outside itself; all of them together may have as
/// many bytes as a model.
class ExternalData {
 public:
  /// Only files in the folder of `model_file`, or folders in it, are read.
  explicit ExternalData(std::string model_file) : model_file_(std::move(model_file)) {}
  /// The `bytes` bytes that the tensor names. Throws InputError at `place`.
  std::string read(const onnx::TensorProto& tensor, std::int64_t bytes, const base::Place& place);

 private:
  std::string model_file_;
  std::int64_t read_ = 0;
};

/// What the tensor holds; its data are moved out of it. A type that no node can use gives
/// Element::kOther without data. Throws InputError at `place` where it holds its data in more than
/// one form, or not exactly as many as its sizes say.
Constant read_tensor(onnx::TensorProto& tensor, ExternalData& external, const base::Place& place);

/// Of an ONNX type code.
Element element_of(int data_type);

}  // namespace lacuna::network
