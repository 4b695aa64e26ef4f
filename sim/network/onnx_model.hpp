// An ONNX file parsed with bounded memory, and the parts of its header that the import needs.
#pragma once

#include <google/protobuf/arena.h>
#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>

namespace lacuna::network {

class OnnxModel {
 public:
  /// Parses `bytes` and checks everything outside the graph's nodes: versions, operator sets, no
  /// functions, sparse or external tensors, and that every initialiser carries exactly the data
  /// that its dimensions claim. Throws InputError.
  OnnxModel(const std::string& bytes, std::string file,
            std::int64_t memory_budget = kDefaultMemoryBudget);

  const onnx::ModelProto& proto() const { return *proto_; }
  const onnx::GraphProto& graph() const { return proto_->graph(); }
  const std::string& file() const { return file_; }

  /// From the metadata lacuna.weight_bits and lacuna.activation_bits, 2..8; 8 where missing.
  int weight_bits() const { return weight_bits_; }
  int activation_bits() const { return activation_bits_; }

  /// A copy of the model checked by the ONNX library and with the shapes that it infers. To be
  /// called for graphs already understood: the library is no judge of hostile files.
  onnx::ModelProto with_inferred_shapes() const;

  /// Bytes of message objects (not of weights, which are strings) that a file may unfold into.
  static constexpr std::int64_t kDefaultMemoryBudget = 1LL << 30;

 private:
  void parse(const std::string& bytes, std::int64_t memory_budget);
  void check_header() const;
  void check_initialisers() const;
  int bits_of(const std::string& key) const;

  std::string file_;
  google::protobuf::Arena arena_;
  onnx::ModelProto* proto_;
  int weight_bits_ = 0;
  int activation_bits_ = 0;
};

}  // namespace lacuna::network
