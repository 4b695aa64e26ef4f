// What the import says about models that it does not run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.hpp"
#include "errors/network/golden_messages.hpp"
#include "network/onnx_import.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna::network::test {
namespace {

using Change = std::function<void(ModelBuilder&)>;

/// A case: the small model (4 bits) with one thing changed.
ErrorCase changed(const char* name, const Change& change) {
  return {name, [change] {
            ModelBuilder builder = small_model();
            change(builder);
            import_onnx_bytes(builder.bytes(), "model.onnx");
          }};
}

/// A case: a model of its own.
ErrorCase built(const char* name, const Change& build) {
  return {name, [build] {
            ModelBuilder builder(4, 4);
            build(builder);
            if (builder.graph().output_size() == 0) builder.output();
            import_onnx_bytes(builder.bytes(), "model.onnx");
          }};
}

onnx::TensorShapeProto& image_shape(ModelBuilder& b) {
  return *b.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
}

void set_scale(ModelBuilder& b, const std::string& name, float value) {
  b.tensor(name).set_raw_data(std::string(reinterpret_cast<const char*>(&value), sizeof(value)));
}

void set_metadata(ModelBuilder& b, int entry, const char* value) {
  b.model().mutable_metadata_props(entry)->set_value(value);
}

void rename_input(ModelBuilder& b, const std::string& node, int input, const char* name) {
  b.node(node).set_input(input, name);
}

void drop_node(ModelBuilder& b, const std::string& name) {
  auto& nodes = *b.graph().mutable_node();
  for (int i = 0; i < nodes.size(); ++i) {
    if (nodes.Get(i).name() != name) continue;
    nodes.DeleteSubrange(i, 1);
    return;
  }
}

void move_before(ModelBuilder& b, const std::string& moved, const std::string& name) {
  auto& nodes = *b.graph().mutable_node();
  int at = 0;
  while (nodes.Get(at).name() != moved) ++at;
  while (nodes.Get(at - 1).name() != name) {
    nodes.SwapElements(at, at - 1);
    --at;
  }
  nodes.SwapElements(at, at - 1);
}

/// Joins the neighbours of a node that has one activation in, and removes it.
void bridge(ModelBuilder& b, const std::string& name) {
  const std::string from = b.node(name).output(0);
  const std::string to = b.node(name).input(0);
  drop_node(b, name);
  for (onnx::NodeProto& node : *b.graph().mutable_node()) {
    for (std::string& input : *node.mutable_input()) {
      if (input == from) input = to;
    }
  }
}

void remove_quantisers(ModelBuilder& b, const std::string& name) {
  for (const char* part : {"_q", "_dq", "_clip", "_clip_q", "_clip_dq"}) bridge(b, name + part);
}

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
          changed("functions", [](ModelBuilder& b) { b.model().add_functions(); }),
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

TEST(OnnxErrors, GivenABrokenQuantiserThenTheNodeIsNamed) {
  expect_golden(
      {
          changed("scale_zero", [](ModelBuilder& b) { set_scale(b, "act1_scale", 0.0F); }),
          changed("scale_negative", [](ModelBuilder& b) { set_scale(b, "act1_scale", -0.5F); }),
          changed("scale_infinite",
                  [](ModelBuilder& b) {
                    set_scale(b, "act1_scale", std::numeric_limits<float>::infinity());
                  }),
          changed("scale_nan",
                  [](ModelBuilder& b) {
                    set_scale(b, "act1_scale", std::numeric_limits<float>::quiet_NaN());
                  }),
          changed("scale_underflows",
                  [](ModelBuilder& b) {
                    set_scale(b, "act1_scale", 1e38F);
                    set_scale(b, "conv1_w_scale", 1e-30F);
                    b.node("conv1").mutable_input()->RemoveLast();
                  }),
          changed("scale_of_two_values",
                  [](ModelBuilder& b) {
                    onnx::TensorProto& scale = b.tensor("act1_scale");
                    scale.add_dims(2);
                    scale.mutable_raw_data()->append(scale.raw_data());
                  }),
          changed("scale_computed",
                  [](ModelBuilder& b) { rename_input(b, "act1_q", 1, "conv1_out"); }),
          changed("scale_of_wrong_type",
                  [](ModelBuilder& b) { rename_input(b, "act1_q", 1, "zero_int32"); }),
          changed("quantiser_of_codes",
                  [](ModelBuilder& b) {
                    rename_input(b, "act1_clip_q", 0, "act1_q_out");
                    drop_node(b, "act1_dq");
                    drop_node(b, "act1_clip");
                  }),
          changed("dequantiser_changes_scale",
                  [](ModelBuilder& b) { rename_input(b, "pool1_dq", 1, "act2_scale"); }),
          changed("dequantiser_of_reals", [](ModelBuilder& b) { bridge(b, "act1_q"); }),
          changed("image_not_quantised",
                  [](ModelBuilder& b) {
                    bridge(b, "image_q");
                    bridge(b, "image_dq");
                  }),
          changed("clip_missing",
                  [](ModelBuilder& b) {
                    bridge(b, "act1_clip");
                    bridge(b, "act1_clip_q");
                    bridge(b, "act1_clip_dq");
                    bridge(b, "pool1");
                    bridge(b, "pool1_q");
                    bridge(b, "pool1_dq");
                  }),
          changed("clip_nan",
                  [](ModelBuilder& b) {
                    set_scale(b, "act1_high", std::numeric_limits<float>::quiet_NaN());
                  }),
      },
      "onnx_quantisers.txt");
}

TEST(OnnxErrors, GivenABrokenLayerThenTheNodeIsNamed) {
  expect_golden(
      {
          changed("input_not_dequantised", [](ModelBuilder& b) { bridge(b, "image_dq"); }),
          changed("weights_not_dequantised",
                  [](ModelBuilder& b) { rename_input(b, "conv1", 1, "conv1_w"); }),
          changed("weights_int32",
                  [](ModelBuilder& b) { rename_input(b, "conv1", 1, "conv1_b_dq_out"); }),
          changed("weight_code_too_wide",
                  [](ModelBuilder& b) { (*b.tensor("conv1_w").mutable_raw_data())[5] = 8; }),
          changed("weight_code_too_low",
                  [](ModelBuilder& b) { (*b.tensor("fc1_w").mutable_raw_data())[5] = -9; }),
          changed("weight_scale_nan",
                  [](ModelBuilder& b) {
                    set_scale(b, "conv1_w_scale", std::numeric_limits<float>::quiet_NaN());
                  }),
          changed("weight_scale_along_wrong_axis",
                  [](ModelBuilder& b) {
                    onnx::TensorProto& scale = b.tensor("conv1_w_scale");
                    scale.add_dims(2);
                    scale.mutable_raw_data()->append(scale.raw_data());
                  }),
          changed("bias_int8",
                  [](ModelBuilder& b) { rename_input(b, "conv1", 2, "conv1_w_dq_out"); }),
          changed("bias_of_other_size", [](ModelBuilder& b) { b.tensor("conv1_b").add_dims(1); }),
          changed("channels_differ",
                  [](ModelBuilder& b) { image_shape(b).mutable_dim(1)->set_dim_value(3); }),
          changed(
              "groups_zero",
              [](ModelBuilder& b) { set_attribute(b.node("conv1"), "group", std::int64_t{0}); }),
          changed(
              "groups_do_not_divide",
              [](ModelBuilder& b) { set_attribute(b.node("conv1"), "group", std::int64_t{2}); }),
          changed("dilation",
                  [](ModelBuilder& b) {
                    set_attribute(b.node("conv1"), "dilations", {2, 1});
                  }),
          changed("stride_zero",
                  [](ModelBuilder& b) {
                    set_attribute(b.node("conv1"), "strides", {0, 1});
                  }),
          changed("stride_negative",
                  [](ModelBuilder& b) {
                    set_attribute(b.node("pool1"), "strides", {1, -1});
                  }),
          changed("stride_count",
                  [](ModelBuilder& b) {
                    set_attribute(b.node("conv1"), "strides", std::vector<std::int64_t>{1});
                  }),
          changed("pads_negative",
                  [](ModelBuilder& b) {
                    set_attribute(b.node("conv1"), "pads", {0, 0, -1, 0});
                  }),
          changed("pads_as_wide_as_the_kernel",
                  [](ModelBuilder& b) {
                    set_attribute(b.node("pool1"), "pads", {0, 0, 2, 0});
                  }),
          changed("kernel_shape_differs",
                  [](ModelBuilder& b) {
                    set_attribute(b.node("conv1"), "kernel_shape", {3, 2});
                  }),
          changed("kernel_missing", [](ModelBuilder& b) { b.node("pool1").clear_attribute(); }),
          changed("kernel_larger_than_map",
                  [](ModelBuilder& b) {
                    set_attribute(b.node("pool1"), "kernel_shape", {9, 2});
                  }),
          changed("average_of_sums",
                  [](ModelBuilder& b) {
                    bridge(b, "pool1");
                    rename_input(b, "act1_q", 0, "average_out");
                    b.add_node("GlobalAveragePool", "average", {"relu1_out"});
                    move_before(b, "average", "act1_q");
                  }),
          built("average_behind_flatten",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F).flatten("flat").average_pool("pool", 2, 2, 2, 2);
                }),
          built("average_padded",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F).average_pool("pool", 2, 2, 2, 2);
                  set_attribute(b.node("pool"), "pads", {1, 0, 0, 1});
                }),
          built("average_ceil_mode",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F).average_pool("pool", 3, 3, 2, 2);
                  set_attribute(b.node("pool"), "ceil_mode", std::int64_t{1});
                }),
          built("average_includes_pads",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F).average_pool("pool", 2, 2, 2, 2);
                  set_attribute(b.node("pool"), "count_include_pad", std::int64_t{2});
                }),
          built("average_of_too_many",
                [](ModelBuilder& b) { b.image(1, 4096, 4096, 0.125F).global_average_pool("p"); }),
          built("average_scale_overflows",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F).global_average_pool("p").quantise("a", 1e-42F);
                }),
          built("swish_behind_max_pool",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F).conv("c", ConvSpec{}).max_pool("p", 2, 2, 2, 2);
                  b.add_node("HardSwish", "h", {"p_out"});
                }),
          built("resize_by_cubes",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F);
                  b.add_floats("s", {1.0F, 1.0F, 2.0F, 2.0F}, {4});
                  set_attribute(b.add_node("Resize", "r", {"image_dq_out", "", "s"}), "mode",
                                "cubic");
                }),
          built("resize_of_a_part",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F);
                  b.add_floats("s", {1.0F, 1.0F, 2.0F, 2.0F}, {4});
                  set_attribute(b.add_node("Resize", "r", {"image_dq_out", "", "s"}),
                                "coordinate_transformation_mode", "tf_crop_and_resize");
                }),
          built("resize_of_channels",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F);
                  b.add_floats("s", {1.0F, 2.0F, 2.0F, 2.0F}, {4});
                  b.add_node("Resize", "r", {"image_dq_out", "", "s"});
                }),
          changed("threshold_negative",
                  [](ModelBuilder& b) {
                    b.node("relu1").set_op_type("ThresholdedRelu");
                    set_attribute(b.node("relu1"), "alpha", -0.5F);
                  }),
          changed("threshold_nan",
                  [](ModelBuilder& b) {
                    b.node("relu1").set_op_type("ThresholdedRelu");
                    set_attribute(b.node("relu1"), "alpha",
                                  std::numeric_limits<float>::quiet_NaN());
                  }),
          changed("threshold_beyond_all_steps",
                  [](ModelBuilder& b) {
                    b.node("relu1").set_op_type("ThresholdedRelu");
                    set_attribute(b.node("relu1"), "alpha", 2e38F);
                  }),
          built("threshold_behind_quantiser",
                [](ModelBuilder& b) { b.image(1, 4, 4, 0.125F).thresholded_relu("t", 0.5F); }),
          built("pool_behind_flatten",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F).flatten("flat").max_pool("pool", 2, 2, 2, 2);
                }),
          built("convolution_behind_flatten",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F).flatten("flat").conv("conv", ConvSpec{}).output();
                }),
          changed("gemm_of_a_map", [](ModelBuilder& b) { bridge(b, "flat"); }),
          changed("gemm_trans_a",
                  [](ModelBuilder& b) { set_attribute(b.node("fc1"), "transA", std::int64_t{1}); }),
          changed("gemm_sizes",
                  [](ModelBuilder& b) { set_attribute(b.node("fc1"), "transB", std::int64_t{0}); }),
          changed("layer_of_sums", [](ModelBuilder& b) { remove_quantisers(b, "act2"); }),
      },
      "onnx_layers.txt");
}

}  // namespace
}  // namespace lacuna::network::test
