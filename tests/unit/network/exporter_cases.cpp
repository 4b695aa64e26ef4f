#include "unit/network/exporter_cases.hpp"

#include "unit/network/exporter_maker.hpp"

namespace lacuna::network::test {
namespace {

void add_dialects(std::vector<ExporterCase>& all) {
  all.push_back(case_of("offset_activations_and_weights", kColour, [](Maker& m) {
    const std::string x = m.qdq("x", 0.005F, 17);
    m.op("Conv",
         {x, m.weights({4, 3, 3, 3}, {0.004F, 0.006F, 0.005F, 0.003F}, {128, 110, 140, 128}, kU8),
          m.bias(4)})
        .with("pads", Sizes{1, 1, 1, 1});
    const std::string a = m.qdq(m.out(), 0.03F, 101);
    m.output(m.head(m.qdq(m.conv(a, {2, 4, 3, 3}), 0.05F, -20, kS8), 72));
  }));
  all.push_back(case_of("output_quantiser_per_channel", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.node("Relu", {m.conv(m.image(), {4, 3, 3, 3})}), 0.02F);
    const std::string flat = m.node("Flatten", {a});
    m.op("Gemm", {flat, m.weights({3, 144}, {0.01F, 0.02F, 0.005F}), m.bias(3)})
        .with("transB", std::int64_t{1});
    m.output(m.qdq(m.out(), 0.25F, 100));
  }));
  all.push_back(case_of("batch_normalisation", kColour, [](Maker& m) {
    const std::string c = m.conv(m.image(), {4, 3, 3, 3});
    m.op("BatchNormalization",
         {c, m.floats({0.5F, -1.25F, 2.0F, 0.75F}, {4}), m.floats(m.reals(4, -0.5F, 0.5F), {4}),
          m.floats(m.reals(4, -0.5F, 0.5F), {4}), m.floats(m.reals(4, 0.5F, 2.0F), {4})});
    const std::string a = m.qdq(m.node("Relu", {m.out()}), 0.02F);
    m.output(m.head(a, 144));
  }));
  all.push_back(case_of("constants_behind_layers", kColour, [](Maker& m) {
    const std::string c = m.conv(m.image(), {4, 3, 3, 3});
    const std::string k = m.element(c, "Mul", {0.5F, -2.0F, 4.0F, 1.0F}, {4, 1, 1});
    const std::string s =
        m.element(m.element(k, "Add", {0.125F, 0.25F, -0.5F, 0.0F}, {1, 4, 1, 1}), "Div", {2.0F});
    m.output(m.head(m.qdq(m.element(s, "Sub", {0.125F}), 0.03F, 90), 144));
  }));
  all.push_back(case_of("input_normalisation", kColour, [](Maker& m) {
    const std::string c = m.element(m.element("x", "Sub", {0.485F, 0.456F, 0.406F}, {1, 3, 1, 1}),
                                    "Div", {0.229F, 0.224F, 0.225F}, {1, 3, 1, 1});
    m.output(m.head(m.qdq(m.conv(m.qdq(c, 0.02F, 110), {4, 3, 3, 3}), 0.05F, 128), 144));
  }));
  all.push_back(case_of(
      "uint8_input", kColour,
      [](Maker& m) {
        const std::string x =
            m.node("DequantizeLinear", {"x", m.floats({1.0F / 255}, {}), m.ints(kU8, {3}, {})});
        m.output(m.head(m.qdq(m.conv(x, {4, 3, 3, 3}), 0.02F, 60), 144));
      },
      kU8));
  all.push_back(case_of(
      "uint8_input_cast", kColour,
      [](Maker& m) {
        m.op("Cast", {"x"}).with("to", std::int64_t{1});
        const std::string x = m.qdq(m.element(m.out(), "Mul", {1.0F / 128}), 1.0F / 100, 5);
        m.output(m.head(m.qdq(m.conv(x, {4, 3, 3, 3}), 0.02F, 60), 144));
      },
      kU8));
  all.push_back(case_of("channels_last", {6, 6, 3}, [](Maker& m) {
    m.op("Transpose", {"x"}).with("perm", Sizes{0, 3, 1, 2});
    const std::string c =
        m.qdq(m.conv(m.qdq(m.out(), 1.0F / 255, -128, kS8), {4, 3, 3, 3}), 0.02F, -60, kS8);
    m.op("Transpose", {c}).with("perm", Sizes{0, 2, 3, 1});
    const std::string flat = m.node("Reshape", {m.out(), m.ints(kI64, {-1, 144}, {2})});
    m.output(m.node("Add", {m.node("MatMul", {flat, m.weights({144, 4}, {0.01F})}), m.bias(4)}));
  }));
  all.push_back(case_of("sizes_from_the_graph", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60);
    const std::string batch = m.node("Gather", {m.node("Shape", {a}), m.ints(kI64, {0}, {})});
    m.op("Unsqueeze", {batch, m.ints(kI64, {0}, {1})});
    m.op("Concat", {m.out(), m.ints(kI64, {-1}, {1})}).with("axis", std::int64_t{0});
    const std::string flat = m.node("Reshape", {a, m.out()});
    m.op("Gemm", {flat, m.weights({4, 144}, {0.01F}), m.bias(4)});
    m.output(m.with("transB", std::int64_t{1}).with("alpha", 0.5F).with("beta", 2.0F).out());
  }));
  all.push_back(case_of("turned_weights", kColour, [](Maker& m) {
    const std::string a = m.node("Flatten", {m.image()});
    m.op("Transpose", {m.weights({5, 108}, {0.01F, 0.02F, 0.01F, 0.005F, 0.01F})})
        .with("perm", Sizes{1, 0});
    const std::string h = m.qdq(m.node("MatMul", {a, m.out()}), 0.05F, 120);
    m.output(m.node("MatMul", {h, m.weights({5, 3}, {0.01F, 0.02F, 0.03F}, {0}, kS8, 1)}));
  }));
}

void add_windows(std::vector<ExporterCase>& all) {
  all.push_back(case_of("dilation", kColour, [](Maker& m) {
    m.op("Conv", {m.image(), m.weights({4, 3, 3, 2}, {0.01F})})
        .with("dilations", Sizes{2, 3})
        .with("pads", Sizes{2, 1, 2, 2});
    m.output(m.head(m.qdq(m.out(), 0.02F, 60), 144));
  }));
  for (const char* automatic : {"SAME_LOWER", "SAME_UPPER", "VALID"}) {
    all.push_back(case_of(automatic, {3, 7, 7}, [automatic](Maker& m) {
      m.op("Conv", {m.image(), m.weights({4, 3, 2, 4}, {0.01F})})
          .with("strides", Sizes{1, 2})
          .with("auto_pad", automatic);
      const bool valid = std::string(automatic) == "VALID";
      m.output(m.head(m.qdq(m.out(), 0.02F, 60), valid ? 4 * 6 * 2 : 4 * 7 * 4));
    }));
  }
  all.push_back(case_of("conv1d", {2, 20}, [](Maker& m) {
    m.op("Conv", {m.image(), m.weights({4, 2, 3}, {0.01F}), m.bias(4)})
        .with("dilations", Sizes{2})
        .with("pads", Sizes{1, 2})
        .with("strides", Sizes{2});
    m.output(m.head(m.qdq(m.out(), 0.02F, 60), 40));
  }));
  all.push_back(case_of("vectors", {20}, [](Maker& m) {
    m.op("Gemm", {m.image(), m.weights({20, 6}, {0.01F}), m.bias(6)});
    m.output(m.head(m.qdq(m.node("Relu", {m.out()}), 0.02F), 6));
  }));
  all.push_back(case_of("pixelwise_matmul", {6, 6, 3}, [](Maker& m) {
    m.op("Transpose", {"x"}).with("perm", Sizes{0, 3, 1, 2});
    const std::string c = m.qdq(m.conv(m.qdq(m.out(), 1.0F / 255), {4, 3, 3, 3}), 0.02F, 60);
    m.op("Transpose", {c}).with("perm", Sizes{0, 2, 3, 1});
    const std::string a =
        m.qdq(m.node("MatMul", {m.out(), m.weights({4, 2}, {0.02F})}), 0.03F, 128);
    m.output(m.head(a, 72));
  }));
  all.push_back(case_of("transposed_convolutions", kColour, [](Maker& m) {
    m.op("ConvTranspose",
         {m.image(), m.weights({3, 4, 3, 3}, {0.01F, 0.02F, 0.01F, 0.015F}, {0}, kS8, 1),
          m.bias(4)})
        .with("strides", Sizes{2, 2})
        .with("pads", Sizes{1, 0, 1, 1})
        .with("output_padding", Sizes{1, 0});
    const std::string a = m.qdq(m.out(), 0.03F, 70);
    m.op("ConvTranspose", {a, m.weights({4, 2, 2, 3}, {0.01F})})
        .with("group", std::int64_t{2})
        .with("dilations", Sizes{2, 1})
        .with("strides", Sizes{1, 3});
    m.output(m.qdq(m.out(), 0.06F, 120));
  }));
  all.push_back(case_of("padded_averages", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60);
    m.op("AveragePool", {a})
        .with("kernel_shape", Sizes{3, 2})
        .with("pads", Sizes{1, 1, 1, 0})
        .with("strides", Sizes{2, 1});
    const std::string p = m.qdq(m.out(), 0.017F, 61);
    m.op("AveragePool", {p})
        .with("kernel_shape", Sizes{2, 3})
        .with("strides", Sizes{2, 2})
        .with("ceil_mode", std::int64_t{1});
    m.output(m.qdq(m.out(), 0.013F, 70));
  }));
  all.push_back(case_of("padded_averages_that_count", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60);
    m.op("AveragePool", {a})
        .with("kernel_shape", Sizes{3, 2})
        .with("pads", Sizes{1, 1, 1, 0})
        .with("strides", Sizes{2, 1})
        .with("count_include_pad", std::int64_t{1});
    m.output(m.qdq(m.out(), 0.017F, 61));
  }));
  all.push_back(case_of("max_pools", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60);
    m.op("MaxPool", {a})
        .with("kernel_shape", Sizes{2, 2})
        .with("dilations", Sizes{2, 1})
        .with("pads", Sizes{1, 0, 0, 1});
    m.op("MaxPool", {m.out()})
        .with("kernel_shape", Sizes{2, 2})
        .with("strides", Sizes{2, 2})
        .with("ceil_mode", std::int64_t{1});
    m.output(m.out());
  }));
  all.push_back(case_of("max_pool_of_sums", kColour, [](Maker& m) {
    m.op("MaxPool", {m.conv(m.image(), {4, 3, 3, 3})})
        .with("kernel_shape", Sizes{2, 2})
        .with("strides", Sizes{2, 2});
    m.output(m.head(m.qdq(m.node("Relu", {m.out()}), 0.02F, 3), 36));
  }));
  all.push_back(case_of("pads_in_front", kColour, [](Maker& m) {
    m.op("Pad", {m.image(), m.ints(kI64, {0, 0, 1, 0, 0, 0, 2, 1}, {8})});
    m.op("Conv", {m.out(), m.weights({4, 3, 3, 3}, {0.01F}), m.bias(4)})
        .with("pads", Sizes{0, 1, 0, 1});
    m.output(m.head(m.qdq(m.out(), 0.02F, 60), 4 * 7 * 7));
  }));
  all.push_back(case_of("average_without_quantiser", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60);
    m.op("ReduceMean", {a}).with("axes", Sizes{2, 3}).with("keepdims", std::int64_t{0});
    m.op("Gemm", {m.out(), m.weights({5, 4}, {0.01F}), m.bias(5)});
    m.output(m.with("transB", std::int64_t{1}).out());
  }));
  all.push_back(case_of("average_that_leaves_some_out", kColour, [](Maker& m) {
    m.op("AveragePool", {m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60)})
        .with("kernel_shape", Sizes{4, 4})
        .with("strides", Sizes{3, 3});
    m.output(m.head(m.out(), 4, 5));
  }));
  all.push_back(case_of("average_of_every_other_pixel", kColour, [](Maker& m) {
    m.op("AveragePool", {m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60)})
        .with("kernel_shape", Sizes{1, 1})
        .with("strides", Sizes{2, 2});
    m.output(m.head(m.qdq(m.conv(m.out(), {4, 4, 1, 1}), 0.02F, 60), 36));
  }));
  all.push_back(case_of("pooled_product_with_a_gate", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60);
    const std::string gate = m.qdq(m.node("GlobalAveragePool", {a}), 0.01F, 100);
    m.output(m.qdq(m.node("GlobalMaxPool", {m.node("Mul", {a, gate})}), 0.05F, 90));
  }));
  all.push_back(case_of("pooled_sum_of_maps", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60);
    const std::string b = m.qdq(m.conv(a, {4, 4, 3, 3}), 0.04F, 70);
    m.op("MaxPool", {m.node("Add", {a, b})})
        .with("kernel_shape", Sizes{2, 2})
        .with("strides", Sizes{2, 2});
    m.output(m.head(m.qdq(m.out(), 0.05F, 80), 36));
  }));
  for (const char* name : {"SAME_UPPER", "SAME_LOWER"}) {
    all.push_back(case_of((std::string("transposed_") + name).c_str(), kColour, [name](Maker& m) {
      const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.03F, 60);
      m.op("ConvTranspose", {a, m.weights({4, 2, 4, 3}, {0.01F})})
          .with("auto_pad", name)
          .with("strides", Sizes{1, 2});
      m.output(m.qdq(m.out(), 0.06F, 120));
    }));
  }
  all.push_back(case_of("transposed_to_a_shape", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.03F, 60);
    m.op("ConvTranspose", {a, m.weights({4, 2, 3, 3}, {0.01F})})
        .with("output_shape", Sizes{12, 11})
        .with("strides", Sizes{2, 2});
    m.output(m.qdq(m.out(), 0.06F, 120));
  }));
  all.push_back(case_of("transposed_groups_by_channel", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.03F, 60);
    m.op("ConvTranspose", {a, m.weights({4, 2, 3, 3}, {0.01F, 0.04F}, {0}, kS8, 1)})
        .with("group", std::int64_t{2});
    m.output(m.head(m.qdq(m.out(), 0.06F, 120), 4 * 8 * 8));
  }));
  all.push_back(case_of("resized_by_fractions", kGrey, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {3, 1, 2, 2}), 0.02F, 60);
    // 5 x float32(1.4) is 7 in float32, and less in double.
    m.op("Resize", {a, "", m.floats({1.0F, 1.0F, 1.4F, 1.4F}, {4})})
        .with("mode", "nearest")
        .with("coordinate_transformation_mode", "asymmetric")
        .with("nearest_mode", "floor");
    m.output(m.head(m.out(), 3 * 7 * 7));
  }));
  all.push_back(case_of("depthwise", kColour, [](Maker& m) {
    m.op("Conv", {m.image(), m.weights({6, 1, 3, 3}, {0.01F}), m.bias(6)})
        .with("group", std::int64_t{3});
    m.output(m.head(m.qdq(m.out(), 0.02F, 60), 96));
  }));
}

void add_functions(std::vector<ExporterCase>& all) {
  for (const char* name :
       {"LeakyRelu", "HardSwish", "Sigmoid", "Tanh", "Elu", "HardSigmoid", "Softplus"}) {
    all.push_back(case_of((std::string(name) + "_of_sums").c_str(), kGrey, [name](Maker& m) {
      m.output(m.head(m.qdq(m.node(name, {m.conv(m.image(), {4, 1, 3, 3})}), 0.01F, 50), 144));
    }));
    all.push_back(case_of((std::string(name) + "_of_codes").c_str(), kGrey, [name](Maker& m) {
      const std::string a = m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 100);
      m.output(m.head(m.qdq(m.node(name, {a}), 0.01F, 50), 144));
    }));
  }
  all.push_back(case_of("prelu_by_channel", kGrey, [](Maker& m) {
    const std::string c = m.conv(m.image(), {4, 1, 3, 3});
    const std::string a =
        m.qdq(m.element(c, "PRelu", {0.25F, -0.5F, 0.1F, 0.0F}, {4, 1, 1}), 0.02F, 60);
    const std::string b =
        m.qdq(m.element(a, "PRelu", {0.5F, 0.3F, 0.2F, 0.1F}, {4, 1, 1}), 0.015F, 40);
    m.output(m.head(b, 144));
  }));
  all.push_back(case_of("compositions", kGrey, [](Maker& m) {
    const std::string c = m.conv(m.image(), {4, 1, 3, 3});
    const std::string silu = m.qdq(m.node("Mul", {c, m.node("Sigmoid", {c})}), 0.01F, 40);
    const std::string six = m.node(
        "Clip", {m.element(silu, "Add", {3.0F}), m.floats({0.0F}, {}), m.floats({6.0F}, {})});
    const std::string swish =
        m.qdq(m.element(m.node("Mul", {silu, six}), "Div", {6.0F}), 0.01F, 45);
    const std::string erf = m.node("Erf", {m.element(swish, "Div", {1.4142135F})});
    const std::string gelu =
        m.element(m.node("Mul", {swish, m.element(erf, "Add", {1.0F})}), "Mul", {0.5F});
    m.output(m.head(m.qdq(gelu, 0.008F, 30), 144));
  }));
  all.push_back(case_of("clips", kGrey, [](Maker& m) {
    const std::string c = m.conv(m.image(), {4, 1, 3, 3});
    const std::string a =
        m.qdq(m.node("Clip", {c, m.floats({-0.5F}, {}), m.floats({0.75F}, {})}), 0.02F, -5, kS8);
    const std::string d =
        m.qdq(m.node("Clip", {m.conv(a, {4, 4, 3, 3}), m.floats({0.0F}, {}), m.floats({1.0F}, {})}),
              0.02F, 12);
    m.output(m.head(m.qdq(m.element(d, "Min", {0.5F}), 0.01F), 144));
  }));
  all.push_back(case_of("two_maps", kGrey, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60);
    const std::string b = m.qdq(m.conv(a, {4, 4, 3, 3}), 0.05F, -10, kS8);
    const std::string sum = m.qdq(m.node("Relu", {m.node("Add", {a, b})}), 0.03F, 3);
    const std::string difference = m.qdq(m.node("Sub", {b, sum}), 0.04F, 90);
    m.output(m.head(m.qdq(m.node("Mul", {difference, a}), 0.07F, 130), 144));
  }));
  all.push_back(case_of("squeeze_and_excite", kGrey, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60);
    const std::string mean = m.qdq(m.node("GlobalAveragePool", {a}), 0.01F, 70);
    const std::string gate = m.qdq(m.node("Sigmoid", {m.conv(mean, {4, 4, 1, 1})}), 1.0F / 256);
    m.output(m.head(m.qdq(m.node("Mul", {gate, a}), 0.02F, 60), 144));
  }));
  all.push_back(case_of("sums_and_maps", kGrey, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60);
    const std::string sum =
        m.qdq(m.node("Relu", {m.node("Add", {a, m.conv(a, {4, 4, 3, 3})})}), 0.05F, 2);
    const std::string less = m.qdq(m.node("Sub", {sum, m.conv(sum, {4, 4, 3, 3})}), 0.1F, 110);
    const std::string product =
        m.qdq(m.node("Mul", {m.node("Relu", {m.conv(less, {4, 4, 3, 3})}), sum}), 0.5F, 7);
    m.output(m.head(product, 144));
  }));
  all.push_back(case_of("two_layers_summed", kGrey, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60);
    const std::string sum = m.node("Add", {m.conv(a, {4, 4, 1, 1}), m.conv(a, {4, 4, 3, 3})});
    m.output(m.head(m.qdq(m.node("Relu", {sum}), 0.05F), 144));
  }));
  all.push_back(case_of("concat", kGrey, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60);
    const std::string b = m.qdq(m.conv(a, {3, 4, 3, 3}), 0.05F, -10, kS8);
    m.op("Concat", {b, a, m.conv(a, {2, 4, 1, 1})}).with("axis", std::int64_t{1});
    m.output(m.head(m.qdq(m.out(), 0.04F, 100), 9 * 36));
  }));
  all.push_back(case_of("concat_of_equal_codes", kGrey, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60);
    const std::string b = m.qdq(m.conv(a, {4, 4, 3, 3}, 0.004F), 0.02F, 60);
    m.op("Concat", {a, b}).with("axis", std::int64_t{-3});
    m.output(m.head(m.out(), 8 * 36));
  }));
}

void add_tails(std::vector<ExporterCase>& all) {
  const auto resized = [](const char* mode, const char* place) {
    return [mode, place](Maker& m) {
      const std::string a = m.qdq(m.conv(m.image(), {2, 1, 3, 3}), 0.02F, 60);
      m.op("Resize", {a, "", m.floats({1.0F, 1.0F, 2.0F, 1.5F}, {4})})
          .with("mode", mode)
          .with("coordinate_transformation_mode", place);
      if (std::string(mode) == "nearest") m.with("nearest_mode", "floor");
      m.output(m.qdq(m.out(), 0.021F, 64));
    };
  };
  all.push_back(case_of("resize_nearest", kGrey, resized("nearest", "asymmetric")));
  all.push_back(case_of("resize_linear", kGrey, resized("linear", "half_pixel")));
  all.push_back(case_of("resize_linear_corners", kGrey, resized("linear", "align_corners")));
  for (const char* name : {"Softmax", "LogSoftmax", "Sigmoid", "Relu"}) {
    all.push_back(case_of((std::string("tail_") + name).c_str(), kGrey, [name](Maker& m) {
      m.output(m.node(name, {m.head(m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60), 144)}));
    }));
  }
  all.push_back(case_of("tail_arg_max", kGrey, [](Maker& m) {
    m.op("ArgMax", {m.head(m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60), 144)})
        .with("axis", std::int64_t{1})
        .with("keepdims", std::int64_t{0});
    m.output(m.out());
    m.integer_output();
  }));
  all.push_back(case_of("arg_max_of_a_map", kGrey, [](Maker& m) {
    m.op("ArgMax", {m.conv(m.image(), {4, 1, 3, 3})}).with("axis", std::int64_t{1});
    m.output(m.out());
    m.integer_output();
  }));
  all.push_back(case_of("quantised_softmax", kGrey, [](Maker& m) {
    const std::string y =
        m.qdq(m.head(m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60), 144), 0.1F, 10, kS8);
    m.op("Softmax", {y}).with("axis", std::int64_t{1});
    m.output(m.qdq(m.out(), 1.0F / 256, -128, kS8));
  }));
  all.push_back(case_of("two_outputs", kGrey, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60);
    m.output(m.head(a, 144));
    m.output(m.qdq(m.conv(a, {2, 4, 3, 3}), 0.05F, 99));
    m.output(m.conv(a, {3, 4, 1, 1}));
  }));
}

}  // namespace

void PrintTo(const ExporterCase& own, std::ostream* out) { *out << own.name; }

const std::vector<ExporterCase>& exporter_cases() {
  static const std::vector<ExporterCase> kCases = [] {
    std::vector<ExporterCase> all;
    add_dialects(all);
    add_windows(all);
    add_functions(all);
    add_tails(all);
    add_layout_cases(all);
    return all;
  }();
  return kCases;
}

onnx::ModelProto exporter_model(const ExporterCase& own) {
  ModelBuilder builder(8, 8);
  builder.model().clear_metadata_props();
  builder.model().mutable_opset_import(0)->set_version(15);
  onnx::ValueInfoProto& info = *builder.graph().add_input();
  info.set_name("x");
  onnx::TypeProto::Tensor& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(own.input_type);
  type.mutable_shape()->add_dim()->set_dim_param("N");
  for (const std::int64_t size : own.input) type.mutable_shape()->add_dim()->set_dim_value(size);
  own.build(builder);
  return builder.model();
}

std::vector<float> exporter_image(const ExporterCase& own, int image) {
  std::int64_t count = 1;
  for (const std::int64_t size : own.input) count *= size;
  std::vector<float> values;
  for (std::int64_t k = 0; k < count; ++k) {
    const auto pixel = static_cast<float>((37 * k + 11 * image) % 256);
    values.push_back(own.input_type == kFloat ? pixel / 255.0F : pixel);
  }
  return values;
}

}  // namespace lacuna::network::test
