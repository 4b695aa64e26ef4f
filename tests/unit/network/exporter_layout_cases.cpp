// Cases about how quantisers, averages and axes lie in a file.
#include "unit/network/exporter_maker.hpp"

namespace lacuna::network::test {
namespace {

void add_quantisers(std::vector<ExporterCase>& all) {
  all.push_back(case_of("contributed_quantisers", kColour, [](Maker& m) {
    m.output(m.head(m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60), 144));
    m.contribute();
  }));
  all.push_back(case_of("channels_last_behind_a_pad", {6, 6, 3}, [](Maker& m) {
    const std::string padded =
        m.node("Pad", {m.image(), m.ints(kI64, {0, 0, 1, 0, 0, 1, 2, 0}, {8})});
    m.op("Transpose", {padded}).with("perm", Sizes{0, 3, 1, 2});
    m.op("Conv", {m.out(), m.weights({4, 3, 3, 3}, {0.01F}), m.bias(4)})
        .with("strides", Sizes{2, 2});
    m.output(m.out());
  }));
  all.push_back(case_of("quantised_constants_behind_layers", kColour, [](Maker& m) {
    const auto constant = [&](const Sizes& sizes) {
      return m.node("DequantizeLinear", {m.ints(kS8, {-90, 3, 77, 120}, sizes),
                                         m.floats({1.0F / 128}, {}), m.ints(kS8, {4}, {})});
    };
    const std::string c = m.node("Add", {m.conv(m.image(), {4, 3, 3, 3}), constant({1, 4, 1, 1})});
    const std::string a = m.qdq(c, 0.02F, 60);
    const std::string d = m.node("Add", {constant({4, 1, 1}), m.conv(a, {4, 4, 1, 1})});
    m.output(m.head(m.qdq(d, 0.04F, 100), 144));
  }));
  all.push_back(case_of("clips_of_codes_that_others_read", kGrey, [](Maker& m) {
    const std::string s = m.floats({1.0F / 64}, {});
    const std::string z = m.ints(kS8, {-20}, {});
    const std::string q = m.node("QuantizeLinear", {m.conv(m.image(), {4, 1, 3, 3}), s, z});
    const auto clipped = [&](std::int64_t low, std::int64_t high) {
      const std::string c = m.node("Clip", {q, m.ints(kS8, {low}, {}), m.ints(kS8, {high}, {})});
      return m.node("DequantizeLinear", {c, s, z});
    };
    m.output(m.conv(clipped(-20, 30), {2, 4, 3, 3}));
    m.output(m.conv(clipped(-60, -30), {2, 4, 3, 3}));
    m.output(m.conv(m.node("DequantizeLinear", {q, s, z}), {2, 4, 1, 1}));
  }));
  all.push_back(case_of("sums_rounded_in_two_ways", kGrey, [](Maker& m) {
    const std::string c = m.conv(m.image(), {4, 1, 3, 3});
    const std::string a = m.qdq(c, 0.02F, 60);
    const std::string b = m.qdq(m.node("HardSwish", {c}), 0.01F, -90, kS8);
    m.op("MaxPool", {c}).with("kernel_shape", Sizes{3, 3}).with("pads", Sizes{1, 1, 1, 1});
    const std::string p = m.qdq(m.out(), 0.05F, 9);
    const std::string sum = m.qdq(m.node("Add", {m.conv(a, {4, 4, 1, 1}), b}), 0.05F, 70);
    m.output(m.qdq(m.node("Add", {sum, p}), 0.1F, 90));
    m.output(c);
  }));
}

void add_shared(std::vector<ExporterCase>& all) {
  // Constants behind a view become part of no layer that others read without it.
  all.push_back(case_of("sums_read_in_two_views", kColour, [](Maker& m) {
    const std::string c = m.conv(m.image(), {4, 3, 3, 3});
    m.op("Transpose", {c}).with("perm", Sizes{0, 2, 3, 1});
    m.output(m.qdq(m.element(m.out(), "Mul", {2.0F, 0.5F, -1.0F, 0.25F}, {4}), 0.02F, 60));
    m.op("MaxPool", {c}).with("kernel_shape", Sizes{2, 2}).with("strides", Sizes{2, 2});
    m.output(m.qdq(m.element(m.out(), "Add", {0.5F}), 0.02F, 60));
    m.output(m.qdq(c, 0.02F, 60));
  }));
}

void add_views(std::vector<ExporterCase>& all) {
  all.push_back(case_of("argmax_cast_and_squeezed", kGrey, [](Maker& m) {
    m.op("ArgMax", {m.conv(m.image(), {4, 1, 3, 3})}).with("axis", std::int64_t{1});
    const std::string index = m.node("Squeeze", {m.out(), m.ints(kI64, {1}, {1})});
    m.op("Cast", {index}).with("to", std::int64_t{kI32});
    m.output(m.out());
    m.integer_output(kI32);
  }));
  all.push_back(case_of("argmax_of_quantised_softmax", kGrey, [](Maker& m) {
    // Steps so coarse that several classes have the largest code.
    m.op("Softmax", {m.head(m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60), 144)})
        .with("axis", std::int64_t{1});
    m.op("ArgMax", {m.qdq(m.out(), 2.0F)}).with("axis", std::int64_t{1});
    m.output(m.out());
    m.integer_output();
  }));
  all.push_back(case_of("argmax_of_sigmoid", kGrey, [](Maker& m) {
    const std::string y = m.head(m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60), 144);
    m.op("ArgMax", {m.qdq(m.node("Sigmoid", {y}), 0.125F)}).with("axis", std::int64_t{-1});
    m.output(m.out());
    m.integer_output();
  }));
  all.push_back(case_of("outputs_in_other_axes", {3, 6, 5}, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60);
    m.output(m.node("Reshape", {m.conv(a, {8, 4, 1, 1}), m.ints(kI64, {0, 8, -1}, {3})}));
    m.op("Transpose", {m.conv(a, {8, 4, 3, 3})}).with("perm", Sizes{0, 2, 3, 1});
    m.output(m.node("Reshape", {m.out(), m.ints(kI64, {0, -1, 8}, {3})}));
    m.op("Transpose", {m.conv(a, {8, 4, 1, 1})}).with("perm", Sizes{0, 3, 1, 2});
    m.output(m.node("Flatten", {m.out()}));
    m.output(m.node("Reshape", {m.conv(a, {8, 4, 3, 3}), m.ints(kI64, {0, 2, 4, 6, 5}, {5})}));
    m.output(m.node("Squeeze", {m.conv(a, {1, 4, 3, 3}), m.ints(kI64, {1}, {1})}));
  }));
  all.push_back(case_of("image_without_a_channel_axis", {6, 6}, [](Maker& m) {
    const std::string x = m.node("Unsqueeze", {"x", m.ints(kI64, {1}, {1})});
    m.output(m.head(m.qdq(m.conv(m.qdq(x, 1.0F / 255), {4, 1, 3, 3}), 0.02F, 60), 144));
  }));
  all.push_back(case_of("rows_of_an_image_as_channels", {1, 6, 5}, [](Maker& m) {
    const std::string x = m.node("Reshape", {m.image(), m.ints(kI64, {-1, 6, 5}, {3})});
    m.op("Conv", {x, m.weights({4, 6, 3}, {0.01F}), m.bias(4)}).with("pads", Sizes{1, 1});
    m.output(m.out());
  }));
  all.push_back(case_of("sequence_as_a_column", {3, 12}, [](Maker& m) {
    const std::string x = m.node("Unsqueeze", {m.image(), m.ints(kI64, {3}, {1})});
    m.op("Conv", {x, m.weights({4, 3, 3, 1}, {0.01F}), m.bias(4)}).with("pads", Sizes{1, 0, 1, 0});
    m.output(m.head(m.qdq(m.out(), 0.02F, 60), 48));
  }));
  all.push_back(case_of("matmul_over_a_sequence", {7, 5}, [](Maker& m) {
    const std::string h =
        m.node("Add", {m.node("MatMul", {m.image(), m.weights({5, 6}, {0.02F})}), m.bias(6)});
    const std::string a = m.qdq(m.node("Relu", {h}), 0.02F, 3);
    m.output(m.node("MatMul", {a, m.weights({6, 3}, {0.01F, 0.02F, 0.005F}, {0}, kS8, 1)}));
  }));
  all.push_back(case_of("flattened_maps_joined", kGrey, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 1, 3, 3}), 0.02F, 60);
    const std::string b = m.qdq(m.conv(a, {3, 4, 3, 3}), 0.05F, -10, kS8);
    m.op("Concat", {m.node("Flatten", {a}), m.node("Flatten", {b})}).with("axis", std::int64_t{1});
    m.output(m.head(m.qdq(m.out(), 0.04F, 100), 7 * 36));
  }));
}

void add_averages(std::vector<ExporterCase>& all) {
  const auto averaged = [](Maker& m, const Sizes& kernel, const Sizes& strides) {
    m.op("AveragePool", {m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60)})
        .with("kernel_shape", kernel)
        .with("strides", strides);
    return m.out();
  };
  all.push_back(case_of("fully_connected_averages", {3, 7, 6}, [averaged](Maker& m) {
    // A row and every third column are in no average.
    m.output(m.head(averaged(m, {2, 2}, {2, 3}), 4 * 3 * 2));
  }));
  all.push_back(case_of("convolved_averages", {3, 8, 6}, [averaged](Maker& m) {
    m.op("Conv", {averaged(m, {2, 1}, {2, 1}), m.weights({2, 4, 3, 3}, {0.01F, 0.02F}), m.bias(2)})
        .with("pads", Sizes{1, 1, 1, 1})
        .with("strides", Sizes{1, 2});
    m.output(m.out());
  }));
  all.push_back(case_of("functions_of_averages", kColour, [averaged](Maker& m) {
    const std::string a = averaged(m, {2, 2}, {2, 2});
    m.output(m.qdq(m.node("LeakyRelu", {a}), 0.01F, 50));
  }));
  all.push_back(case_of("average_as_an_output", kColour, [](Maker& m) {
    m.output(m.node("GlobalAveragePool", {m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60)}));
  }));
  all.push_back(case_of("normalised_maxima", kColour, [](Maker& m) {
    m.op("MaxPool", {m.conv(m.image(), {4, 3, 3, 3})})
        .with("kernel_shape", Sizes{2, 2})
        .with("strides", Sizes{2, 2});
    m.op(
        "BatchNormalization",
        {m.out(), m.floats({0.5F, 1.25F, 2.0F, 0.75F}, {4}), m.floats(m.reals(4, -0.5F, 0.5F), {4}),
         m.floats(m.reals(4, -0.5F, 0.5F), {4}), m.floats(m.reals(4, 0.5F, 2.0F), {4})});
    m.output(m.head(m.qdq(m.node("Sigmoid", {m.out()}), 0.01F, 9), 36));
  }));
  all.push_back(case_of("gates_of_sums", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60);
    const std::string gate = m.qdq(m.node("GlobalAveragePool", {a}), 0.01F, 100);
    const std::string b = m.qdq(m.node("Mul", {gate, m.conv(a, {4, 4, 3, 3})}), 0.05F, 90);
    const std::string mask = m.qdq(m.conv(b, {1, 4, 1, 1}), 0.05F, 70);
    const std::string c = m.qdq(m.node("Add", {m.conv(b, {4, 4, 1, 1}), mask}), 0.1F, 111);
    const std::string both = m.qdq(m.node("Mul", {gate, mask}), 0.02F, 120);
    m.output(m.qdq(m.node("Sub", {both, c}), 0.5F, 120));
  }));
  all.push_back(case_of("gelu_by_tanh", kGrey, [](Maker& m) {
    m.opset(20);
    m.op("Gelu", {m.conv(m.image(), {4, 1, 3, 3})}).with("approximate", "tanh");
    m.output(m.head(m.qdq(m.out(), 0.01F, 20), 144));
  }));
  all.push_back(case_of("pads_and_sizes_of_named_axes", kGrey, [](Maker& m) {
    m.opset(19);
    const std::string a = m.qdq(m.conv(m.image(), {2, 1, 3, 3}), 0.02F, 60);
    m.op("Pad", {a, m.ints(kI64, {1, 2, 0, 1}, {4}), "", m.ints(kI64, {-1, 2}, {2})});
    const std::string b = m.qdq(m.conv(m.out(), {2, 2, 3, 3}), 0.03F, 90);
    m.op("Resize", {b, "", m.floats({1.5F, 1.4F}, {2})})
        .with("axes", Sizes{3, 2})
        .with("mode", "linear")
        .with("coordinate_transformation_mode", "half_pixel_symmetric");
    m.output(m.qdq(m.out(), 0.035F, 80));
  }));
  all.push_back(case_of("made_smaller_before_rounding_had_a_name", {3, 7, 5}, [](Maker& m) {
    m.opset(10);
    const std::string a = m.qdq(m.conv(m.image(), {2, 3, 3, 3}), 0.02F, 60);
    m.op("Resize", {a, m.floats({1.0F, 1.0F, 0.6F, 1.5F}, {4})}).with("mode", "nearest");
    m.output(m.out());
  }));
  all.push_back(case_of("sums_resized", kColour, [](Maker& m) {
    m.op("Resize", {m.conv(m.image(), {4, 3, 3, 3}), "", m.floats({1.0F, 1.0F, 2.0F, 1.5F}, {4})})
        .with("mode", "nearest");
    m.output(m.head(m.qdq(m.node("HardSwish", {m.out()}), 0.02F, 20), 4 * 12 * 9));
  }));
  all.push_back(case_of("every_other_average_convolved", {3, 7, 7}, [averaged](Maker& m) {
    m.op("Conv", {averaged(m, {2, 2}, {1, 1}), m.weights({2, 4, 1, 1}, {0.01F, 0.02F}), m.bias(2)})
        .with("strides", Sizes{2, 2});
    m.output(m.out());
  }));
  all.push_back(case_of("sum_of_two_and_of_a_turned_image", kColour, [](Maker& m) {
    const std::string x = m.node("Sub", {m.floats({1.0F, 0.5F, 0.75F}, {3, 1, 1}), "x"});
    const std::string a = m.qdq(m.conv(m.qdq(x, 1.0F / 200, 64), {4, 3, 3, 3}), 0.02F, 60);
    m.output(m.qdq(m.node("Sum", {m.node("Sum", {a}), m.conv(a, {4, 4, 1, 1})}), 0.05F, 60));
  }));
  all.push_back(case_of("resized_sequence", {2, 7}, [](Maker& m) {
    m.op("Conv", {m.image(), m.weights({4, 2, 3}, {0.01F}), m.bias(4)}).with("pads", Sizes{1, 1});
    m.op("Resize", {m.qdq(m.out(), 0.02F, 60), "", m.floats({1.0F, 1.0F, 1.7F}, {3})})
        .with("mode", "nearest");
    m.output(m.out());
  }));
  all.push_back(case_of("sequence_resized_linearly", {2, 7}, [](Maker& m) {
    m.op("Conv", {m.image(), m.weights({4, 2, 3}, {0.01F}), m.bias(4)}).with("pads", Sizes{1, 1});
    m.op("Resize", {m.qdq(m.out(), 0.02F, 60), "", m.floats({1.0F, 1.0F, 1.7F}, {3})})
        .with("mode", "linear");
    m.output(m.qdq(m.out(), 0.02F, 57));
  }));
  all.push_back(case_of("largest_of_sums_and_of_codes", kColour, [](Maker& m) {
    const std::string c = m.conv(m.image(), {4, 3, 3, 3});
    const Sizes axes = {2, -1};
    m.op("ReduceMax", {c}).with("axes", axes).with("keepdims", std::int64_t{0});
    m.output(m.head(m.qdq(m.out(), 0.02F, 60), 4));
    m.op("ReduceMax", {m.qdq(m.node("Neg", {c}), 0.02F, 200)}).with("axes", axes);
    m.output(m.out());
  }));
  all.push_back(case_of("sum_over_the_map", kColour, [](Maker& m) {
    const std::string a = m.qdq(m.conv(m.image(), {4, 3, 3, 3}), 0.02F, 60);
    m.op("ReduceSum", {a, m.ints(kI64, {-2, 3}, {2})}).with("keepdims", std::int64_t{0});
    const std::string sums = m.out();
    m.output(m.head(m.qdq(m.node("LeakyRelu", {sums}), 0.5F, 100), 4));
    m.output(sums);
  }));
}

}  // namespace

void add_layout_cases(std::vector<ExporterCase>& all) {
  add_quantisers(all);
  add_shared(all);
  add_views(all);
  add_averages(all);
}

}  // namespace lacuna::network::test
