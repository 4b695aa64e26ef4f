// One node of an ONNX graph, read strictly: what is not asked for is an error.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace lacuna::network {

class OnnxNode {
 public:
  /// `index` is the node's position in the graph; all three must outlive this view.
  OnnxNode(const onnx::NodeProto& proto, int index, const std::string& file)
      : proto_(proto), index_(index), file_(file) {}

  const std::string& op() const { return proto_.op_type(); }
  bool is_default_domain() const { return proto_.domain().empty() || proto_.domain() == "ai.onnx"; }
  /// The node's name, or its type and position when it has none.
  std::string name() const;
  base::Place place() const;
  /// Throws InputError `file: node 'name' (Op): wrong; supported: ...`.
  [[noreturn]] void fail(const std::string& wrong, const std::string& supported = "") const;

  /// Checks the number of inputs, that the first `least` are there, and that there is one output.
  void expect_inputs(int least, int most) const;
  bool has_input(int i) const { return i < proto_.input_size() && !proto_.input(i).empty(); }
  const std::string& input(int i) const { return proto_.input(i); }
  const std::string& output() const { return proto_.output(0); }

  /// Checks that the node has no attributes but these, none twice.
  void expect_attributes(std::initializer_list<const char*> names) const;
  std::int64_t integer(const char* name, std::int64_t otherwise) const;
  float real(const char* name, float otherwise) const;
  std::string text(const char* name, const char* otherwise) const;
  /// As many integers as `otherwise` has.
  std::vector<std::int64_t> integers(const char* name, std::vector<std::int64_t> otherwise) const;

 private:
  const onnx::AttributeProto* find(const char* name, onnx::AttributeProto::AttributeType type,
                                   const char* type_name) const;

  const onnx::NodeProto& proto_;
  int index_;
  const std::string& file_;
};

}  // namespace lacuna::network
