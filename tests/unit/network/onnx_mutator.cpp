#include "unit/network/onnx_mutator.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <string>

#include "unit/network/fuzzing.hpp"

namespace lacuna::network::test {
namespace {

using Random = std::mt19937;

float nasty_float(Random& random) {
  static constexpr std::array<float, 9> kNasty = {0.0F,
                                                  -0.0F,
                                                  -1.0F,
                                                  0.25F,
                                                  1e38F,
                                                  1e-38F,
                                                  std::numeric_limits<float>::denorm_min(),
                                                  std::numeric_limits<float>::infinity(),
                                                  std::numeric_limits<float>::quiet_NaN()};
  return kNasty[pick(random, kNasty.size())];
}

template <class Repeated>
auto* any(Repeated* items, Random& random) {
  return items->empty() ? nullptr
                        : items->Mutable(static_cast<int>(
                              pick(random, static_cast<std::size_t>(items->size()))));
}

/// Drops, repeats or swaps entries of a repeated field.
template <class Repeated>
void shuffle(Repeated* items, Random& random) {
  if (items->empty()) return;
  const int at = static_cast<int>(pick(random, static_cast<std::size_t>(items->size())));
  const int other = static_cast<int>(pick(random, static_cast<std::size_t>(items->size())));
  switch (pick(random, 3)) {
    case 0:
      items->DeleteSubrange(at, 1);
      break;
    case 1: {
      const auto copy = items->Get(at);
      *items->Add() = copy;
      break;
    }
    default:
      items->SwapElements(at, other);
  }
}

/// The name of any value or tensor of the graph, or a new one.
std::string any_name(const onnx::GraphProto& graph, Random& random) {
  switch (pick(random, 4)) {
    case 0:
      return pick(random, 2) == 0 ? "" : "new\x01name";
    case 1:
      if (graph.initializer_size() > 0) {
        const auto count = static_cast<std::size_t>(graph.initializer_size());
        return graph.initializer(static_cast<int>(pick(random, count))).name();
      }
      return "x";
    default: {
      if (graph.node_size() == 0) return "y";
      const auto& node =
          graph.node(static_cast<int>(pick(random, static_cast<std::size_t>(graph.node_size()))));
      return node.output_size() > 0 ? node.output(0) : "z";
    }
  }
}

void mutate_attribute(onnx::NodeProto& node, Random& random) {
  static const std::array<const char*, 13> kNames = {
      "axis",   "group",  "strides",   "pads",     "dilations", "kernel_shape",     "alpha",
      "transA", "transB", "ceil_mode", "auto_pad", "allowzero", "count_include_pad"};
  onnx::AttributeProto* attribute = any(node.mutable_attribute(), random);
  if (attribute == nullptr || pick(random, 5) == 0) {
    attribute = node.add_attribute();
    attribute->set_name(kNames[pick(random, kNames.size())]);
    attribute->set_type(pick(random, 2) == 0 ? onnx::AttributeProto::INT
                                             : onnx::AttributeProto::INTS);
    attribute->set_i(nasty_integer(random));
    for (std::size_t i = pick(random, 5); i > 0; --i) attribute->add_ints(nasty_integer(random));
    return;
  }
  switch (pick(random, 7)) {
    case 0:
      attribute->set_i(nasty_integer(random));
      break;
    case 1:
    case 2:
      if (attribute->ints_size() > 0) {
        attribute->set_ints(
            static_cast<int>(pick(random, static_cast<std::size_t>(attribute->ints_size()))),
            pick(random, 2) == 0 ? static_cast<std::int64_t>(pick(random, 5))
                                 : nasty_integer(random));
      }
      break;
    case 3:
      attribute->set_type(static_cast<onnx::AttributeProto::AttributeType>(pick(random, 15)));
      break;
    case 4:
      attribute->add_ints(nasty_integer(random));
      break;
    case 5:
      attribute->set_f(nasty_float(random));
      break;
    default:
      shuffle(node.mutable_attribute(), random);
  }
}

void mutate_node(onnx::GraphProto& graph, Random& random) {
  static const std::array<const char*, 19> kOperators = {"Add",         "Clip",
                                                         "AveragePool", "GlobalAveragePool",
                                                         "Conv",        "DequantizeLinear",
                                                         "Flatten",     "Gemm",
                                                         "Identity",    "MatMul",
                                                         "MaxPool",     "QuantizeLinear",
                                                         "Relu",        "Reshape",
                                                         "Sigmoid",     "ThresholdedRelu",
                                                         "If",          "Constant",
                                                         "Loop"};
  onnx::NodeProto* node = any(graph.mutable_node(), random);
  if (node == nullptr) return;
  switch (pick(random, 8)) {
    case 0:
      shuffle(graph.mutable_node(), random);
      break;
    case 1:
      node->set_op_type(kOperators[pick(random, kOperators.size())]);
      break;
    case 2:
    case 3:
      if (std::string* input = any(node->mutable_input(), random)) {
        *input = any_name(graph, random);
      } else {
        node->add_input(any_name(graph, random));
      }
      break;
    case 4:
      if (node->output_size() > 0) node->set_output(0, any_name(graph, random));
      break;
    case 5:
      shuffle(pick(random, 3) == 0 ? node->mutable_output() : node->mutable_input(), random);
      break;
    case 6:
      node->set_name(pick(random, 2) == 0 ? any_name(graph, random) : "");
      break;
    default:
      mutate_attribute(*node, random);
  }
}

void mutate_tensor(onnx::GraphProto& graph, Random& random) {
  onnx::TensorProto* tensor = any(graph.mutable_initializer(), random);
  if (tensor == nullptr) return;
  switch (pick(random, 9)) {
    case 0:
      shuffle(graph.mutable_initializer(), random);
      break;
    case 1:
      if (tensor->dims_size() > 0) {
        tensor->set_dims(
            static_cast<int>(pick(random, static_cast<std::size_t>(tensor->dims_size()))),
            nasty_integer(random));
      }
      break;
    case 2:
      tensor->add_dims(pick(random, 2) == 0 ? 1 : nasty_integer(random));
      break;
    case 3:
      tensor->set_data_type(static_cast<int>(pick(random, 18)));
      break;
    case 4:
      if (!tensor->raw_data().empty()) mutate_bytes(*tensor->mutable_raw_data(), random);
      break;
    case 5: {
      const float value = nasty_float(random);
      if (tensor->data_type() == onnx::TensorProto::FLOAT && tensor->raw_data().size() >= 4) {
        std::memcpy(tensor->mutable_raw_data()->data(), &value, sizeof(value));
      }
      break;
    }
    case 6:
      tensor->set_name(any_name(graph, random));
      break;
    case 7:
      // Dimensions in another order keep the count, so that deeper checks are reached.
      if (tensor->dims_size() > 1) {
        tensor->mutable_dims()->SwapElements(
            0,
            1 + static_cast<int>(pick(random, static_cast<std::size_t>(tensor->dims_size() - 1))));
      }
      break;
    default:
      if (pick(random, 2) == 0) {
        tensor->set_data_location(onnx::TensorProto::EXTERNAL);
      } else {
        tensor->add_int32_data(static_cast<std::int32_t>(pick(random, 300)));
      }
  }
}

void mutate_type(onnx::GraphProto& graph, Random& random) {
  onnx::ValueInfoProto* info =
      any(pick(random, 2) == 0 ? graph.mutable_input() : graph.mutable_output(), random);
  if (info == nullptr) return;
  onnx::TypeProto::Tensor& type = *info->mutable_type()->mutable_tensor_type();
  switch (pick(random, 5)) {
    case 0:
      type.set_elem_type(static_cast<int>(pick(random, 18)));
      break;
    case 1:
      shuffle(type.mutable_shape()->mutable_dim(), random);
      break;
    case 2:
      info->set_name(any_name(graph, random));
      break;
    case 3:
      info->mutable_type()->mutable_sequence_type();
      break;
    default:
      if (auto* dim = any(type.mutable_shape()->mutable_dim(), random)) {
        dim->set_dim_value(pick(random, 2) == 0 ? static_cast<std::int64_t>(pick(random, 9))
                                                : nasty_integer(random));
      }
  }
}

void mutate_header(onnx::ModelProto& model, Random& random) {
  switch (pick(random, 8)) {
    case 0:
      model.set_ir_version(nasty_integer(random));
      break;
    case 1:
      shuffle(model.mutable_opset_import(), random);
      break;
    case 2:
      if (model.opset_import_size() > 0) {
        model.mutable_opset_import(0)->set_version(static_cast<std::int64_t>(pick(random, 30)));
      }
      break;
    case 3:
      shuffle(model.mutable_metadata_props(), random);
      break;
    case 4:
      if (auto* entry = any(model.mutable_metadata_props(), random)) {
        entry->set_value(std::to_string(pick(random, 10)));
      }
      break;
    case 5:
      shuffle(model.mutable_graph()->mutable_input(), random);
      break;
    case 6:
      shuffle(model.mutable_graph()->mutable_output(), random);
      break;
    default: {
      onnx::ValueInfoProto& info = *model.mutable_graph()->add_value_info();
      info.set_name(any_name(model.graph(), random));
      info.mutable_type()->mutable_tensor_type()->set_elem_type(static_cast<int>(pick(random, 18)));
      info.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(
          nasty_integer(random));
    }
  }
}

}  // namespace

void mutate_model(onnx::ModelProto& model, std::mt19937& random) {
  const std::size_t changes = 1 + pick(random, 3);
  for (std::size_t change = 0; change < changes; ++change) {
    onnx::GraphProto& graph = *model.mutable_graph();
    switch (pick(random, 8)) {
      case 0:
      case 1:
      case 2:
        mutate_node(graph, random);
        break;
      case 3:
      case 4:
        mutate_tensor(graph, random);
        break;
      case 5:
        mutate_type(graph, random);
        break;
      case 6:
        mutate_header(model, random);
        break;
      default:
        if (onnx::NodeProto* node = any(graph.mutable_node(), random)) {
          mutate_attribute(*node, random);
        }
    }
  }
}

}  // namespace lacuna::network::test
