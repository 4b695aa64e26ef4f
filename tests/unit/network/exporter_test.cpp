// Files in the forms that exporters write, against ONNX Runtime's own values.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "network/onnx_import.hpp"
#include "reference/naive_model.hpp"
#include "unit/network/exporter_cases.hpp"
#include "unit/network/exporter_maker.hpp"

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
  if (wanted.size() < 24U) {
    ASSERT_EQ(values.size(), wanted.size());
  }
  float largest = 0.0F;
  for (const float value : wanted) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::size_t at = i * values.size() / wanted.size();
    EXPECT_NEAR(values[at], wanted[i], 2e-6F * largest) << "value " << at;
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

/// Layers that write the map, by channel.
std::vector<const Layer*> writers(const Network& network, int map) {
  std::vector<const Layer*> list;
  for (const Layer& layer : network.layers) {
    if (layer.output == map) list.push_back(&layer);
  }
  std::sort(list.begin(), list.end(),
            [](const Layer* a, const Layer* b) { return a->output_channel < b->output_channel; });
  return list;
}

TEST(ExportedForms, GivenConcatOfOtherScalesThenTablesAndLayersWriteSlicesOfOneMap) {
  const Network network = imported("concat");
  const int joined = network.layers.back().input();
  EXPECT_EQ(network.map(joined).shape.channels, 3 + 4 + 2);
  const std::vector<const Layer*> own = writers(network, joined);
  ASSERT_EQ(own.size(), 3U);
  EXPECT_EQ(own[0]->output_channel, 0);
  EXPECT_EQ(own[1]->output_channel, 3);
  EXPECT_EQ(own[2]->output_channel, 7);
  // Codes of other scales become its codes by a table; sums are rounded to them at once.
  EXPECT_EQ(own[0]->kind, LayerKind::kElementwise);
  EXPECT_EQ(own[0]->tables.size(), 1U);
  EXPECT_EQ(own[1]->kind, LayerKind::kElementwise);
  EXPECT_TRUE(own[2]->is_gemm());
}

TEST(ExportedForms, GivenConcatOfEqualCodesThenOnlyWhatOthersReadIsCopied) {
  const Network network = imported("concat_of_equal_codes");
  const int joined = network.layers.back().input();
  const std::vector<const Layer*> own = writers(network, joined);
  ASSERT_EQ(own.size(), 2U);
  // The first convolution's map has another reader; the second one writes where it is to be.
  EXPECT_EQ(own[0]->kind, LayerKind::kElementwise);
  EXPECT_TRUE(own[0]->tables.empty());
  EXPECT_TRUE(own[1]->is_gemm());
  EXPECT_EQ(own[1]->output_channel, 4);
  EXPECT_EQ(network.maps.size(), 3U);  // the image, the first map, and the one of both
}

/// Two layers and twice the maxima of a third one, joined at once or the first two before.
Network joined_maps(bool nested) {
  ModelBuilder b(8, 8);
  b.image(1, 6, 6, 1.0F / 256).quantise("q", 1.0F / 256);
  const ModelBuilder::Mark image = b.mark();
  ConvSpec spec;
  spec.out = 2;
  const ModelBuilder::Mark first = b.conv("first", spec).quantise("q1", 0.0625F).mark();
  spec.out = 3;
  const ModelBuilder::Mark second =
      b.go_on_from(image).conv("second", spec).quantise("q2", 0.0625F).mark();
  spec.out = 4;
  b.go_on_from(image).conv("third", spec).max_pool("most", 3, 3, 1, 1, {1, 1, 1, 1});
  ModelBuilder::Mark most = b.quantise("q3", 0.0625F).mark();
  std::vector<std::string> parts{first.value, second.value};
  if (nested) {
    set_attribute(b.add_node("Concat", "inner", parts), "axis", std::int64_t{1});
    parts = {"inner_out"};
  }
  parts.insert(parts.end(), {most.value, most.value});
  set_attribute(b.add_node("Concat", "outer", parts), "axis", std::int64_t{1});
  most.value = "outer_out";
  most.channels = 13;
  GemmSpec last;
  last.out = 4;
  b.go_on_from(most).quantise("q4", 0.0625F).flatten("flat").gemm("last", last).output();
  return import_onnx_bytes(b.bytes(), "m.onnx");
}

TEST(ExportedForms, GivenConcatOfConcatAndOfMaximaThenAllOfItIsOneMap) {
  const Network network = joined_maps(true);
  const int joined = network.layers.back().input();
  const std::vector<const Layer*> own = writers(network, joined);
  ASSERT_EQ(own.size(), 4U);
  EXPECT_EQ(own[0]->name, "first");
  EXPECT_EQ(own[0]->output_channel, 0);
  EXPECT_EQ(own[1]->name, "second");
  EXPECT_EQ(own[1]->output_channel, 2);
  // The same codes a second time: both slices are copies.
  EXPECT_EQ(own[2]->kind, LayerKind::kElementwise);
  EXPECT_EQ(own[2]->output_channel, 5);
  EXPECT_EQ(own[3]->kind, LayerKind::kElementwise);
  EXPECT_EQ(own[3]->output_channel, 9);
  EXPECT_EQ(network.maps.size(), 4U);  // the image, the third layer's, its maxima, and all
  std::vector<float> image;
  for (int k = 0; k < 36; ++k) image.push_back(static_cast<float>(37 * k % 256) / 256.0F);
  EXPECT_EQ(reference::evaluate_model(network, image)[0].values,
            reference::evaluate_model(joined_maps(false), image)[0].values);
}

/// Maxima of a layer, a layer and averages, rounded behind Concat, or each before it.
Network joined_reals(bool before) {
  constexpr float kScale = 0.0625F;
  ModelBuilder b(8, 8);
  b.image(1, 6, 6, 1.0F / 256).quantise("q", 1.0F / 256);
  const ModelBuilder::Mark image = b.mark();
  std::vector<std::string> parts;
  const auto add_part = [&](const std::string& name) {
    if (before) b.quantise(name, kScale);
    parts.push_back(b.mark().value);
  };
  ConvSpec spec;
  spec.out = 2;
  b.conv("first", spec).max_pool("most", 3, 3, 1, 1, {1, 1, 1, 1});
  add_part("q1");
  spec.out = 3;
  b.go_on_from(image).conv("second", spec);
  add_part("q2");
  spec.out = 4;
  b.go_on_from(image).conv("third", spec).quantise("q3", 0.03125F);
  b.average_pool("mean", 1, 1, 1, 1);
  add_part("q4");
  set_attribute(b.add_node("Concat", "join", parts), "axis", std::int64_t{1});
  ModelBuilder::Mark all = b.mark();
  all.value = "join_out";
  all.channels = 9;
  GemmSpec last;
  last.out = 4;
  b.go_on_from(all).quantise("q5", kScale).flatten("flat").gemm("last", last).output();
  return import_onnx_bytes(b.bytes(), "m.onnx");
}

TEST(ExportedForms, GivenRealsOfAnyLayersThenConcatIsWrittenByThemselves) {
  const Network network = joined_reals(false);
  const std::vector<const Layer*> own = writers(network, network.layers.back().input());
  ASSERT_EQ(own.size(), 3U);
  EXPECT_EQ(own[0]->kind, LayerKind::kMaxPool);
  EXPECT_EQ(own[1]->name, "second");
  EXPECT_EQ(own[2]->kind, LayerKind::kAveragePool);
  EXPECT_EQ(network.layers.size(), 6U);  // those three, what two of them read, and the last
  std::vector<float> image;
  for (int k = 0; k < 36; ++k) image.push_back(static_cast<float>(37 * k % 256) / 256.0F);
  EXPECT_EQ(reference::evaluate_model(network, image)[0].values,
            reference::evaluate_model(joined_reals(true), image)[0].values);
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

TEST(ExportedForms, GivenAnImageInHalfPrecisionThenItIsRoundedFirst) {
  constexpr std::int64_t kHalf = onnx::TensorProto::FLOAT16;
  for (const bool cast : {true, false}) {
    const ExporterCase own = case_of(
        "half", kGrey,
        [cast](Maker& m) {
          const std::string image = cast ? m.op("Cast", {"x"}).with("to", kHalf).out() : "x";
          m.output(m.conv(m.qdq(image, 1.0F / 128), {2, 1, 3, 3}));
        },
        cast ? kFloat : static_cast<int>(kHalf));
    const Network network = import_onnx_bytes(exporter_model(own).SerializeAsString(), "m.onnx");
    ASSERT_EQ(network.input_steps.size(), 1U);
    EXPECT_EQ(network.input_steps[0].kind, InputStep::Kind::kHalf);
    // 242 / 255 is 121.48 steps, rounded to float16 121.5, and the even 122.
    const std::vector<float> image(36, 242.0F / 255);
    const std::vector<float> rounded(36, 122.0F / 128);
    EXPECT_EQ(reference::evaluate_model(network, image)[0].values,
              reference::evaluate_model(network, rounded)[0].values);
  }
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

void expect_refusal(const char* name, const std::function<void(ModelBuilder&)>& change,
                    const std::string& message) {
  for (const ExporterCase& own : exporter_cases()) {
    if (own.name != name) continue;
    ModelBuilder builder(8, 8);
    onnx::ModelProto model = exporter_model(own);
    builder.graph() = model.graph();
    change(builder);
    *model.mutable_graph() = builder.graph();
    try {
      import_onnx_bytes(model.SerializeAsString(), "m.onnx");
      ADD_FAILURE() << "accepted";
    } catch (const base::InputError& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
    }
    return;
  }
  ADD_FAILURE() << name;
}

// The order of the input's axes is looked for before any node has its turn.
TEST(ExportedForms, GivenATransposeOfTheInputWithAnOrderOfAnotherTypeThenItIsRefused) {
  expect_refusal(
      "channels_last",
      [](ModelBuilder& builder) {
        for (onnx::NodeProto& node : *builder.graph().mutable_node()) {
          if (node.op_type() != "Transpose") continue;
          onnx::AttributeProto& order = *node.mutable_attribute(0);
          order.clear_ints();
          order.set_type(onnx::AttributeProto::FLOAT);
          order.set_f(1.0F);
          return;
        }
      },
      "Transpose");
}

TEST(ExportedForms, GivenWhatHasNoMeaningForTheMachineThenItIsRefusedAndNotTakenForAnother) {
  // An axis of one value is not that of the classes.
  expect_refusal(
      "arg_max_of_a_map",
      [](ModelBuilder& b) {
        for (onnx::NodeProto& node : *b.graph().mutable_node()) {
          if (node.op_type() == "ArgMax") set_attribute(node, "axis", std::int64_t{2});
        }
      },
      "axis is 2");
  // Rounded before a tail, not behind it.
  expect_refusal(
      "quantised_softmax",
      [](ModelBuilder& b) {
        onnx::NodeProto& tail = *b.graph().add_node();
        tail.set_op_type("Sigmoid");
        tail.add_input(b.graph().output(0).name());
        tail.add_output("again");
        b.graph().mutable_output(0)->set_name("again");
      },
      "nothing behind a tail but its quantiser");
  expect_refusal(
      "two_outputs",
      [](ModelBuilder& b) { b.graph().mutable_output(1)->set_name(b.graph().output(0).name()); },
      "stands in the graph twice");
}

}  // namespace
}  // namespace lacuna::network::test
