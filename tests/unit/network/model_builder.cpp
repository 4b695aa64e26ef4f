#include "unit/network/model_builder.hpp"

#include <stdexcept>

namespace lacuna::network::test {
namespace {

onnx::AttributeProto& attribute(onnx::NodeProto& node, const std::string& name,
                                onnx::AttributeProto::AttributeType type) {
  for (onnx::AttributeProto& old : *node.mutable_attribute()) {
    if (old.name() != name) continue;
    old.Clear();
    old.set_name(name);
    old.set_type(type);
    return old;
  }
  onnx::AttributeProto& fresh = *node.add_attribute();
  fresh.set_name(name);
  fresh.set_type(type);
  return fresh;
}

template <class T>
void append_raw(std::string& raw, T value) {
  raw.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

void set_attribute(onnx::NodeProto& node, const std::string& name, std::int64_t value) {
  attribute(node, name, onnx::AttributeProto::INT).set_i(value);
}
void set_attribute(onnx::NodeProto& node, const std::string& name, float value) {
  attribute(node, name, onnx::AttributeProto::FLOAT).set_f(value);
}
void set_attribute(onnx::NodeProto& node, const std::string& name, const char* value) {
  attribute(node, name, onnx::AttributeProto::STRING).set_s(value);
}
void set_attribute(onnx::NodeProto& node, const std::string& name,
                   const std::vector<std::int64_t>& values) {
  onnx::AttributeProto& list = attribute(node, name, onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) list.add_ints(value);
}

ModelBuilder::ModelBuilder(int weight_bits, int activation_bits, unsigned seed, Storage storage)
    : random_(seed),
      storage_(storage),
      weight_bits_(weight_bits),
      activation_bits_(activation_bits) {
  model_.set_ir_version(8);
  onnx::OperatorSetIdProto& opset = *model_.add_opset_import();
  opset.set_domain("");
  opset.set_version(13);
  graph().set_name("test");
  onnx::StringStringEntryProto& weight_entry = *model_.add_metadata_props();
  weight_entry.set_key("lacuna.weight_bits");
  weight_entry.set_value(std::to_string(weight_bits));
  onnx::StringStringEntryProto& activation_entry = *model_.add_metadata_props();
  activation_entry.set_key("lacuna.activation_bits");
  activation_entry.set_value(std::to_string(activation_bits));
  add_integers("zero_uint8", onnx::TensorProto::UINT8, {0}, {});
  add_integers("zero_int8", onnx::TensorProto::INT8, {0}, {});
  add_integers("zero_int32", onnx::TensorProto::INT32, {0}, {});
}

std::int64_t ModelBuilder::draw(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
}

onnx::NodeProto& ModelBuilder::node(const std::string& name) {
  for (onnx::NodeProto& node : *graph().mutable_node()) {
    if (node.name() == name) return node;
  }
  throw std::invalid_argument("no node " + name);
}

ModelBuilder& ModelBuilder::remove(const std::string& name) {
  const std::string from = node(name).output(0);
  const std::string to = node(name).input(0);
  auto& nodes = *graph().mutable_node();
  for (int i = 0; i < nodes.size(); ++i) {
    if (nodes.Get(i).name() == name) nodes.DeleteSubrange(i--, 1);
  }
  for (onnx::NodeProto& reader : nodes) {
    for (std::string& input : *reader.mutable_input()) {
      if (input == from) input = to;
    }
  }
  if (at_ == from) at_ = to;
  return *this;
}

onnx::TensorProto& ModelBuilder::tensor(const std::string& name) {
  for (onnx::TensorProto& tensor : *graph().mutable_initializer()) {
    if (tensor.name() == name) return tensor;
  }
  throw std::invalid_argument("no tensor " + name);
}

onnx::NodeProto& ModelBuilder::add_node(const std::string& op, const std::string& name,
                                        const std::vector<std::string>& inputs) {
  onnx::NodeProto& node = *graph().add_node();
  node.set_op_type(op);
  node.set_name(name);
  for (const std::string& input : inputs) node.add_input(input);
  at_ = name + "_out";
  node.add_output(at_);
  return node;
}

onnx::TensorProto& ModelBuilder::add_floats(const std::string& name,
                                            const std::vector<float>& values,
                                            const std::vector<std::int64_t>& sizes) {
  onnx::TensorProto& tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t size : sizes) tensor.add_dims(size);
  for (const float value : values) {
    if (storage_ == Storage::kRaw) {
      append_raw(*tensor.mutable_raw_data(), value);
    } else {
      tensor.add_float_data(value);
    }
  }
  return tensor;
}

onnx::TensorProto& ModelBuilder::add_integers(const std::string& name, int data_type,
                                              const std::vector<std::int64_t>& values,
                                              const std::vector<std::int64_t>& sizes) {
  onnx::TensorProto& tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(data_type);
  for (const std::int64_t size : sizes) tensor.add_dims(size);
  for (const std::int64_t value : values) {
    const bool wide = data_type == onnx::TensorProto::INT64;
    if (storage_ == Storage::kTyped && wide) {
      tensor.add_int64_data(value);
    } else if (storage_ == Storage::kTyped) {
      tensor.add_int32_data(static_cast<std::int32_t>(value));
    } else if (wide) {
      append_raw(*tensor.mutable_raw_data(), value);
    } else if (data_type == onnx::TensorProto::INT32) {
      append_raw(*tensor.mutable_raw_data(), static_cast<std::int32_t>(value));
    } else {
      append_raw(*tensor.mutable_raw_data(), static_cast<std::int8_t>(value));
    }
  }
  return tensor;
}

ModelBuilder& ModelBuilder::image(std::int64_t channels, std::int64_t height, std::int64_t width,
                                  float scale) {
  onnx::ValueInfoProto& info = *graph().add_input();
  info.set_name("image");
  onnx::TypeProto::Tensor& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("N");
  for (const std::int64_t size : {channels, height, width}) {
    type.mutable_shape()->add_dim()->set_dim_value(size);
  }
  channels_ = channels;
  height_ = height;
  width_ = width;
  scale_ = scale;
  at_ = "image";
  return requantise("image");
}

ModelBuilder& ModelBuilder::requantise(const std::string& name) {
  const std::string scale = name + "_scale";
  add_floats(scale, {scale_}, {});
  add_node("QuantizeLinear", name + "_q", {at_, scale, "zero_uint8"});
  add_node("DequantizeLinear", name + "_dq", {at_, scale, "zero_uint8"});
  return *this;
}

ModelBuilder& ModelBuilder::quantise(const std::string& name, float scale) {
  scale_ = scale;
  requantise(name);
  if (activation_bits_ == 8) return *this;
  const int top = (1 << activation_bits_) - 1;
  add_floats(name + "_low", {0.0F}, {});
  add_floats(name + "_high", {static_cast<float>(top) * scale}, {});
  add_node("Clip", name + "_clip", {at_, name + "_low", name + "_high"});
  return requantise(name + "_clip");
}

void ModelBuilder::weights(const std::string& name, const std::vector<std::int64_t>& sizes,
                           std::size_t axis, bool per_channel) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  std::vector<std::int64_t> codes(static_cast<std::size_t>(count));
  const std::int64_t half = std::int64_t{1} << (weight_bits_ - 1);
  for (std::int64_t& code : codes) code = draw(-half, half - 1);
  add_integers(name + "_w", onnx::TensorProto::INT8, codes, sizes);
  weight_scales_.assign(static_cast<std::size_t>(sizes[axis]), 0.125F);
  if (per_channel) {
    for (float& scale : weight_scales_) scale = 1.0F / static_cast<float>(1 << draw(1, 5));
    add_floats(name + "_w_scale", weight_scales_, {sizes[axis]});
  } else {
    add_floats(name + "_w_scale", {0.125F}, {});
  }
  const std::string at = at_;
  onnx::NodeProto& node =
      add_node("DequantizeLinear", name + "_w_dq", {name + "_w", name + "_w_scale", "zero_int8"});
  if (per_channel) set_attribute(node, "axis", static_cast<std::int64_t>(axis));
  at_ = at;
}

void ModelBuilder::bias(const std::string& name, std::int64_t channels) {
  std::vector<std::int64_t> codes(static_cast<std::size_t>(channels));
  for (std::int64_t& code : codes) code = draw(-20, 20);
  add_integers(name + "_b", onnx::TensorProto::INT32, codes, {channels});
  std::vector<float> scales;
  for (const float scale : weight_scales_) scales.push_back(scale_ * scale);
  add_floats(name + "_b_scale", scales, {channels});
  const std::string at = at_;
  onnx::NodeProto& node =
      add_node("DequantizeLinear", name + "_b_dq", {name + "_b", name + "_b_scale", "zero_int32"});
  set_attribute(node, "axis", std::int64_t{0});
  at_ = at;
}

ModelBuilder& ModelBuilder::conv(const std::string& name, const ConvSpec& spec) {
  weights(name, {spec.out, channels_ / spec.groups, spec.kernel_h, spec.kernel_w}, 0,
          spec.per_channel);
  std::vector<std::string> inputs = {at_, name + "_w_dq_out"};
  if (spec.bias) {
    bias(name, spec.out);
    inputs.push_back(name + "_b_dq_out");
  }
  onnx::NodeProto& node = add_node("Conv", name, inputs);
  set_attribute(node, "kernel_shape", {spec.kernel_h, spec.kernel_w});
  set_attribute(node, "strides", {spec.stride_h, spec.stride_w});
  set_attribute(node, "pads", {spec.pads.begin(), spec.pads.end()});
  set_attribute(node, "group", spec.groups);
  channels_ = spec.out;
  height_ = (height_ + spec.pads[0] + spec.pads[2] - spec.kernel_h) / spec.stride_h + 1;
  width_ = (width_ + spec.pads[1] + spec.pads[3] - spec.kernel_w) / spec.stride_w + 1;
  return *this;
}

ModelBuilder& ModelBuilder::gemm(const std::string& name, const GemmSpec& spec) {
  const std::int64_t values = channels_ * height_ * width_;
  weights(name,
          spec.trans_b ? std::vector<std::int64_t>{spec.out, values}
                       : std::vector<std::int64_t>{values, spec.out},
          spec.trans_b ? 0 : 1, spec.per_channel);
  std::vector<std::string> inputs = {at_, name + "_w_dq_out"};
  if (spec.bias) {
    bias(name, spec.out);
    inputs.push_back(name + "_b_dq_out");
  }
  onnx::NodeProto& node = add_node("Gemm", name, inputs);
  if (spec.trans_b) set_attribute(node, "transB", std::int64_t{1});
  channels_ = spec.out;
  height_ = width_ = 1;
  return *this;
}

ModelBuilder& ModelBuilder::matmul(const std::string& name, const GemmSpec& spec) {
  weights(name, {channels_ * height_ * width_, spec.out}, 1, spec.per_channel);
  add_node("MatMul", name, {at_, name + "_w_dq_out"});
  if (spec.bias) {
    bias(name, spec.out);
    add_node("Add", name + "_add", {name + "_b_dq_out", at_});
  }
  channels_ = spec.out;
  height_ = width_ = 1;
  return *this;
}

ModelBuilder& ModelBuilder::relu(const std::string& name) {
  add_node("Relu", name, {at_});
  return *this;
}

ModelBuilder& ModelBuilder::thresholded_relu(const std::string& name, float alpha) {
  set_attribute(add_node("ThresholdedRelu", name, {at_}), "alpha", alpha);
  return *this;
}

ModelBuilder& ModelBuilder::max_pool(const std::string& name, std::int64_t kernel_h,
                                     std::int64_t kernel_w, std::int64_t stride_h,
                                     std::int64_t stride_w, std::array<std::int64_t, 4> pads) {
  onnx::NodeProto& node = add_node("MaxPool", name, {at_});
  set_attribute(node, "kernel_shape", {kernel_h, kernel_w});
  set_attribute(node, "strides", {stride_h, stride_w});
  set_attribute(node, "pads", {pads.begin(), pads.end()});
  height_ = (height_ + pads[0] + pads[2] - kernel_h) / stride_h + 1;
  width_ = (width_ + pads[1] + pads[3] - kernel_w) / stride_w + 1;
  return *this;
}

ModelBuilder& ModelBuilder::average_pool(const std::string& name, std::int64_t kernel_h,
                                         std::int64_t kernel_w, std::int64_t stride_h,
                                         std::int64_t stride_w) {
  onnx::NodeProto& node = add_node("AveragePool", name, {at_});
  set_attribute(node, "kernel_shape", {kernel_h, kernel_w});
  set_attribute(node, "strides", {stride_h, stride_w});
  height_ = (height_ - kernel_h) / stride_h + 1;
  width_ = (width_ - kernel_w) / stride_w + 1;
  return *this;
}

ModelBuilder& ModelBuilder::global_average_pool(const std::string& name) {
  add_node("GlobalAveragePool", name, {at_});
  height_ = width_ = 1;
  return *this;
}

ModelBuilder& ModelBuilder::go_on_from(const Mark& mark) {
  at_ = mark.value;
  scale_ = mark.scale;
  channels_ = mark.channels;
  height_ = mark.height;
  width_ = mark.width;
  return *this;
}

ModelBuilder& ModelBuilder::add_residual(const std::string& name, const Mark& mark) {
  add_node("Add", name, {at_, mark.value});
  return *this;
}

ModelBuilder& ModelBuilder::flatten(const std::string& name) {
  set_attribute(add_node("Flatten", name, {at_}), "axis", std::int64_t{1});
  return *this;
}

ModelBuilder& ModelBuilder::reshape(const std::string& name, std::vector<std::int64_t> to) {
  add_integers(name + "_to", onnx::TensorProto::INT64, to, {static_cast<std::int64_t>(to.size())});
  add_node("Reshape", name, {at_, name + "_to"});
  return *this;
}

ModelBuilder& ModelBuilder::identity(const std::string& name) {
  add_node("Identity", name, {at_});
  return *this;
}

ModelBuilder& ModelBuilder::output() {
  for (onnx::NodeProto& node : *graph().mutable_node()) {
    if (node.output(0) == at_) node.set_output(0, "logits");
  }
  onnx::ValueInfoProto& info = *graph().add_output();
  info.set_name("logits");
  onnx::TypeProto::Tensor& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  if (height_ * width_ != 1) return *this;  // a map, whose sizes need not be declared
  type.mutable_shape()->add_dim()->set_dim_param("N");
  type.mutable_shape()->add_dim()->set_dim_value(channels_);
  return *this;
}

ModelBuilder small_model(int weight_bits, int activation_bits) {
  ModelBuilder builder(weight_bits, activation_bits);
  ConvSpec conv;
  conv.out = 2;
  conv.kernel_h = conv.kernel_w = 3;
  conv.pads = {1, 1, 1, 1};
  GemmSpec fc1;
  fc1.out = 3;
  GemmSpec fc2;
  fc2.out = 2;
  builder.image(1, 4, 4, 1.0F / static_cast<float>((1 << activation_bits) - 1))
      .conv("conv1", conv)
      .relu("relu1")
      .quantise("act1", 0.25F)
      .max_pool("pool1", 2, 2, 2, 2)
      .requantise("pool1")
      .flatten("flat")
      .gemm("fc1", fc1)
      .quantise("act2", 0.5F)
      .gemm("fc2", fc2)
      .output();
  return builder;
}

}  // namespace lacuna::network::test
