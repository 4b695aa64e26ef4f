// Writes the graphs of exporter cases, node by node.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "unit/network/exporter_cases.hpp"

namespace lacuna::network::test {

using Names = std::vector<std::string>;
using Sizes = std::vector<std::int64_t>;
inline constexpr int kFloat = onnx::TensorProto::FLOAT;
inline constexpr int kU8 = onnx::TensorProto::UINT8;
inline constexpr int kS8 = onnx::TensorProto::INT8;
inline constexpr int kI64 = onnx::TensorProto::INT64;

/// The power of two nearest to a scale: with such, ONNX Runtime's float arithmetic is exact, and
/// its values are those of the integers to the last bit.
inline float power_of_two(float scale) { return std::exp2(std::nearbyint(std::log2(scale))); }

inline constexpr int kI32 = onnx::TensorProto::INT32;

/// Adds nodes to a model; every call gives the name of the value that it made.
class Maker {
 public:
  explicit Maker(ModelBuilder& builder) : b_(builder) {}

  std::string node(const std::string& op, const Names& inputs) {
    last_ = "n" + std::to_string(count_++);
    b_.add_node(op, last_, inputs);
    return last_ + "_out";
  }
  template <class T>
  Maker& with(const char* name, T value) {
    set_attribute(b_.node(last_), name, value);
    return *this;
  }
  std::string out() const { return last_ + "_out"; }
  Maker& op(const std::string& op, const Names& inputs) {
    node(op, inputs);
    return *this;
  }
  std::string floats(const std::vector<float>& values, const Sizes& sizes) {
    const std::string name = "c" + std::to_string(count_++);
    b_.add_floats(name, values, sizes);
    return name;
  }
  std::string ints(int type, const std::vector<std::int64_t>& values, const Sizes& sizes) {
    const std::string name = "c" + std::to_string(count_++);
    b_.add_integers(name, type, values, sizes);
    return name;
  }
  /// Quantised and back.
  std::string qdq(const std::string& x, float scale, std::int64_t zero = 0, int type = kU8) {
    const std::string s = floats({power_of_two(scale)}, {});
    const std::string z = ints(type, {zero}, {});
    return node("DequantizeLinear", {node("QuantizeLinear", {x, s, z}), s, z});
  }
  /// Random weights behind a dequantiser; several scales lie along `axis`.
  std::string weights(const Sizes& sizes, std::vector<float> scales,
                      const std::vector<std::int64_t>& zeros = {0}, int type = kS8,
                      std::int64_t axis = 0) {
    std::int64_t count = 1;
    for (const std::int64_t size : sizes) count *= size;
    std::transform(scales.begin(), scales.end(), scales.begin(), power_of_two);
    std::vector<std::int64_t> codes;
    const int low = type == kU8 ? 0 : -100;
    for (std::int64_t i = 0; i < count; ++i) codes.push_back(low + draw(type == kU8 ? 256 : 201));
    const Sizes along =
        scales.size() == 1 ? Sizes{} : Sizes{static_cast<std::int64_t>(scales.size())};
    std::vector<std::int64_t> points = zeros;
    points.resize(scales.size(), zeros[0]);
    node("DequantizeLinear",
         {ints(type, codes, sizes), floats(scales, along), ints(type, points, along)});
    if (scales.size() > 1) with("axis", axis);
    return out();
  }
  /// A random float bias in +-0.25, a multiple of every step of sums.
  std::string bias(std::int64_t count) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i)
      values.push_back(static_cast<float>(draw(129) - 64) / 256.0F);
    return floats(values, {count});
  }
  std::vector<float> reals(std::int64_t count, float low, float high) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i) {
      values.push_back(low + (high - low) * static_cast<float>(draw(1001)) / 1000.0F);
    }
    return values;
  }
  std::string conv(const std::string& x, const Sizes& sizes, float scale = 0.01F) {
    op("Conv", {x, weights(sizes, {scale}), bias(sizes[0])});
    if (sizes.size() == 4 && sizes[2] == 3) with("pads", Sizes{1, 1, 1, 1});
    return out();
  }
  std::string image() { return qdq("x", 1.0F / 255); }
  /// Flatten and a last Gemm over `values`.
  std::string head(const std::string& x, std::int64_t values, std::int64_t classes = 4) {
    const std::string flat = node("Flatten", {x});
    op("Gemm", {flat, weights({classes, values}, {0.01F}), bias(classes)});
    return with("transB", std::int64_t{1}).out();
  }
  void output(const std::string& value) {
    b_.graph().add_output()->set_name(value);
    onnx::TypeProto::Tensor& type = *b_.graph()
                                         .mutable_output(b_.graph().output_size() - 1)
                                         ->mutable_type()
                                         ->mutable_tensor_type();
    type.set_elem_type(kFloat);
  }
  /// The output declared last holds integers.
  void integer_output(int type = kI64) {
    b_.graph()
        .mutable_output(b_.graph().output_size() - 1)
        ->mutable_type()
        ->mutable_tensor_type()
        ->set_elem_type(type);
  }
  /// The operator set of the file.
  void opset(std::int64_t version) { b_.model().mutable_opset_import(0)->set_version(version); }
  /// All quantisers are of com.microsoft.
  void contribute() {
    for (onnx::NodeProto& node : *b_.graph().mutable_node()) {
      if (node.op_type() == "QuantizeLinear" || node.op_type() == "DequantizeLinear") {
        node.set_domain("com.microsoft");
      }
    }
    onnx::OperatorSetIdProto& set = *b_.model().add_opset_import();
    set.set_domain("com.microsoft");
    set.set_version(1);
  }
  std::string element(const std::string& x, const std::string& op_name, std::vector<float> values,
                      const Sizes& sizes = {}) {
    return node(op_name, {x, floats(values, sizes)});
  }

 private:
  std::int64_t draw(std::int64_t below) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(below));
  }
  ModelBuilder& b_;
  std::mt19937 random_{7};
  std::string last_;
  int count_ = 0;
};

using Build = std::function<void(Maker&)>;

inline ExporterCase case_of(const char* name, const Sizes& input, const Build& build,
                            int type = kFloat) {
  return {name, input,
          [build](ModelBuilder& b) {
            Maker maker(b);
            build(maker);
          },
          type};
}

inline const Sizes kGrey = {1, 6, 6};
inline const Sizes kColour = {3, 6, 6};

}  // namespace lacuna::network::test
