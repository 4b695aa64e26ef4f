#include "network/onnx_import.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <random>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "network/outputs.hpp"
#include "network/read/read_model.hpp"
#include "tensor/requantise.hpp"
#include "unit/network/integer_reference.hpp"
#include "unit/network/model_builder.hpp"
#include "unit/network/onnx_reference.hpp"

namespace lacuna::network::test {
namespace {

struct Case {
  const char* name;
  int weight_bits;
  int activation_bits;
  Storage storage;
  std::function<void(ModelBuilder&)> build;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

ConvSpec conv(std::int64_t out, std::int64_t kernel_h, std::int64_t kernel_w,
              std::int64_t stride_h = 1, std::int64_t stride_w = 1,
              std::array<std::int64_t, 4> pads = {0, 0, 0, 0}, std::int64_t groups = 1,
              bool per_channel = false, bool bias = true) {
  return {out, kernel_h, kernel_w, stride_h, stride_w, pads, groups, per_channel, bias};
}

GemmSpec dense(std::int64_t out, bool trans_b = true, bool per_channel = false, bool bias = true) {
  return {out, trans_b, per_channel, bias};
}

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"flatten_then_gemm_permutes_weights", 4, 4, Storage::kRaw,
       [](ModelBuilder& b) {
         b.image(3, 2, 5, 0.125F).flatten("flat").gemm("fc", dense(4)).output();
       }},
      {"gemm_without_transB", 4, 4, Storage::kTyped,
       [](ModelBuilder& b) {
         b.image(2, 3, 2, 0.125F).flatten("flat").gemm("fc", dense(3, false)).output();
       }},
      {"matmul_and_add", 8, 8, Storage::kRaw,
       [](ModelBuilder& b) {
         b.image(2, 3, 2, 1.0F / 128).reshape("flat", {0, -1}).matmul("fc", dense(3)).output();
       }},
      {"matmul_without_bias_then_gemm", 5, 6, Storage::kTyped,
       [](ModelBuilder& b) {
         b.image(1, 3, 3, 1.0F / 32)
             .reshape("flat", {-1, 9})
             .matmul("fc1", dense(7, false, true, false))
             .relu("relu")
             .quantise("a", 0.5F)
             .gemm("fc2", dense(4, true, false, false))
             .output();
       }},
      {"odd_convolution", 4, 4, Storage::kRaw,
       [](ModelBuilder& b) {
         b.image(3, 7, 5, 0.125F)
             .conv("c1", conv(5, 3, 2, 2, 1, {1, 0, 2, 1}, 1, true))
             .quantise("a", 0.25F)
             .flatten("flat")
             .gemm("fc", dense(3))
             .output();
       }},
      {"groups_and_depthwise", 3, 5, Storage::kTyped,
       [](ModelBuilder& b) {
         b.image(4, 6, 6, 1.0F / 16)
             .conv("c1", conv(6, 3, 3, 1, 1, {1, 1, 1, 1}, 2, true, false))
             .relu("r1")
             .quantise("a1", 0.125F)
             .conv("c2", conv(6, 3, 3, 2, 2, {0, 0, 0, 0}, 6))
             .quantise("a2", 0.25F)
             .flatten("flat")
             .gemm("fc", dense(10))
             .output();
       }},
      {"overlapping_padded_pool", 4, 4, Storage::kRaw,
       [](ModelBuilder& b) {
         b.image(2, 7, 7, 0.125F)
             .conv("c1", conv(3, 3, 3))
             .quantise("a1", 0.5F)
             .max_pool("p1", 3, 3, 2, 2, {1, 1, 1, 1})
             .requantise("p1")
             .identity("same")
             .flatten("flat")
             .requantise("flat")
             .gemm("fc1", dense(5, true, true))
             .relu("r2")
             .quantise("a2", 0.5F)
             .gemm("fc2", dense(4))
             .output();
       }},
      {"pool_of_the_image", 2, 2, Storage::kRaw,
       [](ModelBuilder& b) {
         b.image(2, 4, 6, 0.5F)
             .max_pool("p1", 2, 3, 2, 3)
             .flatten("flat")
             .gemm("fc", dense(3))
             .output();
       }},
      {"convolution_gives_the_logits", 8, 8, Storage::kRaw,
       [](ModelBuilder& b) {
         b.image(2, 3, 4, 1.0F / 128).conv("c", conv(5, 3, 4)).flatten("flat").output();
       }},
      {"average_pools", 4, 4, Storage::kRaw,
       [](ModelBuilder& b) {
         b.image(2, 9, 10, 0.125F)
             .average_pool("p1", 2, 2, 1, 2)
             .quantise("a1", 0.0625F)
             .conv("c1", conv(3, 1, 2, 1, 1))
             .relu("r1")
             .quantise("a2", 0.25F)
             .global_average_pool("p2")
             .quantise("a3", 0.25F)
             .flatten("flat")
             .gemm("fc", dense(3))
             .output();
       }},
      {"residual_blocks", 4, 4, Storage::kRaw,
       [](ModelBuilder& b) {
         b.image(2, 6, 6, 0.125F).conv("c0", conv(4, 3, 3, 1, 1, {1, 1, 1, 1}, 1, true));
         b.relu("r0").quantise("a0", 0.25F);
         // Identity: the block's input is added.
         const ModelBuilder::Mark block1 = b.mark();
         b.conv("c1", conv(4, 3, 3, 1, 1, {1, 1, 1, 1})).relu("r1").quantise("a1", 0.5F);
         b.conv("c2", conv(4, 3, 3, 1, 1, {1, 1, 1, 1}, 1, true)).add_residual("s2", block1);
         b.relu("r2").quantise("a2", 0.5F);
         // Projection: a convolution of its own, with its own quantiser, before the block's others.
         const ModelBuilder::Mark block2 = b.mark();
         b.conv("p3", conv(3, 1, 1, 2, 2)).relu("rp").quantise("ap", 0.125F);
         const ModelBuilder::Mark shortcut = b.mark();
         b.go_on_from(block2).conv("c3", conv(5, 3, 3, 2, 2, {1, 1, 1, 1})).quantise("a3", 0.5F);
         b.conv("c4", conv(3, 3, 3, 1, 1, {1, 1, 1, 1})).add_residual("s4", shortcut);
         b.quantise("a4", 1.0F).global_average_pool("mean").quantise("am", 0.5F);
         b.flatten("flat").gemm("fc", dense(3)).output();
       }},
      {"thresholds", 4, 4, Storage::kTyped,
       [](ModelBuilder& b) {
         b.image(2, 5, 5, 0.125F).conv("c1", conv(4, 3, 3)).thresholded_relu("t1", 0.75F);
         b.quantise("a1", 0.25F);
         const ModelBuilder::Mark block = b.mark();
         b.conv("c2", conv(4, 1, 1, 1, 1, {0, 0, 0, 0}, 1, true)).add_residual("s2", block);
         b.thresholded_relu("t2", 1.5F).quantise("a2", 0.5F).flatten("flat");
         b.gemm("fc1", dense(6)).thresholded_relu("t3", 0.0F).quantise("a3", 1.0F);
         b.matmul("fc2", dense(5)).thresholded_relu("t4", 2.125F).quantise("a4", 0.25F);
         b.gemm("fc3", dense(3)).output();
       }},
      {"residual_of_the_image_and_of_a_matmul", 8, 8, Storage::kTyped,
       [](ModelBuilder& b) {
         b.image(1, 2, 3, 1.0F / 128);
         const ModelBuilder::Mark image = b.mark();
         b.conv("c1", conv(1, 1, 1));
         b.add_node("Add", "s1", {image.value, "c1_out"});
         b.quantise("a1", 0.125F).flatten("f1").gemm("fc1", dense(4)).quantise("a2", 0.25F);
         const ModelBuilder::Mark first = b.mark();
         b.matmul("fc2", dense(4)).add_residual("s2", first).relu("r2").quantise("a3", 0.5F);
         b.gemm("fc3", dense(2)).output();
       }},
      {"eight_bits", 8, 8, Storage::kTyped,
       [](ModelBuilder& b) {
         b.image(1, 5, 5, 1.0F / 128)
             .conv("c1", conv(4, 2, 2, 1, 1, {0, 1, 1, 0}))
             .relu("r1")
             .quantise("a1", 0.125F)
             .flatten("flat")
             .gemm("fc", dense(3))
             .output();
       }},
  };
  return kCases;
}

class ImportedNetwork : public testing::TestWithParam<Case> {};

TEST_P(ImportedNetwork, GivenRandomImagesThenItsLogitsAreThoseOfTheGraph) {
  const Case& c = GetParam();
  for (unsigned seed = 1; seed <= 10; ++seed) {
    ModelBuilder builder(c.weight_bits, c.activation_bits, seed, c.storage);
    c.build(builder);
    const Network network = import_onnx_bytes(builder.bytes(), "m.onnx");
    ASSERT_EQ(network.weight_bits(), c.weight_bits);
    ASSERT_EQ(network.activation_bits(), c.activation_bits);

    std::mt19937 random(seed);
    const MapShape& in = network.input().shape;
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(in.values()));
    RealTensor image{{1, in.channels, in.height, in.width},
                     std::vector<double>(static_cast<std::size_t>(in.values()))};
    const unsigned top = static_cast<unsigned>(1.0F / network.input().scale);
    for (std::int64_t i = 0; i < in.values(); ++i) {
      const std::int64_t pixel = i / in.channels;
      const std::int64_t channel = i % in.channels;
      const auto code = static_cast<std::uint8_t>(random() % (top + 1));
      codes[static_cast<std::size_t>(i)] = code;
      image.values[static_cast<std::size_t>(channel * in.height * in.width + pixel)] =
          double{network.input().scale} * code;
    }
    const RealTensor wanted = evaluate_onnx(builder.model(), image);
    const std::vector<std::int32_t> logits = evaluate(network, codes);
    ASSERT_EQ(logits.size(), wanted.values.size());
    bool any = false;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      any = any || logits[i] != 0;
      EXPECT_EQ(double{network.layers.back().scale[i]} * logits[i], wanted.values[i])
          << c.name << " seed " << seed << " logit " << i;
    }
    EXPECT_TRUE(any);
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, ImportedNetwork, testing::ValuesIn(cases()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(OnnxImport, GivenASmallModelThenLayersShapesAndNamesAreItsOwn) {
  ModelBuilder builder = small_model();
  const std::string bytes = builder.bytes();
  const Network network = import_onnx_bytes(bytes, "some/folder/small.onnx");
  EXPECT_EQ(network.name, "small");
  EXPECT_EQ(network.file, "some/folder/small.onnx");
  EXPECT_EQ(network.sha256, base::sha256_hex(bytes));
  EXPECT_EQ(network.input().scale, 1.0F / 15);
  EXPECT_EQ(class_count(network), 2);
  ASSERT_EQ(network.outputs.size(), 1U);
  EXPECT_EQ(network.outputs[0].layer, 3);
  EXPECT_EQ(network.outputs[0].scale, (std::vector<float>{0.5F * 0.125F, 0.5F * 0.125F}));
  ASSERT_EQ(network.layers.size(), 4U);

  const Layer& conv1 = network.layers[0];
  EXPECT_EQ(conv1.name, "conv1");
  EXPECT_EQ(conv1.kind, LayerKind::kConvolution);
  EXPECT_EQ(conv1.input(), 0);
  EXPECT_EQ(conv1.in, (MapShape{4, 4, 1}));
  EXPECT_EQ(conv1.out, (MapShape{4, 4, 2}));
  EXPECT_EQ(conv1.window.pad_right, 1);
  EXPECT_EQ(conv1.scale[1], tensor::combined_scale(1.0F / 15, 0.125F, 0.25F));
  EXPECT_FALSE(conv1.logits);

  const Layer& pool1 = network.layers[1];
  EXPECT_EQ(pool1.name, "pool1");
  EXPECT_EQ(pool1.kind, LayerKind::kMaxPool);
  EXPECT_EQ(pool1.input(), 1);
  EXPECT_EQ(pool1.out, (MapShape{2, 2, 2}));
  EXPECT_TRUE(pool1.weights.empty());

  const Layer& fc1 = network.layers[2];
  EXPECT_EQ(fc1.kind, LayerKind::kFullyConnected);
  EXPECT_EQ(fc1.input(), 2);
  EXPECT_EQ(fc1.window.kernel_h, 2);
  EXPECT_EQ(fc1.out, (MapShape{1, 1, 3}));
  EXPECT_EQ(fc1.weights.size(), 24U);

  const Layer& fc2 = network.layers[3];
  EXPECT_EQ(fc2.in, (MapShape{1, 1, 3}));
  EXPECT_TRUE(fc2.logits);
  EXPECT_EQ(fc2.scale[0], 0.5F * 0.125F);
}

TEST(OnnxImport, GivenAThresholdThenItIsInStepsOfTheOutput) {
  ModelBuilder builder(4, 4);
  builder.image(1, 3, 3, 0.125F).conv("c1", conv(2, 1, 1)).thresholded_relu("t", 0.3F);
  builder.quantise("a1", 0.7F).conv("c2", conv(1, 1, 1)).relu("r").quantise("a2", 0.5F);
  builder.flatten("flat").gemm("fc", dense(2)).output();
  builder.node("t").clear_attribute();  // alpha is 1 unless it is said
  Network network = import_onnx_bytes(builder.bytes(), "m.onnx");
  EXPECT_EQ(network.layers[0].bounds.threshold, 1.0F / 0.7F);
  EXPECT_LT(network.layers[1].bounds.threshold, 0.0F);
  EXPECT_EQ(network.layers[1].bounds.low, 0.0F);
  set_attribute(builder.node("t"), "alpha", 0.3F);
  network = import_onnx_bytes(builder.bytes(), "m.onnx");
  EXPECT_EQ(network.layers[0].bounds.threshold, 0.3F / 0.7F);
}

TEST(OnnxImport, GivenAResidualAddThenItIsPartOfTheLayerBefore) {
  ModelBuilder builder(4, 4);
  builder.image(2, 3, 3, 0.125F);
  const ModelBuilder::Mark image = builder.mark();
  builder.conv("c1", conv(4, 1, 1)).quantise("a1", 0.5F).max_pool("p1", 1, 1, 1, 1);
  builder.conv("c2", conv(2, 1, 1)).add_residual("sum", image).relu("r").quantise("a2", 0.25F);
  builder.flatten("flat").gemm("fc", dense(2)).output();
  const Network network = import_onnx_bytes(builder.bytes(), "m.onnx");
  ASSERT_EQ(network.layers.size(), 4U);
  EXPECT_EQ(network.layers[0].residual(), -1);
  const Layer& c2 = network.layers[2];
  EXPECT_EQ(c2.name, "c2");
  EXPECT_EQ(c2.input(), 2);
  EXPECT_EQ(c2.residual(), 0);
  EXPECT_EQ(c2.operand_scale.at(0), 0.125F / 0.25F);
  EXPECT_EQ(c2.scale[0], tensor::combined_scale(0.5F, 0.125F, 0.25F));
}

TEST(OnnxImport, GivenAveragePoolsThenTheirFactorIsThatOfTheGraph) {
  ModelBuilder builder(4, 4);
  builder.image(1, 5, 7, 0.125F).average_pool("p1", 3, 2, 2, 1);
  // The output step is wider than the input's, so no Clip is needed: 6 x 15 codes of 0.125 are at
  // most 15 / 6 x 6 x 0.125 / 0.25 = 7.5 steps.
  builder.quantise("a1", 0.25F).global_average_pool("p2");
  for (const char* part : {"a1_clip", "a1_clip_q", "a1_clip_dq"}) builder.remove(part);
  builder.quantise("a2", 0.25F).flatten("flat").gemm("fc", dense(2)).output();
  const Network network = import_onnx_bytes(builder.bytes(), "m.onnx");
  ASSERT_EQ(network.layers.size(), 3U);
  const Layer& p1 = network.layers[0];
  EXPECT_EQ(p1.kind, LayerKind::kAveragePool);
  EXPECT_EQ(p1.out, (MapShape{2, 6, 1}));
  EXPECT_FALSE(p1.is_gemm());
  EXPECT_EQ(p1.scale, (std::vector<float>{0.125F / (6.0F * 0.25F)}));
  const Layer& p2 = network.layers[1];
  EXPECT_EQ(p2.window.kernel_h, 2);
  EXPECT_EQ(p2.window.kernel_w, 6);
  EXPECT_EQ(p2.out, (MapShape{1, 1, 1}));
  EXPECT_EQ(p2.scale, (std::vector<float>{0.25F / (12.0F * 0.25F)}));
}

TEST(OnnxImport, GivenNodesWithoutNamesThenLayersAreNamedByTypeAndPosition) {
  ModelBuilder builder = small_model();
  builder.node("conv1").clear_name();
  const Network network = import_onnx_bytes(builder.bytes(), "m.onnx");
  EXPECT_EQ(network.layers[0].name, "Conv4");
}

TEST(OnnxImport, GivenANodeThatHasTheNameMadeForAnotherOneThenBothAreThere) {
  ModelBuilder builder = small_model();
  builder.node("conv1").clear_name();
  builder.node("fc2").set_name("Conv4");
  const Network network = import_onnx_bytes(builder.bytes(), "m.onnx");
  EXPECT_EQ(network.layers.front().name, "Conv4_");
  EXPECT_EQ(network.layers.back().name, "Conv4");
}

TEST(OnnxImport, GivenFunctionsThatNoNodeCallsThenTheyAreIgnored) {
  ModelBuilder builder = small_model();
  onnx::FunctionProto& function = *builder.model().add_functions();
  function.set_name("Rank");
  function.set_domain("pkg.onnxscript.torch_lib.common");
  function.add_node()->set_op_type("Size");
  EXPECT_EQ(import_onnx_bytes(builder.bytes(), "m.onnx").layers.size(), 4U);
}

TEST(OnnxImport, GivenInputsThatNothingReadsThenTheImageIsFound) {
  ModelBuilder builder = small_model();
  *builder.graph().add_input() = builder.graph().input(0);
  builder.graph().mutable_input(0)->set_name("unread");
  EXPECT_EQ(import_onnx_bytes(builder.bytes(), "m.onnx").layers.size(), 4U);
}

TEST(OnnxImport, GivenNoMetadataThenBitsAreEight) {
  ModelBuilder builder = small_model(8, 8);
  builder.model().clear_metadata_props();
  const Network network = import_onnx_bytes(builder.bytes(), "m.onnx");
  EXPECT_EQ(network.weight_bits(), 8);
  EXPECT_EQ(network.activation_bits(), 8);
}

TEST(OnnxImport, GivenInitialisersListedAsInputsThenTheImageIsFound) {
  ModelBuilder builder = small_model();
  onnx::ValueInfoProto& info = *builder.graph().add_input();
  info.set_name("conv1_w");
  onnx::TypeProto::Tensor& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::INT8);
  for (const int size : {2, 1, 3, 3}) type.mutable_shape()->add_dim()->set_dim_value(size);
  EXPECT_EQ(import_onnx_bytes(builder.bytes(), "m.onnx").layers.size(), 4U);
}

TEST(OnnxImport, GivenAFixedBatchThenReshapeMayNameIt) {
  ModelBuilder builder(4, 4);
  builder.image(2, 3, 2, 0.125F).reshape("flat", {5, 12}).gemm("fc", GemmSpec{}).output();
  onnx::TensorShapeProto& shape =
      *builder.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  shape.mutable_dim(0)->set_dim_value(5);
  EXPECT_EQ(import_onnx_bytes(builder.bytes(), "m.onnx").layers.size(), 1U);
}

TEST(OnnxImport, GivenTheExtremesOfTheWeightBitsThenTheyAreAccepted) {
  ModelBuilder builder = small_model();
  std::string& raw = *builder.tensor("conv1_w").mutable_raw_data();
  raw[0] = -8;
  raw[1] = 7;
  const Network network = import_onnx_bytes(builder.bytes(), "m.onnx");
  EXPECT_EQ(network.layers[0].operand(0, 0), -8);
  EXPECT_EQ(network.layers[0].operand(0, 1), 7);
}

TEST(OnnxImport, GivenAFileCutOffAnywhereThenAnErrorNamesTheFile) {
  ModelBuilder builder = small_model();
  const std::string bytes = builder.bytes();
  onnx::ModelProto without_metadata = builder.model();
  without_metadata.clear_metadata_props();
  const std::size_t graph_and_opset = without_metadata.ByteSizeLong();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    try {
      const Network network = import_onnx_bytes(bytes.substr(0, size), "cut.onnx");
      // Protobuf has no end mark: a cut between two fields of the top level leaves a model. What
      // is gone then is metadata, without which the graph says what it said.
      EXPECT_GE(size, graph_and_opset) << "accepted " << size << " of " << bytes.size() << " bytes";
      EXPECT_EQ(network.layers.size(), 4U);
    } catch (const base::InputError& error) {
      EXPECT_EQ(std::string(error.what()).rfind("cut.onnx", 0), 0U) << error.what();
    }
  }
}

TEST(ReadModel, GivenAFileThatUnfoldsBeyondItsBudgetThenAnErrorAndNoMore) {
  onnx::ModelProto model;
  for (int i = 0; i < 100000; ++i) model.mutable_graph()->add_node();
  const std::string bytes = model.SerializeAsString();
  constexpr std::int64_t kBudget = 1 << 20;
  try {
    read_model(bytes, "bomb.onnx", kBudget);
    FAIL();
  } catch (const base::InputError& error) {
    EXPECT_STREQ(error.what(),
                 "bomb.onnx: unfolds into more memory than a model may take; at most 1048576 bytes "
                 "of messages");
  }
}

}  // namespace
}  // namespace lacuna::network::test
