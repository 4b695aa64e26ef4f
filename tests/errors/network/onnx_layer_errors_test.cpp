// What the import says about models that it does not run: quantisers and layers.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "errors/network/onnx_error_cases.hpp"

namespace lacuna::network::test {
namespace {

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
          changed("dequantiser_of_another_type",
                  [](ModelBuilder& b) { rename_input(b, "act1_dq", 2, "zero_int8"); }),
          changed("weight_zero_point_of_another_type",
                  [](ModelBuilder& b) { rename_input(b, "conv1_w_dq", 2, "zero_uint8"); }),
          changed("weight_of_a_type_that_is_not_read",
                  [](ModelBuilder& b) {
                    b.tensor("conv1_w").set_data_type(onnx::TensorProto::BFLOAT16);
                  }),
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
          built(
              "resize_by_no_number",
              [](ModelBuilder& b) {
                b.image(1, 4, 4, 0.125F);
                b.add_floats("s", {1.0F, 1.0F, std::numeric_limits<float>::quiet_NaN(), 2.0F}, {4});
                b.add_node("Resize", "r", {"image_dq_out", "", "s"});
              }),
          built("sum_over_channels",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F);
                  set_attribute(b.add_node("ReduceSum", "r", {"image_dq_out"}), "axes",
                                std::vector<std::int64_t>{1});
                }),
          built("largest_of_all",
                [](ModelBuilder& b) {
                  b.image(1, 4, 4, 0.125F);
                  b.add_node("ReduceMax", "r", {"image_dq_out"});
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
