// The rewrite rules, one by one, on graphs of a few nodes.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "network/normalise/fold_constants.hpp"
#include "network/normalise/rules.hpp"

namespace lacuna::network::test {
namespace {

Attribute integers(std::vector<std::int64_t> values) {
  Attribute attribute;
  attribute.kind = Attribute::Kind::kIntegers;
  attribute.integers = std::move(values);
  return attribute;
}

Attribute integer(std::int64_t value) {
  Attribute attribute;
  attribute.kind = Attribute::Kind::kInteger;
  attribute.integer = value;
  return attribute;
}

/// A graph that reads x [N, 2, 3, 4] and shows y.
struct Small {
  Graph graph;
  Small() {
    graph.file = "m.onnx";
    graph.opset = 13;
    graph.inputs.push_back({"x", "x", Element::kFloat, true, {-1, 2, 3, 4}});
    graph.outputs.push_back({"y", "y", Element::kFloat, false, {}});
  }
  Node& add(const std::string& op, const std::vector<std::string>& inputs, const std::string& out) {
    graph.nodes.push_back({op, "", op + std::to_string(graph.nodes.size()), inputs, {out}, {}});
    return graph.nodes.back();
  }
  void floats(const std::string& name, const Sizes& sizes, const std::vector<float>& values) {
    graph.constants[name] = Constant::of_floats(sizes, values);
  }
  void codes(const std::string& name, Element element, const Sizes& sizes,
             const std::vector<std::int64_t>& values) {
    graph.constants[name] = Constant::of_integers(element, sizes, values);
  }
  void fold() {
    Shapes shapes(graph);
    fold_constants(graph, shapes);
  }
};

TEST(AdoptContributedQuantisers, GivenThoseOfOnnxruntimeThenTheyAreOnnxsOwnAndOthersAreNot) {
  Small s;
  s.add("QuantizeLinear", {"x", "s"}, "a").domain = "com.microsoft";
  s.add("DequantizeLinear", {"a", "s"}, "b").domain = "com.microsoft";
  s.add("QuantizeLinear", {"b", "s"}, "c").domain = "my.own";
  s.add("Gelu", {"b"}, "d").domain = "com.microsoft";
  adopt_contributed_quantisers(s.graph);
  EXPECT_EQ(s.graph.nodes[0].domain, "");
  EXPECT_EQ(s.graph.nodes[1].domain, "");
  EXPECT_EQ(s.graph.nodes[2].domain, "my.own");
  EXPECT_EQ(s.graph.nodes[3].domain, "com.microsoft");
}

TEST(LowerSums, GivenOneOrTwoValuesThenItIsAnotherOperatorAndOfThreeItStays) {
  Small s;
  s.add("Sum", {"x"}, "a");
  s.add("Sum", {"a", "x"}, "b");
  s.add("Sum", {"a", "b", "x"}, "y");
  lower_sums(s.graph);
  EXPECT_EQ(s.graph.nodes[0].op, "Identity");
  EXPECT_EQ(s.graph.nodes[1].op, "Add");
  EXPECT_EQ(s.graph.nodes[2].op, "Sum");
}

TEST(PadSizes, GivenAxesThenTheOthersHaveNone) {
  Small s;
  s.codes("pads", Element::kInt64, {4}, {1, 2, 3, 4});
  s.codes("axes", Element::kInt64, {2}, {-1, 2});
  const Node& pad = s.add("Pad", {"x", "pads", "", "axes"}, "y");
  const NodeView view(s.graph, pad);
  EXPECT_EQ(pad_sizes(view, 4), (Sizes{0, 0, 2, 1, 0, 0, 4, 3}));
  EXPECT_THROW(pad_sizes(view, 2), Obstacle);  // there is no axis 2
  s.codes("axes", Element::kInt64, {2}, {3, -1});
  EXPECT_THROW(pad_sizes(view, 4), Obstacle);  // the same axis twice
}

TEST(ResizeSizes, GivenAPolicyThenTheRatioOfTheSidesIsKept) {
  for (const char* policy : {"stretch", "not_larger", "not_smaller"}) {
    Small s;
    s.codes("to", Element::kInt64, {2}, {6, 6});
    Node& node = s.add("Resize", {"x", "", "", "to"}, "y");
    node.attributes["axes"].kind = Attribute::Kind::kIntegers;
    node.attributes["axes"].integers = {2, 3};
    node.attributes["keep_aspect_ratio_policy"].kind = Attribute::Kind::kText;
    node.attributes["keep_aspect_ratio_policy"].text = policy;
    const auto sizes = resize_sizes(NodeView(s.graph, node), {1, 2, 3, 4});
    ASSERT_TRUE(sizes.has_value());
    const std::string name = policy;
    EXPECT_EQ(sizes->sizes, name == "stretch"      ? (Sizes{1, 2, 6, 6})
                            : name == "not_larger" ? (Sizes{1, 2, 5, 6})
                                                   : (Sizes{1, 2, 6, 8}));
    EXPECT_EQ(sizes->scales[1], 1.0F);
    EXPECT_EQ(sizes->scales[2], name == "not_larger" ? 1.5F : 2.0F);
  }
}

TEST(DropIdentities, GivenNodesThatHandOnThenTheirReadersReadTheirInput) {
  Small s;
  s.add("Identity", {"x"}, "a");
  s.add("Dropout", {"a"}, "b");
  s.add("Cast", {"b"}, "c").attributes["to"] = integer(1);
  s.add("Relu", {"c"}, "d");
  s.add("Identity", {"d"}, "y");
  drop_identities(s.graph);
  ASSERT_EQ(s.graph.nodes.size(), 1U);
  EXPECT_EQ(s.graph.nodes[0].inputs[0], "x");
  EXPECT_EQ(s.graph.outputs[0].value, "d");
  EXPECT_EQ(s.graph.outputs[0].name, "y");
}

TEST(DropIdentities, GivenACastOfTheImageToHalfPrecisionThenItStaysUnlessAWiderOneFollows) {
  for (const bool wider : {false, true}) {
    Small s;
    s.add("Cast", {"x"}, "a").attributes["to"] = integer(10);
    if (wider) s.add("Cast", {"a"}, "b").attributes["to"] = integer(1);
    s.add("QuantizeLinear", {wider ? "b" : "a", "scale"}, "c");
    s.add("DequantizeLinear", {"c", "scale"}, "d");
    s.add("Cast", {"d"}, "e").attributes["to"] = integer(10);
    s.add("Relu", {"e"}, "y");
    drop_identities(s.graph);
    ASSERT_EQ(s.graph.nodes.size(), wider ? 3U : 4U);
    EXPECT_EQ(s.graph.nodes[0].op, wider ? "QuantizeLinear" : "Cast");
    EXPECT_EQ(s.graph.nodes.back().inputs[0], "d");
  }
}

TEST(DropIdentities, GivenADropoutThatDoesNotTrainThenItGoes) {
  for (const std::int64_t trains : {0, 1}) {
    Small s;
    s.floats("ratio", {}, {0.5F});
    s.codes("trains", Element::kBool, {}, {trains});
    s.add("Dropout", {"x", "ratio", "trains"}, "y").outputs.emplace_back("mask");
    s.graph.outputs[0].value = "y";
    drop_unread(s.graph);
    EXPECT_EQ(s.graph.nodes[0].outputs.size(), 1U) << "nobody reads the mask";
    drop_identities(s.graph);
    EXPECT_EQ(s.graph.nodes.size(), static_cast<std::size_t>(trains));
  }
}

TEST(FoldConstants, GivenNodesThatMakeMuchOfLittleThenTheFileIsRefused) {
  Small s;
  s.codes("sizes", Element::kInt64, {1}, {1 << 20});
  for (int i = 0; i < 100; ++i) s.add("ConstantOfShape", {"sizes"}, "c" + std::to_string(i));
  try {
    s.fold();
    FAIL() << "accepted";
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("constants that nodes make of others have"),
              std::string::npos)
        << error.what();
  }
}

TEST(FoldConstants, GivenAnInputThatIsLeftOutThenTheNodeStays) {
  Small s;
  s.floats("a", {1}, {2.0F});
  s.codes("i", Element::kInt64, {1}, {0});
  s.add("Add", {"a", ""}, "b");
  s.add("Gather", {"i", ""}, "c");
  s.add("Concat", {"i", "", "i"}, "d");
  s.add("Mul", {"b", "c"}, "y");
  s.fold();
  EXPECT_EQ(s.graph.nodes.size(), 4U);
}

TEST(FoldConstants, GivenAChainThenWhatIsReadNoMoreIsFreed) {
  Small s;
  s.floats("c0", {1 << 10}, std::vector<float>(1 << 10, 1.0F));
  for (int i = 0; i < 8; ++i) {
    s.add("Neg", {"c" + std::to_string(i)}, "c" + std::to_string(i + 1));
  }
  s.add("Add", {"x", "c8"}, "y");
  s.fold();
  EXPECT_EQ(s.graph.constants.size(), 1U);
  EXPECT_EQ(s.graph.constants.count("c8"), 1U);
}

TEST(DropIdentities, GivenACastOfIntegersThenItStays) {
  Small s;
  s.graph.inputs[0].element = Element::kUint8;
  s.add("Cast", {"x"}, "y").attributes["to"] = integer(1);
  drop_identities(s.graph);
  EXPECT_EQ(s.graph.nodes.size(), 1U);
}

TEST(FoldConstants, GivenTheSizesOfAValueThenAReshapeIsConstant) {
  Small s;
  s.add("Shape", {"x"}, "shape");
  s.codes("zero", Element::kInt64, {}, {0});
  s.add("Gather", {"shape", "zero"}, "batch");
  s.codes("axes", Element::kInt64, {1}, {0});
  s.add("Unsqueeze", {"batch", "axes"}, "list");
  s.codes("rest", Element::kInt64, {1}, {-1});
  s.add("Concat", {"list", "rest"}, "to").attributes["axis"] = integer(0);
  s.add("Reshape", {"x", "to"}, "y");
  s.fold();
  ASSERT_EQ(s.graph.nodes.size(), 1U);
  EXPECT_EQ(s.graph.constants.at("to").integers(), (std::vector<std::int64_t>{1, -1}));
}

TEST(FoldConstants, GivenFloatWeightsBehindQuantisersThenTheirCodesAreKept) {
  Small s;
  s.floats("w", {2, 2}, {0.26F, -0.74F, 9.0F, -9.0F});
  s.floats("scale", {2}, {0.5F, 0.05F});
  s.codes("zero", Element::kInt8, {2}, {0, 0});
  s.add("QuantizeLinear", {"w", "scale", "zero"}, "q").attributes["axis"] = integer(0);
  s.add("DequantizeLinear", {"q", "scale", "zero"}, "d").attributes["axis"] = integer(0);
  s.add("Transpose", {"d"}, "t");
  s.add("MatMul", {"x", "t"}, "y");
  s.fold();
  ASSERT_EQ(s.graph.nodes.size(), 1U);
  const Constant& weights = s.graph.constants.at("t");
  EXPECT_EQ(weights.integers(), (std::vector<std::int64_t>{1, 127, -1, -128}));
  ASSERT_TRUE(weights.quantisation.has_value());
  EXPECT_EQ(weights.quantisation->axis, 1);
  EXPECT_EQ(weights.reals()[1], double{127.0F * 0.05F});
}

TEST(FoldConstants, GivenAClipOfCodesThenItsRangeIsKept) {
  Small s;
  s.codes("w", Element::kInt8, {3}, {-8, 3, 9});
  s.codes("low", Element::kInt8, {}, {-7});
  s.codes("high", Element::kInt8, {}, {7});
  s.add("Clip", {"w", "low", "high"}, "y");
  s.fold();
  const Constant& clipped = s.graph.constants.at("y");
  EXPECT_EQ(clipped.integers(), (std::vector<std::int64_t>{-7, 3, 7}));
  EXPECT_EQ(clipped.range, (std::pair<int, int>{-7, 7}));
}

TEST(FoldConstants, GivenConstantsThatWouldGrowThenTheNodeStays) {
  Small s;
  s.codes("sizes", Element::kInt64, {3}, {1 << 20, 1 << 20, 1 << 20});
  s.add("ConstantOfShape", {"sizes"}, "a");
  s.floats("column", {4096, 1}, std::vector<float>(4096, 1.0F));
  s.floats("row", {1, 4096}, std::vector<float>(4096, 1.0F));
  s.add("Mul", {"column", "row"}, "y");
  s.fold();
  EXPECT_EQ(s.graph.nodes.size(), 2U);
}

TEST(LowerViews, GivenFlattenSqueezeAndUnsqueezeThenTheyAreReshapes) {
  Small s;
  s.add("Flatten", {"x"}, "a");
  s.add("Unsqueeze", {"a"}, "b").attributes["axes"] = integers({2, -1});
  s.add("Squeeze", {"b"}, "y").attributes["axes"] = integers({3});
  Shapes shapes(s.graph);
  fold_constants(s.graph, shapes);
  lower_views(s.graph, shapes);
  const std::vector<std::vector<std::int64_t>> wanted = {{1, 24}, {1, 24, 1, 1}, {1, 24, 1}};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(s.graph.nodes[i].op, "Reshape");
    EXPECT_EQ(s.graph.nodes[i].attributes.at("shape").integers, wanted[i]);
  }
}

TEST(LowerClips, GivenEveryFormThenItHasOneSetOfAttributes) {
  Small s;
  Attribute six;
  six.kind = Attribute::Kind::kFloat;
  six.real = 6.0F;
  s.add("Clip", {"x"}, "a").attributes["max"] = six;
  s.floats("zero", {}, {0.0F});
  s.add("Max", {"zero", "a"}, "b");
  s.add("Clip", {"b", "", "zero"}, "y");
  lower_clips(s.graph);
  const auto bounds = [&](std::size_t i) {
    const auto& attributes = s.graph.nodes[i].attributes;
    return std::pair(attributes.at("min").real, attributes.at("max").real);
  };
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(bounds(0), std::pair(-kInfinity, 6.0F));
  EXPECT_EQ(bounds(1), std::pair(0.0F, kInfinity));
  EXPECT_EQ(bounds(2), std::pair(-kInfinity, 0.0F));
  EXPECT_EQ(s.graph.nodes[1].inputs, std::vector<std::string>{"a"});
}

TEST(LowerClips, GivenExtremesOfCodesThenBothAreBoundsOfCodes) {
  Small s;
  s.floats("scale", {}, {0.5F});
  s.codes("low", Element::kUint8, {}, {3});
  s.codes("high", Element::kUint8, {}, {200});
  s.add("QuantizeLinear", {"x", "scale"}, "q");
  s.add("Max", {"q", "low"}, "a");
  s.add("Min", {"a", "high"}, "y");
  lower_clips(s.graph);
  EXPECT_EQ(s.graph.nodes[1].attributes.at("low").integer, 3);
  EXPECT_EQ(s.graph.nodes[2].attributes.at("high").integer, 200);
}

TEST(LowerGlobalPools, GivenThemThenTheyAreAMeanAndAWindow) {
  Small s;
  s.add("GlobalAveragePool", {"x"}, "a");
  s.add("GlobalMaxPool", {"x"}, "y");
  s.codes("axes", Element::kInt64, {2}, {2, -1});
  s.add("ReduceMax", {"x", "axes"}, "largest");
  lower_global_pools(s.graph, Shapes(s.graph));
  EXPECT_EQ(s.graph.nodes[0].op, "ReduceMean");
  EXPECT_EQ(s.graph.nodes[0].attributes.at("axes").integers, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(s.graph.nodes[1].op, "MaxPool");
  EXPECT_EQ(s.graph.nodes[1].attributes.at("kernel_shape").integers,
            (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(s.graph.nodes[2].attributes.at("axes").integers, (std::vector<std::int64_t>{2, -1}));
  EXPECT_EQ(s.graph.nodes[2].inputs, std::vector<std::string>{"x"});
}

TEST(MergeEqualNodes, GivenTwoEqualQuantisersThenOneIsLeft) {
  Small s;
  s.floats("s1", {}, {0.5F});
  s.floats("s2", {}, {0.5F});
  s.floats("s3", {}, {0.25F});
  s.codes("z", Element::kUint8, {}, {3});
  s.add("QuantizeLinear", {"x", "s1", "z"}, "a");
  s.add("QuantizeLinear", {"x", "s2", "z"}, "b");
  s.add("QuantizeLinear", {"x", "s3", "z"}, "c");
  s.add("DequantizeLinear", {"a", "s1", "z"}, "d");
  s.add("DequantizeLinear", {"b", "s2", "z"}, "e");
  s.add("Add", {"d", "e"}, "f");
  s.add("Add", {"f", "c"}, "y");
  merge_equal_nodes(s.graph);
  ASSERT_EQ(s.graph.nodes.size(), 5U);
  EXPECT_EQ(s.graph.nodes[3].inputs, (std::vector<std::string>{"d", "d"}));
}

TEST(FoldQuantiserClips, GivenClipsOfCodesAndOfRealsThenTheQuantiserHasThem) {
  Small s;
  s.floats("s", {}, {0.5F});
  s.codes("z", Element::kUint8, {}, {10});
  s.codes("low", Element::kUint8, {}, {4});
  s.codes("high", Element::kUint8, {}, {20});
  s.floats("zero", {}, {0.0F});
  s.floats("four", {}, {4.0F});
  s.add("QuantizeLinear", {"x", "s", "z"}, "q");
  s.add("Clip", {"q", "low", "high"}, "c");
  s.add("DequantizeLinear", {"c", "s", "z"}, "d");
  s.add("Clip", {"d", "zero", "four"}, "e");
  s.add("QuantizeLinear", {"e", "s", "z"}, "f");
  s.add("DequantizeLinear", {"f", "s", "z"}, "y");
  normalise(s.graph);
  ASSERT_EQ(s.graph.nodes.size(), 2U);
  EXPECT_EQ(s.graph.nodes[0].op, "QuantizeLinear");
  // 0 is code 10, and 4 is code 18; the codes alone went from 4 to 20.
  EXPECT_EQ(s.graph.nodes[0].attributes.at("low").integer, 10);
  EXPECT_EQ(s.graph.nodes[0].attributes.at("high").integer, 18);
}

TEST(FoldQuantiserClips, GivenAnotherReaderThenTheClipStays) {
  Small s;
  s.floats("s", {}, {0.5F});
  s.codes("z", Element::kUint8, {}, {0});
  s.codes("high", Element::kUint8, {}, {20});
  s.add("QuantizeLinear", {"x", "s", "z"}, "q");
  s.add("Clip", {"q", "", "high"}, "c");
  s.add("DequantizeLinear", {"c", "s", "z"}, "d");
  s.add("DequantizeLinear", {"q", "s", "z"}, "e");
  s.add("Add", {"d", "e"}, "y");
  normalise(s.graph);
  EXPECT_EQ(s.graph.nodes.size(), 5U);
}

TEST(DropUnread, GivenNodesThatLeadNowhereThenTheyGo) {
  Small s;
  s.add("Relu", {"x"}, "a");
  s.add("Relu", {"a"}, "b");
  s.add("Relu", {"x"}, "y");
  drop_unread(s.graph);
  ASSERT_EQ(s.graph.nodes.size(), 1U);
  EXPECT_EQ(s.graph.nodes[0].output(), "y");
}

TEST(DropReserved, GivenAttributesThatRulesUseThenAFileCannotSetThem) {
  Small s;
  s.add("QuantizeLinear", {"x"}, "a").attributes["low"] = integer(3);
  s.add("Reshape", {"a"}, "y").attributes["shape"] = integers({1, 24});
  drop_reserved(s.graph);
  EXPECT_TRUE(s.graph.nodes[0].attributes.empty());
  EXPECT_TRUE(s.graph.nodes[1].attributes.empty());
}

TEST(WindowSizesOfNodes, GivenSamePaddingThenTheOddPixelIsAtTheSideThatItNames) {
  Small s;
  s.graph.inputs[0].sizes = {1, 1, 12, 12};
  Node& node = s.add("MaxPool", {"x"}, "y");
  node.attributes["kernel_shape"] = integers({3, 3});
  node.attributes["strides"] = integers({2, 2});
  Attribute automatic;
  automatic.kind = Attribute::Kind::kText;
  automatic.text = "SAME_UPPER";
  node.attributes["auto_pad"] = automatic;
  // 6 outputs: (6 - 1) * 2 + 3 - 12 = 1 row of padding
  EXPECT_EQ(window_sizes(s.graph, node, {1, 1, 12, 12}).pads_begin, (Sizes{0, 0}));
  EXPECT_EQ(window_sizes(s.graph, node, {1, 1, 12, 12}).pads_end, (Sizes{1, 1}));
  node.attributes["auto_pad"].text = "SAME_LOWER";
  EXPECT_EQ(window_sizes(s.graph, node, {1, 1, 12, 12}).pads_begin, (Sizes{1, 1}));
}

TEST(WindowOutputSize, GivenCeilModeThenNoWindowBeginsBehindThePaddedMap) {
  EXPECT_EQ(window_output_size(7, 0, 0, 2, 1, 2, false), 3);
  EXPECT_EQ(window_output_size(7, 0, 0, 2, 1, 2, true), 4);
  EXPECT_EQ(window_output_size(2, 0, 0, 1, 1, 3, true), 1);  // the second would begin at 3
  EXPECT_EQ(window_output_size(2, 0, 0, 3, 1, 1, false), 0);
}

}  // namespace
}  // namespace lacuna::network::test
