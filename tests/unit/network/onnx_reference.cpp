#include "unit/network/onnx_reference.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <stdexcept>

namespace lacuna::network::test {
namespace {

using Values = std::map<std::string, RealTensor>;
using Integers = std::vector<std::int64_t>;

template <class T>
void unpack(const std::string& raw, std::vector<double>& values) {
  for (std::size_t at = 0; at < raw.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + at, sizeof(T));
    values.push_back(static_cast<double>(value));
  }
}

RealTensor constant(const onnx::TensorProto& tensor) {
  RealTensor result{{tensor.dims().begin(), tensor.dims().end()}, {}};
  const std::string& raw = tensor.raw_data();
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      unpack<float>(raw, result.values);
      break;
    case onnx::TensorProto::INT8:
      unpack<std::int8_t>(raw, result.values);
      break;
    case onnx::TensorProto::UINT8:
      unpack<std::uint8_t>(raw, result.values);
      break;
    case onnx::TensorProto::INT32:
      unpack<std::int32_t>(raw, result.values);
      break;
    default:
      unpack<std::int64_t>(raw, result.values);
  }
  for (const float value : tensor.float_data()) result.values.push_back(value);
  for (const std::int32_t value : tensor.int32_data()) result.values.push_back(value);
  for (const std::int64_t value : tensor.int64_data()) {
    result.values.push_back(static_cast<double>(value));
  }
  return result;
}

Integers integers(const onnx::NodeProto& node, const std::string& name, Integers otherwise) {
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.name() == name) return {attribute.ints().begin(), attribute.ints().end()};
  }
  return otherwise;
}

std::int64_t integer(const onnx::NodeProto& node, const std::string& name, std::int64_t otherwise) {
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.name() == name) return attribute.i();
  }
  return otherwise;
}

RealTensor dequantise(const onnx::NodeProto& node, const RealTensor& x, const RealTensor& scale) {
  RealTensor y = x;
  std::size_t inner = x.values.size();
  if (scale.values.size() > 1) {
    inner = 1;
    const auto axis = static_cast<std::size_t>(integer(node, "axis", 1));
    for (std::size_t i = axis + 1; i < x.sizes.size(); ++i) {
      inner *= static_cast<std::size_t>(x.sizes[i]);
    }
  }
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    y.values[i] *= scale.values[i / inner % scale.values.size()];
  }
  return y;
}

/// Calls visit(output y, output x, input y, input x, kernel y, kernel x) for all taps inside.
template <class Visit>
void slide(const Integers& in, const Integers& out, const Integers& kernel, const Integers& strides,
           const Integers& pads, const Visit& visit) {
  for (std::int64_t oy = 0; oy < out[2]; ++oy) {
    for (std::int64_t ox = 0; ox < out[3]; ++ox) {
      for (std::int64_t ky = 0; ky < kernel[0]; ++ky) {
        for (std::int64_t kx = 0; kx < kernel[1]; ++kx) {
          const std::int64_t iy = oy * strides[0] - pads[0] + ky;
          const std::int64_t ix = ox * strides[1] - pads[1] + kx;
          if (iy < 0 || iy >= in[2] || ix < 0 || ix >= in[3]) continue;
          visit(oy, ox, iy, ix, ky, kx);
        }
      }
    }
  }
}

std::size_t at(const Integers& sizes, std::int64_t c, std::int64_t y, std::int64_t x) {
  return static_cast<std::size_t>((c * sizes[2] + y) * sizes[3] + x);
}

Integers window_sizes(const Integers& in, std::int64_t channels, const Integers& kernel,
                      const Integers& strides, const Integers& pads) {
  return {1, channels, (in[2] + pads[0] + pads[2] - kernel[0]) / strides[0] + 1,
          (in[3] + pads[1] + pads[3] - kernel[1]) / strides[1] + 1};
}

RealTensor convolution(const onnx::NodeProto& node, const RealTensor& x, const RealTensor& w,
                       const RealTensor* bias) {
  const Integers kernel = {w.sizes[2], w.sizes[3]};
  const Integers strides = integers(node, "strides", {1, 1});
  const Integers pads = integers(node, "pads", {0, 0, 0, 0});
  const std::int64_t groups = integer(node, "group", 1);
  RealTensor y{window_sizes(x.sizes, w.sizes[0], kernel, strides, pads), {}};
  y.values.assign(static_cast<std::size_t>(y.sizes[1] * y.sizes[2] * y.sizes[3]), 0.0);
  for (std::int64_t o = 0; o < y.sizes[1]; ++o) {
    const std::int64_t first = o / (y.sizes[1] / groups) * w.sizes[1];
    for (std::int64_t c = 0; c < w.sizes[1]; ++c) {
      slide(x.sizes, y.sizes, kernel, strides, pads,
            [&](auto oy, auto ox, auto iy, auto ix, auto ky, auto kx) {
              const Integers as_map = {1, w.sizes[1], w.sizes[2], w.sizes[3]};
              y.values[at(y.sizes, o, oy, ox)] += x.values[at(x.sizes, first + c, iy, ix)] *
                                                  w.values[at(as_map, o * w.sizes[1] + c, ky, kx)];
            });
    }
    for (std::int64_t i = 0; bias != nullptr && i < y.sizes[2] * y.sizes[3]; ++i) {
      y.values[at(y.sizes, o, 0, i)] += bias->values[static_cast<std::size_t>(o)];
    }
  }
  return y;
}

RealTensor max_pool(const onnx::NodeProto& node, const RealTensor& x) {
  const Integers kernel = integers(node, "kernel_shape", {});
  const Integers strides = integers(node, "strides", {1, 1});
  const Integers pads = integers(node, "pads", {0, 0, 0, 0});
  RealTensor y{window_sizes(x.sizes, x.sizes[1], kernel, strides, pads), {}};
  y.values.assign(static_cast<std::size_t>(y.sizes[1] * y.sizes[2] * y.sizes[3]),
                  -std::numeric_limits<double>::infinity());
  for (std::int64_t c = 0; c < y.sizes[1]; ++c) {
    slide(x.sizes, y.sizes, kernel, strides, pads,
          [&](auto oy, auto ox, auto iy, auto ix, auto /*ky*/, auto /*kx*/) {
            double& best = y.values[at(y.sizes, c, oy, ox)];
            best = std::max(best, x.values[at(x.sizes, c, iy, ix)]);
          });
  }
  return y;
}

RealTensor average_pool(const onnx::NodeProto& node, const RealTensor& x) {
  const bool global = node.op_type() == "GlobalAveragePool";
  const Integers kernel =
      global ? Integers{x.sizes[2], x.sizes[3]} : integers(node, "kernel_shape", {});
  const Integers strides = integers(node, "strides", {1, 1});
  const Integers pads = {0, 0, 0, 0};
  RealTensor y{window_sizes(x.sizes, x.sizes[1], kernel, strides, pads), {}};
  y.values.assign(static_cast<std::size_t>(y.sizes[1] * y.sizes[2] * y.sizes[3]), 0.0);
  for (std::int64_t c = 0; c < y.sizes[1]; ++c) {
    slide(x.sizes, y.sizes, kernel, strides, pads,
          [&](auto oy, auto ox, auto iy, auto ix, auto /*ky*/, auto /*kx*/) {
            y.values[at(y.sizes, c, oy, ox)] += x.values[at(x.sizes, c, iy, ix)];
          });
  }
  for (double& value : y.values) value /= static_cast<double>(kernel[0] * kernel[1]);
  return y;
}

RealTensor product(const RealTensor& x, const RealTensor& w, bool transposed,
                   const RealTensor* bias) {
  const std::int64_t out = w.sizes[transposed ? 0 : 1];
  const std::int64_t in = w.sizes[transposed ? 1 : 0];
  RealTensor y{{1, out}, std::vector<double>(static_cast<std::size_t>(out), 0.0)};
  for (std::int64_t o = 0; o < out; ++o) {
    double& sum = y.values[static_cast<std::size_t>(o)];
    for (std::int64_t i = 0; i < in; ++i) {
      sum += x.values[static_cast<std::size_t>(i)] *
             w.values[static_cast<std::size_t>(transposed ? o * in + i : i * out + o)];
    }
    if (bias != nullptr) sum += bias->values[static_cast<std::size_t>(o)];
  }
  return y;
}

RealTensor run(const onnx::NodeProto& node, const Values& values) {
  const auto in = [&](int i) -> const RealTensor& { return values.at(node.input(i)); };
  const RealTensor* third = node.input_size() > 2 ? &in(2) : nullptr;
  const std::string& op = node.op_type();
  if (op == "Conv") return convolution(node, in(0), in(1), third);
  if (op == "Gemm") return product(in(0), in(1), integer(node, "transB", 0) == 1, third);
  if (op == "MatMul") return product(in(0), in(1), false, nullptr);
  if (op == "MaxPool") return max_pool(node, in(0));
  if (op == "AveragePool" || op == "GlobalAveragePool") return average_pool(node, in(0));
  if (op == "DequantizeLinear") return dequantise(node, in(0), in(1));
  RealTensor y = in(0);
  if (op == "Flatten" || op == "Reshape") {
    y.sizes = {1, static_cast<std::int64_t>(y.values.size())};
  } else if (op == "Add") {
    for (std::size_t i = 0; i < y.values.size(); ++i) y.values[i] += in(1).values[i];
  } else if (op == "Relu") {
    for (double& value : y.values) value = std::max(value, 0.0);
  } else if (op == "ThresholdedRelu") {
    const double alpha = double{node.attribute(0).f()};
    for (double& value : y.values) value = value > alpha ? value : 0.0;
  } else if (op == "Clip") {
    for (double& v : y.values) v = std::clamp(v, in(1).values[0], in(2).values[0]);
  } else if (op == "QuantizeLinear") {
    for (double& v : y.values) v = std::clamp(std::nearbyint(v / in(1).values[0]), 0.0, 255.0);
  } else if (op != "Identity") {
    throw std::invalid_argument(op);
  }
  return y;
}

}  // namespace

RealTensor evaluate_onnx(const onnx::ModelProto& model, const RealTensor& image) {
  const onnx::GraphProto& graph = model.graph();
  Values values;
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    values[tensor.name()] = constant(tensor);
  }
  values[graph.input(0).name()] = image;
  for (const onnx::NodeProto& node : graph.node()) values[node.output(0)] = run(node, values);
  return values.at(graph.output(0).name());
}

}  // namespace lacuna::network::test
