#include "onnx_export.hpp"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <vector>

#include "base/error.hpp"

namespace lacuna::train {
namespace {

constexpr const char* kModule = "onnx_export";
constexpr std::int64_t kIrVersion = 8;
constexpr std::int64_t kOpset = 13;
constexpr const char* kZeroUnsigned = "zero_uint8";
constexpr const char* kZeroSigned = "zero_int8";

/// Builds the graph in the order of the layers; `at_` is the tensor at its end.
class GraphBuilder {
 public:
  explicit GraphBuilder(onnx::GraphProto& graph) : graph_(graph), at_("image") {}

  void image(int rows, int columns, float scale) {
    describe(*graph_.add_input(), "image", {1, rows, columns});
    zero_points();
    scale_ = "image_scale";
    add_float(scale_, scale);
    quantise_pair("image");
    maps_.push_back({at_, scale_});
  }

  void layer(const IntegerLayer& layer, int max_code) {
    const std::string& name = layer.shape.name;
    at_ = maps_[layer.shape.source].values;
    scale_ = maps_[layer.shape.source].scale;
    if (!layer.shape.convolution && !flat_) flatten();
    add_weights(layer);
    const std::string weight = name + "_weight";
    const std::string bias = name + "_bias";
    const std::string out = layer.output_scale ? name + "_sum" : "logits";
    onnx::NodeProto& node = add_node(layer.shape.convolution ? "Conv" : "Gemm", name,
                                     {at_, weight + "_dequantised", bias + "_dequantised"}, out);
    if (layer.shape.convolution) {
      const std::int64_t k = layer.shape.kernel;
      const std::int64_t p = layer.shape.padding;
      const std::int64_t s = layer.shape.stride;
      add_integers(node, "kernel_shape", {k, k});
      add_integers(node, "pads", {p, p, p, p});
      add_integers(node, "strides", {s, s});
    } else {
      add_integer(node, "transB", 1);
    }
    at_ = out;
    if (layer.shape.residual) add_residual(name, static_cast<std::size_t>(*layer.shape.residual));
    if (layer.output_scale) activation(name, *layer.output_scale, max_code);
    if (layer.shape.pool == Pool::kMax) max_pool(layer.shape.pool_name);
    if (layer.shape.pool == Pool::kAverage) average_pool(layer, max_code);
    maps_.push_back({at_, scale_});
  }

  void logits(std::int64_t classes) { describe(*graph_.add_output(), "logits", {classes}); }

 private:
  struct MapName {
    std::string values;  // dequantised
    std::string scale;
  };

  void add_residual(const std::string& name, std::size_t map) {
    add_node("Add", name + "_add", {at_, maps_[map].values}, name + "_added");
    add_node("Relu", name + "_relu", {name + "_added"}, name + "_positive");
    at_ = name + "_positive";
  }

  // The unsigned quantiser is a ReLU. The clip to fewer than 8 bits comes after the first
  // quantiser: before it, ONNX Runtime would not fuse Conv and QuantizeLinear.
  void activation(const std::string& name, float scale, int max_code) {
    scale_ = name + "_scale";
    add_float(scale_, scale);
    quantise_pair(name);
    if (max_code == 255) return;
    add_float(name + "_clip_low", 0.0F);
    add_float(name + "_clip_high", static_cast<float>(max_code) * scale);
    add_node("Clip", name + "_clip", {at_, name + "_clip_low", name + "_clip_high"},
             name + "_clipped");
    at_ = name + "_clipped";
    quantise_pair(name + "_clip");
  }

  void max_pool(const std::string& name) {
    onnx::NodeProto& node = add_node("MaxPool", name, {at_}, name + "_max");
    add_integers(node, "kernel_shape", {2, 2});
    add_integers(node, "strides", {2, 2});
    at_ = name + "_max";
    quantise_pair(name);
  }

  void average_pool(const IntegerLayer& layer, int max_code) {
    const std::string& name = layer.shape.pool_name;
    add_node("GlobalAveragePool", name, {at_}, name + "_mean");
    at_ = name + "_mean";
    activation(name, *layer.pool_scale, max_code);
  }

  void flatten() {
    onnx::NodeProto& node = add_node("Flatten", "flatten", {at_}, "flatten_out");
    add_integer(node, "axis", 1);
    at_ = "flatten_out";
    quantise_pair("flatten");
    flat_ = true;
  }

  // QuantizeLinear and DequantizeLinear with the current scale.
  void quantise_pair(const std::string& name) {
    add_node("QuantizeLinear", name + "_quantise", {at_, scale_, kZeroUnsigned}, name + "_codes");
    at_ = name + "_dequantised";
    add_node("DequantizeLinear", name + "_dequantise", {name + "_codes", scale_, kZeroUnsigned},
             at_);
  }

  void add_weights(const IntegerLayer& layer) {
    const std::string weight = layer.shape.name + "_weight";
    const std::string bias = layer.shape.name + "_bias";
    const std::int64_t outputs = layer.shape.outputs;
    const std::int64_t k = layer.shape.kernel;
    std::vector<std::int64_t> sizes = {outputs, layer.shape.inputs};
    if (layer.shape.convolution) sizes.insert(sizes.end(), {k, k});
    onnx::TensorProto& codes = add_tensor(weight, onnx::TensorProto::INT8, sizes);
    codes.mutable_raw_data()->assign(reinterpret_cast<const char*>(layer.weights.data()),
                                     layer.weights.size());
    add_scales(weight + "_scale", layer.weight_scales);
    const bool by_channel = layer.weight_scales.size() > 1;
    std::string zero = kZeroSigned;
    if (by_channel) {
      zero = weight + "_zero";
      onnx::TensorProto& zeros = add_tensor(zero, onnx::TensorProto::INT8, {outputs});
      for (std::int64_t i = 0; i < outputs; ++i) zeros.add_int32_data(0);
    }
    onnx::NodeProto& weights = add_node("DequantizeLinear", weight + "_dequantise",
                                        {weight, weight + "_scale", zero}, weight + "_dequantised");
    onnx::TensorProto& offsets = add_tensor(bias, onnx::TensorProto::INT32, {outputs});
    for (const std::int32_t value : layer.bias) offsets.add_int32_data(value);
    std::vector<float> bias_scales;
    for (const float scale : layer.weight_scales) bias_scales.push_back(layer.input_scale * scale);
    add_scales(bias + "_scale", bias_scales);
    // Without a zero point: for int32 there is none but 0.
    onnx::NodeProto& biases = add_node("DequantizeLinear", bias + "_dequantise",
                                       {bias, bias + "_scale"}, bias + "_dequantised");
    if (!by_channel) return;
    add_integer(weights, "axis", 0);
    add_integer(biases, "axis", 0);
  }

  // One scale is a scalar, as everywhere else.
  void add_scales(const std::string& name, const std::vector<float>& scales) {
    if (scales.size() == 1) {
      add_float(name, scales.front());
      return;
    }
    onnx::TensorProto& tensor =
        add_tensor(name, onnx::TensorProto::FLOAT, {static_cast<std::int64_t>(scales.size())});
    for (const float scale : scales) tensor.add_float_data(scale);
  }

  void zero_points() {
    add_tensor(kZeroUnsigned, onnx::TensorProto::UINT8, {}).add_int32_data(0);
    add_tensor(kZeroSigned, onnx::TensorProto::INT8, {}).add_int32_data(0);
  }

  void add_float(const std::string& name, float value) {
    add_tensor(name, onnx::TensorProto::FLOAT, {}).add_float_data(value);
  }

  onnx::TensorProto& add_tensor(const std::string& name, onnx::TensorProto::DataType type,
                                const std::vector<std::int64_t>& sizes) {
    onnx::TensorProto& tensor = *graph_.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const std::int64_t size : sizes) tensor.add_dims(size);
    return tensor;
  }

  onnx::NodeProto& add_node(const char* type, const std::string& name,
                            const std::vector<std::string>& inputs, const std::string& output) {
    onnx::NodeProto& node = *graph_.add_node();
    node.set_op_type(type);
    node.set_name(name);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  }

  static void add_integer(onnx::NodeProto& node, const char* name, std::int64_t value) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
  }

  static void add_integers(onnx::NodeProto& node, const char* name,
                           std::initializer_list<std::int64_t> values) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) attribute.add_ints(value);
  }

  // float32 with a free batch size N before the given sizes.
  static void describe(onnx::ValueInfoProto& info, const char* name,
                       std::initializer_list<std::int64_t> sizes) {
    info.set_name(name);
    onnx::TypeProto_Tensor& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    type.mutable_shape()->add_dim()->set_dim_param("N");
    for (const std::int64_t size : sizes) type.mutable_shape()->add_dim()->set_dim_value(size);
  }

  onnx::GraphProto& graph_;
  std::string at_;
  std::string scale_;
  std::vector<MapName> maps_;
  bool flat_ = false;
};

void add_metadata(onnx::ModelProto& model, const char* key, const std::string& value) {
  onnx::StringStringEntryProto& entry = *model.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

std::string serialise(const onnx::ModelProto& model) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  const bool written = model.SerializeToCodedStream(&coded);
  SIM_CHECK(written, kModule, -1, "the model cannot be serialised");
  coded.Trim();
  return bytes;
}

}  // namespace

std::string to_onnx(const IntegerNetwork& network, int rows, int columns) {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("lacuna-train");
  onnx::OperatorSetIdProto& opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(kOpset);
  add_metadata(model, "lacuna.weight_bits", std::to_string(network.weight_bits));
  add_metadata(model, "lacuna.activation_bits", std::to_string(network.activation_bits));
  model.mutable_graph()->set_name(network.name);
  GraphBuilder builder(*model.mutable_graph());
  builder.image(rows, columns, image_scale(network.activation_bits));
  for (const IntegerLayer& layer : network.layers) builder.layer(layer, network.max_code());
  builder.logits(network.layers.back().shape.outputs);
  try {
    onnx::checker::check_model(model);
  } catch (const std::exception& e) {
    throw base::InternalError(kModule, -1, fmt::format("the ONNX checker objects: {}", e.what()));
  }
  return serialise(model);
}

}  // namespace lacuna::train
