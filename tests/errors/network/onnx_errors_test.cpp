// What the import says about models that it does not run: header, graph, what stands in the way.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/error.hpp"
#include "errors/network/onnx_error_cases.hpp"

namespace lacuna::network::test {
namespace {

TEST(OnnxErrors, GivenABrokenHeaderThenTheFileIsNamed) {
  expect_golden(
      {
          {"empty_file", [] { import_onnx_bytes("", "model.onnx"); }},
          {"no_protobuf", [] { import_onnx_bytes("not a model", "model.onnx"); }},
          {"missing_file", [] { import_onnx("/nowhere/model.onnx"); }},
          changed("no_opset", [](ModelBuilder& b) { b.model().clear_opset_import(); }),
          changed(
              "two_opsets",
              [](ModelBuilder& b) { *b.model().add_opset_import() = b.model().opset_import(0); }),
          changed("function_called",
                  [](ModelBuilder& b) {
                    onnx::FunctionProto& function = *b.model().add_functions();
                    function.set_name("Relu");
                    function.set_domain("my.own");
                    b.node("relu1").set_domain("my.own");
                  }),
          changed("function_for_an_operator_of_onnx",
                  [](ModelBuilder& b) { b.model().add_functions()->set_name("Relu"); }),
          changed("training_graphs", [](ModelBuilder& b) { b.model().add_training_info(); }),
          changed("sparse_initialiser",
                  [](ModelBuilder& b) { b.graph().add_sparse_initializer(); }),
          changed("bits_too_many", [](ModelBuilder& b) { set_metadata(b, 0, "9"); }),
          changed("bits_no_number", [](ModelBuilder& b) { set_metadata(b, 1, "four\n"); }),
          changed("bits_twice",
                  [](ModelBuilder& b) {
                    *b.model().add_metadata_props() = b.model().metadata_props(0);
                  }),
          changed("unnamed_initialiser", [](ModelBuilder& b) { b.tensor("conv1_w").clear_name(); }),
          changed("initialiser_twice",
                  [](ModelBuilder& b) { *b.graph().add_initializer() = b.tensor("conv1_w"); }),
          changed("initialiser_external",
                  [](ModelBuilder& b) {
                    b.tensor("conv1_w").set_data_location(onnx::TensorProto::EXTERNAL);
                  }),
          changed("initialiser_too_short",
                  [](ModelBuilder& b) { b.tensor("conv1_w").mutable_raw_data()->pop_back(); }),
          changed("initialiser_huge",
                  [](ModelBuilder& b) {
                    b.tensor("conv1_w").set_dims(0, std::numeric_limits<std::int64_t>::max());
                  }),
          changed("no_input", [](ModelBuilder& b) { b.graph().clear_input(); }),
          changed("two_inputs",
                  [](ModelBuilder& b) {
                    *b.graph().add_input() = b.graph().input(0);
                    b.graph().mutable_input(1)->set_name("second");
                    b.graph().add_output()->set_name("second");
                  }),
          changed("image_unread",
                  [](ModelBuilder& b) {
                    *b.graph().add_input() = b.graph().input(0);
                    b.graph().mutable_input(1)->set_name("second");
                    rename_input(b, "fc2", 0, "fc2_w_dq_out");
                  }),
          changed("input_rank",
                  [](ModelBuilder& b) { image_shape(b).mutable_dim()->RemoveLast(); }),
          changed("input_free_height",
                  [](ModelBuilder& b) { image_shape(b).mutable_dim(2)->set_dim_param("H"); }),
          changed("input_negative",
                  [](ModelBuilder& b) { image_shape(b).mutable_dim(3)->set_dim_value(-4); }),
          changed("input_huge",
                  [](ModelBuilder& b) { image_shape(b).mutable_dim(1)->set_dim_value(1LL << 40); }),
          changed("input_batch",
                  [](ModelBuilder& b) { image_shape(b).mutable_dim(0)->set_dim_value(0); }),
          changed("input_batch_of_2_to_40",
                  [](ModelBuilder& b) {
                    image_shape(b).mutable_dim(0)->set_dim_value(std::int64_t{1} << 40);
                  }),
          changed("no_output", [](ModelBuilder& b) { b.graph().clear_output(); }),
          changed("output_unknown",
                  [](ModelBuilder& b) { b.graph().mutable_output(0)->set_name("nothing"); }),
          changed("output_quantised",
                  [](ModelBuilder& b) {
                    b.graph().mutable_output(0)->set_name("act2_clip_dq_out");
                    drop_node(b, "fc2");
                  }),
          changed("output_shape_declared_wrong",
                  [](ModelBuilder& b) {
                    b.graph()
                        .mutable_output(0)
                        ->mutable_type()
                        ->mutable_tensor_type()
                        ->mutable_shape()
                        ->mutable_dim(1)
                        ->set_dim_value(3);
                  }),
      },
      "onnx_file.txt");
}

TEST(OnnxErrors, GivenABrokenGraphThenTheNodeIsNamed) {
  expect_golden(
      {
          changed("foreign_operator",
                  [](ModelBuilder& b) { b.node("relu1").set_domain("my.own"); }),
          changed("unprintable_names",
                  [](ModelBuilder& b) {
                    b.node("relu1").set_op_type("Si\x01g");
                    b.node("relu1").set_name(std::string(90, 'x') + "\n");
                  }),
          changed("name_twice", [](ModelBuilder& b) { b.node("relu1").set_name("conv1"); }),
          changed("layer_name_unprintable",
                  [](ModelBuilder& b) { b.node("conv1").set_name("a\tb"); }),
          changed("cycle", [](ModelBuilder& b) { rename_input(b, "relu1", 0, "fc1_out"); }),
          changed("value_written_twice",
                  [](ModelBuilder& b) { b.node("relu1").set_output(0, "conv1_out"); }),
          changed("activation_is_a_constant",
                  [](ModelBuilder& b) { rename_input(b, "relu1", 0, "conv1_w_dq_out"); }),
          built("constants_that_unfold",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F);
                  const std::vector<float> values(20'000, 1.0F);
                  b.add_floats("column", values, {20'000, 1});
                  b.add_floats("row", values, {1, 20'000});
                  b.add_node("Mul", "product", {"column", "row"});
                  b.add_node("Add", "sum", {"image_dq_out", "product_out"});
                }),
          changed("missing_initialiser",
                  [](ModelBuilder& b) { b.tensor("conv1_w").set_name("gone"); }),
          changed("missing_input", [](ModelBuilder& b) { b.node("relu1").clear_input(); }),
          changed("too_many_inputs", [](ModelBuilder& b) { b.node("relu1").add_input("image"); }),
          changed("no_output_of_node", [](ModelBuilder& b) { b.node("relu1").clear_output(); }),
          changed("two_outputs_of_node",
                  [](ModelBuilder& b) { b.node("relu1").add_output("more"); }),
          changed("unknown_attribute",
                  [](ModelBuilder& b) { set_attribute(b.node("relu1"), "alpha", 1.0F); }),
          changed("attribute_twice",
                  [](ModelBuilder& b) {
                    onnx::NodeProto& node = b.node("conv1");
                    *node.add_attribute() = node.attribute(0);
                  }),
          changed("attribute_of_wrong_type",
                  [](ModelBuilder& b) { set_attribute(b.node("conv1"), "group", 1.0F); }),
          changed("relu_behind_quantiser",
                  [](ModelBuilder& b) {
                    b.node("flat").set_op_type("Relu");
                    b.node("flat").clear_attribute();
                  }),
          changed("identity_with_attribute",
                  [](ModelBuilder& b) { b.node("flat").set_op_type("Identity"); }),
          changed("flatten_axis",
                  [](ModelBuilder& b) { set_attribute(b.node("flat"), "axis", std::int64_t{2}); }),
          built("reshape_to_other_size",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F).reshape("r", {0, 5}).gemm("fc", {}).output();
                }),
          built("reshape_batch",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F).reshape("r", {2, -1}).gemm("fc", {}).output();
                }),
          built("reshape_rank",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F).reshape("r", {0, 1, 4}).gemm("fc", {}).output();
                }),
          built("add_of_activations",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F);
                  b.add_node("Add", "residual", {"image_dq_out", "image_dq_out"});
                }),
          built("add_of_sums",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F);
                  const ModelBuilder::Mark image = b.mark();
                  b.conv("c1", {});
                  b.go_on_from(image).conv("c2", {});
                  b.add_node("Add", "residual", {"c1_out", "c2_out"});
                }),
          built("add_of_codes",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F).conv("c1", {});
                  b.add_node("Add", "residual", {"c1_out", "image_q_out"});
                }),
          built("residual_behind_relu",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F);
                  const ModelBuilder::Mark image = b.mark();
                  b.conv("c1", {}).relu("r").add_residual("residual", image);
                }),
          built("residual_twice",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F);
                  const ModelBuilder::Mark image = b.mark();
                  b.conv("c1", {}).add_residual("one", image).add_residual("two", image);
                }),
          built("residual_of_average",
                [](ModelBuilder& b) {
                  b.image(1, 1, 1, 0.125F);
                  const ModelBuilder::Mark image = b.mark();
                  b.global_average_pool("p").add_residual("residual", image);
                }),
          built("residual_of_another_shape",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F);
                  const ModelBuilder::Mark image = b.mark();
                  b.conv("c1", {3, 1, 1}).add_residual("residual", image);
                }),
          built("residual_flattened",
                [](ModelBuilder& b) {
                  b.image(2, 1, 1, 0.125F);
                  const ModelBuilder::Mark image = b.mark();
                  b.flatten("f").gemm("fc", {2}).add_residual("residual", image);
                }),
          built("residual_of_more_bits",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F).conv("c1", {}).quantise("a", 0.25F);
                  ModelBuilder::Mark unclipped = b.mark();
                  unclipped.value = "a_dq_out";
                  b.conv("c2", {}).add_residual("residual", unclipped);
                }),
          built("residual_computed_later",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F);
                  const ModelBuilder::Mark image = b.mark();
                  b.conv("c1", {});
                  const ModelBuilder::Mark sums = b.mark();
                  b.go_on_from(image).conv("shortcut", {}).quantise("a", 0.25F);
                  const ModelBuilder::Mark shortcut = b.mark();
                  b.go_on_from(sums).add_residual("residual", shortcut);
                }),
          built("residual_factor_overflows",
                [](ModelBuilder& b) {
                  b.image(1, 2, 2, 0.125F);
                  const ModelBuilder::Mark image = b.mark();
                  b.conv("c1", {}).add_residual("residual", image).quantise("a", 0.9e-37F);
                }),
          built("logits_with_residual",
                [](ModelBuilder& b) {
                  b.image(1, 1, 1, 0.125F);
                  const ModelBuilder::Mark image = b.mark();
                  b.conv("c1", {}).add_residual("residual", image).output();
                }),
      },
      "onnx_graph.txt");
}

TEST(OnnxErrors, GivenSeveralObstaclesThenAllAreNamedAndTheKindOfTheNetwork) {
  expect_golden(
      {
          changed("two_operators",
                  [](ModelBuilder& b) {
                    b.node("relu1").set_op_type("Cosh");
                    b.node("pool1").set_op_type("LSTM");
                  }),
          changed("two_branches",
                  [](ModelBuilder& b) {
                    b.node("relu1").set_op_type("Cosh");
                    *b.graph().add_output() = b.graph().output(0);
                    b.add_node("MatMul", "side", {"image_q_out", "conv1_w_dq_out"});
                    b.graph().mutable_output(1)->set_name("side_out");
                  }),
          built("float_network",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F).remove("image_dq").remove("image_q");
                  b.add_floats("w", {1.0F}, {1, 1, 1, 1});
                  b.add_node("Conv", "c", {"image", "w"});
                }),
          built("weights_alone",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F).conv("c", ConvSpec{}).output();
                  b.remove("image_dq").remove("image_q");
                }),
          built("dynamic_network",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F);
                  b.add_node("DynamicQuantizeLinear", "d", {"image_dq_out"});
                }),
          built("qonnx_network",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F);
                  b.add_node("Quant", "d", {"image_dq_out"}).set_domain("qonnx.custom_op.general");
                }),
          built("operator_form",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F);
                  b.add_node("QLinearConv", "d", {"image_q_out"});
                }),
          built("sums_beyond_32_bits",
                [](ModelBuilder& b) {
                  b.image(200, 30, 30, 0.125F).flatten("f").gemm("fc", GemmSpec{});
                  onnx::TensorProto& weights = b.tensor("fc_w");
                  weights.mutable_raw_data()->assign(weights.raw_data().size(), 7);
                  b.model().clear_metadata_props();
                  weights.mutable_raw_data()->assign(weights.raw_data().size(), 127);
                }),
          built("graph_in_a_node",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F);
                  onnx::AttributeProto& own =
                      *b.add_node("If", "d", {"image_q_out"}).add_attribute();
                  own.set_name("then_branch");
                  own.set_type(onnx::AttributeProto::GRAPH);
                  own.mutable_g()->set_name("inner");
                }),
      },
      "onnx_obstacles.txt");
}

TEST(OnnxErrors, GivenSeveralObstaclesThenPeopleSeeALineEachAndAtMostForty) {
  ModelBuilder b(8, 8);
  b.image(1, 4, 4, 0.125F);
  for (int i = 0; i < 42; ++i) {
    const std::string name = "n\n" + std::to_string(i);  // a name makes no line of its own
    b.add_node("Cosh", name, {"image_dq_out"});
    b.graph().add_output()->set_name(name + "_out");
  }
  try {
    import_onnx_bytes(b.bytes(), "model.onnx");
    FAIL();
  } catch (const base::InputError& error) {
    const std::string text = error.text();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 41) << text;
    EXPECT_EQ(
        text.rfind("model.onnx: 42 things stand in the way:\n  (1) node 'n\\x0a0' (Cosh): ", 0), 0U)
        << text;
    EXPECT_NE(text.find("\n  and 2 more"), std::string::npos) << text;
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace lacuna::network::test
