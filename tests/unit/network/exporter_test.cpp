// Files in the forms that exporters write, against ONNX Runtime's own values.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "network/onnx_import.hpp"
#include "reference/naive_model.hpp"
#include "unit/network/exporter_cases.hpp"

namespace lacuna::network::test {

namespace {

class ExportedNetwork : public testing::TestWithParam<ExporterCase> {};

TEST_P(ExportedNetwork, GivenAnImageThenItsOutputsAreThoseOfOnnxRuntime) {
  const Network network =
      import_onnx_bytes(exporter_model(GetParam()).SerializeAsString(), "m.onnx");
  std::vector<float> values;
  for (const reference::ModelOutput& output :
       reference::evaluate_model(network, exporter_image(GetParam(), 0))) {
    values.insert(values.end(), output.values.begin(), output.values.end());
  }
  const std::vector<float> wanted = runtime_values(GetParam().name);
  ASSERT_GE(values.size(), wanted.size());
  float largest = 0.0F;
  for (const float value : wanted) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NEAR(values[i], wanted[i], 2e-6F * largest) << "value " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, ExportedNetwork, testing::ValuesIn(exporter_cases()),
                         [](const auto& info) { return info.param.name; });

Network imported(const char* name) {
  for (const ExporterCase& own : exporter_cases()) {
    if (own.name == name)
      return import_onnx_bytes(exporter_model(own).SerializeAsString(), "m.onnx");
  }
  throw std::invalid_argument(name);
}

TEST(ExportedForms, GivenZeroPointsThenMapsAndWeightsHaveThem) {
  const Network network = imported("offset_activations_and_weights");
  EXPECT_EQ(network.maps[0].code, tensor::unsigned_code(8, 17));
  EXPECT_EQ(network.maps[2].code, tensor::signed_code(8, -20));
  EXPECT_FALSE(network.layers[0].weight_code.is_signed);
  EXPECT_EQ(network.layers[0].weight_code.zero_points,
            (std::vector<std::int16_t>{128, 110, 140, 128}));
  EXPECT_TRUE(network.layers[1].weight_code.is_signed);
}

TEST(ExportedForms, GivenFunctionsThenCodesHaveTablesAndSumsDoNot) {
  const Network codes = imported("Tanh_of_codes");
  ASSERT_EQ(codes.layers.size(), 3U);
  EXPECT_EQ(codes.layers[1].kind, LayerKind::kElementwise);
  EXPECT_EQ(codes.layers[1].tables[0].size(), 256U);
  const Network sums = imported("Tanh_of_sums");
  ASSERT_EQ(sums.layers.size(), 2U);
  EXPECT_EQ(sums.layers[0].combine, Combine::kFunction);
}

TEST(ExportedForms, GivenTwoLayersSummedThenTheFirstIsAMapOfSums) {
  const Network network = imported("two_layers_summed");
  EXPECT_TRUE(network.map(network.layers[1].output).sums);
  EXPECT_EQ(network.layers[2].combine, Combine::kAdd);
  EXPECT_EQ(network.layers[2].residual(), network.layers[1].output);
}

TEST(ExportedForms, GivenATransposedConvolutionThenZerosLieBetweenThePixels) {
  const Network network = imported("transposed_convolutions");
  const Window& window = network.layers[0].window;
  EXPECT_EQ(window.stride_h, 1);
  EXPECT_EQ(window.insert_h, 2);
  EXPECT_EQ(window.pad_top, 1);
  EXPECT_EQ(window.pad_bottom, 2);  // 3 - 1 - 1, and one row of output_padding
}

TEST(ExportedForms, GivenInputArithmeticThenItIsTheInputsDescription) {
  const Network network = imported("input_normalisation");
  ASSERT_EQ(network.input_steps.size(), 2U);
  EXPECT_EQ(network.input_steps[0].kind, InputStep::Kind::kSubtract);
  EXPECT_EQ(network.input_steps[0].values, (std::vector<float>{0.485F, 0.456F, 0.406F}));
  EXPECT_EQ(network.input_steps[1].kind, InputStep::Kind::kDivide);
  EXPECT_TRUE(imported("uint8_input").input_codes);
  EXPECT_TRUE(imported("uint8_input_cast").input_integers);
  EXPECT_TRUE(imported("channels_last").input_channels_last);
}

TEST(ExportedForms, GivenSeveralOutputsThenAllAreThereInTheirOrder) {
  const Network network = imported("two_outputs");
  ASSERT_EQ(network.outputs.size(), 3U);
  EXPECT_GE(network.outputs[0].layer, 0);
  EXPECT_EQ(network.outputs[0].sizes, (std::vector<std::int64_t>{4}));
  EXPECT_GE(network.outputs[1].map, 0);
  EXPECT_EQ(network.outputs[1].sizes, (std::vector<std::int64_t>{2, 6, 6}));
  EXPECT_GE(network.outputs[2].layer, 0);
}

}  // namespace
}  // namespace lacuna::network::test
