#include "reference/naive_network.hpp"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <stdexcept>

#include "tensor/requantise.hpp"

namespace lacuna::reference {
namespace {

using Sizes = std::vector<std::int64_t>;

[[noreturn]] void fail(const onnx::NodeProto& node, const std::string& why) {
  throw std::runtime_error(node.op_type() + " " + node.name() + ": " + why);
}

/// An initialiser: integers or floats as they stand in the file.
struct Constant {
  Sizes sizes;
  std::vector<std::int64_t> integers;
  std::vector<float> floats;
};

template <class T, class Out>
void unpack(const std::string& raw, std::vector<Out>& values) {
  for (std::size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + at, sizeof(T));
    values.push_back(static_cast<Out>(value));
  }
}

Constant read_constant(const onnx::TensorProto& tensor) {
  Constant c;
  c.sizes.assign(tensor.dims().begin(), tensor.dims().end());
  c.floats.assign(tensor.float_data().begin(), tensor.float_data().end());
  c.integers.assign(tensor.int32_data().begin(), tensor.int32_data().end());
  c.integers.insert(c.integers.end(), tensor.int64_data().begin(), tensor.int64_data().end());
  const std::string& raw = tensor.raw_data();
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      unpack<float>(raw, c.floats);
      break;
    case onnx::TensorProto::INT8:
      unpack<std::int8_t>(raw, c.integers);
      break;
    case onnx::TensorProto::UINT8:
      unpack<std::uint8_t>(raw, c.integers);
      break;
    case onnx::TensorProto::INT32:
      unpack<std::int32_t>(raw, c.integers);
      break;
    case onnx::TensorProto::INT64:
      unpack<std::int64_t>(raw, c.integers);
      break;
    default:
      throw std::runtime_error("initialiser " + tensor.name() + " has an unknown type");
  }
  return c;
}

enum class Form {
  kImage,    ///< real pixels
  kCodes,    ///< uint8 codes, or reals that are code * scale
  kSums,     ///< 32-bit sums; a real is sum * input_scale * weight scale of the channel
  kWeights,  ///< int8 weights or int32 bias with scales
};

struct Value {
  Form form = Form::kCodes;
  Sizes sizes;        ///< channels, height, width; of weights as in the file
  bool flat = false;  ///< a vector, whose elements are those of `sizes` in order
  std::vector<std::int64_t> numbers;
  std::vector<float> reals;          ///< kImage
  float scale = 1.0F;                ///< kCodes; kSums: of the codes that went in
  std::vector<float> weight_scales;  ///< kSums, kWeights: one, or one a channel
  std::int64_t averaged = 0;         ///< kSums of codes, of so many each; 0: of products
  std::vector<std::int64_t> added;   ///< kSums: codes that are added to them, of added_scale
  float added_scale = 1.0F;
  float threshold = 0.0F;  ///< kSums: reals not above it become 0
  int layer = -1;          ///< whose result it is
};

class Evaluator {
 public:
  Evaluator(const onnx::GraphProto& graph, const std::vector<std::uint8_t>& pixels,
            std::int64_t image, const WeightHook& hook)
      : graph_(graph), image_(image), hook_(hook) {
    for (const onnx::TensorProto& tensor : graph.initializer()) {
      constants_[tensor.name()] = read_constant(tensor);
    }
    for (const onnx::ValueInfoProto& input : graph.input()) {
      if (constants_.count(input.name()) != 0) continue;
      Value value;
      value.form = Form::kImage;
      const auto& dims = input.type().tensor_type().shape();
      for (int d = 1; d < dims.dim_size(); ++d) value.sizes.push_back(dims.dim(d).dim_value());
      for (const std::uint8_t pixel : pixels) {
        value.reals.push_back(static_cast<float>(pixel) / 255.0F);
      }
      values_[input.name()] = value;
    }
  }

  Evaluation run() {
    for (const onnx::NodeProto& node : graph_.node()) values_[node.output(0)] = apply(node);
    const Value& last = values_.at(graph_.output(0).name());
    if (last.form != Form::kSums) throw std::runtime_error("the output is not a layer's sums");
    evaluation_.logits.assign(last.numbers.begin(), last.numbers.end());
    evaluation_.layers.back().codes.clear();
    return evaluation_;
  }

 private:
  Value apply(const onnx::NodeProto& node) {
    const std::string& op = node.op_type();
    if (op == "QuantizeLinear") return quantise(node);
    if (op == "DequantizeLinear") return dequantise(node);
    if (op == "Conv") return convolve(node);
    if (op == "Gemm" || op == "MatMul") return multiply(node);
    if (op == "MaxPool") return pool(node);
    if (op == "AveragePool" || op == "GlobalAveragePool") return average(node);
    if (op == "Add") return add(node);
    if (op == "Relu") return relu(node);
    if (op == "ThresholdedRelu") return threshold(node);
    if (op == "Clip") return clip(node);
    if (op == "Identity") return input(node);
    if (op == "Flatten" || op == "Reshape") {
      Value flat = input(node);
      flat.flat = true;
      return flat;
    }
    fail(node, "unknown");
  }

  const Value& input(const onnx::NodeProto& node) const { return values_.at(node.input(0)); }
  const Constant& constant(const std::string& name) const { return constants_.at(name); }
  static const onnx::AttributeProto* attribute(const onnx::NodeProto& node, const char* name) {
    for (const onnx::AttributeProto& a : node.attribute()) {
      if (a.name() == name) return &a;
    }
    return nullptr;
  }
  static std::int64_t integer(const onnx::NodeProto& node, const char* name,
                              std::int64_t otherwise) {
    const onnx::AttributeProto* a = attribute(node, name);
    return a == nullptr ? otherwise : a->i();
  }
  static Sizes integers(const onnx::NodeProto& node, const char* name, Sizes otherwise) {
    const onnx::AttributeProto* a = attribute(node, name);
    return a == nullptr ? otherwise : Sizes(a->ints().begin(), a->ints().end());
  }

  // Rounds half to even and saturates to uint8.
  static std::int64_t to_code(float real, float scale) {
    return static_cast<std::int64_t>(
        std::min(std::max(std::nearbyint(real / scale), 0.0F), 255.0F));
  }

  Value quantise(const onnx::NodeProto& node) {
    const Value& in = input(node);
    const float scale = constant(node.input(1)).floats.at(0);
    Value out = in;
    out.form = Form::kCodes;
    out.scale = scale;
    out.reals.clear();
    out.weight_scales.clear();
    out.averaged = 0;
    out.added.clear();
    out.threshold = 0.0F;
    if (in.form == Form::kImage) {
      out.numbers.clear();
      for (const float real : in.reals) out.numbers.push_back(to_code(real, scale));
    } else if (in.form == Form::kSums) {
      const std::size_t plane = static_cast<std::size_t>(in.sizes[1] * in.sizes[2]);
      for (std::size_t i = 0; i < in.numbers.size(); ++i) {
        if (in.averaged > 0) {
          const float factor = in.scale / (static_cast<float>(in.averaged) * scale);
          out.numbers[i] = tensor::requantise(static_cast<std::int32_t>(in.numbers[i]), factor,
                                              tensor::Bounds{});
          continue;
        }
        const float weight_scale = in.weight_scales[in.weight_scales.size() == 1 ? 0 : i / plane];
        if (!in.added.empty() || in.threshold > 0.0F) {
          const float own = static_cast<float>(in.numbers[i]) *
                            tensor::combined_scale(in.scale, weight_scale, scale);
          const float other =
              in.added.empty() ? 0.0F : static_cast<float>(in.added[i]) * (in.added_scale / scale);
          const bool kept = own + other > in.threshold / scale;
          out.numbers[i] = kept ? to_code(own + other, 1.0F) : 0;
          continue;
        }
        out.numbers[i] = tensor::requantise(static_cast<std::int32_t>(in.numbers[i]),
                                            tensor::combined_scale(in.scale, weight_scale, scale),
                                            tensor::Bounds{});
      }
    } else if (in.scale != scale) {
      fail(node, "another scale than its input's");
    }
    if (out.layer >= 0) {
      evaluation_.layers[static_cast<std::size_t>(out.layer)].codes.assign(out.numbers.begin(),
                                                                           out.numbers.end());
    }
    return out;
  }

  Value dequantise(const onnx::NodeProto& node) const {
    const Constant& scales = constant(node.input(1));
    const auto found = constants_.find(node.input(0));
    if (found == constants_.end()) {
      if (input(node).scale != scales.floats.at(0)) fail(node, "another scale than its input's");
      return input(node);
    }
    Value weights;
    weights.form = Form::kWeights;
    weights.sizes = found->second.sizes;
    weights.numbers = found->second.integers;
    weights.weight_scales = scales.floats;
    return weights;
  }

  // What a layer's sums start from, and where they go.
  Value begin_layer(const onnx::NodeProto& node, const Value& in, const Value& weights,
                    Sizes sizes) {
    if (in.form != Form::kCodes || weights.form != Form::kWeights) fail(node, "operands");
    Value out;
    out.form = Form::kSums;
    out.sizes = std::move(sizes);
    out.scale = in.scale;
    out.weight_scales = weights.weight_scales;
    out.layer = static_cast<int>(evaluation_.layers.size());
    evaluation_.layers.push_back({node.name(), out.sizes, {}, {}});
    return out;
  }
  void end_layer(const Value& out) {
    evaluation_.layers[static_cast<std::size_t>(out.layer)].sums.assign(out.numbers.begin(),
                                                                        out.numbers.end());
  }
  std::vector<std::int64_t> bias_of(const onnx::NodeProto& node, std::int64_t channels) const {
    if (node.input_size() < 3) return std::vector<std::int64_t>(static_cast<std::size_t>(channels));
    return values_.at(node.input(2)).numbers;
  }

  Value convolve(const onnx::NodeProto& node) {
    const Value& in = input(node);
    const Value& weights = values_.at(node.input(1));
    const Sizes strides = integers(node, "strides", {1, 1});
    const Sizes pads = integers(node, "pads", {0, 0, 0, 0});
    const std::int64_t groups = integer(node, "group", 1);
    if (in.flat || integers(node, "dilations", {1, 1}) != Sizes{1, 1}) fail(node, "form");
    const std::int64_t outs = weights.sizes[0];
    const std::int64_t group_in = weights.sizes[1];
    const std::int64_t kernel_h = weights.sizes[2];
    const std::int64_t kernel_w = weights.sizes[3];
    const std::int64_t height = in.sizes[1];
    const std::int64_t width = in.sizes[2];
    Value out = begin_layer(node, in, weights,
                            {outs, (height + pads[0] + pads[2] - kernel_h) / strides[0] + 1,
                             (width + pads[1] + pads[3] - kernel_w) / strides[1] + 1});
    const std::vector<std::int64_t> bias = bias_of(node, outs);
    for (std::int64_t o = 0; o < outs; ++o) {
      const std::int64_t first_in = o / (outs / groups) * group_in;
      for (std::int64_t y = 0; y < out.sizes[1]; ++y) {
        for (std::int64_t x = 0; x < out.sizes[2]; ++x) {
          std::int32_t sum = static_cast<std::int32_t>(bias[static_cast<std::size_t>(o)]);
          for (std::int64_t i = 0; i < group_in; ++i) {
            for (std::int64_t ky = 0; ky < kernel_h; ++ky) {
              for (std::int64_t kx = 0; kx < kernel_w; ++kx) {
                const std::int64_t iy = y * strides[0] - pads[0] + ky;
                const std::int64_t ix = x * strides[1] - pads[1] + kx;
                if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
                const std::int64_t weight = weights.numbers[static_cast<std::size_t>(
                    ((o * group_in + i) * kernel_h + ky) * kernel_w + kx)];
                const std::int64_t code = in.numbers[static_cast<std::size_t>(
                    ((first_in + i) * height + iy) * width + ix)];
                const int used = used_weight(
                    hook_, {out.layer, o, ky, kx, i, image_, y, x, static_cast<int>(weight)});
                sum = wrap_add(sum, used * static_cast<int>(code));
              }
            }
          }
          out.numbers.push_back(sum);
        }
      }
    }
    end_layer(out);
    return out;
  }

  // Gemm and MatMul read a flattened map: element f is (channel, y, x) of it in NCHW order.
  Value multiply(const onnx::NodeProto& node) {
    const Value& in = input(node);
    const Value& weights = values_.at(node.input(1));
    const bool transposed = integer(node, "transB", 0) != 0;
    const std::int64_t outs = weights.sizes[transposed ? 0 : 1];
    const auto features = static_cast<std::int64_t>(in.numbers.size());
    if (weights.sizes[transposed ? 1 : 0] != features) fail(node, "sizes");
    const std::int64_t plane = in.sizes[1] * in.sizes[2];
    Value out = begin_layer(node, in, weights, {outs, 1, 1});
    const std::vector<std::int64_t> bias = bias_of(node, outs);
    for (std::int64_t o = 0; o < outs; ++o) {
      std::int32_t sum = static_cast<std::int32_t>(bias[static_cast<std::size_t>(o)]);
      for (std::int64_t f = 0; f < features; ++f) {
        const std::int64_t weight =
            weights.numbers[static_cast<std::size_t>(transposed ? o * features + f : f * outs + o)];
        const int used = used_weight(hook_, {out.layer, o, f % plane / in.sizes[2], f % in.sizes[2],
                                             f / plane, image_, 0, 0, static_cast<int>(weight)});
        sum = wrap_add(sum, used * static_cast<int>(in.numbers[static_cast<std::size_t>(f)]));
      }
      out.numbers.push_back(sum);
    }
    end_layer(out);
    return out;
  }

  // The bias of a MatMul or the codes of another map, on either side.
  Value add(const onnx::NodeProto& node) {
    const Value& left = values_.at(node.input(0));
    const Value& right = values_.at(node.input(1));
    Value out = left.form == Form::kSums ? left : right;
    const Value& bias = left.form == Form::kSums ? right : left;
    if (out.form == Form::kSums && bias.form == Form::kCodes && bias.sizes == out.sizes) {
      out.added = bias.numbers;
      out.added_scale = bias.scale;
      return out;
    }
    if (out.form != Form::kSums || bias.form != Form::kWeights) fail(node, "operands");
    for (std::size_t i = 0; i < out.numbers.size(); ++i) {
      out.numbers[i] = wrap_add(static_cast<std::int32_t>(out.numbers[i]),
                                static_cast<std::int32_t>(bias.numbers[i]));
    }
    end_layer(out);
    return out;
  }

  Value relu(const onnx::NodeProto& node) const {
    Value out = input(node);
    if (!out.added.empty()) return out;  // the quantiser to unsigned codes is one, too
    for (std::int64_t& number : out.numbers) number = std::max<std::int64_t>(number, 0);
    return out;
  }

  // Sums stay sums, the quantiser compares: what a sum is in its steps is known there only.
  Value threshold(const onnx::NodeProto& node) const {
    Value out = input(node);
    if (out.form != Form::kSums || out.averaged > 0) fail(node, "is not behind a layer");
    const onnx::AttributeProto* alpha = attribute(node, "alpha");
    out.threshold = alpha == nullptr ? 1.0F : alpha->f();
    return out;
  }

  // Of codes: Clip(0, (2^b - 1) * scale) leaves at most 2^b - 1.
  Value clip(const onnx::NodeProto& node) const {
    Value out = input(node);
    if (out.form != Form::kCodes) fail(node, "is not behind a quantiser");
    const std::int64_t top = to_code(constant(node.input(2)).floats.at(0), out.scale);
    for (std::int64_t& number : out.numbers) number = std::min(number, top);
    return out;
  }

  Value pool(const onnx::NodeProto& node) {
    const Value& in = input(node);
    const Sizes kernel = integers(node, "kernel_shape", {});
    const Sizes strides = integers(node, "strides", {1, 1});
    const Sizes pads = integers(node, "pads", {0, 0, 0, 0});
    if (in.form != Form::kCodes || in.flat || integer(node, "ceil_mode", 0) != 0) {
      fail(node, "form");
    }
    const std::int64_t height = in.sizes[1];
    const std::int64_t width = in.sizes[2];
    Value out = in;
    out.sizes = {in.sizes[0], (height + pads[0] + pads[2] - kernel[0]) / strides[0] + 1,
                 (width + pads[1] + pads[3] - kernel[1]) / strides[1] + 1};
    out.numbers.clear();
    for (std::int64_t c = 0; c < out.sizes[0]; ++c) {
      for (std::int64_t y = 0; y < out.sizes[1]; ++y) {
        for (std::int64_t x = 0; x < out.sizes[2]; ++x) {
          std::int64_t most = 0;
          for (std::int64_t ky = 0; ky < kernel[0]; ++ky) {
            for (std::int64_t kx = 0; kx < kernel[1]; ++kx) {
              const std::int64_t iy = y * strides[0] - pads[0] + ky;
              const std::int64_t ix = x * strides[1] - pads[1] + kx;
              if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
              most = std::max(most,
                              in.numbers[static_cast<std::size_t>((c * height + iy) * width + ix)]);
            }
          }
          out.numbers.push_back(most);
        }
      }
    }
    out.layer = static_cast<int>(evaluation_.layers.size());
    evaluation_.layers.push_back(
        {node.name(), out.sizes, {}, {out.numbers.begin(), out.numbers.end()}});
    return out;
  }

  // Sums of codes: a real is sum * scale / averaged.
  Value average(const onnx::NodeProto& node) {
    const Value& in = input(node);
    Sizes kernel = {in.sizes[1], in.sizes[2]};
    if (node.op_type() == "AveragePool") kernel = integers(node, "kernel_shape", {});
    const Sizes strides = integers(node, "strides", {1, 1});
    if (in.form != Form::kCodes || in.flat) fail(node, "form");
    Value out = in;
    out.form = Form::kSums;
    out.averaged = kernel[0] * kernel[1];
    out.sizes = {in.sizes[0], (in.sizes[1] - kernel[0]) / strides[0] + 1,
                 (in.sizes[2] - kernel[1]) / strides[1] + 1};
    out.numbers.clear();
    for (std::int64_t c = 0; c < out.sizes[0]; ++c) {
      for (std::int64_t y = 0; y < out.sizes[1]; ++y) {
        for (std::int64_t x = 0; x < out.sizes[2]; ++x) {
          std::int64_t sum = 0;
          for (std::int64_t ky = 0; ky < kernel[0]; ++ky) {
            for (std::int64_t kx = 0; kx < kernel[1]; ++kx) {
              const std::int64_t iy = y * strides[0] + ky;
              const std::int64_t ix = x * strides[1] + kx;
              sum +=
                  in.numbers[static_cast<std::size_t>((c * in.sizes[1] + iy) * in.sizes[2] + ix)];
            }
          }
          out.numbers.push_back(sum);
        }
      }
    }
    out.layer = static_cast<int>(evaluation_.layers.size());
    evaluation_.layers.push_back({node.name(), out.sizes, {}, {}});
    return out;
  }

  const onnx::GraphProto& graph_;
  std::int64_t image_;
  const WeightHook& hook_;
  std::map<std::string, Constant> constants_;
  std::map<std::string, Value> values_;
  Evaluation evaluation_;
};

}  // namespace

Evaluation evaluate_onnx(const std::string& model_bytes, const std::vector<std::uint8_t>& pixels,
                         std::int64_t image, const WeightHook& hook) {
  onnx::ModelProto model;
  if (!model.ParseFromString(model_bytes)) throw std::runtime_error("not an ONNX model");
  return Evaluator(model.graph(), pixels, image, hook).run();
}

}  // namespace lacuna::reference
