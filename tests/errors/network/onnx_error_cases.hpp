// Models with one thing wrong, of which the import's messages are compared.
#pragma once

#include <functional>
#include <string>

#include "errors/network/golden_messages.hpp"
#include "network/onnx_import.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna::network::test {

using Change = std::function<void(ModelBuilder&)>;

/// A case: the small model (4 bits) with one thing changed.
inline ErrorCase changed(const char* name, const Change& change) {
  return {name, [change] {
            ModelBuilder builder = small_model();
            change(builder);
            import_onnx_bytes(builder.bytes(), "model.onnx");
          }};
}

/// A case: a model of its own.
inline ErrorCase built(const char* name, const Change& build) {
  return {name, [build] {
            ModelBuilder builder(4, 4);
            build(builder);
            if (builder.graph().output_size() == 0) builder.output();
            import_onnx_bytes(builder.bytes(), "model.onnx");
          }};
}

inline onnx::TensorShapeProto& image_shape(ModelBuilder& b) {
  return *b.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
}

inline void set_scale(ModelBuilder& b, const std::string& name, float value) {
  b.tensor(name).set_raw_data(std::string(reinterpret_cast<const char*>(&value), sizeof(value)));
}

inline void set_metadata(ModelBuilder& b, int entry, const char* value) {
  b.model().mutable_metadata_props(entry)->set_value(value);
}

inline void rename_input(ModelBuilder& b, const std::string& node, int input, const char* name) {
  b.node(node).set_input(input, name);
}

inline void drop_node(ModelBuilder& b, const std::string& name) {
  auto& nodes = *b.graph().mutable_node();
  for (int i = 0; i < nodes.size(); ++i) {
    if (nodes.Get(i).name() != name) continue;
    nodes.DeleteSubrange(i, 1);
    return;
  }
}

inline void move_before(ModelBuilder& b, const std::string& moved, const std::string& name) {
  auto& nodes = *b.graph().mutable_node();
  int at = 0;
  while (nodes.Get(at).name() != moved) ++at;
  while (nodes.Get(at - 1).name() != name) {
    nodes.SwapElements(at, at - 1);
    --at;
  }
  nodes.SwapElements(at, at - 1);
}

/// Joins the neighbours of a node that has one activation in, and removes it.
inline void bridge(ModelBuilder& b, const std::string& name) {
  const std::string from = b.node(name).output(0);
  const std::string to = b.node(name).input(0);
  drop_node(b, name);
  for (onnx::NodeProto& node : *b.graph().mutable_node()) {
    for (std::string& input : *node.mutable_input()) {
      if (input == from) input = to;
    }
  }
}

inline void remove_quantisers(ModelBuilder& b, const std::string& name) {
  for (const char* part : {"_q", "_dq", "_clip", "_clip_q", "_clip_dq"}) bridge(b, name + part);
}

}  // namespace lacuna::network::test
