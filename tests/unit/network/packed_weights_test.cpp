// Weights that the file packs are those that it would have a byte, or a float, each.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "network/normalise/transposed.hpp"
#include "network/onnx_import.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna::network::test {
namespace {

using onnx::TensorProto;

constexpr int kInt4 = 22;
constexpr int kUint4 = 21;
// More channels than are put in order together, and an odd number of codes a channel.
constexpr std::int64_t kIns = 9;
constexpr std::int64_t kOuts = 71;
constexpr int kZero = 3;

int packed_code(std::int64_t i) { return static_cast<int>((i * 7 + i / 5) % 8); }

TEST(Constants, GivenRealsThatNoIntegerComesNearThenIntegersStayInBounds) {
  const float infinite = std::numeric_limits<float>::infinity();
  const std::vector<std::int64_t> integers =
      Constant::of_floats({5}, {-2.9F, infinite, -infinite, std::nanf(""), 3e38F}).integers();
  constexpr std::int64_t kMost = std::int64_t{1} << 62;
  EXPECT_EQ(integers, (std::vector<std::int64_t>{-2, kMost, -kMost, 0, kMost}));
}

void add_tensor(ModelBuilder& builder, const char* name, int type,
                const std::vector<std::int64_t>& sizes, const std::string& raw) {
  TensorProto& tensor = *builder.graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const std::int64_t size : sizes) tensor.add_dims(size);
  tensor.set_raw_data(raw);
}

/// A code each, or two in a byte.
std::string raw_codes(const std::vector<int>& codes, bool nibbles) {
  std::string raw(nibbles ? (codes.size() + 1) / 2 : codes.size(), '\0');
  for (std::size_t i = 0; i < codes.size(); ++i) {
    char& byte = raw[nibbles ? i / 2 : i];
    byte = static_cast<char>(nibbles ? byte | (codes[i] & 15) << i % 2 * 4 : codes[i]);
  }
  return raw;
}

struct PackedForm {
  std::vector<std::string> steps;  ///< between the weights in the file and their layer
  bool trans_b = true;
};

Layer imported(const PackedForm& own, int type, int zero_type, const std::string& weights,
               bool nibbles) {
  ModelBuilder builder(8, 8);
  builder.image(kIns, 1, 1, 1.0F / 255).flatten("flat");
  const std::string image = builder.mark().value;
  builder.add_floats("ws", {0.5F}, {});
  add_tensor(builder, "wz", zero_type, {}, raw_codes({kZero}, nibbles));
  add_tensor(builder, "low", zero_type, {}, raw_codes({1}, nibbles));
  add_tensor(builder, "high", zero_type, {}, raw_codes({5}, nibbles));
  builder.add_floats("factor", {-2.0F}, {});
  builder.add_integers("rows", TensorProto::INT64, {-1, own.trans_b ? kIns : kOuts}, {2});
  const bool turned = std::count(own.steps.begin(), own.steps.end(), "Transpose") % 2 != 0;
  const bool outs_first = own.trans_b != turned;
  add_tensor(builder, "w", type, outs_first ? std::vector{kOuts, kIns} : std::vector{kIns, kOuts},
             weights);
  std::string at = "w";
  for (const std::string& step : own.steps) {
    std::vector<std::string> inputs = {at};
    if (step == "Clip") inputs.insert(inputs.end(), {"low", "high"});
    if (step == "Mul") inputs.insert(inputs.end(), {"factor"});
    if (step == "Reshape") inputs.insert(inputs.end(), {"rows"});
    if (step.find("Quantize") == 0 || step.find("Dequantize") == 0) {
      inputs.insert(inputs.end(), {"ws", "wz"});
    }
    at = builder.add_node(step, "w_" + step, inputs).output(0);
  }
  set_attribute(builder.add_node("Gemm", "fc", {image, at}), "transB", std::int64_t{own.trans_b});
  onnx::ValueInfoProto& output = *builder.graph().add_output();
  output.set_name(builder.mark().value);
  output.mutable_type()->mutable_tensor_type()->set_elem_type(TensorProto::FLOAT);
  builder.model().mutable_opset_import(0)->set_version(21);
  return import_onnx_bytes(builder.bytes(), "m.onnx").layers.at(0);
}

void expect_equal(const Layer& one, const Layer& other) {
  ASSERT_EQ(one.weights.size(), static_cast<std::size_t>(kIns * kOuts));
  ASSERT_EQ(other.weights.size(), one.weights.size());
  std::int64_t sum = 0;
  for (std::int64_t c = 0; c < kOuts; ++c) {
    for (std::int64_t k = 0; k < kIns; ++k) {
      ASSERT_EQ(one.operand(c, k), other.operand(c, k)) << c << ", " << k;
      sum += std::abs(one.operand(c, k));
    }
  }
  EXPECT_GT(sum, 0);
}

TEST(PackedWeights, GivenFourBitsThenTheyAreThoseOfEight) {
  const std::string dequantise = "DequantizeLinear";
  for (const bool is_signed : {true, false}) {
    std::vector<int> codes;
    for (std::int64_t i = 0; i < kIns * kOuts; ++i) {
      codes.push_back(is_signed ? packed_code(i) * 2 - 8 : packed_code(i) * 2);
    }
    for (const bool trans_b : {true, false}) {
      for (const PackedForm& own : std::vector<PackedForm>{{{dequantise}, trans_b},
                                                           {{dequantise, "Transpose"}, trans_b},
                                                           {{"Transpose", dequantise}, trans_b},
                                                           {{"Clip", dequantise}, trans_b},
                                                           {{"Reshape", dequantise}, trans_b}}) {
        SCOPED_TRACE(own.steps.front() + (is_signed ? ", signed" : ", unsigned"));
        const int eight = is_signed ? TensorProto::INT8 : TensorProto::UINT8;
        const int four = is_signed ? kInt4 : kUint4;
        const Layer packed = imported(own, four, four, raw_codes(codes, true), true);
        expect_equal(packed, imported(own, eight, eight, raw_codes(codes, false), false));
        EXPECT_TRUE(packed.weights.nibbles());
        EXPECT_EQ(packed.weight_code.bits, own.steps.front() == "Clip" ? (is_signed ? 4 : 3) : 4);
      }
    }
  }
}

TEST(PackedWeights, GivenHalvesThenTheyAreThoseOfFloats) {
  std::string halves;
  std::string floats;
  for (std::int64_t i = 0; i < kIns * kOuts; ++i) {
    // +-1.25, 1.5, ...: exact in both.
    const float value = (i % 2 == 0 ? 0.25F : -0.25F) * static_cast<float>(packed_code(i) % 4 + 4);
    const auto half =
        static_cast<std::uint16_t>((i % 2 == 0 ? 0x3C00 : 0xBC00) | packed_code(i) % 4 << 8);
    halves.append(reinterpret_cast<const char*>(&half), sizeof(half));
    floats.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  const std::string quantise = "QuantizeLinear";
  const std::string dequantise = "DequantizeLinear";
  for (const bool trans_b : {true, false}) {
    for (const PackedForm& own :
         std::vector<PackedForm>{{{quantise, dequantise}, trans_b},
                                 {{"Transpose", quantise, dequantise}, trans_b},
                                 {{"Mul", quantise, dequantise}, trans_b},
                                 {{"Reshape", quantise, dequantise}, trans_b}}) {
      SCOPED_TRACE(own.steps.front());
      expect_equal(imported(own, TensorProto::FLOAT16, TensorProto::INT8, halves, false),
                   imported(own, TensorProto::FLOAT, TensorProto::INT8, floats, false));
    }
  }
}

// The value at (i0, i1, ...) lies at (i[perm[0]], i[perm[1]], ...) behind.
TEST(PackedWeights, GivenAnyOrderOfAxesThenValuesMoveWithThem) {
  const Sizes sizes = {3, 67, 2, 5};
  constexpr std::int64_t kCount = 3 * 67 * 2 * 5;
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < kCount; ++i) values.push_back(i * 31 % 97 - 8);
  std::vector<int> codes;
  for (const std::int64_t value : values) codes.push_back(static_cast<int>(value & 7));
  Constant nibbles = Constant::of_integers(Element::kInt4, sizes, values);
  nibbles.bytes = raw_codes(codes, true);
  nibbles.packing = Packing::kNibbles;
  std::vector<Constant> constants = {nibbles};
  for (const Element element :
       {Element::kInt8, Element::kInt16, Element::kInt32, Element::kInt64}) {
    constants.push_back(Constant::of_integers(element, sizes, values));
  }
  Sizes perm = {0, 1, 2, 3};
  do {
    for (const Constant& from : constants) {
      const Constant to = transposed(from, perm);
      const std::vector<std::int64_t> before = from.integers();
      const std::vector<std::int64_t> after = to.integers();
      ASSERT_EQ(after.size(), before.size());
      for (std::int64_t i = 0; i < kCount; ++i) {
        Sizes at(4);
        std::int64_t rest = i;
        for (std::size_t d = 4; d-- > 0; rest /= sizes[d]) at[d] = rest % sizes[d];
        std::int64_t place = 0;
        for (std::size_t d = 0; d < 4; ++d) {
          const auto axis = static_cast<std::size_t>(perm[d]);
          ASSERT_EQ(to.sizes[d], sizes[axis]);
          place = place * sizes[axis] + at[axis];
        }
        ASSERT_EQ(after[static_cast<std::size_t>(place)], before[static_cast<std::size_t>(i)]);
      }
    }
  } while (std::next_permutation(perm.begin(), perm.end()));
}

}  // namespace
}  // namespace lacuna::network::test
