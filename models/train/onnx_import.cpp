#include "onnx_import.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <charconv>
#include <map>

#include "base/error.hpp"

namespace lacuna::train {
namespace {

/// The initialisers of a model by name.
class Tensors {
 public:
  Tensors(std::string file, const onnx::ModelProto& model) : file_(std::move(file)) {
    for (const onnx::TensorProto& tensor : model.graph().initializer()) {
      by_name_[tensor.name()] = &tensor;
    }
  }

  std::vector<float> floats(const std::string& name) const {
    const onnx::TensorProto& tensor = find(name);
    if (tensor.float_data_size() == 0) fail(name, "holds no float data");
    return {tensor.float_data().begin(), tensor.float_data().end()};
  }

  std::vector<std::int32_t> integers(const std::string& name, std::size_t count) const {
    const onnx::TensorProto& tensor = find(name);
    if (static_cast<std::size_t>(tensor.int32_data_size()) != count) {
      fail(name, fmt::format("holds {} values", tensor.int32_data_size()));
    }
    return {tensor.int32_data().begin(), tensor.int32_data().end()};
  }

  std::vector<std::int8_t> codes(const std::string& name, std::size_t count) const {
    const std::string& bytes = find(name).raw_data();
    if (bytes.size() != count) fail(name, fmt::format("holds {} values", bytes.size()));
    return {bytes.begin(), bytes.end()};
  }

  [[noreturn]] void fail(const std::string& name, const std::string& wrong) const {
    throw base::InputError({file_, 0, name}, wrong, "a network as lacuna-train exports it");
  }

 private:
  const onnx::TensorProto& find(const std::string& name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) fail(name, "is missing");
    return *found->second;
  }

  std::string file_;
  std::map<std::string, const onnx::TensorProto*> by_name_;
};

int bits(const Tensors& tensors, const onnx::ModelProto& model, const std::string& key) {
  for (const onnx::StringStringEntryProto& entry : model.metadata_props()) {
    if (entry.key() != key) continue;
    int value = 0;
    const char* end = entry.value().data() + entry.value().size();
    const auto result = std::from_chars(entry.value().data(), end, value);
    if (result.ec == std::errc() && result.ptr == end && value >= 1 && value <= 8) return value;
  }
  tensors.fail(key, "is missing or no number of bits");
}

}  // namespace

IntegerNetwork from_onnx(const std::string& file, const std::string& bytes,
                         const std::vector<LayerShape>& shapes) {
  onnx::ModelProto model;
  if (!model.ParseFromString(bytes)) {
    throw base::InputError({file, 0, ""}, "is not an ONNX model",
                           "a network as lacuna-train exports it");
  }
  const Tensors tensors(file, model);
  IntegerNetwork network{model.graph().name(),
                         bits(tensors, model, "lacuna.weight_bits"),
                         bits(tensors, model, "lacuna.activation_bits"),
                         {}};
  std::vector<float> scales = {image_scale(network.activation_bits)};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const LayerShape& shape = shapes[i];
    const auto outputs = static_cast<std::size_t>(shape.outputs);
    const int taps = shape.inputs * shape.kernel * shape.kernel;
    IntegerLayer layer;
    layer.shape = shape;
    layer.weights = tensors.codes(shape.name + "_weight", outputs * static_cast<std::size_t>(taps));
    layer.bias = tensors.integers(shape.name + "_bias", outputs);
    layer.weight_scales = tensors.floats(shape.name + "_weight_scale");
    if (layer.weight_scales.size() != 1 && layer.weight_scales.size() != outputs) {
      tensors.fail(shape.name + "_weight_scale", "holds neither one value nor one an output");
    }
    layer.input_scale = scales[shape.source];
    layer.residual_scale =
        shape.residual ? scales[static_cast<std::size_t>(*shape.residual)] : 0.0F;
    if (i + 1 < shapes.size()) layer.output_scale = tensors.floats(shape.name + "_scale").front();
    if (shape.pool == Pool::kAverage) {
      layer.pool_scale = tensors.floats(shape.pool_name + "_scale").front();
    }
    network.layers.push_back(layer);
    scales.push_back(layer.map_scale());
  }
  return network;
}

}  // namespace lacuna::train
